//! A rule that misbehaves on request.
//!
//! What it does is set by its settings, `{"do":"loop","after":3}`: from the third frame on, `process` loops.
//! What it does before it has settings is set by two marks in its data, which tests overwrite in the file.
//! Left alone it counts frames, reports every tenth, and carries its count over.

mod marks;
mod misdeeds;

wit_bindgen::generate!({ path: "../../../wit/v0.1", world: "rule" });

use std::cell::RefCell;

use ocellus::plugin::host::{Level, log};
use ocellus::plugin::types::{Event, Measurement, Overlay, Polygon, Scope, Tone, Value};

/// The probe's memory.
#[derive(Default)]
struct Probe {
    deed: String,
    after: u64,
    cameras: Vec<String>,
    /// Frames since the beginning, over restarts.
    frames: u64,
    /// Frames this instance has seen.
    seen: u64,
}

thread_local! {
    static PROBE: RefCell<Probe> = RefCell::default();
}

struct ProbeRule;

/// What the settings ask for, or else what this version alone does from the twentieth frame that it sees.
fn deed() -> String {
    PROBE.with_borrow(|probe| match (probe.deed.is_empty(), probe.seen) {
        (true, seen) if seen >= 20 => marks::deed("process-"),
        (false, seen) if seen >= probe.after => probe.deed.clone(),
        _ => String::new(),
    })
}

fn nothing() -> Output {
    Output { events: Vec::new(), measurements: Vec::new(), overlays: Vec::new() }
}

fn event(kind: &str, attributes: Vec<(String, Value)>) -> Event {
    Event { kind: kind.into(), track: None, attributes }
}

/// The value of a key in the flat JSON of a test.
fn setting<'a>(settings: &'a str, key: &str) -> Option<&'a str> {
    let rest = settings.split_once(&format!("\"{key}\":"))?.1.trim_start();
    Some(match rest.strip_prefix('"') {
        Some(text) => text.split('"').next()?,
        None => rest.split([',', '}']).next()?.trim(),
    })
}

impl Guest for ProbeRule {
    fn describe() -> Description {
        misdeeds::commit(&marks::deed("describe-"));
        let name = marks::name();
        Description {
            name: if name.is_empty() { "probe".into() } else { name },
            version: marks::version(),
            summary: "Misbehaves\n on   request.".into(),
            settings_schema: if marks::deed("describe-") == "bad-schema" { "[".into() } else { "{}".into() },
            scope: if marks::deed("describe-") == "site" { Scope::Site } else { Scope::Camera },
            powers: if marks::deed("describe-") == "powers" { vec!["network".into()] } else { Vec::new() },
        }
    }

    fn configure(settings: String, cameras: Vec<Camera>) -> Result<(), String> {
        misdeeds::commit(&marks::deed("configure-"));
        let deed = setting(&settings, "do").unwrap_or("").to_owned();
        if deed == "refuse-settings" {
            return Err("I do not like them".into());
        }
        let after = setting(&settings, "after").map_or(0, |after| after.parse().unwrap_or(0));
        let cameras = cameras
            .iter()
            .map(|camera| format!("{}:{}:{}", camera.handle, camera.name, camera.classes.join("+")))
            .collect();
        PROBE.set(Probe { deed, after, cameras, frames: 0, seen: 0 });
        Ok(())
    }

    fn process(frame: Frame, tracks: Tracks) -> Result<Output, String> {
        PROBE.with_borrow_mut(|probe| {
            probe.frames += 1;
            probe.seen += 1;
        });
        let deed = deed();
        misdeeds::commit(&deed);
        let mut output = nothing();
        match deed.as_str() {
            "refuse" => return Err("not this frame".into()),
            "events" => output.events = (0..1_001).map(|_| event("many", Vec::new())).collect(),
            "million-events" => output.events = (0..1_000_000).map(|_| event("many", Vec::new())).collect(),
            "attributes" => {
                let attributes = (0..2_000).map(|i| (format!("a{i}"), Value::Integer(i))).collect();
                output.events.push(event("wide", attributes));
            }
            "bad-kind" => output.events.push(event("two words", Vec::new())),
            "twice" => {
                let attributes = vec![("a".into(), Value::Flag(true)), ("a".into(), Value::Flag(false))];
                output.events.push(event("twice", attributes));
            }
            "long-text" => {
                output.events.push(event("long", vec![("text".into(), Value::Text("x".repeat(2 << 20)))]));
            }
            "lying-text" => {
                output.events.push(event("lie", vec![("text".into(), Value::Text(misdeeds::lying_text()))]));
            }
            "invalid-text" => {
                output
                    .events
                    .push(event("bad", vec![("text".into(), Value::Text(misdeeds::invalid_text()))]));
            }
            "nan" => nan(&mut output),
            "world" => world(&mut output),
            "echo" => echo(&mut output, &frame, &tracks),
            _ => {}
        }
        let frames = PROBE.with_borrow(|probe| probe.frames);
        if ["", "nothing", "double"].contains(&deed.as_str()) && frames % 10 == 0 {
            let tenth = event("tenth", vec![("frames".into(), Value::Integer(frames as i64))]);
            output.events.extend((deed == "double").then(|| tenth.clone()));
            output.events.push(tenth);
        }
        Ok(output)
    }

