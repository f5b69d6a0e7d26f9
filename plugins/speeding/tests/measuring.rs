//! What is reported of vehicles, and what is not.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_core::Value;
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use ocellus_sdk::{Columns, Output};
use serde_json::{Value as Json, json};
use speeding::Speeding;

const RATE: f64 = 10.0;

/// A car on a straight road, seen from its right: it comes in at `from_s`, drives along x and leaves after `seconds`.
#[derive(Clone, Copy)]
struct Car {
    id: u64,
    from_s: f64,
    seconds: f64,
    kmh: f64,
    lane_m: f64,
}

impl Car {
    const fn new(id: u64, kmh: f64) -> Car {
        Car { id, from_s: 0.0, seconds: 4.0, kmh, lane_m: 0.0 }
    }

    /// As it is seen at `time`; its speed is known after half a second.
    fn at(&self, time: f64) -> Option<TrackBuilder> {
        let since = time - self.from_s;
        if !(0.0..=self.seconds).contains(&since) {
            return None;
        }
        let (mps, known) = (self.kmh / 3.6, since >= 0.5);
        let along = (since / self.seconds * 0.9 + 0.05) as f32;
        let seen = track(self.id, "car").foot_at(along, 0.6).ground((mps * since) as f32, self.lane_m as f32);
        Some(if known { seen.velocity(mps as f32, 0.0) } else { seen })
    }
}

/// All events of these cars, over ten seconds and the end of the stream.
fn events(settings: &Json, cars: &[Car]) -> Vec<(String, Vec<(String, Value)>)> {
    let mut rule = Harness::<Speeding>::new(settings).unwrap();
    let mut events = Vec::new();
    for frame in 1..=100_u32 {
        let time = f64::from(frame) / RATE;
        take(&rule.frame(time, cars.iter().filter_map(|car| car.at(time))).unwrap(), &mut events);
    }
    take(&rule.finish(10.1).unwrap(), &mut events);
    events
}

fn take(output: &Output, events: &mut Vec<(String, Vec<(String, Value)>)>) {
    events.extend(output.events().iter().map(|event| (event.kind.clone(), event.attributes.clone())));
}

fn number(attributes: &[(String, Value)], wanted: &str) -> f64 {
    match attributes.iter().find(|(key, _)| key == wanted) {
        Some((_, Value::Number(number))) => *number,
        other => unreachable!("{wanted}: {other:?}"),
    }
}

#[test]
fn a_car_over_the_limit_is_reported_once_with_its_speed_and_one_below_is_not() {
    let found =
        events(&json!({"limit_kmh": 50}), &[Car::new(1, 72.0), Car { lane_m: 5.0, ..Car::new(2, 48.0) }]);
    let [(kind, attributes)] = found.as_slice() else { unreachable!("{found:?}") };
    assert_eq!(kind, "speeding");
    assert!((number(attributes, "speed_kmh") - 72.0).abs() < 0.2, "{attributes:?}");
    assert!((number(attributes, "peak_kmh") - 72.0).abs() < 0.5, "{attributes:?}");
    assert!(number(attributes, "uncertainty_kmh") > 0.0);
    assert_eq!(number(attributes, "limit_kmh"), 50.0);
}

#[test]
fn a_speed_that_may_be_below_the_limit_is_no_violation() {
    assert_eq!(events(&json!({"limit_kmh": 60}), &[Car::new(1, 60.3)]).len(), 0);
    let found = events(&json!({"limit_kmh": 60, "sureness": 0}), &[Car::new(1, 60.3)]);
    assert_eq!(found.len(), 1, "with sureness 0 the mean decides: {found:?}");
}

