//! What the author of a rule asks of a component: check, test, bench, sign.

use std::path::{Path, PathBuf};
use std::process::Command;

use ocellus_tests::{Finished, guest, ocellus, ocellus_command, plugin};

use crate::commands::{LINE, recorded_tracks, text_of};

/// A component that traps in its call for frame 7.
const TRAP: &str = r#"{"do":"trap","after":8}"#;

fn said(args: &[&str], code: i32, parts: &[&str]) -> Finished {
    let finished = ocellus(args);
    let text = format!("{}{}", finished.stdout, finished.stderr);
    assert_eq!(finished.code, code, "{args:?}: {text}");
    for part in parts {
        assert!(text.contains(part), "{args:?} does not say {part:?}: {text}");
    }
    assert!(!text.contains("panicked at host"), "{text}");
    finished
}

/// Eight frames of somebody who crosses the middle.
fn tracks(folder: &Path) -> PathBuf {
    let path = folder.join("tracks.jsonl");
    std::fs::write(&path, recorded_tracks(2) + "{\"end\":true,\"frames\":8}\n").unwrap();
    path
}

#[test]
fn a_check_refuses_what_an_upload_would_with_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rule.wasm");
    for (bytes, part) in [
        (&b"\0asm\x01\0\0\0"[..], "component"),
        (b"\x7fELF\x02\x01\x01", "precompiled"),
        (b"MZ garbage", "not WebAssembly"),
        (b"", "empty"),
    ] {
        std::fs::write(&file, bytes).unwrap();
        said(&["plugin", "check", text_of(&file)], 1, &["refused", "rule.wasm", part]);
    }
    said(&["plugin", "check", text_of(&guest("network"))], 1, &["refused", "wasi:sockets"]);
    said(&["plugin", "check", "no-such.wasm"], 2, &["no-such.wasm"]);
}

#[test]
fn a_check_tries_the_settings_and_only_notes_that_it_was_given_none() {
    let rule = plugin("line-crossing");
    let check = ["plugin", "check", text_of(&rule)];
    said(&check, 0, &["line-crossing", "valid JSON Schema", "note", "missing field `lines`"]);
    said(&[&check[..], &["--settings", LINE]].concat(), 0, &["passed"]);
    said(&[&check[..], &["--settings", "{}"]].concat(), 1, &["refused", "missing field `lines`"]);
    said(&[&check[..], &["--settings", "{"]].concat(), 2, &["not JSON"]);
}

#[test]
fn a_trap_in_a_test_names_frame_function_and_line_and_the_command_that_shows_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(folder.path());
    let probe = guest("probe");
    let args = ["plugin", "test", text_of(&probe), "--tracks", text_of(&tracks), "--settings", TRAP];
    let first = said(&args, 1, &["frame 7", "trapped on request", "probe::misdeeds::commit", "misdeeds.rs:"]);
    let line = first.stdout.lines().find_map(|line| line.strip_prefix("reproduce  ocellus ")).unwrap();
    let program = ocellus_command();
    let command = format!("{} {line}", text_of(Path::new(program.get_program())));
    let again = Command::new("sh").args(["-c", &command]).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    let facts = |text: &str| {
        let kept = |line: &&str| !line.starts_with("calls");
        text.lines().filter(kept).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(facts(&String::from_utf8_lossy(&again.stdout)), facts(&first.stdout));
}

