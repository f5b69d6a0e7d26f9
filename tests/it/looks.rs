//! What people look like, on real video with public models. Skipped, visibly, without the local test data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ocellus_tests::{guest, ocellus, test_data};
use serde_json::Value;

/// Tracks and events of one analysis.
struct Analysed {
    tracks: String,
    events: String,
    stderr: String,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

fn analyse(data: &Path, clip: &str, more: &[&str]) -> Analysed {
    let folder = tempfile::tempdir().unwrap();
    let [tracks, events] = ["tracks", "events"].map(|name| folder.path().join(format!("{name}.jsonl")));
    let (clip, model) = (data.join("video").join(clip), data.join("models/yolox_nano.onnx"));
    let embed = data.join("models/osnet_x0_25.onnx");
    let rule = guest("powers");
    let paths = [&clip, &model, &embed, &tracks, &rule, &events].map(|path| path.to_str().unwrap());
    let [clip, model, embed, tracks_out, rule, events_out] = paths;
    let mut args = vec!["analyze", clip, "--model", model, "--classes", "person", "--embed", embed];
    args.extend(["--tracks", tracks_out, "--rule", rule, "--settings", "{}", "--grant", "embeddings"]);
    args.extend(["--events", events_out]);
    args.extend(more);
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    Analysed {
        tracks: std::fs::read_to_string(&tracks).unwrap(),
        events: std::fs::read_to_string(&events).unwrap(),
        stderr: finished.stderr,
        file: tracks,
        _folder: folder,
    }
}

/// The first and the last embedding of each track that was seen in at least `frames` frames.
fn people(tracks: &str, frames: usize) -> Vec<[Vec<f64>; 2]> {
    let mut seen: BTreeMap<u64, (usize, Vec<Vec<f64>>)> = BTreeMap::new();
    for line in tracks.lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        for track in line["tracks"].as_array().into_iter().flatten() {
            let (count, looks) = seen.entry(track["id"].as_u64().unwrap()).or_default();
            *count += usize::from(track["state"] == "confirmed");
            if let Some(text) = track["embedding"].as_str() {
                let bytes = STANDARD.decode(text).unwrap();
                looks.push(bytes.iter().map(|byte| f64::from(byte.cast_signed())).collect());
            }
        }
    }
    let long = seen.into_values().filter(|(count, looks)| *count >= frames && !looks.is_empty());
    long.map(|(_, looks)| [looks[0].clone(), looks[looks.len() - 1].clone()]).collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[test]
fn the_man_of_one_camera_is_the_one_of_two_in_the_other_who_looks_most_like_him() {
    let Some(data) = test_data() else { return };
    let single = people(&analyse(&data, "multicam_Single1.mp4", &[]).tracks, 60);
    let double = people(&analyse(&data, "multicam_Double1.mp4", &[]).tracks, 40);
    assert_eq!((single.len(), double.len()), (1, 2), "one man, and two");
    let alike = |look: usize| {
        let mut cosines: Vec<f64> =
            double.iter().map(|other| cosine(&single[0][look], &other[look])).collect();
        cosines.sort_by(|a, b| b.total_cmp(a));
        [cosines[0], cosines[1]]
    };
    // What a reference pipeline gives for single pictures: .715 to .758 for the same man, .458 to .539 for the other.
    let [same, other] = alike(0);
    assert!((0.68..0.79).contains(&same) && (0.43..0.57).contains(&other), "{same} {other}");
    // Over a track the pictures' own differences are averaged out of both.
    let [same, other] = alike(1);
    assert!(same > 0.8 && same - other > 0.12, "{same} {other}");
}

#[test]
fn the_same_recording_gives_the_same_looks_and_a_replay_the_same_events() {
    let Some(data) = test_data() else { return };
    let more = ["--frames", "60", "--embed-budget", "1"];
    let [one, two] = [(); 2].map(|()| analyse(&data, "multicam_Double1.mp4", &more));
    assert_eq!((&one.tracks, &one.events), (&two.tracks, &two.events));
    assert!(one.events.contains("\"looks\":"), "the rule saw them");
    assert!(one.tracks.starts_with("{\"format\":\"ocellus-tracks\",\"version\":3"));
    assert!(one.stderr.contains("were looked at, of"), "{}", one.stderr);
    let most = one.tracks.lines().map(|line| line.matches("\"embedding\":").count()).max();
    assert_eq!(most, Some(1), "the budget holds");
    let folder = tempfile::tempdir().unwrap();
    let again = folder.path().join("again.jsonl");
    let rule = guest("powers");
    let [tracks, rule, events] = [&one.file, &rule, &again].map(|path| path.to_str().unwrap());
    let args =
        ["replay", tracks, "--rule", rule, "--settings", "{}", "--grant", "embeddings", "--events", events];
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(std::fs::read_to_string(&again).unwrap(), one.events);
}

#[test]
fn a_model_that_is_no_embedder_is_refused_before_anything_is_written() {
    let Some(data) = test_data() else { return };
    let (clip, detector) = (data.join("video/multicam_Double1.mp4"), data.join("models/yolox_nano.onnx"));
    let [clip, detector] = [&clip, &detector].map(|path| path.to_str().unwrap());
    let finished = ocellus(&["analyze", clip, "--embed", detector]);
    assert_eq!(finished.code, 2);
    assert!(finished.stderr.contains("cannot be used as an embedder"), "{}", finished.stderr);
    let embedder = data.join("models/osnet_x0_25.onnx");
    let finished = ocellus(&["analyze", clip, "--model", embedder.to_str().unwrap()]);
    assert!(finished.code == 2 && finished.stderr.contains("as a detector"), "{}", finished.stderr);
    let finished = ocellus(&["model", "inspect", embedder.to_str().unwrap()]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    for part in ["embed: what an object looks like", "512 numbers", "128x256 pixels, nchw, rgb"] {
        assert!(finished.stdout.contains(part), "{part} in {}", finished.stdout);
    }
}
