//! What one host decided, another process decides again: over a restart, on another host, in a replay.

use std::path::{Path, PathBuf};

use ocellus_tests::{Finished, Host, ocellus, ocellus_command, plugin};
use serde_json::{Value, json};

use crate::commands::{LINE, text_of};

const CAMERA: &str = "[[camera]]\nname = \"gate\"\nsource = \"scene:crossing?seed=3\"\n";

/// A host with nothing of another's: neither data nor compiled components.
fn own_host(folder: &Path) -> Host {
    let cache = folder.join("cache");
    // ONNX Runtime stands in the user's cache, too, unless a variable names it.
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let users = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home).unwrap_or_default();
    let library = cache.join("ocellus/onnxruntime");
    if !cache.exists() {
        std::fs::create_dir_all(cache.join("ocellus")).unwrap();
        std::os::unix::fs::symlink(users.join("ocellus/onnxruntime"), library).unwrap();
    }
    Host::launch(folder, Host::command(folder, CAMERA).env("XDG_CACHE_HOME", cache))
}

/// Uploads `line-crossing` and binds it; its digest.
fn bind(host: &Host) -> String {
    let digest = host.upload(&plugin("line-crossing"));
    let settings: Value = serde_json::from_str(LINE).unwrap();
    let rule = json!({"plugin": digest, "cameras": ["gate"], "settings": settings});
    let answer = host.send_json("PUT", "/api/v1/rules/count", &rule);
    assert!(answer.status < 300, "{answer:?}");
    digest
}

/// Waits for an event of the rule, then records so many of its calls.
fn record(host: &Host, calls: u32) -> String {
    let last = |body: &Value| body["events"][0]["sequence"].as_u64();
    let before = last(&host.get("/api/v1/events?limit=1").body);
    host.wait_until("/api/v1/events?limit=1", "an event", |body| last(body) > before);
    let journal = host.text(&format!("/api/v1/rules/count/journal?camera=gate&calls={calls}"));
    assert_eq!(journal.lines().count(), calls as usize + 2, "a header, the calls, the end");
    journal
}

/// Replays a journal in a process that has nothing compiled before.
fn replay(folder: &Path, journal: &str) -> Finished {
    let path = folder.join("journal.jsonl");
    std::fs::write(&path, journal).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let output = ocellus_command()
        .args(["replay", text_of(&path), "--rule", text_of(&plugin("line-crossing"))])
        .env("XDG_CACHE_HOME", cache.path())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or(-1);
    Finished { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn header(journal: &str) -> Value {
    serde_json::from_str(journal.lines().next().unwrap()).unwrap()
}

/// Events that a journal has.
fn events(journal: &str) -> usize {
    journal.matches(r#""kind":"line-crossing""#).count()
}

#[test]
fn a_decision_of_one_host_is_made_again_after_its_restart_by_another_host_and_in_a_replay() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [first_folder, second_folder] = folders.each_ref().map(tempfile::TempDir::path);
    let mut first = own_host(first_folder);
    let digest = bind(&first);
    let before = record(&first, 300);
    assert_eq!(first.terminate(), 0);
    let first = own_host(first_folder);
    let after = record(&first, 60);
    let second = own_host(second_folder);
    assert_eq!(bind(&second), digest);
    let elsewhere = record(&second, 60);
    assert!(events(&before) >= 1, "nobody crossed the line while it was recorded");
    for journal in [&before, &after, &elsewhere] {
        let header = header(journal);
        assert_eq!(header["digest"], json!(digest));
        assert!(header["memory"]["version"].is_string(), "the rule had a past: {header}");
        let finished = replay(first_folder, journal);
        assert_eq!(finished.code, 0, "{}{}", finished.stdout, finished.stderr);
        let calls = journal.lines().count() - 2;
        let said = format!("{calls} calls, {} events, all as recorded", events(journal));
        assert!(finished.stdout.contains(&said), "{said}: {}", finished.stdout);
    }
    // The comparison could fail: another decision in the journal is found.
    let changed = before.replacen(r#""kind":"line-crossing""#, r#""kind":"line-crossed""#, 1);
    let finished = replay(first_folder, &changed);
    assert_eq!(finished.code, 1, "{}{}", finished.stdout, finished.stderr);
    let said = "1 of 300 calls came to something else (events in 1); the first at line ";
    assert!(finished.stdout.contains(said), "{}", finished.stdout);
    // And so is one that lacks calls.
    let cut: Vec<&str> = before.lines().take(100).chain(before.lines().last()).collect();
    let finished = replay(first_folder, &(cut.join("\n") + "\n"));
    assert_eq!(finished.code, 2, "{}{}", finished.stdout, finished.stderr);
    assert!(finished.stderr.contains("the journal is cut: it has 99 calls"), "{}", finished.stderr);
}

#[test]
fn what_is_analysed_is_what_two_replays_say_of_its_tracks() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (rule, tracks) = (plugin("line-crossing"), file("tracks.jsonl"));
    let rule = ["--rule", text_of(&rule), "--settings", LINE];
    let [analysed, replayed, again] = ["analysed", "replayed", "again"].map(file);
    let analyze = ["analyze", "scene:crossing?seed=1003", "--frames", "450", "--tracks", &tracks];
    for (command, events) in
        [(&analyze[..], &analysed), (&["replay", &tracks], &replayed), (&["replay", &tracks], &again)]
    {
        let finished = ocellus(&[command, &rule, &["--events", events]].concat());
        assert_eq!(finished.code, 0, "{command:?}: {}", finished.stderr);
    }
    let [analysed, replayed, again] = [analysed, replayed, again].map(|path| std::fs::read(path).unwrap());
    assert!(analysed.iter().filter(|byte| **byte == b'\n').count() >= 4, "too few events to compare");
    assert_eq!(analysed, replayed);
    assert_eq!(replayed, again);
}