    fn finish(_: u64) -> Result<Output, String> {
        let frames = PROBE.with_borrow(|probe| probe.frames);
        let mut output = nothing();
        output.events.push(event("total", vec![("frames".into(), Value::Integer(frames as i64))]));
        Ok(output)
    }

    fn save() -> Vec<u8> {
        match deed().as_str() {
            "large-state" => return vec![0; 2 << 20],
            "huge-state" => return vec![0; 8 << 20],
            "lying-state" => return misdeeds::lying_state(),
            "trap-in-save" => panic!("trapped in save"),
            "loop-in-save" => misdeeds::commit("loop"),
            _ => {}
        }
        PROBE.with_borrow(|probe| probe.frames.to_le_bytes().to_vec())
    }

    fn restore(state: Vec<u8>, version: String) -> Result<(), String> {
        let frames = u64::from_le_bytes(state.try_into().map_err(|_| "not my state")?);
        log(Level::Info, &format!("restored {frames} frames of version {version}"));
        match marks::deed("restore-").as_str() {
            "refuse" => return Err("I start afresh".into()),
            "refuse-odd" if frames % 2 == 1 => return Err("I take even counts only".into()),
            deed => misdeeds::commit(deed),
        }
        PROBE.with_borrow_mut(|probe| probe.frames = frames);
        Ok(())
    }

    fn query(request: String) -> Result<String, String> {
        misdeeds::commit(&request);
        Ok(PROBE.with_borrow(|probe| format!("{} {}", probe.frames, probe.cameras.join(","))))
    }

    fn command(time_us: u64, request: String) -> Result<Output, String> {
        let mut output = nothing();
        let frames = request.parse().map_err(|_| "not a number")?;
        PROBE.with_borrow_mut(|probe| probe.frames = frames);
        output.events.push(event("set", vec![("at".into(), Value::Integer(time_us as i64))]));
        Ok(output)
    }
}

/// Numbers and drawings that are none, each beside a sound one.
fn nan(output: &mut Output) {
    use ocellus::plugin::types::{Label, Line, Point};
    let (good, bad) = (Point { x: 0.5, y: 0.5 }, Point { x: f32::NAN, y: 0.5 });
    let far = Point { x: f32::INFINITY, y: 0.0 };
    let polygon = |corners| Overlay::Polygon(Polygon { corners, tone: Tone::Bad, label: String::new() });
    let line = |to| Overlay::Line(Line { from: good, to, tone: Tone::Good, label: String::new() });
    let label = |at| Overlay::Label(Label { at, tone: Tone::Neutral, text: "ä".repeat(1_000) });
    output.overlays = vec![
        polygon(vec![good, bad, good]),
        polygon(vec![good, good, Point { x: 1e30, y: 0.0 }]),
        polygon(Vec::new()),
        line(far),
        line(good),
        label(bad),
        label(good),
    ];
    output.measurements = vec![
        Measurement { name: "good".into(), value: 1.0 },
        Measurement { name: "bad".into(), value: f64::NAN },
    ];
    let attributes =
        vec![("good".into(), Value::Number(0.5)), ("bad".into(), Value::Number(f64::NEG_INFINITY))];
    output.events.push(event("numbers", attributes));
}

/// All that a guest can learn of the world.
fn world(output: &mut Output) {
    use std::hash::{BuildHasher, Hasher};
    use std::time::{SystemTime, UNIX_EPOCH};
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let random = std::hash::RandomState::new().build_hasher().finish();
    let entry = std::fs::read_dir("/").map_or_else(|error| error.kind().to_string(), |_| "a folder".into());
    let write = std::fs::write("x", "x").map_or_else(|error| error.kind().to_string(), |()| "written".into());
    let environment = std::env::vars().count() + std::env::args().count();
    let mut stdin = String::new();
    let read = std::io::stdin().read_line(&mut stdin).unwrap_or(99);
    println!("to standard output");
    eprintln!("to standard error");
    let attributes = vec![
        ("wall".into(), Value::Integer(wall as i64)),
        ("random".into(), Value::Text(random.to_string())),
        ("folder".into(), Value::Text(entry)),
        ("write".into(), Value::Text(write)),
        ("environment".into(), Value::Integer(environment as i64)),
        ("stdin".into(), Value::Integer(read as i64)),
    ];
    output.events.push(event("world", attributes));
}

/// What arrived, as the guest sees it.
fn echo(output: &mut Output, frame: &Frame, tracks: &Tracks) {
    let text = format!("{frame:?} {tracks:?}");
    output.events.push(event("echo", vec![("text".into(), Value::Text(text))]));
}

export!(ProbeRule);
