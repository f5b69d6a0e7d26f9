//! People who are followed from camera to camera: plazas, the scene embedding, and identities over several cameras.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ocellus_tests::ocellus;
use serde_json::Value;

/// A camera of a plaza, rendered and analysed: truth lines and tracks lines, each with its header first.
struct Viewed {
    truth: Vec<Value>,
    tracks: Vec<Value>,
    files: [PathBuf; 2],
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Analyses a camera with the truth's own boxes as detections and looks by the scene embedding.
fn viewed(folder: &Path, scene: &str, view: u32, frames: u32) -> Viewed {
    let file = |name: &str| folder.join(format!("{name}-{view}"));
    let (clip, truth, map, tracks) =
        (file("clip").with_extension("mp4"), file("truth"), file("map"), file("tracks"));
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/scene-reid/scene-reid.onnx");
    let scene = format!("{scene}&view={view}");
    let frames = frames.to_string();
    let at_map = format!("@{}", map.display());
    let text = |path: &'_ PathBuf| path.to_str().unwrap().to_owned();
    let [clip, truth_text, map, tracks_text, model] = [&clip, &truth, &map, &tracks, &model].map(text);
    let render = ["scene", "render", &scene, "--seed", "1000", "--frames", &frames, "--out", &clip];
    run(&[&render[..], &["--truth", &truth_text, "--calibration", &map]].concat());
    let analyze = ["analyze", &clip, "--detections", &truth_text, "--calibration", &at_map];
    run(&[&analyze[..], &["--embed", &model, "--tracks", &tracks_text]].concat());
    Viewed { truth: lines(&truth), tracks: lines(&tracks), files: [truth, tracks] }
}

fn run(arguments: &[&str]) {
    let finished = ocellus(arguments);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn iou(a: &[f64], b: &[f64]) -> f64 {
    let side = |at: usize| ((a[at] + a[at + 2]).min(b[at] + b[at + 2]) - a[at].max(b[at])).max(0.0);
    let shared = side(0) * side(1);
    shared / (a[2] * a[3] + b[2] * b[3] - shared)
}

/// The last look of each person whom a track was on, and how far its places on the map were off.
fn people(viewed: &Viewed) -> (BTreeMap<u64, Vec<f64>>, Vec<f64>) {
    let (mut looks, mut off) = (BTreeMap::new(), Vec::new());
    // The headers aside, a line of the one is of the same frame as a line of the other.
    for (truth, frame) in viewed.truth[1..].iter().zip(&viewed.tracks[1..]) {
        for track in frame["tracks"].as_array().unwrap() {
            let on = truth["objects"].as_array().unwrap().iter().find(|object| {
                iou(&numbers(&object["rect"]), &numbers(&track["box"])) > 0.6
                    && object["visibility"].as_f64().unwrap() > 0.5
            });
            let Some(person) = on else { continue };
            if let Some(text) = track["embedding"].as_str() {
                let bytes = STANDARD.decode(text).unwrap();
                let look = bytes.iter().map(|byte| f64::from(byte.cast_signed())).collect();
                looks.insert(person["id"].as_u64().unwrap(), look);
            }
            if track["ground"].is_object() {
                let (found, place) = (numbers(&track["ground"]["position_m"]), numbers(&person["ground"]));
                off.push((found[0] - place[0]).hypot(found[1] - place[1]));
            }
        }
    }
    (looks, off)
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn people_before_one_camera_are_known_before_another_by_their_clothes() {
    let folder = tempfile::tempdir().unwrap();
    let views: Vec<Viewed> =
        (0..2).map(|view| viewed(folder.path(), "plaza?views=2&overlap=on", view, 200)).collect();
    let found: Vec<_> = views.iter().map(people).collect();
    let (mut right, mut asked) = (0, 0);
    for (id, look) in &found[0].0 {
        if !found[1].0.contains_key(id) {
            continue;
        }
        let best = found[1].0.iter().max_by(|a, b| cosine(look, a.1).total_cmp(&cosine(look, b.1))).unwrap();
        asked += 1;
        right += usize::from(best.0 == id);
    }
    eprintln!("{right} of {asked} people are known before the other camera");
    assert!(asked >= 10 && right * 4 >= asked * 3, "{right} of {asked}");
    for (_, mut off) in found {
        off.sort_by(f64::total_cmp);
        let middle = off[off.len() / 2];
        eprintln!("places on the map are off by {middle:.2} m in the middle");
        assert!(middle < 0.5, "{middle}");
    }
}

#[test]
fn tracks_of_several_cameras_are_scored_as_one_where_they_share_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let views: Vec<Viewed> =
        (0..2).map(|view| viewed(folder.path(), "plaza?views=2&overlap=on", view, 60)).collect();
    let mut arguments = vec!["eval", "tracks", "--format", "json"];
    for view in &views {
        arguments.extend([
            "--truth",
            view.files[0].to_str().unwrap(),
            "--tracks",
            view.files[1].to_str().unwrap(),
        ]);
    }
    let idf1 = |arguments: &[&str]| {
        let finished = ocellus(arguments);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        let scores: Value = serde_json::from_str(&finished.stdout).unwrap();
        scores["combined"]["idf1"].as_f64().unwrap()
    };
    let apart = idf1(&arguments);
    arguments.push("--shared-ids");
    let together = idf1(&arguments);
    // Each camera's tracker counts from 1, so that the same number is somebody else before the other.
    assert!(apart > 0.9 && together < 0.85, "{apart} {together}");
}

/// By the model for plazas, whose training saw no seed from 1000 on.
#[test]
fn people_of_a_plaza_are_followed_with_the_detector_that_was_trained_on_plazas() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [clip, truth, tracks] = ["clip.mp4", "truth.jsonl", "tracks.jsonl"].map(file);
    let scene = "plaza?view=1&views=3&overlap=off";
    run(&["scene", "render", scene, "--seed", "1002", "--frames", "300", "--out", &clip, "--truth", &truth]);
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/scene-street/scene-street.onnx");
    run(&["analyze", &clip, "--model", model.to_str().unwrap(), "--tracks", &tracks]);
    let finished = ocellus(&["eval", "tracks", "--truth", &truth, "--tracks", &tracks, "--format", "json"]);
    let scores: Value = serde_json::from_str(&finished.stdout).unwrap();
    let mota = scores["combined"]["mota"].as_f64().unwrap();
    eprintln!("plaza, seed 1002: MOTA {mota:.3}");
    assert!(mota > 0.9, "{mota}");
}
