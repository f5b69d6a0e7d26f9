//! When a space is occupied, case by case.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::core::event::{Overlay, Tone, Value};
use ocellus_sdk::core::{Rect, Size};
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use ocellus_sdk::{Columns, Output};
use parking::Parking;
use serde_json::{Value as Json, json};

/// A square space of side 0.1 whose centre is (x, 0.5).
fn space(name: &str, x: f64) -> Json {
    let (left, right) = (x - 0.05, x + 0.05);
    json!({"name": name, "polygon": [[left, 0.45], [right, 0.45], [right, 0.55], [left, 0.55]]})
}

fn spaces() -> Json {
    json!({"spaces": [space("A1", 0.2), space("A2", 0.32), space("A3", 0.7)]})
}

fn with(pairs: &Json) -> Json {
    let mut settings = spaces();
    for (key, value) in pairs.as_object().unwrap() {
        settings[key] = value.clone();
    }
    settings
}

fn car(id: u64, x: f32) -> TrackBuilder {
    track(id, "car").sized(0.1, 0.1).centre_at(x, 0.5)
}

/// The changes as (space, occupied).
fn changes(output: &Output) -> Vec<(String, bool)> {
    let change = |event: &ocellus_sdk::core::Event| {
        assert_eq!((event.kind.as_str(), event.track), ("parking", None));
        match &event.attributes[..] {
            [(space, Value::Text(name)), (occupied, Value::Flag(flag))] => {
                assert_eq!((space.as_str(), occupied.as_str()), ("space", "occupied"));
                (name.clone(), *flag)
            }
            other => panic!("{other:?}"),
        }
    };
    output.events().iter().map(change).collect()
}

fn named(pairs: &[(&str, bool)]) -> Vec<(String, bool)> {
    pairs.iter().map(|(name, flag)| ((*name).to_owned(), *flag)).collect()
}

/// A harness whose spaces have settled under these tracks.
fn settled(settings: Json, tracks: &[TrackBuilder]) -> Harness<Parking> {
    let mut harness = Harness::<Parking>::new(settings).unwrap();
    harness.frame(0.0, tracks.to_vec()).unwrap();
    harness.frame(1.0, tracks.to_vec()).unwrap();
    harness
}

/// The names of the spaces that these tracks fill at once.
fn filled(settings: Json, tracks: &[TrackBuilder]) -> Vec<String> {
    let mut harness = Harness::<Parking>::new(with_no_hold(settings)).unwrap();
    let changed = changes(&harness.frame(0.0, tracks.to_vec()).unwrap());
    changed.into_iter().filter(|(_, occupied)| *occupied).map(|(name, _)| name).collect()
}

fn with_no_hold(mut settings: Json) -> Json {
    settings["hold_s"] = json!(0);
    settings
}

#[test]
fn every_space_says_its_first_state_once_it_has_held() {
    let mut harness = Harness::<Parking>::new(spaces()).unwrap();
    for time in [0.0, 0.5, 0.999] {
        let output = harness.frame(time, [car(1, 0.2)]).unwrap();
        assert!(output.events().is_empty());
        assert_eq!((output.measured("occupied"), output.measured("available")), (Some(0.0), Some(0.0)));
    }
    let output = harness.frame(1.0, [car(1, 0.2)]).unwrap();
    assert_eq!(changes(&output), named(&[("A1", true), ("A2", false), ("A3", false)]));
    assert_eq!(output.measured("total"), Some(3.0));
    assert_eq!((output.measured("occupied"), output.measured("available")), (Some(1.0), Some(2.0)));
    assert!(harness.frame(1.1, [car(1, 0.2)]).unwrap().events().is_empty());
}

