//! What counts as a crossing, case by case.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use line_crossing::LineCrossing;
use ocellus_sdk::core::event::{Overlay, Value};
use ocellus_sdk::core::{Point, Rect, Size};
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use ocellus_sdk::{Columns, Output};
use serde_json::{Value as Json, json};

fn door() -> Json {
    json!({"lines": [{"name": "door", "from": [0.5, 0.2], "to": [0.5, 0.8], "entry": "left-to-right"}]})
}

fn with(key: &str, value: Json) -> Json {
    let mut settings = door();
    settings[key] = value;
    settings
}

/// A person of id `id` with its foot at (x, y).
fn person(id: u64, x: f32, y: f32) -> TrackBuilder {
    track(id, "person").sized(0.04, 0.16).foot_at(x, y)
}

/// Walks track 1 over these x at 10 frames a second, at y = 0.5, and counts entries and exits.
fn walk(settings: Json, xs: &[f32]) -> (u64, u64) {
    follow(settings, &xs.iter().map(|x| (*x, 0.5)).collect::<Vec<_>>())
}

fn follow(settings: Json, path: &[(f32, f32)]) -> (u64, u64) {
    let mut harness = Harness::<LineCrossing>::new(settings).unwrap();
    let mut counter = Counter::default();
    for (index, (x, y)) in path.iter().enumerate() {
        counter.add(&harness.frame(index as f64 / 10.0, [person(1, *x, *y)]).unwrap());
    }
    counter.add(&harness.finish(path.len() as f64 / 10.0).unwrap());
    counter.0
}

#[derive(Default)]
struct Counter((u64, u64));

impl Counter {
    fn add(&mut self, output: &Output) {
        for event in output.events() {
            assert_eq!(event.kind, "line-crossing");
            assert!(event.track.is_some());
            let keys: Vec<&str> = event.attributes.iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(keys, ["line", "direction", "class"]);
            match &event.attributes[1].1 {
                Value::Text(direction) if direction == "entry" => self.0.0 += 1,
                Value::Text(direction) if direction == "exit" => self.0.1 += 1,
                other => panic!("direction {other:?}"),
            }
        }
    }
}

#[test]
fn from_left_to_right_over_a_line_drawn_downwards_is_an_entry() {
    assert_eq!(walk(door(), &[0.4, 0.45, 0.48, 0.53, 0.6]), (1, 0));
    assert_eq!(walk(door(), &[0.6, 0.53, 0.48, 0.4]), (0, 1));
}

#[test]
fn the_other_entry_direction_and_the_line_drawn_upwards_turn_it_around() {
    let mut reversed = door();
    reversed["lines"][0]["entry"] = json!("right-to-left");
    assert_eq!(walk(reversed, &[0.4, 0.6]), (0, 1));
    let mut upwards = door();
    upwards["lines"][0]["from"] = json!([0.5, 0.8]);
    upwards["lines"][0]["to"] = json!([0.5, 0.2]);
    assert_eq!(walk(upwards, &[0.4, 0.6]), (0, 1));
}

#[test]
fn the_event_and_the_report_say_what_happened() {
    let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
    harness.frame(0.0, [person(7, 0.4, 0.5)]).unwrap();
    let output = harness.frame(0.1, [person(7, 0.6, 0.5)]).unwrap();
    let event = &output.events()[0];
    assert_eq!(event.track, Some(7));
    assert_eq!(
        event.attributes,
        [("line", "door"), ("direction", "entry"), ("class", "person")]
            .map(|(key, value)| (key.to_owned(), Value::from(value)))
    );
    assert_eq!((output.measured("door.entries"), output.measured("door.exits")), (Some(1.0), Some(0.0)));
    let Overlay::Line { segment, label, .. } = &output.overlays()[0] else { panic!("no line") };
    assert_eq!((segment.from, label.as_str()), (Point::new(0.5, 0.2), "door  in 1 out 0"));
    let answer = harness.query(&Json::Null).unwrap();
    let people = json!({"person": {"entries": 1, "exits": 0}});
    assert_eq!(answer, json!({"lines": {"door": {"entries": 1, "exits": 0, "classes": people}}}));
    let by_class = ["door.entries.person", "door.exits.person"].map(|name| output.measured(name));
    assert_eq!(by_class, [Some(1.0), Some(0.0)]);
    assert!(harness.query(&json!({"line": "door"})).unwrap_err().contains("\"line\""));
}

#[test]
fn turning_back_before_or_just_over_the_line_counts_nothing() {
    assert_eq!(walk(door(), &[0.4, 0.48, 0.499, 0.48, 0.4]), (0, 0));
    assert_eq!(walk(door(), &[0.4, 0.48, 0.502, 0.48, 0.4]), (0, 0));
}