#[test]
fn a_car_that_is_seen_too_shortly_is_not_judged() {
    let short = Car { seconds: 0.9, ..Car::new(1, 90.0) };
    assert_eq!(events(&json!({"limit_kmh": 50}), &[short]).len(), 0);
    let slow = Car::new(1, 3.0);
    let found = events(&json!({"limit_kmh": 1, "min_distance_m": 5}), &[slow]);
    assert_eq!(found.len(), 0, "three metres are too few: {found:?}");
}

#[test]
fn one_whose_identity_changes_on_the_way_is_one_vehicle() {
    let (first, second) = (
        Car { seconds: 2.0, ..Car::new(1, 72.0) },
        // The same car: it goes on where the first stops.
        Car { id: 2, from_s: 2.1, seconds: 2.0, ..Car::new(2, 72.0) },
    );
    let mut rule = Harness::<Speeding>::new(json!({"limit_kmh": 50, "report": "all"})).unwrap();
    let mut found = Vec::new();
    for frame in 1..=100_u32 {
        let time = f64::from(frame) / RATE;
        let moved = |car: Car| {
            let builder = car.at(time)?;
            let along = (20.0 * time) as f32;
            let known = time - car.from_s >= 0.5;
            let builder = builder.ground(along, 0.0);
            Some(if known { builder.velocity(20.0, 0.0) } else { builder })
        };
        take(&rule.frame(time, [first, second].into_iter().filter_map(moved)).unwrap(), &mut found);
    }
    let kinds: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["passage", "speeding"], "{found:?}");
    assert!(number(&found[0].1, "seconds") > 3.0, "{found:?}");
}

#[test]
fn two_cars_side_by_side_keep_their_own_speeds() {
    let cars = [Car::new(1, 72.0), Car { lane_m: 3.5, from_s: 1.0, ..Car::new(2, 90.0) }];
    let found = events(&json!({"limit_kmh": 50}), &cars);
    let speeds: Vec<f64> =
        found.iter().map(|(_, attributes)| number(attributes, "speed_kmh").round()).collect();
    assert_eq!(speeds, [72.0, 90.0]);
}

#[test]
fn one_that_stays_is_reported_before_it_leaves_and_not_again() {
    let long = Car { seconds: 9.5, ..Car::new(1, 72.0) };
    let settings = json!({"limit_kmh": 50, "report_after_s": 2});
    let mut rule = Harness::<Speeding>::new(&settings).unwrap();
    let mut first = None;
    let mut count = 0;
    for frame in 1..=150_u32 {
        let time = f64::from(frame) / RATE;
        let output = rule.frame(time, long.at(time)).unwrap();
        count += output.events().len();
        if first.is_none() && !output.events().is_empty() {
            first = Some(time);
        }
    }
    assert_eq!(count, 1);
    assert!(first.is_some_and(|first| (2.4..3.0).contains(&first)), "{first:?}");
}

