//! What is counted, case by case.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::Output;
use ocellus_sdk::core::event::{Overlay, Value};
use ocellus_sdk::core::{Event, Rect, Size};
use ocellus_sdk::test::{Harness, TrackBuilder, check_schema, track};
use serde_json::{Value as Json, json};
use traffic_stats::TrafficStats;

/// A region from x 0.3 to 0.7 and from y 0.2 to 0.8.
fn settings() -> Json {
    json!({"roi": [[0.3, 0.2], [0.7, 0.2], [0.7, 0.8], [0.3, 0.8]]})
}

fn with(key: &str, value: Json) -> Json {
    let mut settings = settings();
    settings[key] = value;
    settings
}

fn car(id: u64, x: f32) -> TrackBuilder {
    track(id, "car").sized(0.08, 0.1).foot_at(x, 0.5)
}

fn attribute<'e>(event: &'e Event, key: &str) -> Option<&'e Value> {
    event.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value)
}

fn number(event: &Event, key: &str) -> Option<f64> {
    match attribute(event, key)? {
        Value::Integer(value) => Some(*value as f64),
        Value::Number(value) => Some((value * 1e3).round() / 1e3),
        Value::Flag(_) | Value::Text(_) => None,
    }
}

fn of_kind<'o>(output: &'o Output, kind: &str) -> Vec<&'o Event> {
    output.events().iter().filter(|event| event.kind == kind).collect()
}

/// Drives track `id` as `class` through the region within two seconds from `time` on; the last output.
fn drive_through(harness: &mut Harness<TrafficStats>, id: u64, class: &str, time: f64) -> Output {
    let mut last = Output::new();
    for step in 0..=20 {
        let x = 0.1 + 0.04 * step as f32;
        let vehicle = track(id, class).sized(0.08, 0.1).foot_at(x, 0.5);
        last = harness.frame(time + f64::from(step) / 10.0, [vehicle]).unwrap();
    }
    last
}

#[test]
fn vehicles_are_counted_when_they_enter_and_told_when_they_leave() {
    let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
    let mut told = Vec::new();
    for (step, x) in [0.2, 0.4, 0.5, 0.6, 0.8, 0.9].into_iter().enumerate() {
        let output = harness.frame(step as f64, [car(7, x)]).unwrap();
        let inside = if (1..=3).contains(&step) { 1.0 } else { 0.0 };
        assert_eq!(output.measured("current_in_roi"), Some(inside), "{step}");
        assert_eq!(output.measured("total_vehicles"), Some(if step == 0 { 0.0 } else { 1.0 }));
        told.extend(of_kind(&output, "vehicle").into_iter().cloned());
    }
    assert_eq!((told.len(), told[0].track), (1, Some(7)));
    assert_eq!(attribute(&told[0], "type"), Some(&Value::from("car")));
    assert_eq!((number(&told[0], "seconds"), number(&told[0], "kmh")), (Some(3.0), None));
}

#[test]
fn the_end_of_the_stream_reports_totals_dwell_and_types_with_those_still_inside() {
    let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
    drive_through(&mut harness, 1, "car", 0.0);
    drive_through(&mut harness, 2, "truck", 3.0);
    drive_through(&mut harness, 3, "car", 6.0);
    harness.frame(10.0, [car(4, 0.5)]).unwrap();
    harness.frame(12.0, [car(4, 0.5)]).unwrap();
    let output = harness.finish(12.0).unwrap();
    let report = of_kind(&output, "traffic-report")[0];
    assert_eq!(number(report, "total_vehicles"), Some(4.0));
    assert_eq!((number(report, "type.car"), number(report, "type.truck")), (Some(3.0), Some(1.0)));
    assert_eq!(number(report, "seconds"), Some(12.0));
    // Three through within a second each, one for two seconds.
    let mean = number(report, "mean_dwell_s").unwrap();
    assert!((1.2..1.4).contains(&mean), "{mean}");
    assert_eq!(of_kind(&output, "vehicle").len(), 1);
}

#[test]
fn nothing_at_all_is_a_report_too() {
    let mut harness = Harness::<TrafficStats>::new(json!({})).unwrap();
    let output = harness.finish(5.0).unwrap();
    let report = of_kind(&output, "traffic-report")[0];
    assert_eq!((number(report, "total_vehicles"), number(report, "mean_dwell_s")), (Some(0.0), None));
}

#[test]
fn a_vehicle_is_of_the_type_that_it_was_taken_for_most_often() {
    let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
    let as_class = |class: &str, x: f32| track(1, class).sized(0.08, 0.1).foot_at(x, 0.5);
    for (step, class) in ["car", "truck", "truck", "car", "truck"].into_iter().enumerate() {
        harness.frame(step as f64 / 10.0, [as_class(class, 0.5)]).unwrap();
    }
    let output = harness.frame(0.5, [as_class("car", 0.9)]).unwrap();
    assert_eq!(attribute(of_kind(&output, "vehicle")[0], "type"), Some(&Value::from("truck")));
    assert_eq!(output.measured("total_vehicles.truck"), Some(1.0));
    assert_eq!(output.measured("total_vehicles.car"), Some(0.0));
}

