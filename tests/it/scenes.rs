//! The bundled model, tracker and rules together, against exact truth on scenes that the model never saw.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ocellus_tests::{ocellus, plugin};
use serde_json::Value;

/// Seeds from 1000 on are never trained on.
const SEEDS: std::ops::Range<u64> = 1000..1010;
/// Enough for counts, of which one scene has dozens.
const FEW_SEEDS: std::ops::Range<u64> = 1000..1004;
const FRAMES: &str = "900";

/// A rendered scene, analysed: its truth lines (header first), the events, and the tracks (header first).
struct Analysed {
    truth: Vec<Value>,
    events: Vec<Value>,
    tracks: Vec<Value>,
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Renders a scene and analyses it with the settings that belong to it.
fn analyse(scene: &str, rule: &str, seed: u64) -> Analysed {
    analyse_with(scene, rule, seed, None)
}

/// The same with other settings, and with the scene's calibration.
fn analyse_with(scene: &str, rule: &str, seed: u64, settings: Option<&str>) -> Analysed {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    let (clip, truth, own_settings) = (file("clip.mp4"), file("truth.jsonl"), file("settings.json"));
    let (events, tracks, calibration) =
        (file("events.jsonl"), file("tracks.jsonl"), file("calibration.json"));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let at = |path: &Path| format!("@{}", text(path));
    let mut render = vec!["scene".to_owned(), "render".to_owned(), scene.to_owned()];
    render.extend(["--seed".to_owned(), seed.to_string(), "--frames".to_owned(), FRAMES.to_owned()]);
    let outputs = [
        ("--out", &clip),
        ("--truth", &truth),
        ("--settings", &own_settings),
        ("--calibration", &calibration),
    ];
    render.extend(outputs.iter().flat_map(|(key, path)| [(*key).to_owned(), text(path)]));
    run(&render);
    let mut analyze = vec!["analyze".to_owned(), text(&clip), "--rule".to_owned(), text(&plugin(rule))];
    let settings_or_file = settings.map_or_else(|| at(&own_settings), str::to_owned);
    analyze.extend(["--settings".to_owned(), settings_or_file]);
    analyze.extend(["--events".to_owned(), text(&events), "--tracks".to_owned(), text(&tracks)]);
    if settings.is_some() {
        analyze.extend(["--calibration".to_owned(), at(&calibration)]);
    }
    run(&analyze);
    Analysed { truth: lines(&truth), events: lines(&events), tracks: lines(&tracks) }
}

fn run(arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let finished = ocellus(&arguments);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
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
        let Analysed { truth, events, .. } = analyse("crossing", "line-crossing", seed);
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
fn parking_is_right_on_nearly_all_space_seconds_away_from_changes() {
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
    assert!(share >= 0.995, "{:.2} % right", 100.0 * share);
}

/// Speeds beyond this of the limit must be judged rightly, in km/h.
const JUDGED_KMH: f64 = 2.0;
const LIMIT_KMH: f64 = 36.0;
/// Frames that a vehicle must be in the picture to be judged: two and a half seconds.
const ENOUGH_FRAMES: usize = 25;

#[test]
fn every_vehicle_beyond_the_limit_is_found_and_none_invented() {
    let settings = format!(r#"{{"limit_kmh":{LIMIT_KMH},"report":"all"}}"#);
    let (mut errors, mut within, mut violations, mut missed) = (Vec::new(), 0, 0, Vec::new());
    for seed in SEEDS {
        let analysed = analyse_with("road", "speeding", seed, Some(&settings));
        let vehicles = vehicles(&analysed);
        let objects = objects_of_tracks(&analysed);
        let of = |event: &Value| {
            let track = event["track"].as_u64().unwrap();
            objects.get(&track).copied().filter(|object| vehicles.contains_key(object))
        };
        let kind = |wanted: &'static str| analysed.events.iter().filter(move |event| event["kind"] == wanted);
        for event in kind("passage") {
            let Some(object) = of(event) else { continue };
            let number = |key: &str| event["attributes"][key].as_f64().unwrap();
            let error = (number("speed_kmh") - vehicles[&object].kmh).abs();
            within += usize::from(error <= 2.0 * number("uncertainty_kmh"));
            errors.push(error);
        }
        let found: BTreeSet<u64> = kind("speeding").filter_map(of).collect();
        assert_eq!(found.len(), kind("speeding").count(), "seed {seed}: a violation of nobody, or one twice");
        for (object, vehicle) in &vehicles {
            let is_found = found.contains(object);
            if vehicle.kmh > LIMIT_KMH + JUDGED_KMH && vehicle.frames >= ENOUGH_FRAMES {
                violations += 1;
                if !is_found {
                    missed.push((seed, *object, vehicle.kmh));
                }
            }
            let invented = is_found && vehicle.kmh < LIMIT_KMH - JUDGED_KMH;
            assert!(!invented, "seed {seed}: {object} at {:.1} km/h", vehicle.kmh);
        }
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    let sure = within as f64 / errors.len() as f64;
    eprintln!(
        "road: {} speeds, off by {mean:.2} km/h on average, {:.1} % within two standard deviations; {violations} \
         violations, missed {missed:?}",
        errors.len(),
        100.0 * sure
    );
    assert!(mean <= 0.7, "{mean:.2} km/h");
    assert!(sure >= 0.9, "{sure:.3}");
    assert!(violations > 200 && missed.is_empty(), "{missed:?} of {violations}");
}

struct Vehicle {
    kmh: f64,
    frames: usize,
}

/// All vehicles of a scene, which keep their speed.
fn vehicles(analysed: &Analysed) -> BTreeMap<u64, Vehicle> {
    let mut vehicles: BTreeMap<u64, Vehicle> = BTreeMap::new();
    for object in analysed.truth[1..].iter().flat_map(|frame| frame["objects"].as_array().unwrap()) {
        // People walk.
        if object["class"] == 0 {
            continue;
        }
        let kmh = object["speed_mps"].as_f64().unwrap() * 3.6;
        let vehicle = vehicles.entry(object["id"].as_u64().unwrap()).or_insert(Vehicle { kmh, frames: 0 });
        vehicle.frames += 1;
    }
    vehicles
}

/// The object that each track's box lay on in most frames.
fn objects_of_tracks(analysed: &Analysed) -> BTreeMap<u64, u64> {
    let mut votes: BTreeMap<u64, BTreeMap<u64, usize>> = BTreeMap::new();
    let frames = analysed.tracks.iter().filter(|frame| frame["tracks"].is_array());
    for (frame, truth) in frames.zip(&analysed.truth[1..]) {
        assert_eq!(frame["frame"], truth["frame"]);
        for track in frame["tracks"].as_array().unwrap() {
            let overlaps = truth["objects"].as_array().unwrap().iter();
            let overlaps = overlaps.map(|object| (overlap(&object["rect"], &track["box"]), object));
            let best = overlaps.max_by(|one, other| one.0.total_cmp(&other.0));
            if let Some((share, object)) = best
                && share > 0.4
                && track["state"] == "confirmed"
            {
                let (track, object) = (track["id"].as_u64().unwrap(), object["id"].as_u64().unwrap());
                *votes.entry(track).or_default().entry(object).or_default() += 1;
            }
        }
    }
    let most = |votes: BTreeMap<u64, usize>| votes.into_iter().max_by_key(|(_, frames)| *frames).unwrap().0;
    votes.into_iter().map(|(track, votes)| (track, most(votes))).collect()
}

/// Intersection over union of two boxes: x, y, width, height.
fn overlap(one: &Value, other: &Value) -> f64 {
    let read = |rect: &Value| -> [f64; 4] { std::array::from_fn(|side| rect[side].as_f64().unwrap()) };
    let ([x, y, width, height], [u, v, w, h]) = (read(one), read(other));
    let across = (x + width).min(u + w) - x.max(u);
    let down = (y + height).min(v + h) - y.max(v);
    let both = across.max(0.0) * down.max(0.0);
    both / (width * height + w * h - both)
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
    for seed in FEW_SEEDS {
        let analysed = analyse_with("road", "traffic-stats", seed, Some(settings));
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
    for seed in FEW_SEEDS {
        let analysed = analyse_with("crossing", "zones", seed, Some(settings));
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
