//! The street whose number plates can be read.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use look::plate::{STROKE_M, WIDTH_M};

fn street(seed: u64) -> Scene {
    Scene::new(SceneSettings::new(SceneKind::Plates, seed)).unwrap()
}

/// A board so many pixels wide shows a letter's stroke at least one pixel thick.
fn legible_px() -> f32 {
    WIDTH_M / STROKE_M
}

fn width_px(plate: &PlateTruth) -> f32 {
    plate.corners[1].x - plate.corners[0].x
}

/// FNV-1a.
fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn every_machine_shows_the_same_plates() {
    let mut scene = street(3);
    let frame = scene.frame(40);
    let mut truth = Vec::new();
    write_truth_header(&mut truth, scene.header()).unwrap();
    write_truth(&mut truth, &frame.truth).unwrap();
    let found = (digest(frame.picture.data()), digest(&truth));
    assert_eq!(found, (0xf418_ece3_884d_4d81, 0x2949_d7b0_ab83_df3e), "found {found:#x?}");
}

#[test]
fn the_street_is_the_same_in_whatever_order_frames_are_asked_for() {
    let mut straight = street(7);
    let frames: Vec<SceneFrame> = (0..12).map(|index| straight.frame(index)).collect();
    let mut jumping = street(7);
    for index in [11, 2, 2, 6] {
        let frame = jumping.frame(index);
        let expected = &frames[index as usize];
        assert_eq!(frame.picture.data(), expected.picture.data(), "{index}");
        assert_eq!(frame.truth, expected.truth, "{index}");
    }
    assert_ne!(street(8).frame(2).picture.data(), frames[2].picture.data());
}

#[test]
fn a_plate_lies_on_its_vehicle_and_keeps_its_text() {
    let mut scene = street(5);
    let mut texts: BTreeMap<u64, String> = BTreeMap::new();
    for index in 0..200 {
        for object in scene.frame(index).truth.objects {
            let Some(plate) = object.plate else { continue };
            assert!(["car", "truck", "bus"].contains(&CLASSES[object.class as usize]), "{index}");
            let rect = object.rect;
            for corner in plate.corners {
                // The box ends at whole pixels where the vehicle reaches beyond the picture.
                let across = corner.x >= rect.x - 1.0 && corner.x <= rect.right() + 1.0;
                let down = corner.y >= rect.y - 1.0 && corner.y <= rect.bottom() + 1.0;
                assert!(across && down, "frame {index}: {corner:?} in {rect:?}");
            }
            let [top_left, top_right, bottom_right, bottom_left] = plate.corners;
            assert!(top_left.x < top_right.x && bottom_left.x < bottom_right.x);
            assert!(top_left.y < bottom_left.y && top_right.y < bottom_right.y);
            assert!((0.0..=1.0).contains(&plate.visibility));
            assert!((6..=7).contains(&plate.text.len()), "{}", plate.text);
            let known = texts.entry(object.id).or_insert_with(|| plate.text.clone());
            assert_eq!(*known, plate.text);
        }
    }
    let different: BTreeSet<&String> = texts.values().collect();
    assert!(texts.len() > 6 && different.len() == texts.len(), "{texts:?}");
}

#[test]
fn whoever_drives_through_shows_a_plate_large_enough_to_read() {
    let mut widest: BTreeMap<u64, f32> = BTreeMap::new();
    let mut through = BTreeSet::new();
    let mut scene = street(1004);
    for index in 0..300 {
        for object in scene.frame(index).truth.objects {
            let widest = widest.entry(object.id).or_insert(0.0);
            match &object.plate {
                Some(plate) if plate.visibility > 0.95 => *widest = widest.max(width_px(plate)),
                _ => {}
            }
            let vehicle = (2..=4).contains(&object.class);
            // Those that are there when the clip begins or ends have not passed whole.
            if vehicle && (20..280).contains(&index) && (9.0..14.0).contains(&object.ground.y) {
                through.insert(object.id);
            }
        }
    }
    let read = through.iter().filter(|id| widest[id] >= 60.0 && widest[id] <= 130.0).count();
    eprintln!("{read} of {} vehicles show a plate 60 to 130 pixels wide: {widest:?}", through.len());
    assert!(through.len() >= 6 && read == through.len());
    assert!(legible_px() < 60.0);
}

#[test]
fn letters_stand_out_from_their_plate() {
    let mut judged = 0;
    for seed in 0..2 {
        let mut scene = street(seed);
        for index in (0..120).step_by(4) {
            let SceneFrame { picture, truth } = scene.frame(index);
            let stride = picture.size().width as usize;
            for plate in truth.objects.iter().filter_map(|object| object.plate.as_ref()) {
                if width_px(plate) < legible_px() || plate.visibility < 0.99 {
                    continue;
                }
                let [top_left, _, bottom_right, _] = plate.corners;
                let mut luma: Vec<u8> = Vec::new();
                for row in top_left.y.ceil() as usize..bottom_right.y as usize {
                    let start = row * stride;
                    luma.extend(
                        &picture.y()[start + top_left.x.ceil() as usize..start + bottom_right.x as usize],
                    );
                }
                luma.sort_unstable();
                let (dark, light) = (luma[luma.len() / 12], luma[luma.len() * 11 / 12]);
                assert!(light - dark > 60, "seed {seed}, frame {index}, {}: {dark} and {light}", plate.text);
                judged += 1;
            }
        }
    }
    assert!(judged > 10, "{judged} plates judged");
}

#[test]
fn a_plate_behind_something_counts_as_hidden() {
    let (mut hidden, mut scene) = (0, street(1));
    for index in (0..60).step_by(2) {
        for object in scene.frame(index).truth.objects {
            let Some(plate) = object.plate else { continue };
            assert!(object.visibility < 1.0 || plate.visibility > 0.9, "{index} {plate:?}");
            hidden += usize::from(plate.visibility < 0.5);
        }
    }
    assert!(hidden > 0);
}

#[test]
fn truth_lines_have_plates_where_there_are_some_and_else_say_nothing_of_them() {
    let line = |scene: &mut Scene, index: u64| {
        let mut text = Vec::new();
        write_truth(&mut text, &scene.frame(index).truth).unwrap();
        String::from_utf8(text).unwrap()
    };
    let mut road = Scene::new(SceneSettings::new(SceneKind::Road, 2)).unwrap();
    assert!(!line(&mut road, 12).contains("plate"));
    let (mut seen, mut street) = (false, street(2));
    for index in (0..60).step_by(10) {
        let frame: serde_json::Value = serde_json::from_str(&line(&mut street, index)).unwrap();
        for plate in frame["objects"].as_array().unwrap().iter().filter_map(|object| object.get("plate")) {
            assert_eq!(plate["corners"].as_array().unwrap().len(), 4);
            assert!(plate["text"].as_str().unwrap().len() >= 6 && plate["visibility"].is_number());
            seen = true;
        }
    }
    assert!(seen);
}
