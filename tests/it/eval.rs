//! `ocellus eval`: what it says of tracks and events, and of files that are none.

use std::path::PathBuf;

use ocellus_tests::{Finished, ocellus, plugin};
use serde_json::{Value, json};

/// A folder with files in it.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        self.path(name)
    }
}

fn eval(args: &[&str]) -> Finished {
    let finished = ocellus(&[&["eval"], args].concat());
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished
}

fn refused(args: &[&str], part: &str) {
    let finished = eval(args);
    assert_eq!(finished.code, 2, "{args:?}: {}", finished.stderr);
    assert!(finished.stderr.contains(part), "{args:?} does not say {part:?}: {}", finished.stderr);
}

fn json_of(args: &[&str]) -> Value {
    let finished = eval(&[args, &["--format", "json"]].concat());
    assert_eq!(finished.code, 0, "{args:?}: {}", finished.stderr);
    serde_json::from_str(&finished.stdout).unwrap()
}

fn text_lines(path: &str) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn is_about(value: &Value, expected: f64) -> bool {
    (value.as_f64().unwrap() - expected).abs() < 1e-9
}

/// One object of ten pixels at x, in frames 1 to `frames`.
fn boxes(frames: u32, x: u32, tail: &str) -> String {
    (1..=frames).map(|frame| format!("{frame},1,{x},0,10,10{tail}\n")).collect()
}

#[test]
fn files_that_are_no_boxes_are_refused_with_what_would_be_right() {
    let files = Files::new();
    let truth = files.write("gt.txt", boxes(3, 0, ",1,1,1"));
    let tracks = files.write("tracks.txt", boxes(3, 0, ",1,-1,-1,-1"));
    let run = |truth: &str, tracks: &str, part: &str| {
        refused(&["tracks", "--truth", truth, "--tracks", tracks], part);
    };
    run(&files.path("none.txt"), &tracks, "none.txt cannot be read");
    run(files.0.path().to_str().unwrap(), &tracks, "is a folder");
    run(&truth, &files.write("events.jsonl", "{\"kind\":\"x\"}\n"), "is JSON of another kind");
    run(&files.write("empty.txt", ""), &tracks, "the truth has no box that is to be found");
    run(&files.write("ignored.txt", boxes(3, 0, ",0,1,1")), &tracks, "the truth has no box");
    run(&truth, &files.write("late.txt", "9,1,0,0,10,10\n"), "no frame has boxes of both");
    run(&truth, &files.write("nan.txt", "1,1,nan,0,10,10\n"), "line 1: x is \"nan\"");
    run(&truth, &files.write("twice.txt", "2,7,0,0,9,9\n2,7,5,0,9,9\n"), "frame 2 has id 7 twice");
    run(&truth, &files.write("clip.bin", [0xff; 64]), "line 1 is no text");
    run(&truth, &files.write("classes.txt", "1,1,0,0,9\n"), "line 1: height is \"missing\"");
    run(&truth, &files.write("endless.txt", vec![b'1'; 17 << 20]), "line 1 is longer than");
    let many = ["tracks", "--truth", &truth, "--truth", &truth, "--tracks", &tracks];
    refused(&many, "--truth is given 2 times and --tracks 1 times");
}

#[test]
fn sequences_are_scored_one_by_one_and_together() {
    let files = Files::new();
    let first = files.write("A/gt.txt", boxes(10, 0, ",1,1,1"));
    let second = files.write("B/gt/gt.txt", boxes(10, 0, ",1,-1,-1,-1"));
    let right = files.write("right.txt", boxes(10, 0, ""));
    let wrong = files.write("wrong.txt", boxes(5, 500, ""));
    let args = ["tracks", "--truth", &first, "--tracks", &right, "--truth", &second, "--tracks", &wrong];
    let found = json_of(&args);
    assert_eq!(found["sequences"][0]["name"], "A");
    assert_eq!(found["sequences"][1]["name"], "B");
    assert!(is_about(&found["sequences"][0]["hota"], 1.0), "{found}");
    assert!(is_about(&found["sequences"][1]["mota"], -0.5), "{found}");
    assert!(is_about(&found["combined"]["mota"], 0.25), "{found}");
    assert!(is_about(&found["combined"]["idf1"], 10.0 / 17.5), "{found}");
    assert_eq!(found["combined"]["alphas"].as_array().unwrap().len(), 19);
    let table = eval(&args).stdout;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let names: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(names, ["sequence", "A", "B", "combined"]);
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{table}");
    assert_eq!(rows[3][5], "25.00", "{table}");
}