#[test]
fn a_change_counts_after_it_held_and_starts_over_when_it_breaks() {
    let mut harness = settled(spaces(), &[]);
    assert!(harness.frame(2.0, [car(1, 0.2)]).unwrap().events().is_empty());
    assert!(harness.frame(2.9, [car(1, 0.2)]).unwrap().events().is_empty());
    assert!(harness.frame(2.95, []).unwrap().events().is_empty());
    assert!(harness.frame(3.0, [car(1, 0.2)]).unwrap().events().is_empty());
    assert!(harness.frame(3.9, [car(1, 0.2)]).unwrap().events().is_empty());
    assert_eq!(changes(&harness.frame(4.0, [car(1, 0.2)]).unwrap()), named(&[("A1", true)]));
    assert!(harness.frame(4.1, []).unwrap().events().is_empty());
    assert_eq!(changes(&harness.frame(5.1, []).unwrap()), named(&[("A1", false)]));
}

#[test]
fn the_hold_is_the_one_in_the_settings() {
    let mut harness = Harness::<Parking>::new(with(&json!({"hold_s": 0.1}))).unwrap();
    assert!(harness.frame(0.0, [car(1, 0.2)]).unwrap().events().is_empty());
    assert_eq!(harness.frame(0.1, [car(1, 0.2)]).unwrap().events().len(), 3);
    let mut at_once = Harness::<Parking>::new(with(&json!({"hold_s": 0}))).unwrap();
    assert_eq!(at_once.frame(0.0, []).unwrap().events().len(), 3);
}

#[test]
fn a_car_that_blinks_keeps_its_space_and_one_only_expected_takes_none() {
    let mut harness = settled(spaces(), &[car(1, 0.2)]);
    for step in 0..50 {
        let blinks = if step % 3 == 0 { car(1, 0.2) } else { car(1, 0.2).lost() };
        let others = [blinks, car(2, 0.7).lost(), car(3, 0.32).tentative()];
        let output = harness.frame(2.0 + f64::from(step) / 10.0, others).unwrap();
        assert!(output.events().is_empty(), "step {step}");
    }
    harness.frame(8.0, []).unwrap();
    assert_eq!(changes(&harness.frame(9.0, []).unwrap()), named(&[("A1", false)]));
}

#[test]
fn a_car_that_blinks_while_it_arrives_still_arrives() {
    let mut harness = settled(spaces(), &[]);
    harness.frame(2.0, [car(1, 0.2)]).unwrap();
    harness.frame(2.5, [car(1, 0.2).lost()]).unwrap();
    assert_eq!(changes(&harness.frame(3.0, [car(1, 0.2).lost()]).unwrap()), named(&[("A1", true)]));
}

#[test]
fn another_car_in_the_same_space_is_no_change() {
    let mut harness = settled(spaces(), &[car(1, 0.2)]);
    for time in [2.0, 3.0, 4.0] {
        assert!(harness.frame(time, [car(2, 0.21)]).unwrap().events().is_empty());
    }
}

#[test]
fn only_vehicles_park() {
    let person = track(1, "person").sized(0.1, 0.1).centre_at(0.2, 0.5);
    let motorcycle = track(2, "motorcycle").sized(0.1, 0.1).centre_at(0.32, 0.5);
    let bus = track(3, "bus").sized(0.1, 0.1).centre_at(0.7, 0.5);
    let tracks = [person, motorcycle, bus];
    assert_eq!(filled(spaces(), &tracks), ["A3"]);
    assert_eq!(filled(with(&json!({"classes": ["motorcycle"]})), &tracks), ["A2"]);
}

#[test]
fn by_centre_the_middle_of_the_space_decides() {
    assert_eq!(filled(spaces(), &[car(1, 0.24)]), ["A1"]);
    assert!(filled(spaces(), &[car(1, 0.26)]).is_empty());
    let long = track(1, "truck").sized(0.3, 0.2).centre_at(0.26, 0.5);
    assert_eq!(filled(spaces(), std::slice::from_ref(&long)), ["A1", "A2"]);
    assert_eq!(filled(with(&json!({"exclusive": true})), &[long]).len(), 1);
}

