//! Number plates of real video, read with public models. Skipped, visibly, without the local test data.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ocellus_tests::{ocellus, plugin, test_data};
use serde_json::Value;

/// What a user writes beside the public reader: its characters in its order (a blank, the provinces of China, digits,
/// letters without I and O), what it expects of colours, and that plates of other countries have letters and digits only.
const READER: &str = "
[model]
task = 'read'
[input]
colour = 'bgr'
mean = [0.588, 0.588, 0.588]
std = [0.193, 0.193, 0.193]
[output]
blank = '#'
characters = 'A-Z0-9'
alphabet = '#京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新学警港澳挂使领民航危\
0123456789ABCDEFGHJKLMNPQRSTUVWXYZ险品'
";

/// The models, with the text beside the reader.
struct Models {
    vehicles: PathBuf,
    plates: PathBuf,
    reader: PathBuf,
    folder: tempfile::TempDir,
}

impl Models {
    fn of(data: &Path) -> Models {
        let folder = tempfile::tempdir().unwrap();
        let reader = folder.path().join("reader.onnx");
        std::fs::copy(data.join("models/plate_rec_small.onnx"), &reader).unwrap();
        std::fs::write(folder.path().join("reader.toml"), READER).unwrap();
        let model = |name: &str| data.join("models").join(name);
        let plates = model("plate_detect_yolov5face_640.onnx");
        Models { vehicles: model("yolox_nano.onnx"), plates, reader, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Analyses the video of a wet road; what it said of itself.
    fn analyse(&self, data: &Path, (tracks, events): (&Path, &Path), more: &[&str]) -> String {
        let (clip, rule) = (data.join("video/traffic_plates.mp4"), plugin("plate-log"));
        let paths =
            [&clip, &self.vehicles, &self.plates, &self.reader, &rule].map(|path| path.to_str().unwrap());
        let [clip, vehicles, plates, reader, rule] = paths;
        let [tracks, events] = [tracks, events].map(|path| path.to_str().unwrap());
        let mut args = vec!["analyze", clip, "--model", vehicles, "--classes", "car,truck,bus"];
        args.extend(["--plates", plates, "--read", reader, "--rule", rule, "--settings", "{}"]);
        args.extend(["--grant", "readings", "--tracks", tracks, "--events", events]);
        args.extend(more);
        let finished = ocellus(&args);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        finished.stderr
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the log says in the end: one plate an entry.
fn log(events: &Path) -> BTreeMap<u64, String> {
    let mut entries = BTreeMap::new();
    for event in lines(events) {
        let attributes = &event["attributes"];
        let text = attributes["plate"].as_str().unwrap().to_owned();
        entries.insert(attributes["entry"].as_u64().unwrap(), text);
    }
    entries
}

#[test]
fn plates_on_a_wet_road_are_read_once_each_and_a_replay_reads_the_same() {
    let Some(data) = test_data() else { return };
    let models = Models::of(&data);
    let [tracks, events] = ["tracks.jsonl", "events.jsonl"].map(|name| models.path(name));
    let said = models.analyse(&data, (&tracks, &events), &[]);
    assert!(said.contains("plates were read in"), "{said}");
    let plates: Vec<String> = log(&events).into_values().collect();
    println!("{plates:?}");
    for known in ["KHN991", "KDD4", "LYZ663"] {
        assert_eq!(plates.iter().filter(|plate| *plate == known).count(), 1, "{known} in {plates:?}");
    }
    let mut once = plates.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), plates.len(), "no plate twice: {plates:?}");
    let header = lines(&tracks).remove(0);
    assert_eq!(header["version"], 4);
    let again = models.path("again.jsonl");
    let paths = [&tracks, &plugin("plate-log"), &again].map(|path| path.to_str().unwrap().to_owned());
    let [tracks, rule, out] = &paths;
    let args = ["replay", tracks, "--rule", rule, "--settings", "{}", "--grant", "readings", "--events", out];
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(std::fs::read(&again).unwrap(), std::fs::read(&events).unwrap());
}

#[test]
fn hidden_texts_are_nowhere_as_they_were_read() {
    let Some(data) = test_data() else { return };
    let models = Models::of(&data);
    let privacies = [
        r#"{"privacy": {"mode": "mask", "shown": 2}}"#,
        r#"{"privacy": {"mode": "hash", "key": "a key of some length"}}"#,
    ];
    for (index, settings) in privacies.into_iter().enumerate() {
        let [tracks, events] = ["tracks", "events"].map(|name| models.path(&format!("{name}-{index}.jsonl")));
        models.analyse(&data, (&tracks, &events), &["--frames", "25", "--plates-settings", settings]);
        let plates: Vec<String> = log(&events).into_values().collect();
        assert!(!plates.is_empty());
        for file in [&tracks, &events] {
            let text = std::fs::read_to_string(file).unwrap();
            assert!(!text.contains("HN9") && !text.contains("N99"), "{text}");
        }
        let is_hidden = |plate: &String| match index {
            0 => plate.chars().skip(2).all(|c| c == '*'),
            _ => plate.len() == 16 && plate.chars().all(|c| c.is_ascii_hexdigit()),
        };
        assert!(plates.iter().all(is_hidden), "{plates:?}");
    }
}

#[test]
fn models_that_cannot_read_plates_are_refused_before_anything_is_written() {
    let Some(data) = test_data() else { return };
    let models = Models::of(&data);
    let clip = data.join("video/traffic_plates.mp4");
    let [clip, vehicles, plates, reader] =
        [&clip, &models.vehicles, &models.plates, &models.reader].map(|path| path.to_str().unwrap());
    let refused = |more: &[&str]| {
        let finished = ocellus(&[&["analyze", clip, "--model", vehicles][..], more].concat());
        assert_eq!(finished.code, 2, "{}", finished.stderr);
        finished.stderr
    };
    assert!(refused(&["--plates", vehicles, "--read", reader]).contains("finds no number plates"));
    assert!(refused(&["--plates", plates, "--read", vehicles]).contains("as a reader of plates"));
    assert!(refused(&["--plates", plates]).contains("--read"));
    let more = ["--plates", plates, "--read", reader, "--characters", "й"];
    assert!(refused(&more).contains("leave nothing of the alphabet"));
    let more = ["--plates", plates, "--read", reader, "--plates-settings", r#"{"budget": 99}"#];
    assert!(refused(&more).contains("plates.budget is 99"));
    for (model, part) in [(plates, "yolov5-face: three boxes"), (reader, "34 characters: 0123456789ABC")] {
        let finished = ocellus(&["model", "inspect", model]);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        assert!(finished.stdout.contains(part), "{}", finished.stdout);
    }
}