#[test]
fn a_new_id_is_no_new_vehicle_and_trembling_on_the_outline_is_none() {
    let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
    for step in 0..10_u32 {
        let id = if step < 5 { 1 } else { 2 };
        harness.frame(f64::from(step) / 10.0, [car(id, 0.4 + 0.01 * step as f32)]).unwrap();
    }
    for step in 10..60_u32 {
        let x = if step % 2 == 0 { 0.297 } else { 0.303 };
        harness.frame(f64::from(step) / 10.0, [car(3, x)]).unwrap();
    }
    assert_eq!(harness.query(&Json::Null).unwrap()["total_vehicles"], 1);
}

#[test]
fn who_vanishes_inside_has_left_when_last_seen() {
    let mut harness = Harness::<TrafficStats>::new(with("memory_s", json!(2))).unwrap();
    harness.frame(0.0, [car(1, 0.5)]).unwrap();
    harness.frame(1.0, [car(1, 0.5)]).unwrap();
    assert_eq!(harness.frame(3.0, []).unwrap().measured("current_in_roi"), Some(1.0));
    let output = harness.frame(3.1, []).unwrap();
    assert_eq!(output.measured("current_in_roi"), Some(0.0));
    assert_eq!(number(of_kind(&output, "vehicle")[0], "seconds"), Some(1.0));
}

#[test]
fn without_a_region_the_whole_picture_counts_and_people_do_not() {
    let mut harness = Harness::<TrafficStats>::new(json!({})).unwrap();
    let person = track(2, "person").foot_at(0.5, 0.5);
    let below = track(1, "car").sized(0.3, 0.4).foot_at(0.5, 1.04);
    let output = harness.frame(0.0, [below, person]).unwrap();
    assert_eq!(output.measured("total_vehicles"), Some(1.0));
}

#[test]
fn the_flow_is_that_of_late_and_scaled_to_a_minute() {
    let mut harness = Harness::<TrafficStats>::new(with("flow_s", json!(30))).unwrap();
    for index in 0..6_u32 {
        drive_through(&mut harness, u64::from(index) + 1, "car", f64::from(index) * 5.0);
    }
    let flow = harness.frame(29.9, []).unwrap().measured("flow_per_minute").unwrap();
    assert!((flow - 12.0).abs() < 0.1, "{flow}");
    let flow = harness.frame(45.0, []).unwrap().measured("flow_per_minute");
    assert_eq!(flow, Some(6.0), "those of the last half minute");
    assert_eq!(harness.frame(90.0, []).unwrap().measured("flow_per_minute"), Some(0.0));
}

#[test]
fn speeds_are_a_mean_of_vehicles_where_the_camera_is_calibrated() {
    let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
    let slow = |x: f32| car(1, x).ground(0.0, 0.0).velocity(6.0, 8.0);
    let fast = |x: f32| car(2, x).foot_at(x, 0.7).ground(0.0, 5.0).velocity(20.0, 0.0);
    let young = |x: f32| car(3, x).foot_at(x, 0.3).ground(0.0, 9.0);
    let mut last = Output::new();
    for step in 0..5_u32 {
        last = harness.frame(f64::from(step), [slow(0.5), fast(0.5), young(0.5)]).unwrap();
    }
    assert_eq!(last.measured("current_speed_kmh"), Some(54.0));
    for step in 5..40_u32 {
        harness.frame(f64::from(step), [slow(0.5), fast(0.9)]).unwrap();
    }
    let output = harness.finish(40.0).unwrap();
    assert_eq!(number(of_kind(&output, "vehicle")[0], "kmh"), Some(36.0));
    // 36 and 72: of the vehicles, not of the frames that show them.
    assert_eq!(number(of_kind(&output, "traffic-report")[0], "mean_speed_kmh"), Some(54.0));
}

#[test]
fn the_picture_shows_the_region_with_its_numbers_and_the_query_tells_them() {
    let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
    let output = harness.frame(1.0, [car(1, 0.5)]).unwrap();
    let Overlay::Polygon { corners, label, .. } = &output.overlays()[0] else { panic!("no outline") };
    assert_eq!((corners.len(), label.as_str()), (4, "1 in, 1 now"));
    assert!(harness.query(&json!({"type": "car"})).unwrap_err().contains("\"type\""));
    let answer = harness.query(&Json::Null).unwrap();
    let expected = json!({
        "total_vehicles": 1, "current_in_roi": 1, "left": 0, "mean_dwell_s": null, "mean_speed_kmh": null,
        "current_speed_kmh": null, "since_us": 1_000_000, "types": {"car": {"total": 1, "current": 1}},
    });
    assert_eq!(answer, expected);
}

