//! A rule that uses every power that it is granted, and says what came of it.
//!
//! Settings: `{"publish":"topic","hear":"topic","webhook":"url","keep":"key","trap-at":7}`, each optional. Every frame
//! gives an event `saw`; with `"count-asked":"event"` that says how often it was asked and had to save since it began,
//! with `"count-asked":"measurement"` a measurement says so and there is no event. The mark `describe-site` makes it a
//! rule of site scope, `describe-modest` one that asks for nothing. A version marked `process-double` says it twice, one
//! marked `process-trap` traps, from the twentieth frame on that it sees. It misbehaves on request:
//! `{"do":"say-flood","after":3}` from the third frame on; with `"do":"listen"` it counts what it hears.

mod marks;
mod misdeeds;

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "rule", additional_derives: [PartialEq] });

use std::cell::RefCell;

use ocellus::plugin::key_value;
use ocellus::plugin::types::{Event, Measurement, Publication, Scope, Value, WebhookCall};

#[derive(Default)]
struct Memory {
    publish: Option<String>,
    webhook: Option<String>,
    keep: Option<String>,
    trap_at: Option<u64>,
    deed: String,
    after: u64,
    granted: u32,
    /// Frames since the beginning, over restarts.
    frames: u64,
    /// Frames that this instance has seen.
    seen: u64,
    /// Handles of the cameras that it was configured with.
    cameras: Vec<u32>,
    count_asked: Option<String>,
    /// How often this instance was asked and had to save.
    asked: u64,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

struct PowersRule;

/// The value of a key in the flat JSON of a test.
fn setting(settings: &str, key: &str) -> Option<String> {
    let rest = settings.split_once(&format!("\"{key}\":"))?.1.trim_start();
    Some(match rest.strip_prefix('"') {
        Some(text) => text.split('"').next()?.to_owned(),
        None => rest.split([',', '}']).next()?.trim().to_owned(),
    })
}

fn nothing() -> Output {
    Output {
        events: Vec::new(),
        measurements: Vec::new(),
        overlays: Vec::new(),
        publications: Vec::new(),
        webhooks: Vec::new(),
    }
}

fn number(key: &str, value: u64) -> (String, Value) {
    (key.to_owned(), Value::Integer(value as i64))
}

fn text(key: &str, value: String) -> (String, Value) {
    (key.to_owned(), Value::Text(value))
}

/// What was heard, in words.
fn heard(messages: &[Message]) -> String {
    let words = |said: &Message| {
        let Message { rule, camera, topic, time_us, attributes } = said;
        format!("{rule}/{camera}/{topic}/{time_us}/{attributes:?}")
    };
    messages.iter().map(words).collect::<Vec<_>>().join(";")
}

/// How often the rule `mouth` was heard.
fn mouth(messages: &[Message]) -> u64 {
    messages.iter().filter(|said| said.rule == "mouth").count() as u64
}

/// One more under `key`; the count, or the host's refusal.
fn count(key: &str) -> Result<u64, key_value::Refusal> {
    let before = key_value::get(key)?.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
    key_value::set(key, &(before + 1).to_le_bytes())?;
    Ok(before + 1)
}

impl Guest for PowersRule {
    fn describe() -> Description {
        if marks::deed("describe-") == "set" {
            misdeeds::intrude("describe");
        }
        Description {
            name: "powers".into(),
            version: marks::version(),
            summary: "Uses every power.".into(),
            settings_schema: "{}".into(),
            scope: if marks::deed("describe-") == "site" { Scope::Site } else { Scope::Camera },
            powers: if marks::deed("describe-") == "modest" { Powers::empty() } else { all() },
        }
    }

    fn configure(settings: String, cameras: Vec<Camera>, granted: Powers) -> Result<Vec<String>, String> {
        let early = key_value::get("any");
        if setting(&settings, "early").is_some() {
            return Err(format!("{early:?}"));
        }
        misdeeds::intrude("configure");
        MEMORY.set(Memory {
            publish: setting(&settings, "publish"),
            webhook: setting(&settings, "webhook"),
            keep: setting(&settings, "keep"),
            trap_at: setting(&settings, "trap-at").and_then(|at| at.parse().ok()),
            deed: setting(&settings, "do").unwrap_or_default(),
            after: setting(&settings, "after").and_then(|after| after.parse().ok()).unwrap_or(0),
            granted: EACH.into_iter().filter(|flag| granted & *flag == *flag).count() as u32,
            frames: 0,
            seen: 0,
            cameras: cameras.iter().map(|camera| camera.handle).collect(),
            count_asked: setting(&settings, "count-asked"),
            asked: 0,
        });
        Ok(setting(&settings, "hear").map_or_else(Vec::new, |hear| misdeeds::topics(&hear)))
    }

