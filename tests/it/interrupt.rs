//! Ctrl-C and SIGTERM: the work ends in order, and what was found is kept.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use ocellus_tests::host::PATIENCE;
use ocellus_tests::{ocellus, ocellus_command, plugin};

const LINE: &str = r#"{"lines":[{"name":"l","from":[0.5,0],"to":[0.5,1],"entry":"left-to-right"}]}"#;

/// A command that runs; killed when dropped.
struct Running(Child);

impl Running {
    fn start<S: AsRef<std::ffi::OsStr>>(args: &[S]) -> Running {
        Running(ocellus_command().args(args).stderr(Stdio::piped()).spawn().unwrap())
    }

    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Its exit code and what it said.
    fn end(mut self) -> (i32, String) {
        let mut said = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.0.wait().unwrap().code().unwrap_or(-1), said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn pipe(folder: &Path) -> PathBuf {
    let path = folder.join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn an_interrupted_analysis_keeps_what_it_found_and_its_tracks_replay_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let rule = text(&plugin("line-crossing"));
    for signal in ["INT", "TERM"] {
        let (events, tracks, again) = (file("events.jsonl"), file("tracks.jsonl"), file("again.jsonl"));
        let running = Running::start(&[
            "analyze",
            "scene:crossing?seed=3",
            "--frames",
            "1000000000",
            "--rule",
            &rule,
            "--settings",
            LINE,
            "--events",
            &text(&events),
            "--tracks",
            &text(&tracks),
        ]);
        // Far less than a buffer holds: lines come as they are found, and tracks every second.
        wait_until("an event", || lines(&events) > 0);
        let first = lines(&tracks);
        wait_until("more tracks", || lines(&tracks) > first + 1);
        running.signal(signal);
        let (code, said) = running.end();
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("interrupted after") && said.contains("events up to there are kept"), "{said}");
        let replayed = ocellus(&[
            "replay",
            &text(&tracks),
            "--rule",
            &rule,
            "--settings",
            LINE,
            "--events",
            &text(&again),
        ]);
        assert_eq!(replayed.code, 0, "{}", replayed.stderr);
        assert_eq!(std::fs::read(&events).unwrap(), std::fs::read(&again).unwrap());
    }
}

/// A header and frames of somebody who crosses the middle.
fn tracks(frames: std::ops::Range<u64>) -> String {
    let mut text = String::new();
    if frames.start == 0 {
        text += "{\"format\":\"ocellus-tracks\",\"version\":2,\"camera\":\"c\",\"width\":100,\"height\":100,\"classes\":[\"person\"]}\n";
    }
    for index in frames {
        let (time_us, x) = (index * 100_000, (index * 10).min(90));
        text += &format!(
            r#"{{"frame":{index},"time_us":{time_us},"tracks":[{{"id":1,"class":0,"confidence":0.9,"state":"confirmed","box":[{x},40,10,20],"first_seen_us":0}}]}}"#
        );
        text.push('\n');
    }
    text
}

/// A replay that reads a pipe and has written its first event.
fn replay(folder: &Path) -> (Running, std::fs::File, PathBuf) {
    let (pipe, events) = (pipe(folder), folder.join("events.jsonl"));
    let rule = text(&plugin("line-crossing"));
    let args = ["replay", &text(&pipe), "--rule", &rule, "--settings", LINE, "--events", &text(&events)];
    let running = Running::start(&args);
    let mut writer = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
    writer.write_all(tracks(0..10).as_bytes()).unwrap();
    wait_until("an event", || lines(&events) > 0);
    (running, writer, events)
}

#[test]
fn an_interrupted_replay_ends_at_a_frame_and_keeps_its_events() {
    let folder = tempfile::tempdir().unwrap();
    let (running, mut writer, events) = replay(folder.path());
    running.signal("TERM");
    // Whichever frame it ends at, nobody reads the pipe any more then.
    let mut next = 10;
    wait_until("the end", || {
        next += 1;
        writer.write_all(tracks(next - 1..next).as_bytes()).is_err()
    });
    let (code, said) = running.end();
    assert_eq!((code, lines(&events)), (3, 1), "{said}");
    assert!(said.contains("interrupted after"), "{said}");
}

#[test]
fn a_second_signal_ends_a_replay_that_waits_for_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let (mut running, writer, events) = replay(folder.path());
    wait_until("the end", || {
        running.signal("INT");
        running.0.try_wait().unwrap().is_some()
    });
    drop(writer);
    let (code, said) = running.end();
    assert_eq!((code, lines(&events)), (130, 1), "{said}");
}

#[test]
fn an_interrupted_track_writes_the_tracks_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let (pipe, out) = (pipe(folder.path()), folder.path().join("tracks.txt"));
    let running = Running::start(&["track", &text(&pipe), "--out", &text(&out)]);
    // It reads, so it also listens.
    let mut writer = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
    running.signal("TERM");
    writer.write_all(b"1,-1,10,10,20,40,0.9\n2,-1,10,10,20,40,0.9\n10000000,-1,10,10,20,40,0.9\n").unwrap();
    drop(writer);
    let (code, said) = running.end();
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("interrupted after") && said.contains("tracks up to there are kept"), "{said}");
    assert!((1..3).contains(&lines(&out)), "{said}");
}

#[test]
fn an_interrupted_rendering_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("clip.mp4"), "the old clip").unwrap();
    let running = Running::start(&[
        "scene",
        "render",
        "crossing",
        "--frames",
        "1000000000",
        "--out",
        &text(&file("clip.mp4")),
        "--truth",
        &text(&file("truth.jsonl")),
        "--settings",
        &text(&file("settings.json")),
    ]);
    let names = || std::fs::read_dir(folder.path()).unwrap().count();
    wait_until("the files in the making", || names() == 4);
    running.signal("INT");
    let (code, said) = running.end();
    assert_eq!(code, 3, "{said}");
    assert_eq!((names(), std::fs::read_to_string(file("clip.mp4")).unwrap().as_str()), (1, "the old clip"));
}
