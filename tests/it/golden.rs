//! What each shipped rule concludes from recorded tracks stays as it is, to the last byte.
//!
//! `UPDATE_GOLDEN=1` writes the expected events instead; look at what changed before committing it.

use std::path::{Path, PathBuf};

use ocellus_tests::{ocellus, plugin};

/// A rule, the tracks that it sees, its settings, and what it may do.
const RUNS: [(&str, &str, &str, &[&str]); 7] = [
    ("line-crossing", "crossing", r#"{"lines":[{"name":"gate","from":[0.5,0],"to":[0.5,1]}]}"#, &[]),
    (
        "zones",
        "crossing",
        r#"{"zones":[
            {"name":"middle","polygon":[[0.3,0.2],[0.7,0.2],[0.7,1.0],[0.3,1.0]],"dwell_s":3,"loitering_s":5,"over":2,
             "direction":{"from":[0.3,0.6],"to":[0.7,0.6]}},
            {"name":"right","polygon":[[0.6,0],[1,0],[1,1],[0.6,1]],"under":1}],"classes":["person","bicycle"]}"#,
        &[],
    ),
    ("parking", "parking-lot", "", &[]),
    (
        "plate-log",
        "plates",
        r#"{"look_alike":"same","lists":[
            {"name":"staff","kind":"allow","plates":["AG 889 ZD","LGR OSHW"]},{"name":"stolen","kind":"deny","plates":["KJB-459"]}]}"#,
        &["readings"],
    ),
    ("reid-association", "crossing", "{}", &[]),
    ("speeding", "road", r#"{"limit_kmh":30,"report":"all"}"#, &[]),
    ("traffic-stats", "road", r#"{"roi":[[0.2,0.3],[0.8,0.3],[1,1],[0,1]]}"#, &[]),
];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/rules")
}

#[test]
fn shipped_rules_conclude_from_recorded_tracks_what_they_always_did() {
    let folder = tempfile::tempdir().unwrap();
    for (rule, scene, settings, grants) in RUNS {
        let out = folder.path().join(format!("{rule}.jsonl"));
        let tracks = golden().join(format!("{scene}.tracks.jsonl"));
        let kept = golden().join(format!("{rule}.settings.json"));
        let settings = if settings.is_empty() { format!("@{}", kept.display()) } else { settings.to_owned() };
        let plugin = plugin(rule);
        let [tracks, plugin, out_path] = [&tracks, &plugin, &out].map(|path| path.to_str().unwrap());
        let mut args =
            vec!["replay", tracks, "--rule", plugin, "--settings", &settings, "--events", out_path];
        args.extend(grants.iter().flat_map(|grant| ["--grant", *grant]));
        let finished = ocellus(&args);
        assert_eq!(finished.code, 0, "{rule}: {}", finished.stderr);
        compare(rule, &std::fs::read_to_string(&out).unwrap());
    }
}

/// Whether a rule says what is kept of it.
fn compare(rule: &str, found: &str) {
    assert!(found.lines().count() > 4, "{rule} says too little: {found}");
    let expected = golden().join(format!("{rule}.events.jsonl"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&expected, found).unwrap();
    }
    let known = std::fs::read_to_string(&expected).unwrap_or_default();
    assert!(found == known, "{rule} differs from {}:\n{found}", expected.display());
}

#[test]
fn levels_sum_up_from_recorded_tracks_what_they_always_did() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("events.jsonl");
    let spaces = format!("@{}", golden().join("parking.settings.json").display());
    let finished = ocellus(&[
        "replay",
        golden().join("parking-lot.tracks.jsonl").to_str().unwrap(),
        "--rule",
        plugin("parking").to_str().unwrap(),
        "--settings",
        &spaces,
        "--rule",
        plugin("parking-levels").to_str().unwrap(),
        "--settings",
        r#"{"levels":[{"id":"left","unseen":3},{"id":"right","name":"Right side"}]}"#,
        "--grant",
        "messages",
        "--events",
        out.to_str().unwrap(),
    ]);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let events = std::fs::read_to_string(&out).unwrap();
    let of_levels = |line: &&str| line.contains(r#""rule":"parking-levels""#);
    let found: Vec<&str> = events.lines().filter(of_levels).collect();
    compare("parking-levels", &(found.join("\n") + "\n"));
}
