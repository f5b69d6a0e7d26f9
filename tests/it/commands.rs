//! What a newcomer does wrong on the command line: a clear error, exit code 2, nothing lost.

use std::path::Path;

use ocellus_tests::{Finished, ocellus, plugin, test_data};

pub(crate) const LINE: &str =
    r#"{"lines":[{"name":"l","from":[0.5,0],"to":[0.5,1],"entry":"left-to-right"}]}"#;

fn refused<S: AsRef<std::ffi::OsStr> + std::fmt::Debug>(args: &[S], parts: &[&str]) -> Finished {
    let finished = ocellus(args);
    assert_eq!(finished.code, 2, "{args:?}: {}", finished.stderr);
    for part in parts {
        assert!(finished.stderr.contains(part), "{args:?} does not say {part:?}: {}", finished.stderr);
    }
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished
}

pub(crate) fn text_of(path: &Path) -> &str {
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
    for part in ["line-crossing", "0.2.0", "lines", "host"] {
        assert!(finished.stdout.contains(part), "{part}: {}", finished.stdout);
    }
}

#[test]
fn what_a_rule_warns_of_is_shown() {
    let rule = plugin("speeding");
    let args = ["analyze", "scene:road?seed=3", "--frames", "30", "--rule", text_of(&rule), "--settings"];
    let finished = ocellus(&[&args[..], &[r#"{"limit_kmh": 30}"#]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    assert_eq!(finished.stderr.matches("calibrate the camera").count(), 1, "{}", finished.stderr);
}

#[test]
fn who_reads_standard_error_may_go() {
    let program = ocellus_tests::program::target_folder().join("release/ocellus");
    let line = format!(
        "{{ {} analyze 'scene:crossing?seed=3' --frames 2; echo $? >&3; }} 2>&1 >/dev/null 3>code | true",
        program.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let status =
        std::process::Command::new("bash").args(["-c", &line]).current_dir(&folder).status().unwrap();
    assert!(status.success());
    assert_eq!(std::fs::read_to_string(folder.path().join("code")).unwrap().trim(), "0");
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
    for (flag, value) in [
        ("--confidence", "7"),
        ("--iou", "-1"),
        ("--track-high-thresh", "60"),
        ("--threads", "-1"),
        ("--threads", "99999"),
    ] {
        let mut args = scene.to_vec();
        args.extend([flag, value]);
        let said = refused(&args, &[value]).stderr;
        // The advice for mistyped flags would be wrong here.
        assert!(!said.contains("-- -1"), "{said}");
    }
    let mut args = scene.to_vec();
    args.extend(["--classes", "unicorn"]);
    refused(&args, &["unicorn", "person"]);
}

#[test]
fn a_damaged_tracks_file_names_its_line_and_keeps_the_events_before() {
    let folder = tempfile::tempdir().unwrap();
    let (tracks, out) = (folder.path().join("t.jsonl"), folder.path().join("e.jsonl"));
    std::fs::write(&tracks, format!("{}{{\"frame\":8,\n", recorded_tracks(2))).unwrap();
    refused(&replay_args(&tracks, &plugin("line-crossing"), &out), &["line 10", "column 11"]);
    let events = std::fs::read_to_string(&out).unwrap();
    assert_eq!(events.lines().count(), 1, "{events}");
    assert!(events.contains(r#""direction":"entry""#), "{events}");
}

#[test]
fn a_tracks_file_that_was_cut_keeps_its_events_and_ends_with_code_3() {
    let folder = tempfile::tempdir().unwrap();
    let (tracks, out) = (folder.path().join("t.jsonl"), folder.path().join("e.jsonl"));
    for (version, rest, code, part) in [
        (2, "{\"end\":true,\"frames\":8}\n", 0, "8 frames, 1 events"),
        (2, "", 3, "cut off after line 9"),
        (2, "{\"frame\":8,", 3, "cut off after line 9"),
        (1, "{\"frame\":8,", 3, "cut off after line 9"),
        (1, "", 0, "does not mark its end"),
    ] {
        std::fs::write(&tracks, recorded_tracks(version) + rest).unwrap();
        let finished = ocellus(&replay_args(&tracks, &plugin("line-crossing"), &out));
        assert_eq!(finished.code, code, "version {version}, {rest:?}: {}", finished.stderr);
        assert!(finished.stderr.contains(part), "version {version}, {rest:?}: {}", finished.stderr);
        assert_eq!(std::fs::read_to_string(&out).unwrap().lines().count(), 1);
    }
}

#[test]
fn tracks_that_no_tracker_gives_are_refused_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let (tracks, out) = (folder.path().join("t.jsonl"), folder.path().join("e.jsonl"));
    let good = recorded_tracks(2);
    for (right, wrong, part) in [
        ("[20,40,10,20]", "[20,40,1e39,20]", "number out of range"),
        ("[20,40,10,20]", "[20,40,10,-20]", "negative"),
        ("\"class\":0", "\"class\":77", "class is 77"),
    ] {
        let bad = good.replace(right, wrong);
        assert_ne!(bad, good);
        std::fs::write(&tracks, bad).unwrap();
        refused(&replay_args(&tracks, &plugin("line-crossing"), &out), &["line ", part]);
    }
}

/// A header and eight frames of somebody who crosses the middle, without a last line.
pub(crate) fn recorded_tracks(version: u32) -> String {
    let mut text = format!(
        r#"{{"format":"ocellus-tracks","version":{version},"camera":"c","width":100,"height":100,"classes":["person"]}}"#
    );
    text.push('\n');
    for index in 0..8 {
        let (time_us, x) = (index * 100_000, index * 10);
        text += &format!(
            r#"{{"frame":{index},"time_us":{time_us},"tracks":[{{"id":1,"class":0,"confidence":0.9,"state":"confirmed","box":[{x},40,10,20],"first_seen_us":0}}]}}"#
        );
        text.push('\n');
    }
    text
}

fn replay_args(tracks: &Path, rule: &Path, events: &Path) -> Vec<String> {
    let args =
        ["replay", text_of(tracks), "--rule", text_of(rule), "--settings", LINE, "--events", text_of(events)];
    args.map(str::to_owned).to_vec()
}

#[test]
fn an_output_that_would_empty_an_input_or_another_output_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (clip, tracks, settings, rule) =
        (file("clip.mp4"), file("t.jsonl"), file("s.json"), file("rule.wasm"));
    let finished = ocellus(&["scene", "render", "crossing", "--frames", "3", "--out", &clip]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    std::fs::write(&tracks, recorded_tracks(1)).unwrap();
    std::fs::write(&settings, LINE).unwrap();
    std::fs::copy(plugin("line-crossing"), &rule).unwrap();
    let mot = file("m.txt");
    std::fs::write(&mot, "1,-1,10,10,20,40,0.9\n").unwrap();
    let inputs = [&clip, &tracks, &settings, &rule, &mot];
    let before = inputs.map(|path| std::fs::read(path).unwrap());
    let at_settings = format!("@{settings}");
    let analyze = ["analyze", &clip, "--rule", &rule, "--settings", &at_settings];
    let replay = ["replay", &tracks, "--rule", &rule, "--settings", &at_settings];
    let new = file("new.jsonl");
    let (dotted, scene) = (file("./new.jsonl"), ["scene", "render", "crossing", "--frames", "2"]);
    for (args, rest, parts) in [
        (&analyze[..], &["--events", &clip][..], ["--events", "the input"]),
        (&analyze[..], &["--tracks", &clip], ["--tracks", "the input"]),
        (&analyze[..], &["--events", &rule], ["--events", "--rule"]),
        (&analyze[..], &["--events", &settings], ["--events", "--settings"]),
        (&analyze[..], &["--events", &new, "--tracks", &dotted], ["--events", "--tracks"]),
        (&replay[..], &["--events", &tracks], ["--events", "the tracks file"]),
        (&["track", &mot][..], &["--out", &mot], ["--out", "the detections file"]),
        (&scene[..], &["--out", &new, "--truth", &dotted], ["--out", "--truth"]),
    ] {
        refused(&[args, rest].concat(), &parts);
    }
    assert_eq!(inputs.map(|path| std::fs::read(path).unwrap()), before);
    assert!(!Path::new(&new).exists());
}

#[test]
fn what_never_ends_is_no_plugin_and_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for what in ["plugin", "model"] {
        for path in [text_of(&pipe), "/dev/zero"] {
            refused(&[what, "inspect", path], &[path, "not a regular file"]);
        }
    }
    let args = ["analyze", "scene:crossing", "--frames", "2", "--model", text_of(&pipe)];
    refused(&args, &["not a regular file"]);
}

#[test]
fn numbers_that_ask_for_nothing_are_refused() {
    let rule = plugin("line-crossing");
    refused(&["analyze", "scene:crossing", "--frames", "0"], &["--frames is 0"]);
    refused(
        &["scene", "render", "crossing", "--seed", "-1", "--out", "/dev/null"],
        &["'-1'", "whole number"],
    );
    let scene = ["analyze", "scene:crossing", "--frames", "2", "--rule-name", "a"];
    refused(&scene, &["1 --rule-name for 0 --rule"]);
    let two = [&scene[..], &["--rule-name", "b", "--rule", text_of(&rule)]].concat();
    refused(&two, &["2 --rule-name for 1 --rule"]);
}

#[test]
fn the_example_in_the_help_of_analyze_works() {
    let help = ocellus(&["analyze", "--help"]).stdout;
    let example = help.split('`').find(|text| text.starts_with("scene:")).unwrap();
    let finished = ocellus(&["analyze", example, "--frames", "2"]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
}

#[test]
fn damaged_frames_are_counted_aloud() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    let render = ["scene", "render", "crossing", "--seed", "3", "--frames", "100", "--out", text_of(&clip)];
    assert_eq!(ocellus(&render).code, 0);
    let whole = ocellus(&["analyze", text_of(&clip)]);
    assert!(whole.stderr.starts_with("100 frames") && !whole.stderr.contains("damaged"), "{}", whole.stderr);
    let mut bytes = std::fs::read(&clip).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 100_000].fill(0);
    std::fs::write(&clip, bytes).unwrap();
    let finished = ocellus(&["analyze", text_of(&clip)]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let number = |before: &str| {
        let words = finished.stderr.split(before).next().unwrap();
        words.split_whitespace().last().unwrap().parse::<u32>().unwrap()
    };
    let (frames, damaged) = (number(" frames in "), number(" damaged frames of "));
    assert!(damaged > 0 && frames + damaged == 100, "{}", finished.stderr);
}

#[test]
fn what_the_tracker_leaves_out_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (detections, out) = (folder.path().join("d.txt"), folder.path().join("t.txt"));
    let mut text = "1,-1,10,10,0,40,0.9\n1,-1,10,10,20,-4,0.9\n".to_owned();
    (0..1100).for_each(|at| text += &format!("1,-1,{},10,20,40,0.9\n", at * 30));
    std::fs::write(&detections, text).unwrap();
    let finished = ocellus(&["track", text_of(&detections), "--out", text_of(&out)]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    for part in
        ["1000 boxes", "2 detections were left out: their boxes", "100 detections were left out: of each"]
    {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
}

#[test]
fn a_rule_of_the_config_file_that_names_what_is_not_there_is_named_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("site.toml");
    let rule = |plugin: &str, camera: &str, settings: &str| {
        format!(
            "[server]\naddress = \"127.0.0.1:0\"\n[[camera]]\nname = \"a\"\nsource = \"scene:crossing\"\n\
             [[rule]]\nname = \"r\"\nplugin = {plugin:?}\ncameras = [{camera:?}]\n{settings}"
        )
    };
    let file = plugin("line-crossing");
    for (text, parts) in [
        (rule(text_of(&file), "b", ""), ["there is no camera \"b\"", "there are a"]),
        (rule("nosuch@1.0.0", "a", ""), ["there is no plugin \"nosuch@1.0.0\"", ".wasm"]),
        (rule(text_of(&file), "a", "settings = { lanes = [] }\n"), ["lanes", "lines"]),
    ] {
        std::fs::write(&config, text).unwrap();
        let said = refused(&["serve", "--config", text_of(&config)], &parts).stderr;
        assert!(said.contains("site.toml") && said.contains("rule") && said.contains('r'), "{said}");
    }
}

#[test]
fn a_camera_s_video_file_is_found_beside_the_config_file() {
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("clip.mp4");
    let render = ["scene", "render", "crossing", "--frames", "20", "--out", text_of(&clip)];
    assert_eq!(ocellus(&render).code, 0);
    let camera = "[[camera]]\nname = \"gate\"\nsource = \"file:clip.mp4?loop=true\"\n";
    let host = ocellus_tests::Host::serve(folder.path(), camera);
    host.wait_until("/api/v1/cameras/gate", "frames", |body| body["frames"].as_u64() > Some(0));
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
