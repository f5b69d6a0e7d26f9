//! The bundled model, tracker and rules together, against exact truth on scenes that the model never saw.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ocellus_tests::{ocellus, plugin};
use serde_json::Value;

/// Seeds from 1000 on are never trained on.
const SEEDS: std::ops::Range<u64> = 1000..1010;
const FRAMES: &str = "900";

/// A rendered scene, analysed: its truth lines (header first) and the events.
struct Analysed {
    truth: Vec<Value>,
    events: Vec<Value>,
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn analyse(scene: &str, rule: &str, seed: u64) -> Analysed {
    analyse_with(scene, (rule, None), seed)
}

/// With settings of its own, or with those that the scene gives.
fn analyse_with(scene: &str, (rule, own): (&str, Option<&str>), seed: u64) -> Analysed {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    let (clip, truth, settings) = (file("clip.mp4"), file("truth.jsonl"), file("settings.json"));
    let events = file("events.jsonl");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let seed = seed.to_string();
    let finished = ocellus(&[
        "scene",
        "render",
        scene,
        "--seed",
        &seed,
        "--frames",
        FRAMES,
        "--out",
        &text(&clip),
        "--truth",
        &text(&truth),
        "--settings",
        &text(&settings),
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let settings = own.map_or_else(|| format!("@{}", text(&settings)), str::to_owned);
    let rule = text(&plugin(rule));
    let finished = ocellus(&[
        "analyze",
        &text(&clip),
        "--rule",
        &rule,
        "--settings",
        &settings,
        "--events",
        &text(&events),
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    Analysed { truth: lines(&truth), events: lines(&events) }
}

/// How often each (line, direction) was crossed.
fn tally<'a>(crossings: impl Iterator<Item = &'a Value>) -> BTreeMap<(String, String), i64> {
    let mut counts = BTreeMap::new();
    for crossing in crossings {
        let text = |key: &str| crossing[key].as_str().unwrap().to_owned();
        *counts.entry((text("line"), text("direction"))).or_insert(0) += 1;
    }
    counts
}

#[test]
fn crossings_are_exactly_right_on_nine_of_ten_scenes_and_never_off_by_more_than_one() {
    let mut exact = 0;
    for seed in SEEDS {
        let Analysed { truth, events } = analyse("crossing", "line-crossing", seed);
        let expected = tally(truth[1..].iter().flat_map(|frame| frame["crossings"].as_array().unwrap()));
        let counted = tally(events.iter().map(|event| &event["attributes"]));
        let keys: std::collections::BTreeSet<_> = expected.keys().chain(counted.keys()).collect();
        let off: i64 = keys
            .iter()
            .map(|key| (expected.get(*key).unwrap_or(&0) - counted.get(*key).unwrap_or(&0)).abs())
            .sum();
        eprintln!("crossing seed {seed}: {} crossings, off by {off}", expected.values().sum::<i64>());
        assert!(expected.values().sum::<i64>() >= 8, "seed {seed} shows too little");
        assert!(off <= 1, "seed {seed}: expected {expected:?}, counted {counted:?}");
        exact += u32::from(off == 0);
    }
    assert!(exact >= 9, "exactly right on {exact} of 10");
}

/// Occupancy by truth and by events, frame by frame, for one space.
fn states(analysed: &Analysed, space: &str) -> (Vec<bool>, Vec<bool>) {
    let mut changes: BTreeMap<u64, bool> = BTreeMap::new();
    for event in analysed.events.iter().filter(|event| event["attributes"]["space"] == space) {
        changes.insert(event["frame"].as_u64().unwrap(), event["attributes"]["occupied"].as_bool().unwrap());
    }
    let mut current = false;
    analysed.truth[1..]
        .iter()
        .map(|frame| {
            let rows = frame["occupancy"].as_array().unwrap();
            let row = rows.iter().find(|row| row["space"] == space).unwrap();
            current = changes.get(&frame["frame"].as_u64().unwrap()).copied().unwrap_or(current);
            (row["occupied"].as_bool().unwrap(), current)
        })
        .unzip()
}

#[test]
fn parking_is_right_on_99_percent_of_the_space_seconds_away_from_changes() {
    let (mut right, mut judged) = (0_u64, 0_u64);
    for seed in SEEDS {
        let analysed = analyse("parking-lot", "parking", seed);
        let rate = analysed.truth[0]["frame_rate"].as_f64().unwrap();
        let margin = (2.0 * rate).round() as usize;
        let (mut seed_right, mut seed_judged) = (0_u64, 0_u64);
        for space in analysed.truth[0]["spaces"].as_array().unwrap() {
            let (truth, ours) = states(&analysed, space["name"].as_str().unwrap());
            let steady = |index: usize| {
                // The start is a change as well: before it there was nothing to see.
                index >= margin
                    && truth[index - margin..(index + margin + 1).min(truth.len())]
                        .iter()
                        .all(|state| *state == truth[index])
            };
            for index in (0..truth.len()).filter(|index| steady(*index)) {
                seed_judged += 1;
                seed_right += u64::from(truth[index] == ours[index]);
            }
        }
        eprintln!("parking-lot seed {seed}: {:.2} % right", 100.0 * seed_right as f64 / seed_judged as f64);
        right += seed_right;
        judged += seed_judged;
    }
    let share = right as f64 / judged as f64;
    assert!(share >= 0.99, "{:.2} % right", 100.0 * share);
}

/// Of each object the frames in which most of it is seen, with its class and its foot in shares of the picture.
type Paths = BTreeMap<u64, Vec<(u64, u64, [f64; 2])>>;

fn paths(analysed: &Analysed) -> Paths {
    let header = &analysed.truth[0];
    let (width, height) = (header["width"].as_f64().unwrap(), header["height"].as_f64().unwrap());
    let mut paths = Paths::new();
    for frame in &analysed.truth[1..] {
        for object in frame["objects"].as_array().unwrap() {
            let number = |index: usize| object["rect"][index].as_f64().unwrap();
            let foot = [(number(0) + number(2) / 2.0) / width, (number(1) + number(3)) / height];
            if object["visibility"].as_f64().unwrap() >= 0.6 {
                let place = (frame["frame"].as_u64().unwrap(), object["class"].as_u64().unwrap(), foot);
                paths.entry(object["id"].as_u64().unwrap()).or_default().push(place);
            }
        }
    }
    paths
}

#[test]
fn vehicles_through_a_region_of_the_road_are_counted_within_one_in_twenty() {
    let settings = r#"{"roi":[[0.05,0.3],[0.95,0.3],[0.95,0.8],[0.05,0.8]]}"#;
    let inside = |foot: [f64; 2]| (0.05..0.95).contains(&foot[0]) && (0.3..0.8).contains(&foot[1]);
    let (mut expected, mut counted, mut off) = (0, 0, 0);
    for seed in SEEDS {
        let analysed = analyse_with("road", ("traffic-stats", Some(settings)), seed);
        let drives = |path: &&Vec<(u64, u64, [f64; 2])>| {
            path[0].1 != 0 && path.iter().filter(|(_, _, foot)| inside(*foot)).count() >= 5
        };
        let truth = paths(&analysed).values().filter(drives).count() as i64;
        let report = analysed.events.iter().find(|event| event["kind"] == "traffic-report").unwrap();
        let found = report["attributes"]["total_vehicles"].as_i64().unwrap();
        eprintln!("road seed {seed}: {truth} vehicles, {found} counted");
        (expected, counted, off) = (expected + truth, counted + found, off + (truth - found).abs());
    }
    assert!(expected > 50 && off * 20 <= expected, "{expected} vehicles, {counted} counted, {off} off");
}

#[test]
fn entries_into_a_zone_are_counted_within_one_in_ten() {
    let settings = r#"{"zones":[{"name":"z","polygon":[[0.3,0],[0.7,0],[0.7,1],[0.3,1]]}]}"#;
    let (mut expected, mut counted, mut off) = (0, 0, 0);
    for seed in SEEDS {
        let analysed = analyse_with("crossing", ("zones", Some(settings)), seed);
        let mut truth = 0;
        for path in paths(&analysed).values() {
            // Clearly in and clearly out; what lies between keeps its side.
            let mut is_inside = false;
            for (_, _, [x, _]) in path {
                if (0.32..0.68).contains(x) {
                    truth += i64::from(!is_inside);
                    is_inside = true;
                } else if !(0.28..0.72).contains(x) {
                    is_inside = false;
                }
            }
        }
        let found = analysed.events.iter().filter(|event| event["kind"] == "zone-enter").count() as i64;
        eprintln!("crossing seed {seed}: {truth} entries, {found} counted");
        (expected, counted, off) = (expected + truth, counted + found, off + (truth - found).abs());
    }
    assert!(expected > 50 && off * 10 <= expected, "{expected} entries, {counted} counted, {off} off");
}
