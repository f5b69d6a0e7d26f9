//! Who is the same person over two recordings, on real video with public models. Skipped, visibly, without the local test data.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ocellus_tests::{ocellus, plugin, test_data};
use serde_json::Value;

/// Analyses a clip as camera `camera` and gives the tracks file.
fn tracks(data: &Path, clip: &str, camera: &str, folder: &Path) -> String {
    let out = folder.join(format!("{camera}.jsonl")).to_str().unwrap().to_owned();
    let file = |folder: &str, name: &str| data.join(folder).join(name).to_str().unwrap().to_owned();
    let (clip, model) = (file("video", clip), file("models", "yolox_nano.onnx"));
    let embed = file("models", "osnet_x0_25.onnx");
    let args =
        ["analyze", &clip, "--camera", camera, "--model", &model, "--classes", "person", "--embed", &embed];
    let finished = ocellus(&[&args[..], &["--tracks", &out]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    out
}

fn replay(recordings: &[&str], out: &Path) -> String {
    let rule = plugin("reid-association");
    let more = ["--rule", rule.to_str().unwrap(), "--grant", "embeddings", "--events", out.to_str().unwrap()];
    let finished = ocellus(&[&["replay"][..], recordings, &more[..]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    std::fs::read_to_string(out).unwrap()
}

/// Who each track is in the end, and in how many frames it was seen.
fn people(events: &str, recordings: &[&str]) -> BTreeMap<(String, u64), (u64, usize)> {
    let mut identities: BTreeMap<(String, u64), u64> = BTreeMap::new();
    for line in events.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let attributes = &event["attributes"];
        let id = attributes["identity"].as_u64().unwrap();
        match event["kind"].as_str().unwrap() {
            "merged" => {
                let gone = attributes["gone"].as_u64().unwrap();
                identities.values_mut().filter(|known| **known == gone).for_each(|known| *known = id);
            }
            "split" => {}
            _ => {
                let camera = attributes["camera"].as_str().unwrap().to_owned();
                identities.insert((camera, event["track"].as_u64().unwrap()), id);
            }
        }
    }
    let mut people = BTreeMap::new();
    for path in recordings {
        let text = std::fs::read_to_string(path).unwrap();
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let camera = header["camera"].as_str().unwrap();
        for line in text.lines().skip(1) {
            let line: Value = serde_json::from_str(line).unwrap();
            for track in line["tracks"].as_array().into_iter().flatten() {
                let key = (camera.to_owned(), track["id"].as_u64().unwrap());
                if let Some(id) = identities.get(&key) {
                    people.entry(key).or_insert((*id, 0)).1 += 1;
                }
            }
        }
    }
    people
}

/// The newest look of each track that was seen for long.
fn looks(tracks: &str) -> Vec<(u64, Vec<f64>)> {
    let mut seen: BTreeMap<u64, (usize, Vec<f64>)> = BTreeMap::new();
    for line in std::fs::read_to_string(tracks).unwrap().lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        for track in line["tracks"].as_array().into_iter().flatten() {
            let (count, look) = seen.entry(track["id"].as_u64().unwrap()).or_default();
            *count += 1;
            if let Some(text) = track["embedding"].as_str() {
                let bytes = STANDARD.decode(text).unwrap();
                *look = bytes.iter().map(|byte| f64::from(byte.cast_signed())).collect();
            }
        }
    }
    seen.into_iter().filter(|(_, (count, _))| *count > 40).map(|(id, (_, look))| (id, look)).collect()
}

/// The track of `double` that looks most like the one of `single`.
fn most_alike(single: &str, double: &str) -> u64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (_, him) = looks(single).into_iter().next().unwrap();
    let cosine = |look: &[f64]| dot(&him, look) / (dot(&him, &him) * dot(look, look)).sqrt();
    let alike = looks(double).into_iter().map(|(id, look)| (cosine(&look), id));
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1
}

#[test]
fn the_man_seen_by_both_cameras_has_one_identity_and_the_second_man_another() {
    let Some(data) = test_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let single = tracks(&data, "multicam_Single1.mp4", "single", folder.path());
    let double = tracks(&data, "multicam_Double1.mp4", "double", folder.path());
    let events = replay(&[&single, &double], &folder.path().join("events"));
    let people = people(&events, &[&single, &double]);
    let of = |camera: &str| -> Vec<u64> {
        let mut ids: Vec<u64> =
            people.iter().filter(|((known, _), _)| known == camera).map(|(_, (id, _))| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let (one, two) = (of("single"), of("double"));
    assert_eq!((one.len(), two.len()), (1, 2), "{people:?}\n{events}");
    assert!(two.contains(&one[0]), "{people:?}\n{events}");
    let him = people.iter().find(|((camera, _), (id, _))| camera == "double" && *id == one[0]).unwrap();
    assert_eq!(him.0.1, most_alike(&single, &double), "the one of the two who looks like him");
    assert_eq!(replay(&[&single, &double], &folder.path().join("again")), events, "the same once more");
    let swapped = replay(&[&double, &single], &folder.path().join("swapped"));
    let swapped = self::people(&swapped, &[&single, &double]);
    let together = |people: &BTreeMap<(String, u64), (u64, usize)>| -> Vec<(String, u64)> {
        let him = people.iter().find(|((camera, _), _)| camera == "single").unwrap().1.0;
        people.iter().filter(|(_, (id, _))| *id == him).map(|(key, _)| key.clone()).collect()
    };
    assert_eq!(together(&people), together(&swapped), "whichever camera is named first");
}

#[test]
fn two_recordings_of_one_camera_at_the_same_time_are_refused() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/rules/crossing.tracks.jsonl");
    let (tracks, rule) = (golden.to_str().unwrap(), plugin("reid-association"));
    let finished = ocellus(&["replay", tracks, tracks, "--rule", rule.to_str().unwrap()]);
    assert_eq!(finished.code, 2, "{}", finished.stderr);
    for part in ["crossing.tracks.jsonl", "begin at the same time"] {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
}
