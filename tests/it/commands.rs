//! What a newcomer does wrong on the command line: a clear error, exit code 2, nothing lost.

use std::path::Path;

use ocellus_tests::{Finished, ocellus, plugin, test_data};

const LINE: &str = r#"{"lines":[{"name":"l","from":[0.5,0],"to":[0.5,1],"entry":"left-to-right"}]}"#;

fn refused(args: &[&str], parts: &[&str]) -> Finished {
    let finished = ocellus(args);
    assert_eq!(finished.code, 2, "{args:?}: {}", finished.stderr);
    for part in parts {
        assert!(finished.stderr.contains(part), "{args:?} does not say {part:?}: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_missing_input_is_named() {
    refused(&["analyze", "no-such-clip.mp4"], &["no-such-clip.mp4"]);
}

#[test]
fn a_text_file_is_no_video() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("notes.mp4");
    std::fs::write(&clip, "these are notes").unwrap();
    refused(&["analyze", text_of(&clip)], &["notes.mp4"]);
}

#[test]
fn a_scene_needs_an_end() {
    refused(&["analyze", "scene:crossing?seed=3"], &["--frames"]);
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.onnx");
    std::fs::write(&model, b"not a model at all").unwrap();
    refused(&["model", "inspect", text_of(&model)], &["model.onnx", "ONNX"]);
}

#[test]
fn a_core_module_and_garbage_are_no_plugins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.wasm");
    for (bytes, part) in
        [(&b"\0asm\x01\0\0\0"[..], "component"), (b"MZ garbage", "rule.wasm"), (b"", "rule.wasm")]
    {
        std::fs::write(&file, bytes).unwrap();
        refused(&["plugin", "inspect", text_of(&file)], &[part]);
    }
}

