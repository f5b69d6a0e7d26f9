//! Recordings of a running host, read by the commands that read tracks files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ocellus_tests::{Host, ocellus, plugin};
use serde_json::Value;

use crate::commands::{LINE, text_of};

fn config() -> String {
    let rule = plugin("line-crossing");
    format!(
        r#"
[recordings]
keep_free_mib = 0
[[camera]]
name = "gate"
source = "scene:crossing?seed=3"
record = true
[[rule]]
name = "count"
plugin = "{}"
cameras = ["gate"]
[rule.settings]
lines = [{{ name = "l", from = [0.5, 0.0], to = [0.5, 1.0], entry = "left-to-right" }}]
"#,
        rule.display()
    )
}

/// The recordings below a host's folder, oldest first.
fn recordings(folder: &Path) -> Vec<PathBuf> {
    let folder = folder.join("data/recordings/gate");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What tells one event from another, whoever counts it.
fn essence(event: &Value) -> String {
    format!("{} {} {} {}", event["time_us"], event["frame"], event["track"], event["attributes"])
}

#[test]
fn a_replay_of_a_recording_finds_every_event_of_the_live_camera() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::serve(folder.path(), &config());
    let page = host.wait_until("/api/v1/events?limit=1000", "two events", |body| {
        body["events"].as_array().is_some_and(|events| events.len() >= 2)
    });
    let live: BTreeSet<String> = page["events"].as_array().unwrap().iter().map(essence).collect();
    assert_eq!(host.terminate(), 0);
    let files = recordings(folder.path());
    assert_eq!(files.len(), 1, "{files:?}");
    let events = folder.path().join("events.jsonl");
    let rule = plugin("line-crossing");
    let finished = ocellus(&[
        "replay",
        text_of(&files[0]),
        "--rule",
        text_of(&rule),
        "--settings",
        LINE,
        "--rule-name",
        "count",
        "--events",
        text_of(&events),
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let again = std::fs::read_to_string(&events).unwrap();
    let again: BTreeSet<String> =
        again.lines().map(|line| essence(&serde_json::from_str(line).unwrap())).collect();
    assert!(live.is_subset(&again), "live {live:?}\nagain {again:?}");
    // The author's test bench reads it, too.
    let finished =
        ocellus(&["plugin", "test", text_of(&rule), "--settings", LINE, "--tracks", text_of(&files[0])]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
}

#[test]
fn a_recording_of_a_host_that_was_killed_is_read_to_its_last_second_and_said_to_be_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::serve(folder.path(), &config());
    let seen = host
        .wait_until("/api/v1/cameras/gate", "frames", |body| body["recording"]["frames"].as_u64() > Some(40));
    host.kill();
    let written = seen["recording"]["frames"].as_u64().unwrap();
    let files = recordings(folder.path());
    let rule = plugin("line-crossing");
    let replayed = ["replay", text_of(&files[0]), "--rule", text_of(&rule), "--settings", LINE];
    let finished = ocellus(&replayed);
    assert_eq!(finished.code, 3, "{}", finished.stderr);
    assert!(finished.stderr.contains("is cut off after line"), "{}", finished.stderr);
    let frames = finished.stderr.split(" frames, ").next().and_then(|text| text.split_whitespace().last());
    let frames: u64 = frames.unwrap().parse().unwrap();
    // A second is at most some 30 frames of a scene; a busy machine writes less often, and says so in no other way.
    assert!(frames + 60 >= written, "{frames} of {written}: {}", finished.stderr);
    // The next host goes on beside it.
    let host = Host::serve(folder.path(), &config());
    host.wait_until("/api/v1/recordings", "a second file", |body| {
        body["recordings"].as_array().is_some_and(|files| files.len() == 2 && files[1]["open"] == true)
    });
    host.wait_until("/api/v1/cameras/gate", "frames", |body| body["recording"]["frames"].as_u64() > Some(20));
    let mut host = host;
    assert_eq!(host.terminate(), 0);
    // Both are replayed together, whatever their order; that one of them is cut is told. One in which nothing stands is left out.
    let files = recordings(folder.path());
    let empty = folder.path().join("empty.jsonl.gz");
    std::fs::write(&empty, "").unwrap();
    let [first, second, empty] = [&files[0], &files[1], &empty].map(|path| text_of(path));
    let finished = ocellus(&["replay", second, empty, first, "--rule", text_of(&rule), "--settings", LINE]);
    assert_eq!(finished.code, 3, "{}", finished.stderr);
    assert!(finished.stderr.contains(&format!("{first} is cut off after line")), "{}", finished.stderr);
    assert!(finished.stderr.contains("empty.jsonl.gz is left out"), "{}", finished.stderr);
    let all = finished.stderr.split(" frames, ").next().and_then(|text| text.split_whitespace().last());
    assert!(all.unwrap().parse::<u64>().unwrap() >= frames + 20, "{}", finished.stderr);
    let twice =
        ["replay", text_of(&files[0]), text_of(&files[0]), "--rule", text_of(&rule), "--settings", LINE];
    let finished = ocellus(&twice);
    assert!(finished.code == 2 && finished.stderr.contains("begin at the same time"), "{}", finished.stderr);
}