#[test]
fn going_over_and_coming_back_counts_both_ways() {
    assert_eq!(walk(door(), &[0.4, 0.6, 0.6, 0.4, 0.6]), (2, 1));
}

#[test]
fn trembling_on_the_line_counts_nothing() {
    let mut xs = vec![0.4];
    xs.extend((0..200).map(|index| if index % 2 == 0 { 0.504 } else { 0.496 }));
    assert_eq!(walk(door(), &xs), (0, 0));
    xs.push(0.6);
    assert_eq!(walk(door(), &xs), (1, 0), "what it does in the end counts once");
}

#[test]
fn a_single_outlier_just_beyond_the_hysteresis_counts_nothing_and_staying_there_does() {
    // 0.51 is 0.0178 picture heights beyond the line at 16:9.
    assert_eq!(walk(door(), &[0.4, 0.49, 0.51, 0.49, 0.4]), (0, 0));
    assert_eq!(walk(door(), &[0.4, 0.49, 0.51, 0.51, 0.51]), (1, 0));
}

#[test]
fn the_last_thing_seen_of_a_track_counts_when_nothing_contradicts_it() {
    let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
    for (index, x) in [0.4, 0.49, 0.51].into_iter().enumerate() {
        assert!(harness.frame(index as f64 / 10.0, [person(1, x, 0.5)]).unwrap().events().is_empty());
    }
    assert!(harness.frame(0.3, []).unwrap().events().is_empty());
    let output = harness.frame(0.4, []).unwrap();
    assert_eq!((output.events().len(), output.events()[0].track), (1, Some(1)));
    assert!(harness.finish(0.5).unwrap().events().is_empty());
}

#[test]
fn around_the_end_counts_nothing_and_leaves_no_phantom() {
    let around = [(0.4, 0.5), (0.4, 0.9), (0.6, 0.9), (0.6, 0.5)];
    assert_eq!(follow(door(), &around), (0, 0));
    let through_and_around = [(0.4, 0.5), (0.6, 0.5), (0.6, 0.9), (0.4, 0.9), (0.4, 0.5), (0.3, 0.5)];
    assert_eq!(follow(door(), &through_and_around), (1, 0));
    let around_and_through = [(0.4, 0.5), (0.4, 0.9), (0.6, 0.9), (0.6, 0.5), (0.4, 0.5)];
    assert_eq!(follow(door(), &around_and_through), (0, 1));
}

#[test]
fn trembling_along_the_line_past_its_end_and_then_over_counts_nothing() {
    let mut path = vec![(0.45, 0.5)];
    for step in 0..40 {
        path.push((if step % 2 == 0 { 0.503 } else { 0.497 }, 0.5 + step as f32 * 0.01));
    }
    path.push((0.6, 0.9));
    assert_eq!(follow(door(), &path), (0, 0));
}

#[test]
fn an_end_at_the_edge_catches_feet_below_the_picture() {
    let mut full = door();
    full["lines"][0]["from"] = json!([0.5, 0.0]);
    full["lines"][0]["to"] = json!([0.5, 1.0]);
    assert_eq!(follow(full, &[(0.4, 1.01), (0.6, 1.02)]), (1, 0));
}

#[test]
fn hysteresis_is_measured_in_picture_heights_on_any_line() {
    let upright = with("hysteresis", json!(0.1));
    // Twice as wide as high: 0.04 of the width is 0.08 of the height.
    let cross = |settings: Json, to: (f32, f32)| {
        let mut harness =
            Harness::<LineCrossing>::on_camera(settings, Size::new(200, 100), &["person"]).unwrap();
        let start = if to.0 == 0.4 { (0.4, 0.7) } else { (0.4, 0.5) };
        let mut counter = Counter::default();
        for index in 0..8 {
            let (x, y) = if index == 0 { start } else { to };
            counter.add(&harness.frame(f64::from(index) / 10.0, [person(1, x, y)]).unwrap());
        }
        counter.0
    };
    assert_eq!(cross(upright.clone(), (0.54, 0.5)), (0, 0));
    assert_eq!(cross(upright, (0.56, 0.5)), (1, 0));
    let level = json!({
        "lines": [{"name": "step", "from": [0.2, 0.5], "to": [0.8, 0.5], "entry": "left-to-right"}],
        "hysteresis": 0.1,
    });
    assert_eq!(cross(level.clone(), (0.4, 0.42)), (0, 0));
    assert_eq!(cross(level, (0.4, 0.38)), (1, 0));
}