#[test]
fn a_test_counts_refusals_and_shows_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(folder.path());
    let probe = guest("probe");
    let args = ["plugin", "test", text_of(&probe), "--tracks", text_of(&tracks), "--settings"];
    let refuse = [&args[..], &[r#"{"do":"refuse","after":6}"#]].concat();
    said(&refuse, 0, &["frame 5", "refused: not this frame", "refusals   3", "events     1: total 1"]);
    let world = [&args[..], &[r#"{"do":"world","after":8}"#]].concat();
    said(&world, 0, &["log info: to standard output", "log error: to standard error", "log        2 lines"]);
    let flood = [&args[..], &[r#"{"do":"million-events","after":3}"#]].concat();
    said(&flood, 1, &["failed at frame 2", "limit"]);
}

#[test]
fn a_test_writes_the_events_that_a_replay_writes_and_holds_them_against_those_expected() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(folder.path());
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (rule, replayed, tested) = (plugin("line-crossing"), file("r.jsonl"), file("t.jsonl"));
    let settings = ["--settings", LINE, "--events"];
    let replay = ["replay", text_of(&tracks), "--rule", text_of(&rule)];
    said(&[&replay[..], &settings, &[&replayed]].concat(), 0, &[]);
    let test = ["plugin", "test", text_of(&rule), "--tracks", text_of(&tracks), "--settings", LINE];
    let parts = ["line-crossing", "track 1", "direction=entry", "p99", "live camera stops one after 10 ms"];
    said(&[&test[..], &["--events", &tested]].concat(), 0, &parts);
    let events = std::fs::read_to_string(&tested).unwrap();
    assert_eq!(events, std::fs::read_to_string(&replayed).unwrap());
    said(&[&test[..], &["--expect", &tested]].concat(), 0, &["the events are those of"]);
    let other = file("other.jsonl");
    std::fs::write(&other, events.replace("entry", "exit")).unwrap();
    said(&[&test[..], &["--expect", &other]].concat(), 1, &["missing     ", "exit", "unexpected  ", "entry"]);
    std::fs::write(&other, "no event\n").unwrap();
    said(&[&test[..], &["--expect", &other]].concat(), 2, &["other.jsonl", "line 1"]);
    let same = [&test[..], &["--expect", &tested, "--events", &tested]].concat();
    said(&same, 2, &["--events", "--expect"]);
    assert_eq!(std::fs::read_to_string(&tested).unwrap(), events);
}

#[test]
fn a_test_over_tracks_that_were_cut_says_so_with_code_3() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = folder.path().join("cut.jsonl");
    std::fs::write(&tracks, recorded_tracks(2)).unwrap();
    let rule = plugin("line-crossing");
    let args = ["plugin", "test", text_of(&rule), "--tracks", text_of(&tracks), "--settings", LINE];
    said(&args, 3, &["cut off after line 9"]);
    std::fs::write(&tracks, recorded_tracks(2) + "{\"frame\":\n").unwrap();
    said(&args, 2, &["cut.jsonl", "line 10"]);
}

#[test]
fn a_bench_prints_each_figure_beside_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(folder.path());
    let line = guest("line");
    let bench = ["plugin", "bench", text_of(&line)];
    let costs = ["start and configure", "verify and compile", "memory of an instance", "64.0 MiB", "10 ms"];
    let counts = ["  0 tracks", " 20 tracks", " 64 tracks", "200 tracks", "at most 2 / 4 µs"];
    said(&bench, 0, &[&costs[..], &counts].concat());
    said(&[&bench[..], &["--tracks", text_of(&tracks)]].concat(), 0, &["recorded tracks", "10 ms"]);
    said(
        &["plugin", "bench", text_of(&plugin("line-crossing"))],
        2,
        &["missing field `lines`", "--settings"],
    );
    let probe = guest("probe");
    let slow = ["plugin", "bench", text_of(&probe), "--settings", r#"{"do":"loop","after":9}"#];
    said(&slow, 2, &["time limit"]);
}

#[test]
fn a_signature_holds_for_its_component_and_its_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, other, rule) = (file("key"), file("other"), file("rule.wasm"));
    std::fs::copy(plugin("parking"), &rule).unwrap();
    for path in [&key, &other] {
        said(&["plugin", "keygen", "--out", path], 0, &["private", "public"]);
    }
    let [public, other_public] = [&key, &other].map(|path| format!("{path}.pub"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&key).unwrap();
    said(&["plugin", "keygen", "--out", &key], 2, &["there already"]);
    assert_eq!(std::fs::read(&key).unwrap(), before);
    let half = file("half");
    std::fs::write(format!("{half}.pub"), "mine").unwrap();
    said(&["plugin", "keygen", "--out", &half], 2, &["half.pub is there already"]);
    assert!(!Path::new(&half).exists());
    said(&["plugin", "verify", &rule, "--key", &public], 2, &["rule.wasm.sig", "plugin sign"]);
    said(&["plugin", "sign", &rule, "--key", &public], 2, &["public key", "private"]);
    said(&["plugin", "sign", &rule, "--key", &key], 0, &["rule.wasm.sig"]);
    said(&["plugin", "verify", &rule, "--key", &public], 0, &["is signed"]);
    said(&["plugin", "verify", &rule, "--key", &key], 2, &["private key"]);
    said(&["plugin", "verify", &rule, "--key", &other_public], 1, &["refused", "another key"]);
    let mut bytes = std::fs::read(&rule).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&rule, bytes).unwrap();
    said(&["plugin", "verify", &rule, "--key", &public], 1, &["refused", "changed"]);
    std::fs::write(format!("{rule}.sig"), "no signature").unwrap();
    said(&["plugin", "verify", &rule, "--key", &public], 2, &["base64"]);
}