#[test]
fn a_shipped_plugin_says_what_it_is() {
    let finished = ocellus(&["plugin", "inspect", text_of(&plugin("line-crossing"))]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    for part in ["line-crossing", "0.1", "lines", "host"] {
        assert!(finished.stdout.contains(part), "{part}: {}", finished.stdout);
    }
}

#[test]
fn wrong_settings_are_refused_with_key_and_remedy() {
    let rule = plugin("line-crossing");
    for (settings, part) in [
        ("{", "not JSON"),
        ("@no-such-file.json", "no-such-file.json"),
        (r#"{"lanes":[]}"#, "lanes"),
        (r#"{"lines":[{"name":"l","from":[0,0],"to":[0,0],"entry":"left-to-right"}]}"#, "l"),
        (r#"{"lines":[{"name":"l","from":[0,0],"to":[0,1],"entry":"upwards"}]}"#, "left-to-right"),
    ] {
        let args = [
            "analyze",
            "scene:crossing?seed=3",
            "--frames",
            "2",
            "--rule",
            text_of(&rule),
            "--settings",
            settings,
        ];
        refused(&args, &[part]);
    }
}

#[test]
fn thresholds_out_of_range_are_named() {
    let scene = ["analyze", "scene:crossing?seed=3", "--frames", "2"];
    for (flag, value) in [("--confidence", "7"), ("--iou", "-1"), ("--track-high-thresh", "60")] {
        let flag_value = format!("{flag}={value}");
        let mut args = scene.to_vec();
        args.push(&flag_value);
        refused(&args, &[value]);
    }
    let mut args = scene.to_vec();
    args.extend(["--classes", "unicorn"]);
    refused(&args, &["unicorn", "person"]);
}

#[test]
fn a_damaged_tracks_file_names_its_line_and_keeps_the_events_before() {
    let folder = tempfile::tempdir().unwrap();
    let (tracks, out) = (folder.path().join("t.jsonl"), folder.path().join("e.jsonl"));
    let rule = plugin("line-crossing");
    let head = r#"{"format":"ocellus-tracks","version":1,"camera":"c","width":100,"height":100,"classes":["person"]}"#;
    let frame = |index: u32, x: f32| {
        format!(
            r#"{{"frame":{index},"time_us":{},"tracks":[{{"id":1,"class":0,"confidence":0.9,"state":"confirmed","box":[{x},40,10,20],"first_seen_us":0}}]}}"#,
            index * 100_000
        )
    };
    let frames: Vec<String> = (0..8).map(|index| frame(index, 10.0 * index as f32)).collect();
    std::fs::write(&tracks, format!("{head}\n{}\n{{\"frame\":8,", frames.join("\n"))).unwrap();
    let args =
        ["replay", text_of(&tracks), "--rule", text_of(&rule), "--settings", LINE, "--events", text_of(&out)];
    refused(&args, &["line 10"]);
    let events = std::fs::read_to_string(&out).unwrap();
    assert_eq!(events.lines().count(), 1, "{events}");
    assert!(events.contains(r#""direction":"entry""#), "{events}");
}

#[test]
fn detections_with_a_bad_line_are_refused_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let (detections, out) = (folder.path().join("d.txt"), folder.path().join("t.txt"));
    std::fs::write(&detections, "1,-1,10,10,20,40,0.9\n2,-1,ten,10,20,40,0.9\n").unwrap();
    refused(&["track", text_of(&detections), "--out", text_of(&out)], &["line 2", "ten"]);
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    let args = ["analyze", "scene:crossing?seed=3", "--frames", "2", "--tracks", "/no-such-folder/t.jsonl"];
    refused(&args, &["/no-such-folder/t.jsonl"]);
}

#[test]
fn a_recording_that_ends_early_keeps_its_events_and_says_both_lengths() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole.mp4"), folder.path().join("cut.mp4"));
    let (settings, out) = (folder.path().join("s.json"), folder.path().join("e.jsonl"));
    let render = ["scene", "render", "crossing", "--seed", "3", "--frames", "600", "--out", text_of(&whole)];
    let finished = ocellus(&[&render[..], &["--settings", text_of(&settings)]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    // The index first, as recorders that stream write it, so that the cut costs only the end.
    let faststart = folder.path().join("faststart.mp4");
    let status = std::process::Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-i",
            text_of(&whole),
            "-c",
            "copy",
            "-movflags",
            "+faststart",
            text_of(&faststart),
        ])
        .status()
        .unwrap();
    assert!(status.success());
    let bytes = std::fs::read(&faststart).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).unwrap();
    let rule = plugin("line-crossing");
    let settings = format!("@{}", text_of(&settings));
    let args = [
        "analyze",
        text_of(&cut),
        "--rule",
        text_of(&rule),
        "--settings",
        &settings,
        "--events",
        text_of(&out),
    ];
    let finished = ocellus(&args);
    assert_eq!(finished.code, 3, "{}", finished.stderr);
    assert!(finished.stderr.contains("60"), "the declared length is missing: {}", finished.stderr);
    assert!(std::fs::read_to_string(&out).unwrap().lines().count() > 0);
}

#[test]
fn last_box_association_gives_the_reference_boxes_and_identities() {
    let Some(data) = test_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| -> Vec<(u64, Option<u64>, [f64; 4], f64)> {
        let text = std::fs::read_to_string(data.join("mot/bytetrack").join(name)).unwrap();
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let number =
            |row: &serde_json::Value, key: &str| row[key].as_str().and_then(|text| text.parse::<f64>().ok());
        let rows = document["results"].as_array().unwrap().iter();
        rows.map(|row| {
            let rect = ["x", "y", "width", "height"].map(|key| number(row, key).unwrap());
            let id = number(row, "track_id").map(|id| id as u64);
            (number(row, "frame_id").unwrap() as u64, id, rect, number(row, "prob").unwrap_or(1.0))
        })
        .collect()
    };
    let lines = read("detection_results.json")
        .into_iter()
        .map(|(frame, _, [x, y, w, h], confidence)| format!("{},-1,{x},{y},{w},{h},{confidence}", frame + 1));
    let (detections, out) = (folder.path().join("det.txt"), folder.path().join("tracks.txt"));
    std::fs::write(&detections, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let settings = "--association last-box --track-high-thresh 0.5 --track-low-thresh 0 --new-track-thresh 0.6 \
                    --match-thresh 0.8 --track-buffer 30 --frame-rate 30";
    let mut args = vec!["track", text_of(&detections), "--out", text_of(&out)];
    args.extend(settings.split_whitespace());
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let reference = read("tracking_results.json");
    let tracks = std::fs::read_to_string(&out).unwrap();
    let per_frame = |frames: &mut dyn Iterator<Item = u64>| {
        let mut counts = std::collections::BTreeMap::new();
        frames.for_each(|frame| *counts.entry(frame).or_insert(0_u32) += 1);
        counts
    };
    let ours = per_frame(&mut tracks.lines().map(|line| line.split(',').next().unwrap().parse().unwrap()));
    let theirs = per_frame(&mut reference.iter().map(|row| row.0 + 1));
    assert_eq!(ours, theirs);
}