#[test]
fn without_hysteresis_every_change_of_side_counts_and_the_line_itself_is_neither() {
    let pure = with("hysteresis", json!(0));
    assert_eq!(walk(pure.clone(), &[0.499, 0.501, 0.499, 0.501]), (2, 1));
    assert_eq!(walk(pure.clone(), &[0.4, 0.5, 0.4]), (0, 0));
    assert_eq!(walk(pure, &[0.4, 0.5, 0.5, 0.6]), (1, 0));
}

#[test]
fn only_confirmed_tracks_of_the_chosen_classes_move() {
    let mut harness = Harness::<LineCrossing>::new(with("classes", json!(["person"]))).unwrap();
    let car = |x: f32| track(2, "car").foot_at(x, 0.5);
    harness.frame(0.0, [person(1, 0.4, 0.5), car(0.4)]).unwrap();
    let others = [person(1, 0.6, 0.5).lost(), car(0.6), person(3, 0.6, 0.5).tentative()];
    assert!(harness.frame(0.1, others).unwrap().events().is_empty());
    // The prediction was wrong: it never went over.
    assert!(harness.frame(0.2, [person(1, 0.45, 0.5)]).unwrap().events().is_empty());
    assert_eq!(harness.frame(0.3, [person(1, 0.6, 0.5)]).unwrap().events().len(), 1);
}

#[test]
fn a_track_that_returns_beyond_the_line_counts_once_unless_it_was_away_too_long() {
    for (away, expected) in [(0.5, 1), (3.0, 1), (4.9, 1), (5.5, 0)] {
        let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
        harness.frame(0.0, [person(1, 0.4, 0.5)]).unwrap();
        harness.frame(away / 2.0, [person(1, 0.45, 0.5).lost()]).unwrap();
        let output = harness.frame(away, [person(1, 0.6, 0.5)]).unwrap();
        assert_eq!(output.events().len(), expected, "away for {away} s");
        assert!(harness.frame(away + 0.1, [person(1, 0.61, 0.5)]).unwrap().events().is_empty());
    }
}

#[test]
fn the_centre_can_be_the_anchor() {
    let settings = json!({
        "lines": [{"name": "bar", "from": [0.0, 0.5], "to": [1.0, 0.5], "entry": "right-to-left"}],
        "anchor": "centre",
    });
    let mut harness = Harness::<LineCrossing>::new(settings).unwrap();
    let at = |y: f32| track(1, "person").centre_at(0.5, y);
    // The foot, 0.1 lower, crosses first and must not matter.
    harness.frame(0.0, [at(0.35)]).unwrap();
    assert!(harness.frame(0.1, [at(0.45)]).unwrap().events().is_empty());
    assert_eq!(harness.frame(0.2, [at(0.55)]).unwrap().measured("bar.entries"), Some(1.0));
}

#[test]
fn several_lines_count_apart() {
    let line = |name: &str, x: f32| json!({"name": name, "from": [x, 0.0], "to": [x, 1.0]});
    let settings = json!({"lines": [line("a", 0.3), line("b", 0.6)]});
    let mut harness = Harness::<LineCrossing>::new(settings).unwrap();
    harness.frame(0.0, [person(1, 0.2, 0.5), person(2, 0.9, 0.5)]).unwrap();
    harness.frame(0.1, [person(1, 0.45, 0.5), person(2, 0.7, 0.5)]).unwrap();
    let output = harness.frame(0.2, [person(1, 0.8, 0.5), person(2, 0.45, 0.5)]).unwrap();
    let measured = |name: &str| output.measured(name).unwrap();
    assert_eq!([measured("a.entries"), measured("a.exits")], [1.0, 0.0]);
    assert_eq!([measured("b.entries"), measured("b.exits")], [1.0, 1.0]);
}

#[test]
fn a_swap_between_any_two_frames_changes_nothing() {
    let xs = [0.4, 0.49, 0.51, 0.49, 0.52, 0.52, 0.52, 0.6, 0.49, 0.48, 0.4];
    let run = |swap_before: Option<usize>| {
        let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
        let mut outputs = Vec::new();
        for (index, x) in xs.into_iter().enumerate() {
            if swap_before == Some(index) {
                harness.swap().unwrap();
            }
            outputs.push(harness.frame(index as f64 / 10.0, [person(1, x, 0.5)]).unwrap());
        }
        (outputs, harness.save())
    };
    let undisturbed = run(None);
    assert_eq!(undisturbed.0.iter().map(|output| output.events().len()).sum::<usize>(), 2);
    for index in 0..xs.len() {
        assert_eq!(run(Some(index)), undisturbed, "swapped before frame {index}");
    }
}

