//! Regions of a camera on recordings: what counts is decided before tracking, so a replay needs to know nothing of it.

use std::path::Path;

use ocellus_tests::{ocellus, plugin};
use serde_json::Value;

use crate::commands::text_of;

const SCENE: &str = "scene:crossing?seed=3";
/// Through the middle of that half.
const LINE: &str = r#"{"lines":[{"name":"l","from":[0.25,0],"to":[0.25,1]}]}"#;
const LEFT: &str = r#"{"areas":[[[0,0],[0.5,0],[0.5,1],[0,1]]]}"#;

/// Analyses ten seconds of a scene; what it said on the way.
fn analyse(tracks: &Path, more: &[&str]) -> String {
    let mut args = vec!["analyze", SCENE, "--frames", "150", "--tracks", text_of(tracks)];
    args.extend(more);
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    finished.stderr
}

/// Frame and box of every confirmed track, in shares of the picture.
fn boxes(tracks: &Path) -> Vec<(u64, [f64; 4])> {
    let text = std::fs::read_to_string(tracks).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let header = lines.next().unwrap();
    let sides = [&header["width"], &header["height"]].map(|side| side.as_f64().unwrap());
    let mut boxes = Vec::new();
    for line in lines {
        let confirmed =
            line["tracks"].as_array().into_iter().flatten().filter(|track| track["state"] == "confirmed");
        for track in confirmed {
            let side = |index: usize| track["box"][index].as_f64().unwrap() / sides[index % 2];
            boxes.push((line["frame"].as_u64().unwrap(), [side(0), side(1), side(2), side(3)]));
        }
    }
    boxes
}

fn overlap([ax, ay, aw, ah]: [f64; 4], [bx, by, bw, bh]: [f64; 4]) -> f64 {
    let side = |a: f64, aw: f64, b: f64, bw: f64| ((a + aw).min(b + bw) - a.max(b)).max(0.0);
    let shared = side(ax, aw, bx, bw) * side(ay, ah, by, bh);
    shared / (aw * ah + bw * bh - shared)
}

#[test]
fn only_what_stands_in_the_region_is_tracked_and_a_replay_comes_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let [all, left, events, again] =
        ["all", "left", "events", "again"].map(|name| folder.path().join(format!("{name}.jsonl")));
    analyse(&all, &[]);
    let rule = plugin("line-crossing");
    let rule = ["--rule", text_of(&rule), "--settings", LINE];
    let mut args = rule.to_vec();
    args.extend(["--events", text_of(&events), "--region", LEFT]);
    let said = analyse(&left, &args);
    assert!(said.contains("detections stood outside of the region, 0 in a mask"), "{said}");
    assert!(!said.contains("\n0 detections stood"), "{said}");
    let (all, kept) = (boxes(&all), boxes(&left));
    let foot = |[x, _, width, _]: [f64; 4]| x + width / 2.0;
    assert!(all.iter().any(|(_, at)| foot(*at) > 0.7), "the scene has somebody on the right");
    assert!(kept.len() > 50 && kept.len() < all.len(), "{} of {}", kept.len(), all.len());
    assert!(kept.iter().all(|(_, at)| foot(*at) < 0.53), "{kept:?}");
    let mut args = vec!["replay", text_of(&left)];
    args.extend(rule);
    args.extend(["--events", text_of(&again)]);
    assert_eq!(ocellus(&args).code, 0);
    let events = std::fs::read_to_string(&events).unwrap();
    assert!(events.lines().count() > 0, "somebody crosses");
    assert_eq!(events, std::fs::read_to_string(&again).unwrap());
}

#[test]
fn a_cropped_picture_gives_boxes_where_they_are_in_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, cropped] = ["whole", "cropped"].map(|name| folder.path().join(format!("{name}.jsonl")));
    let region = |crop: bool| format!(r#"{{"areas":[[[0.1,0.1],[0.9,0.1],[0.9,1],[0.1,1]]],"crop":{crop}}}"#);
    analyse(&whole, &["--region", &region(false)]);
    analyse(&cropped, &["--region", &region(true)]);
    let (whole, cropped) = (boxes(&whole), boxes(&cropped));
    let same = cropped.iter().filter(|(frame, at)| {
        whole.iter().any(|(other, there)| other == frame && overlap(*at, *there) > 0.6)
    });
    let same = same.count();
    assert!(cropped.len() > 50 && same * 10 >= cropped.len() * 8, "{same} of {}", cropped.len());
}

#[test]
fn nothing_is_found_behind_a_mask() {
    let folder = tempfile::tempdir().unwrap();
    let [half, none] = ["half", "none"].map(|name| folder.path().join(format!("{name}.jsonl")));
    analyse(&half, &["--region", r#"{"masks":[[[0,0],[0.5,0],[0.5,1],[0,1]]]}"#]);
    let half = boxes(&half);
    assert!(half.len() > 20 && half.iter().all(|(_, [x, _, width, _])| x + width / 2.0 > 0.47), "{half:?}");
    analyse(&none, &["--region", r#"{"masks":[[[0,0],[1,0],[1,1],[0,1]]]}"#]);
    assert_eq!(boxes(&none), []);
}

#[test]
fn a_region_that_cannot_be_used_is_refused_before_anything_runs() {
    for (region, says) in [
        (r#"{"areas":[[[0,0],[1,1]]]}"#, "region.areas[0]: a polygon needs at least 3 corners"),
        (r#"{"masks":[[[0,0],[1,0],[1,7]]]}"#, "region.masks[0][2] is [1, 7]; give 0..1"),
        (r#"{"area":[]}"#, "unknown field `area`"),
    ] {
        let finished = ocellus(&["analyze", SCENE, "--frames", "2", "--region", region]);
        assert!(finished.code == 2 && finished.stderr.contains(says), "{region}: {}", finished.stderr);
    }
}
