//! What the cameras of one plaza must agree on.

use std::collections::BTreeMap;

use super::*;

/// Digests of the picture and the truth of frame 40 of seed 3, view 1; they change only when the plaza does.
const GOLDEN: (u64, u64) = (0x82d9_2b63_3729_abbe, 0xadc8_439a_8b30_8289);

fn settings(seed: u64, vantage: Vantage) -> SceneSettings {
    SceneSettings { vantage, ..SceneSettings::new(SceneKind::Plaza, seed) }
}

fn vantage(view: u32, views: u32, overlap: bool) -> Vantage {
    Vantage { view, views, overlap }
}

fn every_vantage() -> impl Iterator<Item = Vantage> {
    [(2, true), (2, false), (3, true), (3, false)]
        .into_iter()
        .flat_map(|(views, overlap)| (0..views).map(move |view| vantage(view, views, overlap)))
}

/// The truth of every `every`-th frame of the first `frames`, at two frames a second.
fn truths(seed: u64, vantage: Vantage, frames: u64) -> Vec<FrameTruth> {
    let mut scene = Scene::new(SceneSettings { frame_rate: 2.0, ..settings(seed, vantage) }).unwrap();
    (0..frames).map(|index| scene.frame(index).truth).collect()
}

fn mapped([a, b, c, d, e, f, g, h, i]: [f64; 9], (x, y): (f64, f64)) -> (f64, f64) {
    let w = g * x + h * y + i;
    ((a * x + b * y + c) / w, (d * x + e * y + f) / w)
}

fn place(object: &ObjectTruth) -> (f64, f64) {
    (f64::from(object.ground.x), f64::from(object.ground.y))
}

#[test]
fn every_machine_shows_the_same_plaza() {
    let mut scene = Scene::new(settings(3, vantage(1, 3, true))).unwrap();
    let frame = scene.frame(40);
    let mut truth = Vec::new();
    write_truth_header(&mut truth, scene.header()).unwrap();
    write_truth(&mut truth, &frame.truth).unwrap();
    let found = (tests::digest(frame.picture.data()), tests::digest(&truth));
    assert_eq!(found, GOLDEN, "found {found:#x?}");
}

#[test]
fn a_plaza_shows_the_same_bytes_in_whatever_order_frames_are_asked_for() {
    let of = |seed, vantage| Scene::new(settings(seed, vantage)).unwrap();
    let mut straight = of(7, vantage(2, 3, true));
    let frames: Vec<SceneFrame> = (0..25).map(|index| straight.frame(index)).collect();
    let mut jumping = of(7, vantage(2, 3, true));
    for index in [24, 3, 3, 11] {
        let frame = jumping.frame(index);
        assert_eq!(frame.picture.data(), frames[index as usize].picture.data(), "{index}");
        assert_eq!(frame.truth, frames[index as usize].truth, "{index}");
    }
    assert_ne!(of(8, vantage(2, 3, true)).frame(3).picture.data(), frames[3].picture.data());
    assert_ne!(of(7, vantage(1, 3, true)).frame(3).picture.data(), frames[3].picture.data());
}

#[test]
fn what_happens_on_a_plaza_does_not_depend_on_the_frame_rate() {
    let at = |frame_rate, index| {
        let settings = SceneSettings { frame_rate, ..settings(4, vantage(0, 2, false)) };
        Scene::new(settings).unwrap().frame(index).truth
    };
    let (slow, fast) = (at(2.0, 30), at(20.0, 300));
    assert_eq!((slow.time_us, slow.objects), (fast.time_us, fast.objects));
}

#[test]
fn cameras_of_one_court_show_the_same_people_at_the_same_places_on_the_map() {
    let views: Vec<Vec<FrameTruth>> = (0..3).map(|view| truths(5, vantage(view, 3, true), 60)).collect();
    let mut shared = 0;
    for frame in 0..60 {
        let mut places: BTreeMap<u64, Point> = BTreeMap::new();
        for object in views.iter().flat_map(|frames| &frames[frame].objects) {
            let first = *places.entry(object.id).or_insert(object.ground);
            assert_eq!(first, object.ground, "frame {frame}, object {}", object.id);
            assert!((1..=20).contains(&object.id));
        }
        let seen: usize = views.iter().map(|frames| frames[frame].objects.len()).sum();
        shared += seen - places.len();
    }
    assert!(shared > 500, "{shared}: most people are before more than one camera");
}

#[test]
fn nobody_is_before_two_cameras_of_separate_courts() {
    for views in [2, 3] {
        let all: Vec<Vec<FrameTruth>> =
            (0..views).map(|view| truths(6, vantage(view, views, false), 80)).collect();
        for frame in 0..80 {
            let mut ids: Vec<u64> =
                all.iter().flat_map(|frames| &frames[frame].objects).map(|object| object.id).collect();
            ids.sort_unstable();
            assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "frame {frame}: {ids:?}");
        }
    }
}