#[test]
fn a_line_that_was_moved_keeps_its_counts_and_forgets_the_sides() {
    let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
    harness.frame(0.0, [person(1, 0.4, 0.5)]).unwrap();
    harness.frame(0.1, [person(1, 0.6, 0.5)]).unwrap();
    let state = harness.save();
    let mut moved = door();
    moved["lines"][0]["from"] = json!([0.7, 0.0]);
    moved["lines"][0]["to"] = json!([0.7, 1.0]);
    let mut successor = Harness::<LineCrossing>::new(moved).unwrap();
    successor.restore(&state, "0.1.0").unwrap();
    let output = successor.frame(0.2, [person(1, 0.62, 0.5)]).unwrap();
    assert!(output.events().is_empty());
    assert_eq!(output.measured("door.entries"), Some(1.0));
    assert_eq!(successor.frame(0.3, [person(1, 0.8, 0.5)]).unwrap().measured("door.entries"), Some(2.0));
}

#[test]
fn a_state_of_something_else_is_refused_and_changes_nothing() {
    let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
    harness.frame(0.0, [person(1, 0.4, 0.5)]).unwrap();
    let state = harness.save();
    for bad in [
        b"".as_slice(),
        b"{",
        b"null",
        b"[1,2]",
        br#"{"lines":[],"movers":[{"id":1,"at":[0,0],"time_us":0,"velocity":[0,0],"size":[0,0],"class":0,"sightings":1,"predecessor":null,"passages":[[0,0,0,0,null]]}]}"#,
    ] {
        let refusal = harness.restore(bad, "9.9.9").unwrap_err();
        assert!(refusal.contains("state"), "{refusal}");
        assert_eq!(harness.save(), state);
    }
}

#[test]
fn rows_that_are_no_objects_are_passed_over() {
    let mut harness = Harness::<LineCrossing>::new(door()).unwrap();
    let huge = track(1, "person").rect(Rect::new(-1e30, 0.0, 3e38, 1.0));
    let negative = track(2, "person").rect(Rect::new(0.5, 0.5, -0.1, -0.1));
    harness.frame(0.0, [huge, negative, person(3, 0.4, 0.5), person(3, 0.6, 0.5)]).unwrap();
    assert_eq!(harness.frame(0.1, [person(3, 0.6, 0.5)]).unwrap().events().len(), 1);
    let broken = Columns { ids: vec![3, 4], classes: vec![0], states: vec![1], ..Columns::default() };
    assert!(harness.columns(0.2, broken).unwrap().events().is_empty());
}

#[test]
fn memory_and_state_stay_bounded_under_a_flood_of_tracks() {
    let lines: Vec<Json> = (0..64)
        .map(|index| json!({"name": format!("line {index}"), "from": [0.5, 0.0], "to": [0.5, 1.0]}))
        .collect();
    let mut harness = Harness::<LineCrossing>::new(json!({"lines": lines})).unwrap();
    let mut largest = 0;
    for frame in 0..20_u64 {
        let crowd = (0..300).map(|index| {
            // In the band and beyond it, so that every passage is at its longest.
            let x = if frame % 2 == 0 { 0.4 } else { 0.508 };
            person(1_000_000_000_000 + (frame / 2) * 300 + index, x, 0.5)
        });
        harness.frame(1e9 + frame as f64 / 10.0, crowd).unwrap();
        largest = largest.max(harness.save().len());
    }
    assert!((100_000..1 << 20).contains(&largest), "{largest} bytes");
    // All of them are forgotten once unseen for long.
    harness.frame(1e9 + 60.0, []).unwrap();
    assert!(harness.save().len() < 10_000);
}

#[test]
fn time_that_stands_still_or_runs_back_does_no_harm() {
    let mut rule = ocellus_sdk::Instance::<LineCrossing>::new();
    let camera = ocellus_sdk::Camera {
        handle: ocellus_sdk::core::CameraHandle(1),
        name: "camera".into(),
        classes: ["person".to_owned()].into(),
    };
    rule.configure(&door().to_string(), ocellus_sdk::Site::new(vec![camera])).unwrap();
    for (sequence, time) in [(0, 5), (1, 5), (2, 0), (3, u64::MAX)] {
        let frame = ocellus_sdk::core::FrameInfo {
            camera: ocellus_sdk::core::CameraHandle(1),
            sequence,
            time: ocellus_sdk::core::TimeUs(time),
            size: Size::new(0, 0),
        };
        let columns = Columns {
            ids: vec![1],
            classes: vec![0],
            confidences: vec![1.0],
            states: vec![1],
            boxes: vec![0.1 * sequence as f32, 0.1, 0.1, 0.1],
            ..Columns::default()
        };
        rule.process(&frame, columns).unwrap();
    }
}
