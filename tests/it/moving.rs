//! A camera that moves, made of real video: a window that jumps to and fro over a still camera's picture. Skipped, visibly,
//! without the local test data.

use std::collections::BTreeMap;
use std::path::Path;

use ocellus_core::{Picture, Size};
use ocellus_media::write::{VideoSettings, VideoWriter};
use ocellus_media::{OpenOptions, Pace, SourceSpec, Stop, open};
use ocellus_tests::{ocellus, test_data};
use serde_json::Value;

const VIEW: Size = Size::new(512, 288);
/// Frames of the clip; two people come and go in them.
const FRAMES: u16 = 260;

/// The part of a picture from (`left`, `top`) on, both even.
fn cut(picture: &Picture, (left, top): (usize, usize), part: Size) -> Picture {
    let width = picture.size().width as usize;
    let (across, down) = (part.width as usize, part.height as usize);
    let mut data = Vec::with_capacity(Picture::byte_len(part));
    for (plane, shrink) in [(picture.y(), 1), (picture.u(), 2), (picture.v(), 2)] {
        for row in top / shrink..(top + down) / shrink {
            let from = row * (width / shrink) + left / shrink;
            data.extend_from_slice(&plane[from..from + across / shrink]);
        }
    }
    Picture::from_i420(part, data).unwrap()
}

/// Where the window is at a frame: it jumps to and fro by 62 pixels a frame, and by 36 up and down.
fn window(frame: u16) -> (usize, usize) {
    let across = 62 * (frame % 8).abs_diff(4);
    let down = 36 * (frame % 6).abs_diff(3);
    (usize::from(across), usize::from(down))
}

/// Writes what the moving camera sees.
fn record(still: &Path, moving: &Path) {
    let options = OpenOptions { pace: Pace::Unpaced, ..OpenOptions::default() };
    let spec = SourceSpec::parse(still.to_str().unwrap()).unwrap();
    let mut source = open(&spec, &options, &Stop::new()).unwrap();
    let settings = VideoSettings { size: VIEW, frame_rate: (10, 1) };
    let mut writer = VideoWriter::create(moving, settings).unwrap();
    for frame in 0..FRAMES {
        let picture = source.read().unwrap().unwrap().picture;
        writer.write(&cut(&picture, window(frame), VIEW)).unwrap();
    }
    writer.finish().unwrap();
}

/// An identity of so few frames is a box that was found twice by mistake: DeepSORT believes the second sighting.
const GLIMPSE: usize = 2;

/// The people of a clip: in how many frames each identity was seen, but for glimpses.
fn followed(clip: &Path, data: &Path, more: &[&str]) -> BTreeMap<u64, usize> {
    let folder = tempfile::tempdir().unwrap();
    let tracks = folder.path().join("tracks.jsonl");
    let model = data.join("models/yolox_nano.onnx");
    let [clip, model, out] = [clip, &model, &tracks].map(|path| path.to_str().unwrap());
    let mut args = vec!["analyze", clip, "--model", model, "--classes", "person", "--tracks", out];
    args.extend(more);
    let finished = ocellus(&args);
    assert_eq!(finished.code, 0, "{}", finished.stderr);
    let mut seen = BTreeMap::new();
    for line in std::fs::read_to_string(&tracks).unwrap().lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        for track in line["tracks"].as_array().into_iter().flatten() {
            if track["state"] == "confirmed" {
                *seen.entry(track["id"].as_u64().unwrap()).or_default() += 1;
            }
        }
    }
    seen.retain(|_, frames| *frames > GLIMPSE);
    seen
}

#[test]
fn people_before_a_camera_that_jumps_keep_their_identities_where_its_motion_is_measured() {
    let Some(data) = test_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let clip = folder.path().join("moving.mp4");
    record(&data.join("video/one-by-one-person-detection.mp4"), &clip);
    // By the paper alone tracks break where the motion is not measured, else the clip would be no test of it. What learns
    // sees that the camera jumped and finds most again.
    for (tracker, most_without) in [
        (["--tracker", "bytetrack", "--motion", "paper"].as_slice(), None),
        (&["--tracker", "bytetrack"], Some(4)),
        (&["--tracker", "botsort"], Some(4)),
        (&["--tracker", "deepsort"], Some(4)),
    ] {
        let fixed = followed(&clip, &data, tracker);
        let moving = followed(&clip, &data, &[tracker, &["--moving-camera"]].concat());
        println!("{tracker:?}: frames of each identity, motion measured {moving:?}, not measured {fixed:?}");
        assert_eq!(moving.len(), 2, "{tracker:?}: {moving:?}");
        match most_without {
            None => assert!(fixed.len() > 2, "{tracker:?}: the clip is no test of it: {fixed:?}"),
            Some(most) => assert!(fixed.len() <= most, "{tracker:?}: {fixed:?}"),
        }
    }
}
