//! What was released of the contract stays as it is, and what was built for it keeps working.

use std::path::{Path, PathBuf};
use std::process::Command;

use ocellus_tests::{ocellus, plugin};

/// The contracts and their SHA-256. A line is added with a release and never changed.
const RELEASED: [(&str, &str); 2] = [
    ("v0.1", "afaa6a3d8a24ff7c279b4396133cd61113ec681addd5802136b0d35930ab5404"),
    ("v0.2", "b2ad74372d48742267bd5a0885f755713d729edbb32b2173e68ce6f5f9d982e2"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn a_released_contract_is_never_edited() {
    for (version, expected) in RELEASED {
        let file = root().join("wit").join(version).join("ocellus.wit");
        let output = Command::new("sha256sum").arg(&file).output().unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            found.split_whitespace().next(),
            Some(expected),
            "{} is released; make a new version beside it instead",
            file.display()
        );
    }
    let folders = std::fs::read_dir(root().join("wit")).unwrap().count();
    assert_eq!(folders, RELEASED.len(), "every version has its line above");
}

/// Tracks that cross a line to and fro, with ids that end and begin, in a file that `replay` reads.
fn tracks(folder: &Path) -> PathBuf {
    let mut text = String::from(
        r#"{"format":"ocellus-tracks","version":1,"camera":"gate","width":1000,"height":1000,"classes":["person","car"]}"#,
    );
    for frame in 0..400_u64 {
        let track = |id: u64| {
            let along = (frame * (3 + id) + id * 131) % 2000;
            let x = if along < 1000 { along } else { 2000 - along };
            let (number, born) = (id + 10 * (frame / 150), frame / 150 * 150 * 40_000);
            format!(
                r#"{{"id":{number},"class":{},"confidence":0.9,"state":"confirmed","box":[{}.5,300,60,120],"first_seen_us":{born}}}"#,
                id % 2,
                x
            )
        };
        let tracks: Vec<String> = (1..9).map(track).collect();
        let line =
            format!(r#"{{"frame":{frame},"time_us":{},"tracks":[{}]}}"#, frame * 40_000, tracks.join(","));
        text.push('\n');
        text.push_str(&line);
    }
    let path = folder.join("tracks.jsonl");
    std::fs::write(&path, text + "\n").unwrap();
    path
}

#[test]
fn a_component_built_for_each_released_contract_decides_as_the_rule_of_today() {
    let folder = tempfile::tempdir().unwrap();
    let tracks = tracks(folder.path());
    let settings = r#"{"lines":[{"name":"gate","from":[0.5,0],"to":[0.52,1]}],"classes":["person"]}"#;
    let events = |rule: &Path| {
        let out = folder.path().join("events.jsonl");
        let finished = ocellus(&[
            "replay",
            tracks.to_str().unwrap(),
            "--rule",
            rule.to_str().unwrap(),
            "--settings",
            settings,
            "--events",
            out.to_str().unwrap(),
        ]);
        assert_eq!(finished.code, 0, "{}: {}", rule.display(), finished.stderr);
        std::fs::read_to_string(out).unwrap()
    };
    // These were built before the rule said the class, too.
    let today = events(&plugin("line-crossing")).replace(",\"class\":\"person\"", "");
    assert!(today.lines().count() > 8 && !today.contains("class"), "{today}");
    for (version, _) in RELEASED {
        let golden = root().join("tests/golden/components").join(version).join("line-crossing.wasm");
        assert_eq!(events(&golden), today, "{}", golden.display());
    }
}
