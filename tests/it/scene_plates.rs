//! Number plates of the synthetic street, read with the two small models that know it, against exact truth.
//!
//! Two seeds are judged, since pictures take time; `PLATE_SEEDS=10` in the environment judges seeds 1000 to 1009.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ocellus_tests::program::repository;
use ocellus_tests::{ocellus, plugin};
use serde_json::Value;

/// Frames of a clip, ten a second.
const FRAMES: &str = "300";
/// Pixels across a plate from which it must be read: a letter's stroke, 11.5 mm of 520, covers a whole pixel.
const LEGIBLE: f64 = 520.0 / 11.5;
/// The least share of a plate that must be seen for that.
const SEEN: f64 = 0.95;
/// The least share of legible plates that are logged exactly as they are.
const RIGHT: f64 = 0.98;
/// What may have a plate: cars, trucks and buses.
const VEHICLES: [u64; 3] = [2, 3, 4];

/// Left, top, width and height.
type Box4 = [f64; 4];

/// What is true of a clip.
#[derive(Default)]
struct Truth {
    /// For each frame the vehicles by their ids.
    frames: Vec<BTreeMap<u64, Box4>>,
    /// For each vehicle that ever shows a legible plate its text.
    legible: BTreeMap<u64, String>,
}

/// What the rule says in the end: for each vehicle its log entries, each with its text.
type Log = BTreeMap<u64, BTreeMap<u64, String>>;

fn run(arguments: &[&str]) {
    let finished = ocellus(arguments);
    assert_eq!(finished.code, 0, "{arguments:?}: {}", finished.stderr);
}

fn lines(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn box_of(value: &Value) -> Box4 {
    [0, 1, 2, 3].map(|side| value[side].as_f64().unwrap())
}

/// Intersection over union.
fn overlap(a: Box4, b: Box4) -> f64 {
    let along = |at: usize| ((a[at] + a[at + 2]).min(b[at] + b[at + 2]) - a[at].max(b[at])).max(0.0);
    let both = along(0) * along(1);
    both / (a[2] * a[3] + b[2] * b[3] - both).max(f64::EPSILON)
}

impl Truth {
    fn read(path: &str) -> Truth {
        let mut truth = Truth::default();
        for frame in &lines(path)[1..] {
            let mut vehicles = BTreeMap::new();
            for object in items(&frame["objects"]) {
                if !VEHICLES.contains(&object["class"].as_u64().unwrap()) {
                    continue;
                }
                let id = object["id"].as_u64().unwrap();
                vehicles.insert(id, box_of(&object["rect"]));
                let plate = &object["plate"];
                if is_legible(plate) {
                    truth.legible.insert(id, plate["text"].as_str().unwrap().to_owned());
                }
            }
            truth.frames.push(vehicles);
        }
        truth
    }

    /// The vehicle that a box of a frame lies upon most; boxes of tracks lag behind vehicles that drive in.
    fn vehicle(&self, frame: usize, seen: Box4) -> u64 {
        let near = self.frames[frame].iter().map(|(id, rect)| (*id, overlap(*rect, seen)));
        let best = near.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, share)| *share > 0.0);
        assert!(best.is_some(), "frame {frame}: a plate was read at {seen:?}, where there is no vehicle");
        best.unwrap().0
    }
}

/// Whether the truth of an object has a plate that can be read.
fn is_legible(plate: &Value) -> bool {
    let at = |corner: usize| plate["corners"][corner][0].as_f64();
    let (Some(left), Some(right), Some(seen)) = (at(0), at(1), plate["visibility"].as_f64()) else {
        return false;
    };
    right - left >= LEGIBLE && seen >= SEEN
}

