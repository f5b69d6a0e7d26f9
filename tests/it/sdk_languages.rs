//! The same rule in Rust, JavaScript and Python decides alike, to the last byte.

use std::path::{Path, PathBuf};

use ocellus_tests::program::target_folder;
use ocellus_tests::{ocellus, plugin};

use crate::commands::recorded_tracks;

/// Seeds from 1000 on are never trained on.
const SEEDS: [u64; 3] = [1000, 1001, 1002];

/// Settings that lead through all of the rule: two lines, no hysteresis, the other anchor; and long waits.
const SETTINGS: [&str; 2] = [
    r#"{"lines":[{"name":"a","from":[0.2,0.1],"to":[0.8,0.95]},
                 {"name":"b","from":[0.3,0.6],"to":[0.9,0.5],"entry":"right-to-left"}],
        "classes":["person"],"hysteresis":0,"anchor":"centre","handover_s":3}"#,
    r#"{"lines":[{"name":"grüße","from":[0.31,0.0],"to":[0.33,1.0]}],"settle_s":0.5,"memory_s":1}"#,
];

/// A rule in another language than Rust: `line-crossing`, or `powers` from the tests of the SDK.
fn guest(language: &str, rule: &str) -> PathBuf {
    let path = target_folder().join("guests").join(language).join(format!("{rule}.wasm"));
    assert!(path.is_file(), "{} is missing; run `make guests-js guests-python` first", path.display());
    path
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The events of a rule over recorded tracks.
fn replay(tracks: &Path, rule: &Path, settings: &str) -> String {
    events_of("replay", tracks, (rule, settings))
}

/// The events of a rule over recorded tracks, or over a clip; each time in a process of its own.
fn events_of(command: &str, input: &Path, (rule, settings): (&Path, &str)) -> String {
    let events = input.with_extension("events.jsonl");
    let [input, rule, out] = [input, rule, &events].map(text);
    // Event lines carry the rule's name, and the plugins have names of their own.
    let finished = ocellus(&[
        command,
        &input,
        "--rule",
        &rule,
        "--rule-name",
        "line",
        "--settings",
        settings,
        "--events",
        &out,
    ]);
    assert_eq!(finished.code, 0, "{command}, {rule}: {}", finished.stderr);
    std::fs::read_to_string(events).unwrap()
}

/// Renders a scene and records its tracks; the path of the tracks and the scene's own settings.
fn record(folder: &Path, seed: u64) -> (PathBuf, String) {
    let file = |name: &str| folder.join(format!("{seed}.{name}"));
    let (clip, settings, tracks) = (file("mp4"), file("settings.json"), file("tracks.jsonl"));
    let [clip, settings] = [&clip, &settings].map(|path| text(path));
    let seed = seed.to_string();
    let render = ["scene", "render", "crossing", "--seed", &seed, "--frames", "450", "--out", &clip];
    let finished = ocellus(&[&render[..], &["--settings", &settings]].concat());
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let finished = ocellus(&["analyze", &clip, "--tracks", &text(&tracks)]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    (tracks, format!("@{settings}"))
}

/// One test, since each new process would compile both components anew while no other has cached them yet.
#[test]
fn a_rule_in_javascript_and_one_in_python_are_as_the_rule_in_rust() {
    they_ask_for_nothing_but_the_contract();
    they_give_the_same_events();
    each_process_comes_to_the_same_events();
    they_refuse_wrong_settings_by_name();
    they_use_powers_alike();
}

fn they_give_the_same_events() {
    let folder = tempfile::tempdir().unwrap();
    for seed in SEEDS {
        let (tracks, own) = record(folder.path(), seed);
        for settings in [&own, SETTINGS[0], SETTINGS[1]] {
            let expected = replay(&tracks, &plugin("line-crossing"), settings);
            assert!(expected.lines().count() >= 8, "seed {seed} shows too little: {expected}");
            for language in ["js", "python"] {
                let events = replay(&tracks, &guest(language, "line-crossing"), settings);
                assert_eq!(events, expected, "{language}, seed {seed}, {settings}");
            }
        }
    }
}

/// One that analyses the clip, and two that replay its tracks.
fn each_process_comes_to_the_same_events() {
    let folder = tempfile::tempdir().unwrap();
    let (tracks, settings) = record(folder.path(), SEEDS[0]);
    let clip = folder.path().join(format!("{}.mp4", SEEDS[0]));
    for rule in [plugin("line-crossing"), guest("js", "line-crossing"), guest("python", "line-crossing")] {
        let analysed = events_of("analyze", &clip, (&rule, &settings));
        assert!(analysed.lines().count() >= 8, "{}: {analysed}", rule.display());
        for replay in ["the first", "the second"] {
            let again = events_of("replay", &tracks, (&rule, &settings));
            assert_eq!(again, analysed, "{}, {replay} replay", rule.display());
        }
    }
}

fn they_ask_for_nothing_but_the_contract() {
    for language in ["js", "python"] {
        let finished = ocellus(&["plugin", "inspect", &text(&guest(language, "line-crossing"))]);
        assert_eq!(finished.code, 0, "{}", finished.stderr);
        let imports: Vec<&str> = finished
            .stdout
            .lines()
            .filter(|line| line.contains('@'))
            .filter_map(|line| line.split_whitespace().last())
            .collect();
        let contract = ["host", "key-value", "types"].map(|part| format!("ocellus:plugin/{part}@0.2.0"));
        assert_eq!(imports, contract, "{language}");
    }
}

fn they_refuse_wrong_settings_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = folder.path().join("tracks.jsonl");
    let head = r#"{"format":"ocellus-tracks","version":1,"camera":"c","width":100,"height":100,"classes":["person"]}"#;
    std::fs::write(&tracks, format!("{head}\n")).unwrap();
    for rule in [plugin("line-crossing"), guest("js", "line-crossing"), guest("python", "line-crossing")] {
        for (settings, part) in [
            (r#"{"lanes":[]}"#, "unknown field `lanes`"),
            (r#"{"lines":[{"name":"l","from":[0,0],"to":[0.5,7]}]}"#, "lines[0].to"),
            (r#"{"lines":[{"name":"l","from":[0,0],"to":[0,1]}],"classes":["unicorn"]}"#, "unicorn"),
        ] {
            let finished =
                ocellus(&["replay", &text(&tracks), "--rule", &text(&rule), "--settings", settings]);
            assert_eq!(finished.code, 2, "{}: {}", rule.display(), finished.stderr);
            assert!(finished.stderr.contains(part), "{}: {}", rule.display(), finished.stderr);
        }
    }
}

/// Two rules that use every power, of one language or of both, say the same. Each hears the other.
fn they_use_powers_alike() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| text(&folder.path().join(name));
    let (tracks, events) = (file("tracks.jsonl"), file("events.jsonl"));
    std::fs::write(&tracks, recorded_tracks(1)).unwrap();
    let said = |languages: [&str; 2], grants: &[&str]| {
        let rules = languages.map(|language| text(&guest(language, "powers")));
        let mut args = vec!["replay", &tracks, "--events", &events];
        for (rule, name) in rules.iter().zip(["a", "b"]) {
            args.extend(["--rule", rule, "--settings", "{}", "--rule-name", name]);
        }
        args.extend(grants.iter().flat_map(|power| ["--grant", *power]));
        let finished = ocellus(&args);
        assert_eq!(finished.code, 0, "{languages:?}: {}", finished.stderr);
        std::fs::read_to_string(&events).unwrap()
    };
    let all = ["messages", "key-value", "wall-clock"];
    let refused = r#""kept":"the power key-value is not granted to this rule""#;
    for (grants, heard, part) in [(&all[..0], 0, refused), (&all[..], 14, r#""kept":"8""#)] {
        let expected = said(["js", "js"], grants);
        assert!(expected.contains(part), "{grants:?}: {expected}");
        assert_eq!(expected.matches(r#""kind":"heard""#).count(), heard, "{grants:?}: {expected}");
        for languages in [["python", "python"], ["js", "python"]] {
            assert_eq!(said(languages, grants), expected, "{languages:?}, {grants:?}");
        }
    }
}