    fn process(frame: Frame, tracks: Tracks, messages: Vec<Message>) -> Result<Output, String> {
        MEMORY.with_borrow_mut(|memory| {
            let of = frame.camera;
            assert!(memory.cameras.contains(&of), "a frame of camera {of}, of which it was not told");
            memory.frames += 1;
            memory.seen += 1;
            let marked = if memory.seen >= 20 { marks::deed("process-") } else { String::new() };
            let mut attributes = vec![
                number("camera", frame.camera.into()),
                number("frames", memory.frames),
                number("granted", memory.granted.into()),
                number("wall", frame.wall_us.unwrap_or(0)),
                number("embeddings", tracks.embeddings.len() as u64),
            ];
            if !tracks.embeddings.is_empty() {
                attributes.push(text("looks", digest(&tracks)));
            }
            match memory.deed.as_str() {
                "" => attributes.push(text("heard", heard(&messages))),
                // Of a flood it reports no more than this.
                _ => attributes
                    .extend([number("heard", messages.len() as u64), number("mouth", mouth(&messages))]),
            }
            if let Some(key) = &memory.keep {
                attributes.push(match count(key) {
                    Ok(count) => number("kept", count),
                    Err(refusal) => text("kept", format!("{refusal:?}")),
                });
            }
            if memory.trap_at == Some(memory.frames) || marked == "trap" {
                panic!("trapped at frame {}", memory.frames);
            }
            let mut output = nothing();
            let mut saw = Event { kind: "saw".into(), track: None, attributes };
            match memory.count_asked.as_deref() {
                Some("measurement") => {
                    output
                        .measurements
                        .push(Measurement { name: "asked".into(), value: memory.asked as f64 });
                }
                how => {
                    saw.attributes.extend(how.map(|_| number("asked", memory.asked)));
                    output.events.extend((marked == "double").then(|| saw.clone()));
                    output.events.push(saw);
                }
            }
            if !memory.deed.is_empty() {
                let topic = memory.publish.as_deref().unwrap_or("");
                let url = memory.webhook.as_deref().unwrap_or("");
                let is_due = memory.seen >= memory.after;
                let deed = if is_due { memory.deed.as_str() } else { "" };
                misdeeds::commit(deed, (topic, url), &messages, &mut output);
                return Ok(output);
            }
            if let Some(topic) = &memory.publish {
                let attributes = vec![number("n", memory.frames)];
                output.publications.push(Publication { topic: topic.clone(), attributes });
            }
            if let Some(url) = &memory.webhook {
                let body = format!("{{\"n\":{}}}", memory.frames);
                output.webhooks.push(WebhookCall { url: url.clone(), body });
            }
            Ok(output)
        })
    }

    fn finish(_: Moment) -> Result<Output, String> {
        Ok(nothing())
    }

    fn save() -> Vec<u8> {
        // Must not be possible.
        assert!(key_value::set("from save", b"").is_err());
        MEMORY.with_borrow_mut(|memory| {
            memory.asked += 1;
            match (memory.deed.as_str(), memory.seen >= memory.after) {
                ("large-state", true) => vec![0; 2 << 20],
                ("huge-state", true) => vec![0; 8 << 20],
                _ => memory.frames.to_le_bytes().to_vec(),
            }
        })
    }

    fn restore(state: Vec<u8>, _: String) -> Result<(), String> {
        let frames = u64::from_le_bytes(state.try_into().map_err(|_| "not my state")?);
        match marks::deed("restore-").as_str() {
            "refuse" => return Err("I start afresh".into()),
            "set-trap" => {
                key_value::set("half", b"done").expect("granted");
                panic!("trapped in restore with a value set");
            }
            _ => {}
        }
        MEMORY.with_borrow_mut(|memory| memory.frames = frames);
        Ok(())
    }

    fn query(request: String) -> Result<String, String> {
        MEMORY.with_borrow_mut(|memory| memory.asked += 1);
        Ok(match request.split(' ').collect::<Vec<_>>()[..] {
            // Frames by its state, then by its values.
            ["counts"] => MEMORY.with_borrow(|memory| {
                let kept = memory.keep.as_deref().and_then(|key| key_value::get(key).ok()?);
                let kept = kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_le_bytes);
                format!("{} {kept}", memory.frames)
            }),
            ["cameras"] => MEMORY.with_borrow(|memory| memory.cameras.len().to_string()),
            ["get", key] => format!("{:?}", key_value::get(key)),
            ["keys", prefix] => format!("{:?}", key_value::keys(prefix, None, 100)),
            ["set", key, value] => format!("{:?}", key_value::set(key, value.as_bytes())),
            ["set-trap"] => panic!("asked to set: {:?}", key_value::set("half", b"done")),
            _ => return Err("ask something else".into()),
        })
    }

    fn command(at: Moment, request: String) -> Result<Output, String> {
        let done = match request.split(' ').collect::<Vec<_>>()[..] {
            ["set", key, value] => key_value::set(key, value.as_bytes()),
            ["fill", key, size] => key_value::set(key, &vec![0; size.parse().unwrap_or(0)]),
            ["delete", key] => key_value::delete(key).map(drop),
            ["trap"] => panic!("trapped on command"),
            ["set-trap"] => panic!("told to set: {:?}", key_value::set("half", b"done")),
            _ => return Err("say something else".into()),
        };
        done.map_err(|refusal| format!("{refusal:?}"))?;
        let mut output = nothing();
        let attributes = vec![number("wall", at.wall_us.unwrap_or(0))];
        output.events.push(Event { kind: "done".into(), track: None, attributes });
        Ok(output)
    }
}

/// The powers one by one.
const EACH: [Powers; 6] = [
    Powers::EMBEDDINGS,
    Powers::READINGS,
    Powers::MESSAGES,
    Powers::KEY_VALUE,
    Powers::WALL_CLOCK,
    Powers::WEBHOOK,
];

fn all() -> Powers {
    EACH.into_iter().fold(Powers::empty(), |all, one| all | one)
}

export!(PowersRule);

/// Another text for any other appearance (FNV-1a).
fn digest(tracks: &Tracks) -> String {
    let numbers = tracks.embeddings.iter().map(|number| number.to_bits());
    let rows = tracks.embedding_rows.iter().map(|row| row.cast_unsigned());
    let hash = numbers.chain(rows).fold(0xcbf2_9ce4_8422_2325_u64, |hash, number| {
        (hash ^ u64::from(number)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}