#[test]
fn each_zone_has_its_own_limit() {
    let zones = json!([
        {"name": "slow", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "limit_kmh": 30},
        {"name": "fast", "polygon": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
    ]);
    let found = events(&json!({"limit_kmh": 100, "zones": zones}), &[Car::new(1, 72.0)]);
    let [(_, attributes)] = found.as_slice() else { unreachable!("{found:?}") };
    assert_eq!(attributes[0], ("zone".to_owned(), Value::Text("slow".to_owned())));
    assert_eq!(number(attributes, "limit_kmh"), 30.0);
}

#[test]
fn a_swap_in_the_middle_of_a_passage_changes_nothing() {
    let car = Car::new(1, 72.0);
    let run = |swap_at: Option<u32>| {
        let mut rule = Harness::<Speeding>::new(json!({"limit_kmh": 50, "report": "all"})).unwrap();
        let mut found = Vec::new();
        for frame in 1..=100_u32 {
            if swap_at == Some(frame) {
                rule.swap().unwrap();
            }
            let time = f64::from(frame) / RATE;
            take(&rule.frame(time, car.at(time)).unwrap(), &mut found);
        }
        (found, rule.query(&json!({})).unwrap())
    };
    let unchanged = run(None);
    assert_eq!(unchanged.0.len(), 2);
    for frame in [3, 20, 41, 45, 60] {
        assert_eq!(run(Some(frame)), unchanged, "swapped before frame {frame}");
    }
}

#[test]
fn violations_can_be_asked_for_and_are_limited() {
    let mut rule = Harness::<Speeding>::new(json!({"limit_kmh": 50})).unwrap();
    for number in 0..600_u32 {
        let start = f64::from(number) * 6.0;
        for frame in 1..=58_u32 {
            let time = start + f64::from(frame) / RATE;
            let car = Car { from_s: start, seconds: 3.0, ..Car::new(u64::from(number) + 1, 72.0) };
            rule.frame(time, car.at(time)).unwrap();
        }
    }
    let answer = rule.query(&json!({"limit": 3})).unwrap();
    assert_eq!(answer["total"], 600);
    let numbers: Vec<u64> =
        answer["violations"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [598, 599, 600]);
    assert_eq!(rule.query(&json!({"limit": 100_000})).unwrap()["violations"].as_array().unwrap().len(), 500);
    let error = rule.query(&json!({"limits": 3})).unwrap_err();
    assert!(error.contains("limits") && error.contains("ask for"), "{error}");
    assert!(rule.save().len() < 1 << 20);
}

#[test]
fn a_state_of_a_full_road_stays_within_its_bound() {
    let mut rule = Harness::<Speeding>::new(json!({"limit_kmh": 50})).unwrap();
    for frame in 1..=30_u32 {
        let time = f64::from(frame) / RATE;
        let cars = (1..=2000).map(|id| Car { lane_m: 4.0 * id as f64, ..Car::new(id, 72.0) });
        rule.frame(time, cars.filter_map(|car| car.at(time))).unwrap();
    }
    let state = rule.save();
    assert!(state.len() < 1 << 20, "{} bytes", state.len());
    rule.restore(&state, "0.1.0").unwrap();
}

#[test]
fn without_calibration_nothing_is_measured_and_that_is_said_once() {
    let mut rule = Harness::<Speeding>::new(json!({})).unwrap();
    for frame in 1..=400_u32 {
        let output = rule.frame(f64::from(frame) / RATE, [track(1, "car")]).unwrap();
        assert_eq!((output.events().len(), output.measured("vehicles")), (0, Some(0.0)));
    }
    let log = rule.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].1.contains("calibrate the camera"), "{log:?}");
}

#[test]
fn lost_tracks_and_odd_columns_measure_nothing_and_do_no_harm() {
    let mut rule = Harness::<Speeding>::new(json!({"limit_kmh": 50})).unwrap();
    let car = Car::new(1, 72.0);
    for frame in 1..=30_u32 {
        let time = f64::from(frame) / RATE;
        rule.frame(time, car.at(time).map(TrackBuilder::lost)).unwrap();
    }
    assert_eq!(rule.finish(4.0).unwrap().events().len(), 0);
    for (number, bad) in [f32::NAN, f32::INFINITY, f32::MAX, -f32::MAX].into_iter().enumerate() {
        for frame in 0..20_u32 {
            let columns = Columns {
                ids: vec![7],
                classes: vec![2],
                confidences: vec![0.9],
                states: vec![1],
                boxes: vec![0.1, 0.1, 0.1, 0.1],
                ground: vec![bad, f32::from(frame as u16), 10.0, bad],
                ground_sigma: vec![bad],
                first_seen_us: vec![1],
                ..Columns::default()
            };
            rule.columns(10.0 + number as f64 * 10.0 + f64::from(frame) / RATE, columns).unwrap();
        }
    }
    for event in rule.finish(60.0).unwrap().events() {
        for (key, value) in &event.attributes {
            assert!(!matches!(value, Value::Number(number) if !number.is_finite()), "{key}: {event:?}");
        }
    }
}