#[test]
fn exclusive_gives_a_vehicle_the_space_it_covers_best_and_each_space_one_vehicle() {
    let settings = with(&json!({"exclusive": true}));
    let over_both = track(1, "truck").rect(Rect::new(0.14, 0.45, 0.19, 0.1));
    assert_eq!(filled(settings.clone(), std::slice::from_ref(&over_both)), ["A1"]);
    // A better one has the first space, so the long one is left with the second.
    assert_eq!(filled(settings.clone(), &[over_both, car(2, 0.2)]), ["A1", "A2"]);
    // A prediction takes no space away from one that is seen.
    let seen = track(3, "car").rect(Rect::new(0.16, 0.45, 0.18, 0.14));
    assert_eq!(filled(settings, &[car(2, 0.2).lost(), seen]), ["A1"]);
}

#[test]
fn by_overlap_each_vehicle_fills_its_best_space_over_the_least() {
    let settings = with(&json!({"match": "iou"}));
    // Overlaps of 0.06/0.14 = 0.43 with A1 and nothing with A2.
    assert_eq!(filled(settings.clone(), &[car(1, 0.16)]), ["A1"]);
    // 0.04/0.16 = 0.25 is too little, unless it is said to be enough.
    assert!(filled(settings.clone(), &[car(1, 0.14)]).is_empty());
    assert_eq!(filled(with(&json!({"match": "iou", "min_iou": 0.2})), &[car(1, 0.14)]), ["A1"]);
    // Over both, the better one only.
    let wide = track(1, "truck").rect(Rect::new(0.17, 0.45, 0.2, 0.1));
    assert_eq!(filled(settings.clone(), &[wide]), ["A2"]);
    // A box around everything overlaps nothing well.
    assert!(filled(settings, &[track(1, "bus").rect(Rect::new(0.0, 0.0, 1.0, 1.0))]).is_empty());
}

#[test]
fn a_space_in_the_shape_of_a_triangle_is_measured_by_its_area() {
    let triangle = json!({"name": "T", "polygon": [[0.4, 0.4], [0.6, 0.4], [0.4, 0.6]]});
    let settings = |least: f64| json!({"spaces": [triangle], "match": "iou", "min_iou": least});
    // The square over the triangle shares 0.02 of 0.04.
    let square = track(1, "car").rect(Rect::new(0.4, 0.4, 0.2, 0.2));
    assert_eq!(filled(settings(0.49), std::slice::from_ref(&square)), ["T"]);
    assert!(filled(settings(0.51), &[square]).is_empty());
}