#[test]
fn calibrations_lead_to_the_places_on_the_map_within_a_centimetre() {
    for vantage in every_vantage() {
        let slow = SceneSettings { frame_rate: 1.0, ..settings(9, vantage) };
        let mut scene = Scene::new(slow).unwrap();
        let header = scene.header().clone();
        let mut checked = 0;
        for index in (0..30).step_by(3) {
            for object in scene.frame(index).truth.objects {
                let (x, y) = place(&object);
                let (u, v) = mapped(header.ground_to_picture, (x, y));
                let (back_x, back_y) = mapped(header.picture_to_ground, (u, v));
                assert!((back_x - x).abs() < 0.01 && (back_y - y).abs() < 0.01, "{vantage} {object:?}");
                let rect = object.rect;
                let inside = u > 20.0 && u < 620.0 && v > 20.0 && v < 360.0;
                if inside {
                    // A body stands over its place; its feet are around it.
                    let middle = f64::from(rect.x + rect.width / 2.0);
                    let (half, below) = (f64::from(rect.width) / 2.0 + 3.0, f64::from(rect.bottom()) - v);
                    assert!((u - middle).abs() < half, "{vantage} {index} {object:?} stands at {u}, {v}");
                    assert!((-4.0..22.0).contains(&below), "{vantage} {index} {object:?} stands at {u}, {v}");
                    checked += 1;
                }
            }
        }
        assert!(checked > 5, "{vantage}: {checked}");
    }
}

#[test]
fn people_walk_from_court_to_court_in_a_believable_time_and_never_leap() {
    // Fastest: 1.55 m/s and a twentieth more.
    const FASTEST_MPS: f64 = 1.66;
    let mut moves = 0;
    for (seed, views) in [(1000, 3), (1001, 2)] {
        let all: Vec<Vec<FrameTruth>> =
            (0..views).map(|view| truths(seed, vantage(view, views, false), 240)).collect();
        let mut last: BTreeMap<u64, (usize, (f64, f64), u32)> = BTreeMap::new();
        for frame in 0..240 {
            for (view, frames) in (0..).zip(&all) {
                for object in &frames[frame].objects {
                    let now = place(object);
                    let before = last.insert(object.id, (frame, now, view));
                    let Some((then, (x, y), from)) = before else { continue };
                    let seconds = (frame - then) as f64 / 2.0;
                    let metres = (now.0 - x).hypot(now.1 - y);
                    assert!(metres <= seconds * FASTEST_MPS + 0.01, "{seed} {frame} {object:?}: {metres} m");
                    if from != view {
                        assert!(seconds < 60.0, "{seed} {frame} {object:?}: {seconds} s");
                        moves += 1;
                    }
                }
            }
        }
    }
    assert!(moves >= 40, "{moves} moves between courts");
}

#[test]
fn people_come_back_meet_and_stand_together() {
    let frames = truths(1003, vantage(0, 2, true), 360);
    let mut together = 0;
    let mut visits: BTreeMap<u64, (u64, u32)> = BTreeMap::new();
    for frame in &frames {
        let standing: Vec<_> = frame.objects.iter().filter(|object| object.speed_mps == 0.0).collect();
        together += standing
            .iter()
            .enumerate()
            .flat_map(|(index, one)| standing[index + 1..].iter().map(move |other| (one, other)))
            .filter(|(one, other)| {
                let ((ax, ay), (bx, by)) = (place(one), place(other));
                (ax - bx).hypot(ay - by) < 1.7
            })
            .count();
        for object in &frame.objects {
            let visit = visits.entry(object.id).or_insert((frame.index, 1));
            visit.1 += u32::from(frame.index > visit.0 + 16);
            visit.0 = frame.index;
        }
    }
    let back = visits.values().filter(|(_, visits)| *visits > 1).count();
    assert!(together > 100 && back >= 15, "{together} pair-frames stand together, {back} came back");
}

#[test]
fn twenty_people_wear_twenty_different_outfits() {
    for seed in 0..40 {
        let mut looks: Vec<String> = look::wardrobe::people(20, &mut Rng::new(seed, 14))
            .iter()
            .map(|person| format!("{person:?}"))
            .collect();
        looks.sort();
        looks.dedup();
        assert_eq!(looks.len(), 20, "seed {seed}");
    }
}

#[test]
fn a_plaza_that_runs_for_hours_keeps_only_who_is_present() {
    for overlap in [true, false] {
        let mut world = World::of(&settings(9, vantage(0, 3, overlap)));
        let mut most = 0;
        for minute in 0..120 {
            world.advance(f64::from(minute) * 60.0);
            most = most.max(world.actors().len());
        }
        assert!((4..=20).contains(&most), "{most}");
    }
}

#[test]
fn the_header_names_the_gates_and_where_they_lead() {
    let scene = Scene::new(settings(2, vantage(0, 3, false))).unwrap();
    let mut text = Vec::new();
    write_truth_header(&mut text, scene.header()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let plaza = &header["plaza"];
    assert_eq!((&plaza["view"], &plaza["views"], &plaza["overlap"]), (&0.into(), &3.into(), &false.into()));
    let gates = plaza["gates"].as_array().unwrap();
    for gate in gates {
        let Some(other) = gate["leads_to"].as_str() else { continue };
        let other = gates.iter().find(|gate| gate["name"] == other).unwrap();
        assert_eq!(other["leads_to"], gate["name"]);
        assert_ne!(other["views"], gate["views"]);
    }
    assert_eq!(gates[0]["name"], "a-east");
    let mut text = Vec::new();
    write_truth_header(&mut text, Scene::new(SceneSettings::new(SceneKind::Road, 2)).unwrap().header())
        .unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("plaza"));
}
