//! Who is in a zone and for how long, case by case.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::core::event::{Overlay, Tone, Value};
use ocellus_sdk::core::{Event, Rect, Size};
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use ocellus_sdk::{Columns, Output};
use serde_json::{Value as Json, json};
use zones::Zones;

/// One zone, from x 0.3 to 0.7 and from y 0.2 to 0.8, with more in it.
fn yard(more: &Json) -> Json {
    let mut zone = json!({"name": "yard", "polygon": [[0.3, 0.2], [0.7, 0.2], [0.7, 0.8], [0.3, 0.8]]});
    for (key, value) in more.as_object().unwrap() {
        zone[key] = value.clone();
    }
    json!({"zones": [zone]})
}

fn with(key: &str, value: Json) -> Json {
    let mut settings = yard(&json!({}));
    settings[key] = value;
    settings
}

fn person(id: u64, x: f32, y: f32) -> TrackBuilder {
    track(id, "person").sized(0.04, 0.16).foot_at(x, y)
}

/// Kinds of events and what else they say but for the zone and the class.
fn told(output: &Output) -> Vec<String> {
    let value = |value: &Value| match value {
        Value::Flag(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => format!("{value:.1}"),
        Value::Text(value) => value.clone(),
    };
    let one = |event: &Event| {
        let rest = event.attributes.iter().filter(|(key, _)| !["zone", "class"].contains(&key.as_str()));
        let rest: Vec<String> = rest.map(|(_, found)| value(found)).collect();
        format!("{} {}", event.kind, rest.join(" ")).trim().to_owned()
    };
    output.events().iter().map(one).collect()
}

/// Track 1 at these x, ten times a second at half the height; then nothing more.
fn walk(settings: Json, xs: &[f32]) -> Vec<String> {
    let mut harness = Harness::<Zones>::new(settings).unwrap();
    let mut all = Vec::new();
    for (index, x) in xs.iter().enumerate() {
        all.extend(told(&harness.frame(index as f64 / 10.0, [person(1, *x, 0.5)]).unwrap()));
    }
    all.extend(told(&harness.finish(xs.len() as f64 / 10.0).unwrap()));
    all
}

/// The same place for so many frames.
fn stay(x: f32, frames: usize) -> Vec<f32> {
    vec![x; frames]
}

#[test]
fn going_in_and_out_are_events_with_the_time_between() {
    let walked = walk(yard(&json!({})), &[0.2, 0.26, 0.4, 0.5, 0.6, 0.76, 0.9]);
    assert_eq!(walked, ["zone-enter", "zone-leave 0.3 left"]);
}

#[test]
fn who_appears_inside_has_entered_and_who_is_inside_at_the_end_has_left_then() {
    assert_eq!(walk(yard(&json!({})), &stay(0.5, 11)), ["zone-enter", "zone-leave 1.0 ended"]);
}

#[test]
fn trembling_on_the_outline_is_neither_entering_nor_leaving() {
    let tremble = |from: f32| {
        let mut xs = stay(from, 3);
        xs.extend((0..100).map(|index| if index % 2 == 0 { 0.297 } else { 0.303 }));
        walk(yard(&json!({})), &xs)
    };
    assert!(tremble(0.2).is_empty());
    assert_eq!(tremble(0.5).len(), 2);
}

#[test]
fn a_single_outlier_just_inside_is_nobody_and_staying_there_is() {
    // 0.31 is 0.0178 picture heights inside at 16:9.
    assert!(walk(yard(&json!({})), &[0.2, 0.29, 0.31, 0.29, 0.2]).is_empty());
    let walked = walk(yard(&json!({})), &[0.2, 0.29, 0.31, 0.31, 0.31, 0.29, 0.2]);
    assert_eq!(walked, ["zone-enter", "zone-leave 0.3 left"]);
}

#[test]
fn only_confirmed_tracks_of_the_chosen_classes_count() {
    let mut harness = Harness::<Zones>::new(with("classes", json!(["person"]))).unwrap();
    let car = track(2, "car").foot_at(0.5, 0.5);
    let others = [car, person(3, 0.5, 0.5).tentative(), person(4, 0.5, 0.5).lost()];
    let output = harness.frame(0.0, others).unwrap();
    assert!(output.events().is_empty());
    assert_eq!(output.measured("yard.count"), Some(0.0));
}

#[test]
fn the_centre_can_be_the_anchor() {
    // The foot is below the zone, the centre within it.
    let tall = track(1, "person").sized(0.1, 0.5).centre_at(0.5, 0.6);
    let mut foot = Harness::<Zones>::new(yard(&json!({}))).unwrap();
    assert!(foot.frame(0.0, [tall.clone()]).unwrap().events().is_empty());
    let mut centre = Harness::<Zones>::new(with("anchor", json!("centre"))).unwrap();
    assert_eq!(told(&centre.frame(0.0, [tall]).unwrap()), ["zone-enter"]);
}

#[test]
fn a_foot_below_the_picture_is_in_a_zone_that_ends_at_its_edge() {
    let polygon = json!([[0.3, 0.5], [0.7, 0.5], [0.7, 1.0], [0.3, 1.0]]);
    let mut harness = Harness::<Zones>::new(yard(&json!({ "polygon": polygon }))).unwrap();
    assert_eq!(told(&harness.frame(0.0, [person(1, 0.5, 1.05)]).unwrap()), ["zone-enter"]);
}

#[test]
fn who_is_not_seen_stays_for_the_memory_and_has_left_when_last_seen() {
    let mut harness = Harness::<Zones>::new(with("memory_s", json!(2))).unwrap();
    harness.frame(0.0, [person(1, 0.5, 0.5)]).unwrap();
    harness.frame(1.0, [person(1, 0.5, 0.5)]).unwrap();
    let hidden = harness.frame(2.9, [person(1, 0.9, 0.5).lost()]).unwrap();
    assert_eq!((told(&hidden).len(), hidden.measured("yard.count")), (0, Some(1.0)));
    let gone = harness.frame(3.1, []).unwrap();
    assert_eq!(told(&gone), ["zone-leave 1.0 vanished"]);
    assert_eq!(gone.measured("yard.count"), Some(0.0));
}

#[test]
fn a_new_id_goes_on_with_the_stay_of_the_one_that_vanished() {
    let mut harness = Harness::<Zones>::new(yard(&json!({"dwell_s": 1}))).unwrap();
    let mut all = Vec::new();
    for index in 0..15 {
        let id = if index < 7 { 1 } else { 2 };
        all.extend(told(&harness.frame(f64::from(index) / 10.0, [person(id, 0.5, 0.5)]).unwrap()));
    }
    assert_eq!(all, ["zone-enter", "zone-dwell 1.0"]);
}

#[test]
fn dwelling_is_told_once_a_stay_and_begins_anew_with_the_next() {
    let mut xs = stay(0.5, 15);
    xs.extend(stay(0.9, 3));
    xs.extend(stay(0.5, 8));
    xs.extend(stay(0.9, 3));
    xs.extend(stay(0.5, 15));
    let dwells =
        walk(yard(&json!({"dwell_s": 1})), &xs).into_iter().filter(|told| told.starts_with("zone-dwell"));
    assert_eq!(dwells.collect::<Vec<_>>(), ["zone-dwell 1.0", "zone-dwell 1.0"]);
}

#[test]
fn loitering_adds_up_stays_with_short_absences_and_is_told_once() {
    let loiters = |absence_s: f64| {
        let mut xs = stay(0.5, 8);
        xs.extend(stay(0.9, 10));
        xs.extend(stay(0.5, 8));
        xs.extend(stay(0.9, 3));
        xs.extend(stay(0.5, 4));
        let walked = walk(yard(&json!({"loitering_s": 1.2, "absence_s": absence_s})), &xs);
        walked.into_iter().filter(|told| told.starts_with("zone-loitering")).collect::<Vec<_>>()
    };
    assert_eq!(loiters(5.0), ["zone-loitering 1.2"]);
    assert!(loiters(0.5).is_empty(), "an absence of a second is too long");
}

#[test]
fn the_wrong_way_is_told_once_a_stay_and_trembling_is_no_way() {
    let one_way = || yard(&json!({"direction": {"from": [0.3, 0.5], "to": [0.7, 0.5], "tolerance_deg": 60}}));
    let steps = |from: f32, to: f32| (0..=30).map(move |step| from + (to - from) * step as f32 / 30.0);
    let wrong = |xs: Vec<f32>| {
        let walked = walk(one_way(), &xs).into_iter();
        walked.filter(|told| told.starts_with("zone-wrong-way")).collect::<Vec<_>>()
    };
    assert!(wrong(steps(0.2, 0.9).collect()).is_empty());
    assert_eq!(wrong(steps(0.9, 0.2).collect()), ["zone-wrong-way 180.0"]);
    let trembling = (0..60).map(|step| if step % 2 == 0 { 0.5 } else { 0.508 });
    assert!(wrong(trembling.collect()).is_empty());
    assert_eq!(
        wrong(steps(0.4, 0.6).chain(steps(0.6, 0.4)).collect()).len(),
        1,
        "who turns around goes wrong"
    );
}

#[test]
fn a_way_within_the_tolerance_is_right_in_a_picture_wider_than_high() {
    // Twice as wide as high: 0.1 across is as far as 0.2 down, 45 degrees.
    let goes = |tolerance: u32| {
        let direction = json!({"from": [0.3, 0.5], "to": [0.7, 0.5], "tolerance_deg": tolerance});
        let settings = yard(&json!({ "direction": direction }));
        let mut harness = Harness::<Zones>::on_camera(settings, Size::new(200, 100), &["person"]).unwrap();
        let mut all = Vec::new();
        for index in 0..10 {
            let by = index as f32 * 0.02;
            let at = person(1, 0.4 + by, 0.3 + 2.0 * by);
            all.extend(told(&harness.frame(f64::from(index) / 10.0, [at]).unwrap()));
        }
        all.iter().any(|told| told.starts_with("zone-wrong-way"))
    };
    assert!(goes(40));
    assert!(!goes(50));
}

#[test]
fn the_count_is_by_class_and_the_limits_hold_before_they_count() {
    let settings = yard(&json!({"over": 1, "under": 1, "limit_s": 0.5}));
    let mut harness = Harness::<Zones>::new(settings).unwrap();
    let car = || track(2, "car").foot_at(0.6, 0.5);
    let limits = |output: &Output| -> Vec<String> {
        told(output).into_iter().filter(|told| told.starts_with("zone-limit")).collect()
    };
    assert!(limits(&harness.frame(0.0, []).unwrap()).is_empty());
    assert_eq!(limits(&harness.frame(0.5, []).unwrap()), ["zone-limit under 1 true 0"]);
    harness.frame(1.0, [person(1, 0.5, 0.5), car()]).unwrap();
    let full = harness.frame(1.6, [person(1, 0.5, 0.5), car()]).unwrap();
    assert_eq!(limits(&full), ["zone-limit over 1 true 2", "zone-limit under 1 false 2"]);
    assert_eq!((full.measured("yard.count"), full.measured("yard.count.car")), (Some(2.0), Some(1.0)));
    let Overlay::Polygon { tone, label, .. } = &full.overlays()[0] else { panic!("no outline") };
    assert_eq!((*tone, label.as_str()), (Tone::Bad, "yard  2"));
    harness.frame(1.7, [person(1, 0.5, 0.5), car().foot_at(0.9, 0.5)]).unwrap();
    assert!(limits(&harness.frame(1.8, [person(1, 0.5, 0.5), car()]).unwrap()).is_empty(), "too short");
}

#[test]
fn overlapping_zones_count_on_their_own_and_the_query_tells_them_all() {
    let left = json!({"name": "left", "polygon": [[0.1, 0.1], [0.6, 0.1], [0.6, 0.9], [0.1, 0.9]]});
    let right = json!({"name": "right", "polygon": [[0.4, 0.1], [0.9, 0.1], [0.9, 0.9], [0.4, 0.9]]});
    let mut harness = Harness::<Zones>::new(json!({"zones": [left, right]})).unwrap();
    for (index, x) in [0.5, 0.5, 0.8, 0.8].into_iter().enumerate() {
        harness.frame(index as f64, [person(1, x, 0.5)]).unwrap();
    }
    assert!(harness.query(&json!({"zone": "a"})).unwrap_err().contains("\"zone\""));
    let answer = harness.query(&Json::Null).unwrap();
    let left = json!({"count": 0, "classes": {"person": 0}, "entries": 1, "exits": 1, "mean_stay_s": 2.0,
        "over": false, "under": false});
    assert_eq!(answer["zones"]["left"], left);
    assert_eq!(answer["zones"]["right"]["count"], 1);
}

#[test]
fn a_swap_between_any_two_frames_changes_nothing() {
    let settings = || {
        yard(&json!({
            "dwell_s": 0.5, "loitering_s": 1, "over": 1, "limit_s": 0.3,
            "direction": {"from": [0.3, 0.5], "to": [0.7, 0.5]},
        }))
    };
    let run = |swap_before: Option<usize>| {
        let mut harness = Harness::<Zones>::new(settings()).unwrap();
        let mut outputs = Vec::new();
        let mut x = 0.1_f32;
        for step in 0..60 {
            if swap_before == Some(step) {
                harness.swap().unwrap();
            }
            x += if step % 20 < 15 { 0.03 } else { -0.05 };
            let first = if step % 7 == 3 { person(1, x, 0.5).tentative() } else { person(1, x, 0.5) };
            let id = if step < 30 { 2 } else { 3 };
            let time = step as f64 / 10.0;
            outputs.push(harness.frame(time, [first, person(id, 0.31, 0.5)]).unwrap());
        }
        outputs.push(harness.finish(6.0).unwrap());
        outputs
    };
    let undisturbed = run(None);
    assert!(undisturbed.iter().map(|output| output.events().len()).sum::<usize>() >= 8);
    for step in 0..60 {
        assert_eq!(run(Some(step)), undisturbed, "swapped before frame {step}");
    }
}

#[test]
fn numbers_go_by_name_and_stays_begin_anew_where_a_zone_was_moved() {
    let mut old = Harness::<Zones>::new(yard(&json!({}))).unwrap();
    old.frame(0.0, [person(1, 0.5, 0.5)]).unwrap();
    let moved = json!([[0.4, 0.2], [0.7, 0.2], [0.7, 0.8], [0.4, 0.8]]);
    for (settings, entries) in [(yard(&json!({"dwell_s": 9})), 1), (yard(&json!({ "polygon": moved })), 2)] {
        let mut successor = Harness::<Zones>::new(settings).unwrap();
        successor.restore(&old.save(), "0.0.9").unwrap();
        let output = successor.frame(1.0, [person(1, 0.5, 0.5)]).unwrap();
        assert_eq!(output.measured("yard.entries"), Some(f64::from(entries)));
    }
}

#[test]
fn a_state_of_something_else_is_refused_and_changes_nothing() {
    let mut harness = Harness::<Zones>::new(yard(&json!({}))).unwrap();
    harness.frame(0.0, [person(1, 0.5, 0.5)]).unwrap();
    let state = harness.save();
    for bad in [b"".as_slice(), b"\xff", b"7", br#"{"zones":[{"name":1}]}"#] {
        assert!(harness.restore(bad, "9.9.9").unwrap_err().contains("state of version 9.9.9"));
        assert_eq!(harness.save(), state);
    }
}

#[test]
fn a_crowd_in_all_zones_stays_within_what_the_host_takes() {
    let zone = |index: u32| {
        let polygon = json!([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]);
        json!({"name": format!("{index:0>64}"), "polygon": polygon, "loitering_s": 1, "over": 1, "limit_s": 0})
    };
    let zones: Vec<Json> = (0..64).map(zone).collect();
    let mut harness = Harness::<Zones>::new(json!({ "zones": zones })).unwrap();
    let crowd = |from: u64| (from..from + 1500).map(|id| person(id * 1_000_000_007, 0.5, 0.5));
    for step in 0..4_u32 {
        let output = harness.frame(1e9 + f64::from(step), crowd(1 + u64::from(step) * 500)).unwrap();
        assert!(output.events().len() <= 1000 && output.measurements().len() <= 1000);
        assert!(harness.save().len() < 1 << 20, "{} bytes", harness.save().len());
    }
    harness.swap().unwrap();
    assert!(harness.finish(2e9).unwrap().events().len() <= 1000);
}

#[test]
fn boxes_that_are_no_boxes_and_broken_columns_are_nobody() {
    let mut harness = Harness::<Zones>::on_camera(yard(&json!({})), Size::new(0, 0), &["person"]).unwrap();
    let odd = [Rect::new(-1e30, -1e30, f32::MAX, f32::MAX), Rect::new(0.5, 0.5, -0.8, 0.1)];
    let odd = odd.into_iter().zip(1..).map(|(rect, id)| track(id, "person").rect(rect));
    assert_eq!(harness.frame(0.0, odd).unwrap().measured("yard.count"), Some(0.0));
    let broken = Columns { ids: vec![1, 2], boxes: vec![0.5; 7], states: vec![1], ..Columns::default() };
    assert_eq!(harness.columns(1.0, broken).unwrap().measured("yard.count"), Some(0.0));
}