#[test]
fn overlays_show_each_space_and_the_query_tells_its_state() {
    let mut harness = Harness::<Parking>::new(spaces()).unwrap();
    harness.frame(0.0, [car(1, 0.2)]).unwrap();
    assert_eq!(harness.query(&json!({})).unwrap()["spaces"]["A1"], Json::Null);
    let output = harness.frame(1.0, [car(1, 0.2)]).unwrap();
    let tones: Vec<(String, Tone)> = output
        .overlays()
        .iter()
        .map(|overlay| match overlay {
            Overlay::Polygon { label, tone, corners } if corners.len() == 4 => (label.clone(), *tone),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [("A1", Tone::Bad), ("A2", Tone::Good), ("A3", Tone::Good)];
    assert_eq!(tones, expected.map(|(name, tone)| (name.to_owned(), tone)));
    let answer = harness.query(&json!({})).unwrap();
    let spaces = json!({"A1": true, "A2": false, "A3": false});
    let updated = json!({"A1": 1_000_000, "A2": 1_000_000, "A3": 1_000_000});
    assert_eq!(
        answer,
        json!({
            "total": 3, "occupied": 1, "available": 2, "spaces": spaces, "updated_us": updated,
            "corrections": [], "location": "", "levels": [],
        })
    );
}

#[test]
fn a_swap_between_any_two_frames_changes_nothing() {
    let run = |swap_before: Option<u32>| {
        let mut harness = Harness::<Parking>::new(spaces()).unwrap();
        let mut outputs = Vec::new();
        for step in 0..60 {
            if swap_before == Some(step) {
                harness.swap().unwrap();
            }
            let here = if step % 30 < 18 { vec![car(1, 0.2), car(2, 0.7)] } else { vec![car(2, 0.7)] };
            outputs.push(harness.frame(f64::from(step) / 10.0, here).unwrap());
        }
        (outputs, harness.save())
    };
    let undisturbed = run(None);
    assert_eq!(undisturbed.0.iter().map(|output| output.events().len()).sum::<usize>(), 6);
    for step in 0..60 {
        assert_eq!(run(Some(step)), undisturbed, "swapped before frame {step}");
    }
}

#[test]
fn state_goes_by_name_when_the_spaces_change() {
    let old = settled(spaces(), &[car(1, 0.2), car(2, 0.7)]);
    let changed = json!({"spaces": [space("B1", 0.5), space("A3", 0.71), space("A1", 0.2)]});
    let mut successor = Harness::<Parking>::new(changed).unwrap();
    successor.restore(&old.save(), "0.0.9").unwrap();
    let spaces = &successor.query(&Json::Null).unwrap()["spaces"];
    assert_eq!(*spaces, json!({"A1": true, "A3": true, "B1": null}));
    let tracks = || [car(1, 0.2), car(2, 0.7)];
    assert!(successor.frame(2.0, tracks()).unwrap().events().is_empty());
    assert_eq!(changes(&successor.frame(3.0, tracks()).unwrap()), named(&[("B1", false)]));
}

#[test]
fn a_state_of_something_else_is_refused_and_changes_nothing() {
    let mut harness = settled(spaces(), &[car(1, 0.2)]);
    let state = harness.save();
    for bad in [b"".as_slice(), b"\xff", b"7", br#"{"spaces":[{"name":1}]}"#] {
        assert!(harness.restore(bad, "9.9.9").unwrap_err().contains("state of version 9.9.9"));
        assert_eq!(harness.save(), state);
    }
}

#[test]
fn boxes_that_are_no_boxes_fill_nothing_and_a_thousand_spaces_fit_the_state() {
    let rows = 1000;
    let many: Vec<Json> = (0..rows)
        .map(|index| {
            let name = format!("{index:0>64}");
            let x = f64::from(index) / f64::from(rows);
            json!({"name": name, "polygon": [[x, 0.4], [x + 0.01, 0.4], [x, 0.5]]})
        })
        .collect();
    for matching in ["centre", "iou"] {
        let settings = json!({"spaces": many, "exclusive": true, "match": matching, "min_iou": 0});
        let mut harness = Harness::<Parking>::new(settings).unwrap();
        let crowd = (0..2000).map(|id| track(id, "car").rect(Rect::new(0.0, 0.0, 1.0, 1.0)));
        let odd = [Rect::new(-1e30, -1e30, f32::MAX, f32::MAX), Rect::new(0.9, 0.9, -0.8, -0.8)];
        let odd = odd.into_iter().zip(5000..).map(|(rect, id)| track(id, "car").rect(rect));
        harness.frame(1e9, crowd.chain(odd)).unwrap();
        assert!(harness.save().len() < 1 << 20, "{} bytes", harness.save().len());
    }
}

#[test]
fn broken_columns_are_empty_spaces() {
    let mut harness = Harness::<Parking>::on_camera(spaces(), Size::new(0, 0), &["car"]).unwrap();
    let broken = Columns { ids: vec![1, 2], boxes: vec![0.0; 7], states: vec![1], ..Columns::default() };
    harness.columns(0.0, broken).unwrap();
    assert_eq!(harness.columns(1.0, Columns::default()).unwrap().measured("available"), Some(3.0));
}