/// A rendered scene with what `analyze` made of it.
fn analysed(files: &Files, scene: &str, rule: &str) {
    let [clip, truth, settings] = ["clip.mp4", "truth.jsonl", "settings.json"].map(|name| files.path(name));
    let [events, tracks] = ["events.jsonl", "tracks.jsonl"].map(|name| files.path(name));
    let render = ["scene", "render", scene, "--seed", "1003", "--frames", "300", "--out", &clip];
    let finished = ocellus(&[&render[..], &["--truth", &truth, "--settings", &settings]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let (rule, settings) = (plugin(rule), format!("@{settings}"));
    let run = ["analyze", &clip, "--rule", rule.to_str().unwrap(), "--settings", &settings];
    let finished = ocellus(&[&run[..], &["--events", &events, "--tracks", &tracks]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
}

#[test]
fn a_scene_and_what_was_made_of_it_are_compared_without_any_other_file() {
    let files = Files::new();
    analysed(&files, "crossing", "line-crossing");
    let [truth, tracks, events] =
        ["truth.jsonl", "tracks.jsonl", "events.jsonl"].map(|name| files.path(name));
    let found = json_of(&["tracks", "--truth", &truth, "--tracks", &tracks]);
    let of_people = json_of(&["tracks", "--truth", &truth, "--tracks", &tracks, "--classes", "person"]);
    eprintln!("HOTA {}, MOTA {}", found["combined"]["hota"], found["combined"]["mota"]);
    assert!(found["combined"]["mota"].as_f64().unwrap() > 0.8, "{found}");
    assert!(of_people["combined"]["true_positives"].as_u64() < found["combined"]["true_positives"].as_u64());
    refused(
        &["tracks", "--truth", &truth, "--tracks", &tracks, "--classes", "tram"],
        "has no class tram; it has person, bicycle",
    );
    let counted = json_of(&["counts", "--truth", &truth, "--events", &events]);
    assert!(counted["counts"][0]["truth"].as_u64().unwrap() > 0, "{counted}");
    assert!(is_about(&counted["event_error"], 0.0), "{counted}");

    // A recording that is longer than its truth is scored as far as the truth goes.
    let short = std::fs::read_to_string(&truth).unwrap();
    let short: String = short.lines().take(151).map(|line| format!("{line}\n")).collect();
    let short = files.write("short.jsonl", short);
    let finished = eval(&["tracks", "--truth", &short, "--tracks", &tracks]);
    assert!(finished.stderr.contains("boxes lie behind frame 150"), "{}", finished.stderr);
    let part = json_of(&["tracks", "--truth", &short, "--tracks", &tracks]);
    assert!(part["combined"]["mota"].as_f64().unwrap() > 0.8, "{part}");

    // A live camera leaves frames out: the times say which, and a truth without times is a reason to warn.
    let thinned: Vec<Value> = text_lines(&tracks)
        .into_iter()
        .enumerate()
        .filter_map(|(index, mut line)| {
            let is_kept = index == 0 || line["end"] == true || (index - 1) % 2 == 0;
            if line["tracks"].is_array() {
                line["frame"] = json!((index - 1) / 2);
            }
            if line["end"] == true {
                line["frames"] = json!(line["frames"].as_u64().unwrap().div_ceil(2));
            }
            is_kept.then_some(line)
        })
        .collect();
    let thinned =
        files.write("thinned.jsonl", thinned.iter().map(|line| format!("{line}\n")).collect::<String>());
    let thin = json_of(&["tracks", "--truth", &truth, "--tracks", &thinned]);
    let of = |found: &Value, key: &str| found["combined"][key].as_u64().unwrap();
    let half = of(&found, "true_positives") / 2;
    assert!(of(&thin, "true_positives").abs_diff(half) < half / 20, "{thin}");
    assert!(of(&thin, "false_positives") <= of(&found, "false_positives"), "{thin}");

    // A recording that is cut off is scored as far as it goes, and said to be.
    let text = std::fs::read_to_string(&tracks).unwrap();
    let cut =
        files.write("cut.jsonl", text.lines().take(100).map(|line| format!("{line}\n")).collect::<String>());
    let finished = eval(&["tracks", "--truth", &truth, "--tracks", &cut]);
    assert_eq!(finished.code, 3, "{}", finished.stderr);
    assert!(finished.stderr.contains("is cut off after line 100"), "{}", finished.stderr);
}

#[test]
fn a_parking_lot_is_compared_second_by_second() {
    let files = Files::new();
    analysed(&files, "parking-lot", "parking");
    let [truth, events] = ["truth.jsonl", "events.jsonl"].map(|name| files.path(name));
    let found = json_of(&["occupancy", "--truth", &truth, "--events", &events]);
    let all = &found["all"];
    assert!(all["seconds"].as_f64().unwrap() >= 60.0, "{found}");
    let share = all["wrong"].as_f64().unwrap();
    assert!(share < 0.2, "{found}");
    // Nothing said is wrong all the time.
    let silent = files.write("silent.jsonl", "");
    let found = json_of(&["occupancy", "--truth", &truth, "--events", &silent]);
    assert!(is_about(&found["all"]["wrong"], 1.0), "{found}");
}

fn event(time_s: f64, kind: &str, attributes: &Value) -> String {
    let event = json!({
        "sequence": 1, "time_us": (time_s * 1e6) as u64, "frame": 1, "camera": "gate", "rule": "r", "kind": kind,
        "track": null, "attributes": attributes,
    });
    format!("{event}\n")
}

#[test]
fn counts_with_moments_tell_what_was_missed_from_what_was_invented() {
    let files = Files::new();
    let crossing = |time_s: f64, direction: &str| {
        event(time_s, "line-crossing", &json!({"line": "gate", "direction": direction}))
    };
    let events = files.write(
        "events.jsonl",
        [
            crossing(1.2, "entry"),
            crossing(9.0, "entry"),
            crossing(4.0, "exit"),
            event(5.0, "other", &json!({})),
        ]
        .concat(),
    );
    let truth = json!({"counts": [
        {"kind": "line-crossing", "attributes": {"direction": "entry"}, "times_s": [1.0, 5.0]},
        {"kind": "line-crossing", "attributes": {"direction": "exit"}, "count": 3},
    ]});
    let truth = files.write("truth.json", truth.to_string());
    let found = json_of(&["counts", "--truth", &truth, "--events", &events]);
    let entries = &found["counts"][0];
    assert_eq!(
        (&entries["error"], &entries["missed"], &entries["invented"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(found["counts"][1]["error"], -2);
    assert!(is_about(&found["count_error"], 2.0 / 5.0), "{found}");
    assert!(is_about(&found["event_error"], 4.0 / 5.0), "{found}");
    let finished = eval(&["counts", "--truth", &truth, "--events", &events]);
    assert!(finished.stderr.contains("1 events are none that the truth counts"), "{}", finished.stderr);
    assert!(finished.stdout.contains("line-crossing direction=exit"), "{}", finished.stdout);
    let none = json_of(&["counts", "--truth", &truth, "--events", &events, "--camera", "yard"]);
    assert_eq!(none["counts"][1]["counted"], 0);
}

#[test]
fn speeds_are_compared_vehicle_by_vehicle() {
    let files = Files::new();
    let passage = |time_s: f64, zone: &str, kmh: f64| {
        event(time_s, "passage", &json!({"zone": zone, "speed_kmh": kmh}))
    };
    // Two side by side in different zones, one nobody saw, one that never was.
    let events =
        [passage(2.0, "left", 52.0), passage(2.0, "right", 79.0), passage(60.0, "left", 50.0)].concat();
    let events = files.write("events.jsonl", events);
    let truth = json!({"speeds": [
        {"time_s": 2.1, "speed_kmh": 80.0, "attributes": {"zone": "right"}},
        {"time_s": 2.1, "speed_kmh": 50.0, "attributes": {"zone": "left"}},
        {"time_s": 30.0, "speed_kmh": 50.0, "attributes": {"zone": "left"}},
    ]});
    let truth = files.write("truth.json", truth.to_string());
    let found = json_of(&["speeds", "--truth", &truth, "--events", &events]);
    assert_eq!((&found["measured"], &found["missed"], &found["invented"]), (&json!(2), &json!(1), &json!(1)));
    assert!(is_about(&found["median_kmh"], 1.5) && is_about(&found["bias_kmh"], 0.5), "{found}");
    assert!(is_about(&found["p95_kmh"], 1.95), "{found}");
    let args = ["speeds", "--truth", &truth, "--events", &events];
    refused(&[&args[..], &["--attribute", "kmh"]].concat(), "has no number kmh");
    refused(
        &[&args[..], &["--kind", "speeding"]].concat(),
        "no event of kind speeding is about a vehicle of the truth within 1 s",
    );
}

#[test]
fn speeds_are_compared_with_a_scene_by_the_tracks() {
    let files = Files::new();
    let names = ["clip.mp4", "truth.jsonl", "map.json", "events.jsonl", "tracks.jsonl"];
    let [clip, truth, map, events, tracks] = names.map(|name| files.path(name));
    let render = ["scene", "render", "road", "--seed", "1003", "--frames", "200", "--out", &clip];
    let finished = ocellus(&[&render[..], &["--truth", &truth, "--calibration", &map]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let (rule, map) = (plugin("speeding"), format!("@{map}"));
    let settings = r#"{"limit_kmh": 30, "report": "all"}"#;
    let run =
        ["analyze", &clip, "--calibration", &map, "--rule", rule.to_str().unwrap(), "--settings", settings];
    let finished = ocellus(&[&run[..], &["--events", &events, "--tracks", &tracks]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);

    let args = ["speeds", "--truth", &truth, "--tracks", &tracks, "--events", &events];
    let found = json_of(&args);
    eprintln!("{found}");
    let number = |key: &str| found[key].as_f64().unwrap();
    assert!(number("measured") >= 10.0 && number("mean_kmh") < 1.0 && number("worst_kmh") < 5.0, "{found}");
    // Those that are in the picture still have no passage yet.
    assert!(number("missed") < number("vehicles") / 3.0 && number("invented") <= 1.0, "{found}");
    assert!(number("measured") + number("missed") >= number("vehicles"), "{found}");

    // Who is told of twice is invented once.
    let twice = files.write("twice.jsonl", std::fs::read_to_string(&events).unwrap().repeat(2));
    let twice = json_of(&["speeds", "--truth", &truth, "--tracks", &tracks, "--events", &twice]);
    assert_eq!((&twice["measured"], &twice["invented"]), (&found["measured"], &found["measured"]), "{twice}");

    // A rule that says half of each speed is found out, and one that is silent misses all.
    let text = std::fs::read_to_string(&events).unwrap();
    let halved = text.lines().map(|line| {
        let mut event: Value = serde_json::from_str(line).unwrap();
        let kmh = event["attributes"]["speed_kmh"].as_f64().unwrap();
        event["attributes"]["speed_kmh"] = json!(kmh / 2.0);
        format!("{event}\n")
    });
    let halved = files.write("halved.jsonl", halved.collect::<String>());
    let slow = json_of(&["speeds", "--truth", &truth, "--tracks", &tracks, "--events", &halved]);
    assert!(slow["bias_kmh"].as_f64().unwrap() < -10.0, "{slow}");
    refused(&["speeds", "--truth", &truth, "--events", &events], "give --tracks too");
    let by_hand = files.write("truth.json", r#"{"speeds":[{"time_s":1,"speed_kmh":50}]}"#);
    refused(&["speeds", "--truth", &by_hand, "--tracks", &tracks, "--events", &events], "--tracks goes with");
    let nobodys = files.write("nobody.jsonl", event(1.0, "passage", &json!({"speed_kmh": 50.0})));
    refused(&["speeds", "--truth", &truth, "--tracks", &tracks, "--events", &nobodys], "is about no track");
    let clip = files.path("people.mp4");
    let truth = files.path("people.jsonl");
    let render = ["scene", "render", "plaza", "--frames", "2", "--out", &clip, "--truth", &truth];
    assert_eq!(ocellus(&render).code, 0);
    refused(&["speeds", "--truth", &truth, "--tracks", &tracks, "--events", &events], "has no vehicles");
}

#[test]
fn a_truth_of_events_that_makes_no_sense_is_refused() {
    let files = Files::new();
    let events = files.write("events.jsonl", event(3.0, "line-crossing", &json!({})));
    let run = |command: &str, truth: &str, part: &str| {
        let truth = files.write("truth.json", truth);
        refused(&[command, "--truth", &truth, "--events", &events], part);
    };
    let count = r#"{"counts":[{"kind":"line-crossing","count":1}]"#;
    run("counts", "", "is not a truth of events");
    run("counts", r#"{"count":[]}"#, "unknown field `count`");
    run("counts", r#"{"occupancy":[]}"#, "has no counts");
    run("counts", r#"{"counts":[{"kind":"a"}]}"#, "counts[0] must have count or times_s");
    run("counts", r#"{"counts":[{"kind":"a","times_s":[-1]}]}"#, "counts[0].times_s has -1");
    run("counts", r#"{"counts":[{"kind":"a","times_s":[1e999]}]}"#, "number out of range");
    run("counts", &format!("{count},\"from_s\":5,\"to_s\":5}}"), "to_s is 5, it must be after from_s");
    run("counts", &format!("{count},\"from_s\":5}}"), "all 1 events lie outside the time");
    run("occupancy", r#"{"occupancy":[{"space":"A","occupied_s":[]}]}"#, "the truth has no to_s");
    run(
        "occupancy",
        r#"{"to_s":9,"occupancy":[{"space":"A","occupied_s":[[0,5],[4,6]]}]}"#,
        "space A is occupied twice from 4 to 5",
    );
    run("occupancy", r#"{"to_s":9,"occupancy":[{"space":"A","occupied_s":[[5,4]]}]}"#, "from 5 to 4");
    run("speeds", r#"{"speeds":[{"time_s":1,"speed_kmh":-5}]}"#, "speeds[0].speed_kmh is -5");
    run("speeds", r#"{"speeds":[{"time_s":1,"speed_kmh":1e300}]}"#, "speeds[0].speed_kmh is 1e300, use");
    let many = "18446744073709551615";
    run("counts", &format!("{{\"counts\":[{{\"kind\":\"a\",\"count\":{many}}}]}}"), "use at most 1000000000");
    let truth = files.write("truth.json", format!("{count}}}"));
    let run = |events: &str, part: &str| refused(&["counts", "--truth", &truth, "--events", events], part);
    run(
        &files.write("tracks.jsonl", "{\"frame\":0,\"time_us\":0,\"tracks\":[]}\n"),
        "line 1 is not an event",
    );
    run(&files.write("live.jsonl", event(1.7e9, "line-crossing", &json!({}))), "has the time of day");
    run(&files.path("none.jsonl"), "none.jsonl cannot be read");
    refused(&["counts", "--truth", &truth, "--events", &events, "--tolerance", "-1"], "--tolerance is -1");
}
