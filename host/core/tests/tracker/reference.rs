//! The last-box association against the output of the C++ port on the same detections.

use std::collections::BTreeMap;
use std::path::Path;

use ocellus_core::Rect;
use ocellus_core::mot::{MotDetections, MotRow, track_sequence};
use ocellus_core::tracker::{Association, ByteTrackSettings};
use serde_json::Value;

use crate::score::shared_identities;
use crate::support::test_data;

/// The rows of one of the two files, whose numbers are strings; frames there count from 0.
fn rows(file: &Path) -> Vec<MotRow> {
    let text = std::fs::read_to_string(file).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let row = |row: &Value| {
        let number = |key: &str| row[key].as_str().map(|text| text.parse::<f32>().unwrap());
        let need = |key: &str| number(key).unwrap();
        MotRow {
            frame: need("frame_id") as u32 + 1,
            id: number("track_id").unwrap_or(0.0) as u64,
            rect: Rect::new(need("x"), need("y"), need("width"), need("height")),
            confidence: number("prob").unwrap_or(1.0),
        }
    };
    json["results"].as_array().unwrap().iter().map(row).collect()
}

fn counts(rows: &[MotRow]) -> BTreeMap<u32, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        *counts.entry(row.frame).or_default() += 1;
    }
    counts
}

struct Agreement {
    frames: usize,
    frames_alike: usize,
    boxes: usize,
    boxes_alike: usize,
    identities: usize,
}

fn agreement(association: Association, folder: &Path) -> Agreement {
    let detections = rows(&folder.join("detection_results.json"));
    // Through the text format, as `ocellus track` does it.
    let text: String = detections
        .iter()
        .map(|MotRow { frame, rect: Rect { x, y, width, height }, confidence, .. }| {
            format!("{frame},-1,{x},{y},{width},{height},{confidence},-1,-1,-1\n")
        })
        .collect();
    let detections = MotDetections::parse(&text).unwrap();
    let settings = ByteTrackSettings {
        track_high_thresh: 0.5,
        track_low_thresh: 0.0,
        new_track_thresh: 0.6,
        association,
        ..Default::default()
    };
    let ours = track_sequence(settings, &detections).unwrap();
    let reference = rows(&folder.join("tracking_results.json"));
    let (our_counts, reference_counts) = (counts(&ours), counts(&reference));
    let frames = detections.last_frame();
    let frames_alike =
        (1..=frames).filter(|frame| our_counts.get(frame) == reference_counts.get(frame)).count();
    let mut identities: Vec<u64> = ours.iter().map(|row| row.id).collect();
    identities.sort_unstable();
    identities.dedup();
    Agreement {
        frames: frames as usize,
        frames_alike,
        boxes: reference.len(),
        boxes_alike: shared_identities(&reference, &ours, 0.9),
        identities: identities.len(),
    }
}

#[test]
fn last_box_association_gives_the_boxes_and_identities_of_the_port() {
    let Some(data) = test_data() else { return };
    let folder = data.join("mot/bytetrack");
    for association in [Association::LastBox, Association::Predicted] {
        let found = agreement(association, &folder);
        eprintln!(
            "bytetrack reference, {association:?}: {} of {} frames with the same number of boxes, \
             {} of {} boxes ({:.2} %) with the same identity, {} identities",
            found.frames_alike,
            found.frames,
            found.boxes_alike,
            found.boxes,
            100.0 * found.boxes_alike as f64 / found.boxes as f64,
            found.identities,
        );
        if association == Association::LastBox {
            assert_eq!((found.frames, found.frames_alike), (314, 314));
            assert!(found.boxes_alike * 100 >= found.boxes * 99);
        }
    }
}
