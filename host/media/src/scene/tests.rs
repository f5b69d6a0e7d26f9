use std::collections::{BTreeMap, BTreeSet};

use super::*;

const KINDS: [SceneKind; 3] = [SceneKind::Crossing, SceneKind::ParkingLot, SceneKind::Road];

fn scene(kind: SceneKind, seed: u64) -> Scene {
    Scene::new(SceneSettings::new(kind, seed)).unwrap()
}

fn truths(kind: SceneKind, seed: u64, frames: u64) -> Vec<FrameTruth> {
    let mut scene = scene(kind, seed);
    (0..frames).map(|index| scene.frame(index).truth).collect()
}

/// Runs `check` for the seeds that the bundled model is judged on, two at a time.
fn for_judged_seeds(check: impl Fn(u64) + Sync) {
    std::thread::scope(|scope| {
        for half in [1000..1005, 1005..1010] {
            scope.spawn(|| half.for_each(&check));
        }
    });
}

/// Digests of the picture and the truth of frame 40 of seed 3; they change only when the scenes do.
const GOLDEN: [(u64, u64); 3] = [
    (0xee53_dc68_c86b_bf11, 0x61cb_48a0_8399_ef1f),
    (0x5dc8_3e4e_0636_ce6d, 0xa24b_5830_d887_c19c),
    (0xddfa_21a3_4bbc_fa7b, 0xe68f_abde_d110_3758),
];

