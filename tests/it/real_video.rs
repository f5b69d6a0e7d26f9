//! The main job on real video with public models. Skipped, visibly, without the local test data.

use std::collections::BTreeMap;
use std::path::Path;

use ocellus_tests::{ocellus, plugin, test_data};
use serde_json::{Value, json};

/// Runs `analyze` and gives the event lines back.
fn events(input: &Path, model: &Path, rule: &str, settings: &Value, more: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("events.jsonl");
    let rule = plugin(rule);
    let settings = settings.to_string();
    let mut args = vec!["analyze", input.to_str().unwrap(), "--model", model.to_str().unwrap()];
    args.extend(["--rule", rule.to_str().unwrap(), "--settings", &settings]);
    args.extend(["--events", out.to_str().unwrap()]);
    args.extend(more);
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let text = std::fs::read_to_string(&out).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn line(x: f64) -> Value {
    json!({"lines": [{"name": "l", "from": [x, 0.0], "to": [x, 1.0], "entry": "left-to-right"}]})
}

fn count(events: &[Value], direction: &str) -> usize {
    events.iter().filter(|event| event["attributes"]["direction"] == direction).count()
}

#[test]
fn six_people_leave_to_the_right_and_none_comes_back() {
    let Some(data) = test_data() else { return };
    let clip = data.join("video/one-by-one-person-detection.mp4");
    let events = events(&clip, &data.join("models/yolox_nano.onnx"), "line-crossing", &line(0.75), &[]);
    assert_eq!((count(&events, "entry"), count(&events, "exit")), (6, 0), "{events:#?}");
}

#[test]
fn two_cars_leave_to_the_left() {
    let Some(data) = test_data() else { return };
    let clip = data.join("video/person-bicycle-car-detection.mp4");
    let model = data.join("models/yolox_nano.onnx");
    let all = events(&clip, &model, "line-crossing", &line(0.15), &[]);
    // The walker who comes in at the left is the one entry.
    assert_eq!((count(&all, "entry"), count(&all, "exit")), (1, 2), "{all:#?}");
    let only_cars = ["--classes", "car,truck,bus", "--track-high-thresh", "0.4", "--new-track-thresh", "0.5"];
    let cars = events(&clip, &model, "line-crossing", &line(0.15), &only_cars);
    assert_eq!((count(&cars, "entry"), count(&cars, "exit")), (0, 2), "{cars:#?}");
}

#[test]
fn two_riders_with_weak_scores_leave_to_the_right() {
    let Some(data) = test_data() else { return };
    let clip = data.join("video/person-bicycle-car-detection.mp4");
    let model = data.join("models/yolox_nano.onnx");
    let thresholds = ["--track-high-thresh", "0.4", "--new-track-thresh", "0.5"];
    let events = events(&clip, &model, "line-crossing", &line(0.9), &thresholds);
    assert_eq!((count(&events, "entry"), count(&events, "exit")), (2, 0), "{events:#?}");
}

#[test]
fn bottles_are_no_people_and_no_vehicles() {
    let Some(data) = test_data() else { return };
    let clip = data.join("video/bottle-detection.mp4");
    let model = data.join("models/yolox_nano.onnx");
    let classes = ["--classes", "person,bicycle,car,motorcycle,bus,truck"];
    for x in [0.25, 0.5, 0.75] {
        let events = events(&clip, &model, "line-crossing", &line(x), &classes);
        assert!(events.is_empty(), "{events:#?}");
    }
}

/// The last state of each space, and how many agree with what the eye says.
fn right_spaces(data: &Path, model: &str) -> (usize, usize) {
    let text = std::fs::read_to_string(data.join("parking/positions.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let occupied: Vec<u64> =
        truth["occupied_by_eye_frame75"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    let positions = truth["positions"].as_array().unwrap();
    let corner = |x: f64, y: f64| json!([x / 1080.0, y / 810.0]);
    let spaces: Vec<Value> = positions
        .iter()
        .enumerate()
        .map(|(index, at)| {
            let (x, y) = (at[0].as_f64().unwrap(), at[1].as_f64().unwrap());
            let polygon =
                [corner(x, y), corner(x + 50.0, y), corner(x + 50.0, y + 50.0), corner(x, y + 50.0)];
            json!({"name": index.to_string(), "polygon": polygon})
        })
        .collect();
    let thresholds = ["--track-high-thresh", "0.25", "--new-track-thresh", "0.25"];
    let clip = data.join("parking/carPark_oblique.mp4");
    let events =
        events(&clip, &data.join("models").join(model), "parking", &json!({"spaces": spaces}), &thresholds);
    let mut last = BTreeMap::new();
    for event in &events {
        let attributes = &event["attributes"];
        last.insert(
            attributes["space"].as_str().unwrap().to_owned(),
            attributes["occupied"].as_bool().unwrap(),
        );
    }
    let right = (0..positions.len() as u64)
        .filter(|space| last.get(&space.to_string()).copied().unwrap_or(false) == occupied.contains(space))
        .count();
    (right, positions.len())
}

#[test]
fn all_21_spaces_are_right_with_the_larger_model() {
    let Some(data) = test_data() else { return };
    assert_eq!(right_spaces(&data, "yolov8n_quantized.onnx"), (21, 21));
}

#[test]
fn at_least_18_spaces_are_right_with_the_small_model() {
    let Some(data) = test_data() else { return };
    let (right, all) = right_spaces(&data, "yolox_nano.onnx");
    assert!(right >= 18, "{right} of {all}");
}

#[test]
fn a_model_of_an_unknown_layout_is_refused_with_what_was_found_and_what_is_supported() {
    let Some(data) = test_data() else { return };
    let model = data.join("models/nanodet_m_a.onnx");
    let finished = ocellus(&["model", "inspect", model.to_str().unwrap()]);
    assert_eq!(finished.code, 2);
    for part in ["nanodet_m_a.onnx", "6 outputs", "yolox", "yolov8"] {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
}

#[test]
fn the_same_input_gives_the_same_events_and_so_does_a_replay_of_its_tracks() {
    let Some(data) = test_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let clip = data.join("video/person-bicycle-car-detection.mp4");
    let model = data.join("models/yolox_nano.onnx");
    let (rule, settings) = (plugin("line-crossing"), line(0.15).to_string());
    let rule = ["--rule", rule.to_str().unwrap(), "--settings", settings.as_str()];
    for run in ["a", "b"] {
        let (events, tracks) = (path(&format!("{run}.events")), path(&format!("{run}.tracks")));
        let mut args = vec!["analyze", clip.to_str().unwrap(), "--model", model.to_str().unwrap()];
        args.extend(rule);
        args.extend(["--events", &events, "--tracks", &tracks]);
        assert_eq!(ocellus(&args).code, 0);
    }
    let (tracks, replayed) = (path("a.tracks"), path("replayed"));
    let mut args = vec!["replay", tracks.as_str()];
    args.extend(rule);
    args.extend(["--events", &replayed]);
    assert_eq!(ocellus(&args).code, 0);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(!read("a.events").is_empty());
    assert_eq!(read("a.events"), read("b.events"));
    assert_eq!(read("a.tracks"), read("b.tracks"));
    assert_eq!(read("a.events"), read("replayed"));
}