/// Renders a street and reads its plates on the boxes of its truth, so that the plates alone are judged.
fn read(seed: u64) -> (Truth, Log) {
    let folder = tempfile::tempdir().unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let file = |name: &str| text(&folder.path().join(name));
    let (clip, truth) = (file("clip.mp4"), file("truth.jsonl"));
    let (tracks, events) = (file("tracks.jsonl"), file("events.jsonl"));
    let model = |name: &str| text(&repository(&format!("models/{name}/{name}.onnx")));
    let (finder, reader) = (model("scene-plates"), model("scene-plate-text"));
    let (rule, seed) = (text(&plugin("plate-log")), seed.to_string());
    run(&[
        "scene", "render", "plates", "--seed", &seed, "--frames", FRAMES, "--out", &clip, "--truth", &truth,
    ]);
    let mut analyze = vec!["analyze", &clip, "--detections", &truth, "--plates", &finder, "--read", &reader];
    analyze.extend(["--plates-settings", r#"{"budget": 4}"#, "--rule", &rule, "--settings", "{}"]);
    analyze.extend(["--grant", "readings", "--tracks", &tracks, "--events", &events]);
    run(&analyze);
    let truth = Truth::read(&truth);
    let log = log(&truth, &lines(&tracks), &lines(&events));
    (truth, log)
}

/// Whose each entry of the log is: that of the vehicle which the track of its last event lies upon.
fn log(truth: &Truth, tracks: &[Value], events: &[Value]) -> Log {
    let mut boxes: BTreeMap<(u64, u64), Box4> = BTreeMap::new();
    for line in tracks {
        for track in items(&line["tracks"]) {
            let key = (line["frame"].as_u64().unwrap(), track["id"].as_u64().unwrap());
            boxes.insert(key, box_of(&track["box"]));
        }
    }
    let mut last: BTreeMap<u64, (u64, String)> = BTreeMap::new();
    for event in events {
        let (frame, track) = (event["frame"].as_u64().unwrap(), event["track"].as_u64().unwrap());
        let vehicle = truth.vehicle(usize::try_from(frame).unwrap(), boxes[&(frame, track)]);
        let said = event["attributes"]["plate"].as_str().unwrap().to_owned();
        last.insert(event["attributes"]["entry"].as_u64().unwrap(), (vehicle, said));
    }
    let mut log = Log::new();
    for (entry, (vehicle, said)) in last {
        log.entry(vehicle).or_default().insert(entry, said);
    }
    log
}

fn seeds() -> std::ops::Range<u64> {
    let count = std::env::var("PLATE_SEEDS").ok().and_then(|count| count.parse().ok()).unwrap_or(2);
    1000..1000 + count
}

#[test]
fn plates_of_the_street_are_logged_as_they_are_and_once_a_vehicle() {
    let (mut right, mut wanted) = (0_u32, 0_u32);
    for seed in seeds() {
        let (truth, log) = read(seed);
        let mut told = BTreeSet::new();
        for (vehicle, entries) in &log {
            assert_eq!(
                entries.len(),
                1,
                "seed {seed}, vehicle {vehicle} has more than one entry: {entries:?}"
            );
            for said in entries.values() {
                assert!(told.insert(said), "seed {seed}: {said} was logged for two vehicles");
            }
        }
        let said = |vehicle: &u64| log.get(vehicle).and_then(|entries| entries.values().next());
        let is_right = |(vehicle, text): &(&u64, &String)| said(vehicle) == Some(text);
        for (vehicle, text) in truth.legible.iter().filter(|plate| !is_right(plate)) {
            eprintln!("seed {seed}, vehicle {vehicle}: {text} was logged as {:?}", said(vehicle));
        }
        let good = truth.legible.iter().filter(is_right).count();
        eprintln!("seed {seed}: {good} of {} plates are logged as they are", truth.legible.len());
        assert!(truth.legible.len() >= 5, "seed {seed} shows too little");
        right += u32::try_from(good).unwrap();
        wanted += u32::try_from(truth.legible.len()).unwrap();
    }
    let share = f64::from(right) / f64::from(wanted);
    eprintln!("{right} of {wanted} plates are logged as they are: {share:.4}");
    assert!(share >= RIGHT, "{right} of {wanted}");
}