/// FNV-1a.
pub(super) fn digest(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn bad_sizes_and_rates_are_refused_before_anything_is_painted() {
    let settings = SceneSettings { frame_rate: f64::INFINITY, ..SceneSettings::new(SceneKind::Road, 1) };
    assert!(matches!(Scene::new(settings), Err(SceneSettingsError::Value { key: "fps", .. })));
    let settings = SceneSettings {
        size: ocellus_core::Size::new(u32::MAX, u32::MAX),
        ..SceneSettings::new(SceneKind::Road, 1)
    };
    assert!(matches!(Scene::new(settings), Err(SceneSettingsError::Value { key: "width", .. })));
}

#[test]
fn the_same_seed_shows_the_same_bytes_in_whatever_order_frames_are_asked_for() {
    for kind in KINDS {
        let mut straight = scene(kind, 7);
        let frames: Vec<SceneFrame> = (0..25).map(|index| straight.frame(index)).collect();
        let mut jumping = scene(kind, 7);
        for index in [24, 3, 3, 11] {
            let frame = jumping.frame(index);
            let expected = &frames[index as usize];
            assert_eq!(frame.picture.data(), expected.picture.data(), "{kind} {index}");
            assert_eq!(frame.truth, expected.truth, "{kind} {index}");
        }
        assert_ne!(scene(kind, 8).frame(3).picture.data(), frames[3].picture.data(), "{kind}");
    }
}

#[test]
fn every_machine_shows_the_same_bytes() {
    let found = KINDS.map(|kind| {
        let mut scene = scene(kind, 3);
        let frame = scene.frame(40);
        let mut truth = Vec::new();
        write_truth_header(&mut truth, scene.header()).unwrap();
        write_truth(&mut truth, &frame.truth).unwrap();
        (digest(frame.picture.data()), digest(&truth))
    });
    assert_eq!(found, GOLDEN, "found {found:#x?}");
}

#[test]
fn what_happens_does_not_depend_on_the_frame_rate() {
    for kind in KINDS {
        let slow = SceneSettings { frame_rate: 2.0, ..SceneSettings::new(kind, 4) };
        let fast = SceneSettings { frame_rate: 20.0, ..slow };
        let (slow, fast) =
            (Scene::new(slow).unwrap().frame(30).truth, Scene::new(fast).unwrap().frame(300).truth);
        assert_eq!(slow.time_us, fast.time_us);
        assert_eq!(slow.objects, fast.objects, "{kind}");
        assert_eq!(slow.occupancy, fast.occupancy, "{kind}");
    }
}

#[test]
fn boxes_lie_in_the_picture_and_stand_where_the_homography_says() {
    for kind in KINDS {
        let mut scene = scene(kind, 5);
        let [a, b, c, d, e, f, g, h, i] = scene.header().ground_to_picture;
        for index in (0..300).step_by(10) {
            for object in scene.frame(index).truth.objects {
                let rect = object.rect;
                assert!(rect.width > 0.0 && rect.height > 0.0, "{kind} {index} {object:?}");
                assert!(rect.x >= 0.0 && rect.y >= 0.0 && rect.right() <= 640.0 && rect.bottom() <= 384.0);
                assert!((0.0..=1.0).contains(&object.visibility));
                let (x, y) = (f64::from(object.ground.x), f64::from(object.ground.y));
                let w = g * x + h * y + i;
                let (u, v) = ((a * x + b * y + c) / w, (d * x + e * y + f) / w);
                let within = u > 3.0 && u < 637.0 && v > 3.0 && v < 381.0;
                let margin = 8.0;
                let inside = u >= f64::from(rect.x) - margin
                    && u <= f64::from(rect.right()) + margin
                    && v >= f64::from(rect.y) - margin
                    && v <= f64::from(rect.bottom()) + margin;
                assert!(inside || !within, "{kind} {index}: {object:?} stands at {u}, {v}");
            }
        }
    }
}

#[test]
fn the_two_homographies_undo_each_other() {
    for kind in KINDS {
        let header = scene(kind, 0).header().clone();
        let (a, b) = (header.ground_to_picture, header.picture_to_ground);
        for row in 0..3 {
            for column in 0..3 {
                let product: f64 = (0..3).map(|k| a[row * 3 + k] * b[k * 3 + column]).sum();
                let expected = if row == column { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-6, "{kind} {row} {column} {product}");
            }
        }
    }
}

#[test]
fn vehicles_on_the_road_cover_ground_at_their_stated_speed() {
    let frames = truths(SceneKind::Road, 6, 200);
    let mut classes = BTreeSet::new();
    for pair in frames.windows(2) {
        for now in &pair[1].objects {
            let Some(before) = pair[0].objects.iter().find(|object| object.id == now.id) else { continue };
            let (dx, dy) = (now.ground.x - before.ground.x, now.ground.y - before.ground.y);
            assert!((dx.hypot(dy) * 10.0 - now.speed_mps).abs() < 0.01, "{now:?}");
            classes.insert(CLASSES[now.class as usize]);
        }
    }
    assert!(classes.len() >= 4, "{classes:?}");
}

/// Objects that go back the way they came.
fn turned_back(frames: &[FrameTruth]) -> BTreeSet<u64> {
    let mut headings: BTreeMap<u64, (f32, bool)> = BTreeMap::new();
    let mut turned = BTreeSet::new();
    for object in frames.iter().flat_map(|frame| &frame.objects) {
        let (x, heading) = headings.entry(object.id).or_insert((object.ground.x, object.ground.x < 0.0));
        if (object.ground.x - *x).abs() > 0.3 {
            let now = object.ground.x > *x;
            if *heading != now {
                turned.insert(object.id);
            }
            (*x, *heading) = (object.ground.x, now);
        }
    }
    turned
}

/// How often something well inside the picture is less than half visible for five frames on end.
fn occlusions(frames: &[FrameTruth]) -> usize {
    let mut hidden: BTreeMap<u64, u32> = BTreeMap::new();
    let mut count = 0;
    for object in frames.iter().flat_map(|frame| &frame.objects) {
        let inside = object.rect.x > 4.0 && object.rect.right() < 636.0;
        let run = hidden.entry(object.id).or_insert(0);
        *run = if inside && object.visibility < 0.5 { *run + 1 } else { 0 };
        count += usize::from(*run == 5);
    }
    count
}

#[test]
fn each_judged_crossing_has_crossings_both_ways_turn_backs_and_occlusions() {
    for_judged_seeds(|seed| {
        let frames = truths(SceneKind::Crossing, seed, 900);
        let crossings: Vec<&CrossingTruth> = frames.iter().flat_map(|frame| &frame.crossings).collect();
        let entries = crossings.iter().filter(|c| c.direction == CrossingDirection::Entry).count();
        let (turned, hidden) = (turned_back(&frames).len(), occlusions(&frames));
        eprintln!(
            "seed {seed}: {} crossings, {entries} entries, {turned} turned back, {hidden} hidden",
            crossings.len()
        );
        assert!(crossings.len() >= 8 && entries >= 2 && entries + 2 <= crossings.len(), "seed {seed}");
        assert!(turned >= 2, "seed {seed}: {turned} turned back");
        assert!(hidden >= 2, "seed {seed}: {hidden} occlusions");
    });
}

#[test]
fn nobody_lingers_near_the_gate_without_passing_it_clearly() {
    for seed in 1000..1010 {
        let mut world = World::new(SceneKind::Crossing, seed);
        let mut reach: BTreeMap<u64, Vec<f32>> = BTreeMap::new();
        for step in 0..1800 {
            let now = f64::from(step) * 0.05;
            world.advance(now);
            for actor in world.actors() {
                reach.entry(actor.id).or_default().push(actor.motion(now).place.x);
            }
        }
        for (id, xs) in reach {
            // Where someone turns, the gate is at least 0.7 m away: 3 % of the picture's height, twice.
            let turns = xs.windows(3).filter(|x| (x[1] - x[0]) * (x[2] - x[1]) < 0.0 || x[1] == x[2]);
            assert!(turns.into_iter().all(|x| x[1].abs() > 0.7), "seed {seed}, object {id}");
        }
    }
}

#[test]
fn no_passage_is_cut_in_two_where_clips_begin_and_end() {
    for seed in 1000..1010 {
        let mut world = World::new(SceneKind::Crossing, seed);
        for moment in [0.0, 0.4, 29.5, 30.0, 59.8, 60.5, 89.6, 90.0] {
            world.advance(moment);
            let near = world.actors().iter().find(|actor| actor.motion(moment).place.x.abs() < 0.85);
            assert!(near.is_none(), "seed {seed}, {moment} s: {near:?}");
        }
    }
}

#[test]
fn a_space_is_taken_when_its_middle_lies_in_a_cars_box() {
    for_judged_seeds(|seed| {
        let mut scene = scene(SceneKind::ParkingLot, seed);
        let spaces = scene.header().spaces.clone();
        let middles: Vec<Point> = spaces
            .iter()
            .map(|space| {
                let polygon = ocellus_core::Polygon::new(space.corners.to_vec()).unwrap().centre();
                Point::new(polygon.x * 640.0, polygon.y * 384.0)
            })
            .collect();
        let frames: Vec<FrameTruth> = (0..900).map(|index| scene.frame(index).truth).collect();
        let truth = |frame: usize, space: usize| frames[frame].occupancy[space].1;
        let (mut wrong, mut judged, mut changes) = (0, 0, 0);
        for (space, middle) in middles.iter().enumerate() {
            let (mut state, mut other_for) = (truth(0, space), 0);
            for (frame, now) in frames.iter().enumerate() {
                let covered =
                    now.objects.iter().any(|object| object.class == 2 && object.rect.contains(*middle));
                // What the rule does: a state changes after it held for a second.
                other_for = if covered == state { 0 } else { other_for + 1 };
                if other_for > 10 {
                    (state, other_for) = (covered, 0);
                }
                changes += usize::from(frame > 0 && truth(frame, space) != truth(frame - 1, space));
                let near = (frame.saturating_sub(20)..(frame + 20).min(900))
                    .any(|near| truth(near, space) != truth(frame, space));
                if !near {
                    judged += 1;
                    wrong += usize::from(state != truth(frame, space));
                }
            }
        }
        eprintln!("seed {seed}: {changes} changes, {wrong} of {judged} space-frames wrong");
        assert!(changes >= 4, "seed {seed}: {changes} changes");
        assert!(wrong * 1000 <= judged, "seed {seed}: {wrong} of {judged}");
    });
}

#[test]
fn a_scene_that_runs_for_days_keeps_only_what_is_present() {
    for kind in KINDS {
        let mut world = World::new(kind, 9);
        let mut most = 0;
        for minute in 0..4320 {
            world.advance(f64::from(minute) * 60.0);
            most = most.max(world.actors().len());
        }
        assert!((3..60).contains(&most), "{kind}: {most}");
    }
}

#[test]
fn the_rules_settings_name_every_line_and_space() {
    let lines: serde_json::Value =
        serde_json::from_str(&line_crossing_settings(scene(SceneKind::Crossing, 1).header())).unwrap();
    assert_eq!(lines["lines"][0]["name"], "gate");
    assert_eq!(lines["lines"][0]["entry"], "left-to-right");
    assert_eq!(lines["lines"][0]["from"][0], 0.5);
    assert!(lines["lines"][0]["from"][1].as_f64() < lines["lines"][0]["to"][1].as_f64());
    let spaces: serde_json::Value =
        serde_json::from_str(&parking_settings(scene(SceneKind::ParkingLot, 1).header())).unwrap();
    let names: Vec<&str> =
        spaces["spaces"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!((names.len(), names[0], names[13]), (14, "A1", "B6"));
    assert_eq!(spaces["spaces"][0]["polygon"].as_array().unwrap().len(), 4);
}

#[test]
fn truth_lines_can_be_read_back() {
    let mut scene = scene(SceneKind::ParkingLot, 2);
    let mut text = Vec::new();
    write_truth_header(&mut text, scene.header()).unwrap();
    write_truth(&mut text, &scene.frame(12).truth).unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!((&lines[0]["scene"], &lines[0]["classes"][2]), (&"parking-lot".into(), &"car".into()));
    assert_eq!((&lines[1]["frame"], &lines[1]["time_us"]), (&12.into(), &1_200_000.into()));
    assert_eq!(lines[1]["occupancy"].as_array().unwrap().len(), 14);
    let object = &lines[1]["objects"][0];
    assert_eq!(object["rect"].as_array().unwrap().len(), 4);
    assert!(object["id"].as_u64().unwrap() > 0 && object["ground"][1].as_f64().unwrap() > 5.0);
}
