//! Calibrations of ZVision, through the rule that counts.

use std::fmt::Write;
use std::path::Path;

use ocellus_tests::{ocellus, plugin};
use serde_json::{Value, json};

use crate::commands::text_of;

const SIZE: [f64; 2] = [1280.0, 720.0];

/// The sign of cross(end - start, p - start), y pointing down.
fn side([start, end]: [[f64; 2]; 2], [x, y]: [f64; 2]) -> f64 {
    let cross = (end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]);
    cross.signum()
}

/// A tracks file of somebody whose middle walks from one place to another in four seconds.
fn walk(path: &Path, from: [f64; 2], to: [f64; 2]) {
    let mut text = r#"{"format":"ocellus-tracks","version":2,"camera":"door","width":1280,"height":720,"classes":["person"]}"#
        .to_owned();
    for frame in 0..40_u32 {
        let share = f64::from(frame.min(30)) / 30.0;
        let at = |axis: usize| from[axis] + (to[axis] - from[axis]) * share;
        let rect = [at(0) - 20.0, at(1) - 50.0, 40.0, 100.0];
        let track = json!({"id": 1, "class": 0, "confidence": 0.9, "state": "confirmed", "box": rect, "first_seen_us": 0});
        let line = json!({"frame": frame, "time_us": frame * 100_000, "tracks": [track]});
        write!(text, "\n{line}").unwrap();
    }
    write!(text, "\n{}\n", json!({"end": true, "frames": 40})).unwrap();
    std::fs::write(path, text).unwrap();
}

/// The directions that the rule reports.
fn counted(folder: &Path, calibration: &Value, (from, to): ([f64; 2], [f64; 2])) -> Vec<String> {
    let [given, tracks, settings, events] =
        ["given", "tracks", "settings", "events"].map(|name| folder.join(format!("{name}.json")));
    std::fs::write(&given, calibration.to_string()).unwrap();
    let converted = ocellus(&["convert", "zvision", text_of(&given), "--size", "1280x720"]);
    assert_eq!(converted.code, 0, "{}", converted.stderr);
    let converted: Value = serde_json::from_str(&converted.stdout).unwrap();
    std::fs::write(&settings, converted["line_crossing"].to_string()).unwrap();
    walk(&tracks, from, to);
    let (rule, settings) = (plugin("line-crossing"), format!("@{}", settings.display()));
    let finished = ocellus(&[
        "replay",
        text_of(&tracks),
        "--rule",
        text_of(&rule),
        "--settings",
        &settings,
        "--events",
        text_of(&events),
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let events = std::fs::read_to_string(&events).unwrap();
    let direction = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap();
        event["attributes"]["direction"].as_str().unwrap().to_owned()
    };
    events.lines().map(direction).collect()
}

#[test]
fn entries_and_exits_are_those_of_the_signs_whichever_way_the_line_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        [[640.0, 100.0], [640.0, 620.0]],
        [[640.0, 620.0], [640.0, 100.0]],
        [[200.0, 360.0], [1080.0, 360.0]],
        [[300.0, 600.0], [900.0, 150.0]],
    ];
    for line in lines {
        let [start, end] = line;
        let middle = [f64::midpoint(start[0], end[0]), f64::midpoint(start[1], end[1])];
        let length = (end[0] - start[0]).hypot(end[1] - start[1]);
        let across = [-(end[1] - start[1]) / length * 200.0, (end[0] - start[0]) / length * 200.0];
        for sign in [1.0, -1.0] {
            let place = |by: f64| [middle[0] + by * across[0], middle[1] + by * across[1]];
            let (from, to) = (place(-sign), place(sign));
            let falls = side(line, from) > 0.0 && side(line, to) < 0.0;
            for (orientation, falling) in [("leftToRight", "entry"), ("rightToLeft", "exit")] {
                let calibration = json!({"roi": {"x1": 0, "y1": 0, "x2": SIZE[0], "y2": SIZE[1]},
                    "line": {"startX": start[0], "startY": start[1], "endX": end[0], "endY": end[1]},
                    "orientation": orientation, "frame_rate": 10});
                let rising = if falling == "entry" { "exit" } else { "entry" };
                let expected = if falls { falling } else { rising };
                let found = counted(folder.path(), &calibration, (from, to));
                assert_eq!(found, [expected], "{orientation}, {line:?}, from {from:?} to {to:?}");
            }
        }
    }
}

#[test]
fn a_calibration_that_is_not_valid_is_refused_with_what_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calibration.json");
    let given = json!({"roi": {"x1": 0, "y1": 0, "x2": 10, "y2": 10}, "orientation": "up", "frame_rate": 5,
        "line": {"startX": 0, "startY": 0, "endX": 9, "endY": 9}});
    std::fs::write(&file, given.to_string()).unwrap();
    for (size, says) in [("1280x720", "valid values are \"leftToRight\""), ("1280", "such as 1280x720")] {
        let finished = ocellus(&["convert", "zvision", text_of(&file), "--size", size]);
        assert!(finished.code == 2 && finished.stderr.contains(says), "{}", finished.stderr);
    }
}