#[test]
fn a_swap_between_any_two_frames_changes_nothing() {
    let run = |swap_before: Option<u32>| {
        let mut harness = Harness::<TrafficStats>::new(settings()).unwrap();
        let mut outputs = Vec::new();
        for step in 0..60 {
            if swap_before == Some(step) {
                harness.swap().unwrap();
            }
            let x = 0.1 + (step % 30) as f32 * 0.03;
            let id = 1 + u64::from(step / 15);
            let moving = car(id, x).ground(x, 0.0).velocity(3.1 + x, 0.7);
            outputs.push(harness.frame(f64::from(step) / 10.0, [moving, car(9, 0.31).tentative()]).unwrap());
        }
        outputs.push(harness.finish(6.0).unwrap());
        outputs
    };
    let undisturbed = run(None);
    assert!(undisturbed.iter().map(|output| output.events().len()).sum::<usize>() >= 3);
    for step in 0..60 {
        assert_eq!(run(Some(step)), undisturbed, "swapped before frame {step}");
    }
}

#[test]
fn totals_outlive_a_new_region_and_who_is_inside_enters_it_anew() {
    let mut old = Harness::<TrafficStats>::new(settings()).unwrap();
    old.frame(0.0, [car(1, 0.5)]).unwrap();
    let mut successor = Harness::<TrafficStats>::new(json!({})).unwrap();
    successor.restore(&old.save(), "0.0.9").unwrap();
    assert_eq!(successor.frame(1.0, [car(1, 0.5)]).unwrap().measured("total_vehicles"), Some(2.0));
    let state = successor.save();
    for bad in [b"".as_slice(), b"7", br#"{"roi":1}"#] {
        assert!(successor.restore(bad, "9.9.9").unwrap_err().contains("state of version 9.9.9"));
        assert_eq!(successor.save(), state);
    }
}

#[test]
fn a_crowd_of_odd_boxes_stays_within_what_the_host_takes() {
    let mut harness = Harness::<TrafficStats>::on_camera(json!({}), Size::new(0, 0), &["car"]).unwrap();
    let odd = [Rect::new(-1e30, -1e30, f32::MAX, f32::MAX), Rect::new(0.5, 0.5, -0.8, 0.1)];
    let odd = odd.into_iter().zip(1..).map(|(rect, id)| track(id, "car").rect(rect));
    assert_eq!(harness.frame(0.0, odd).unwrap().measured("total_vehicles"), Some(0.0));
    for step in 1..4_u32 {
        let from = u64::from(step) * 3_000_000_000_007;
        let crowd = (from..from + 1500).map(|id| car(id, 0.5).ground(1e30, 1e30).velocity(1e30, 1e30));
        let output = harness.frame(f64::from(step) * 100.0, crowd).unwrap();
        assert!(output.events().len() <= 1000);
        assert!(harness.save().len() < 1 << 20, "{} bytes", harness.save().len());
    }
    assert!(harness.finish(1e9).unwrap().events().len() <= 1000);
}

#[test]
fn each_refusal_names_the_key_the_value_and_the_remedy() {
    let cases: [(Json, &[&str]); 8] = [
        (with("rio", json!(1)), &["unknown field `rio`", "`roi`"]),
        (with("roi", json!([[0.1, 0.1], [0.2, 0.2]])), &["roi", "at least 3 corners, found 2"]),
        (with("roi", json!([[0, 0], [640, 0], [640, 360]])), &["roi[1] is [640, 0]", "0..1"]),
        (with("flow_s", json!(0)), &["flow_s is 0", "1 to 3600 seconds"]),
        (with("classes", json!([])), &["classes is empty"]),
        (with("classes", json!(["lorry"])), &["\"lorry\"", "person, bicycle, car"]),
        (with("hysteresis", json!(-0.1)), &["hysteresis is -0.1"]),
        (with("anchor", json!("roof")), &["anchor", "`roof`", "`centre`"]),
    ];
    for (settings, parts) in cases {
        let message = Harness::<TrafficStats>::new(&settings).unwrap_err();
        for part in parts {
            assert!(message.contains(part), "{settings} gives {message:?} without {part:?}");
        }
    }
    let blind = Harness::<TrafficStats>::on_camera(json!({}), Size::new(64, 64), &["face"]).unwrap_err();
    assert!(blind.contains("knows none of car, truck, bus"), "{blind}");
}

#[test]
fn the_schema_handed_out_is_that_of_the_settings() {
    check_schema::<TrafficStats>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json")).unwrap();
}
