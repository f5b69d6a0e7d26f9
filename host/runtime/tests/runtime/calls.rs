//! Ordinary calls: what arrives at the rule, what comes back.

use ocellus_core::{Overlay, Point, TimeUs, Value};
use ocellus_runtime::{BindError, CallError, Share, TrackColumns};

use crate::support::{
    CAMERA, binding, compiled, failure, frame, guest, instance, marked, name, probed, probed_with, track,
};

fn text_of(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        other => panic!("a text, not {other:?}"),
    }
}

#[test]
fn a_rule_sees_the_frame_and_every_column_of_its_tracks() {
    let mut instance = instance("echo");
    let mut columns = TrackColumns::new();
    columns.fill(&[track(7), track(9)], frame(1).size);
    columns.set_embeddings(2, &[0, -1], &[0.25, 0.75]);
    let output = instance.process(&frame(1), &columns).expect("answers");
    let seen = text_of(&output.events[0].attributes[0].1);
    for part in [
        "camera: 4, sequence: 1, time-us: 1100000, width: 640, height: 360",
        "ids: [7, 9], classes: [1, 1], confidences: [0.5, 0.5], states: [1, 1]",
        "boxes: [0.1, 0.1, 0.2, 0.2, 0.1, 0.1, 0.2, 0.2], ground: [], ground-sigma: [], first-seen-us: [17, 17]",
        // Appearances are a power, and contract 0.1 has none.
        "embeddings: [], embedding-size: 0, embedding-rows: [], readings: []",
    ] {
        assert!(seen.contains(part), "{seen} contains {part}");
    }
}

#[test]
fn a_rule_knows_its_cameras_by_handle_name_and_classes() {
    assert_eq!(instance("").query("").expect("answers"), "1 4:north:person+car");
}

#[test]
fn finish_command_and_query_reach_the_rule() {
    let mut instance = instance("");
    let set = instance.command(TimeUs(5), "40").expect("taken");
    assert_eq!(set.events[0].attributes, [("at".to_owned(), Value::Integer(5))]);
    let error = instance.command(TimeUs(6), "forty").expect_err("refused");
    assert!(error.to_string().ends_with("not a number"), "{error}");
    let total = instance.finish(TimeUs(7)).expect("answers");
    assert_eq!(total.events[0].attributes, [("frames".to_owned(), Value::Integer(40))]);
}

#[test]
fn a_rules_own_error_leaves_it_alive() {
    let (error, mut instance) = failure("refuse");
    assert_eq!(error.to_string(), "process: the rule answered with an error: not this frame");
    assert!(!error.is_fatal() && instance.is_alive());
    assert_eq!(instance.query("").expect("still answers"), "2 4:north:person+car");
}

#[test]
fn numbers_that_are_none_are_left_out_and_the_rest_stays() {
    let mut instance = instance("nan");
    let output = instance.process(&frame(1), &TrackColumns::new()).expect("taken");
    assert_eq!(output.events[0].attributes, [("good".to_owned(), Value::Number(0.5))]);
    assert_eq!(output.measurements.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["good"]);
    let [Overlay::Polygon { corners, .. }, Overlay::Line { segment, .. }, Overlay::Label { text, .. }] =
        &output.overlays[..]
    else {
        panic!("one of each, not {:?}", output.overlays);
    };
    assert_eq!(corners[2], Point::new(16.0, 0.0), "far away is as far as it needs to be");
    assert_eq!(segment.to, Point::new(0.5, 0.5));
    assert_eq!(text.len(), 256);
    assert_eq!(instance.left_out(), 6);
}

#[test]
fn kinds_and_attributes_that_break_the_contract_are_refused_and_the_rule_goes_on() {
    for (deed, words) in
        [("bad-kind", "event 0 has the kind \"two words\""), ("twice", "attribute \"a\" twice")]
    {
        let (error, instance) = failure(deed);
        assert!(error.to_string().contains(words), "{error}");
        assert!(instance.is_alive());
    }
}

#[test]
fn settings_are_judged_by_the_host_as_json_and_by_the_rule_as_settings() {
    let compiled = compiled(guest("probe"));
    let error = compiled.bind(binding("{\n  lines: 3}")).map(|_| ()).expect_err("not JSON");
    assert!(matches!(&error, BindError::Settings { reason, .. } if reason.contains("line 2")), "{error}");
    let bound = compiled.bind(binding(r#"{"do":"refuse-settings"}"#)).expect("JSON");
    let error = bound.probe().map(|_| ()).expect_err("refused").to_string();
    let expected = "plugin probe failed its trial: configure: the rule answered with an error: \
                    I do not like them";
    assert_eq!(error, expected);
}

#[test]
fn a_binding_names_each_camera_once_and_at_least_one() {
    let compiled = compiled(guest("probe"));
    let mut none = binding("{}");
    none.cameras.clear();
    let mut twice = binding("{}");
    twice.cameras.extend(binding("{}").cameras);
    assert!(matches!(compiled.bind(none), Err(BindError::NoCamera { .. })));
    assert!(matches!(compiled.bind(twice), Err(BindError::CameraTwice { .. })));
}

#[test]
fn a_camera_scope_has_an_instance_a_camera_and_a_site_scope_one_for_all() {
    let mut two = binding("{}");
    let mut other = two.cameras[0].clone();
    (other.handle, other.name) = (ocellus_core::CameraHandle(9), name("south"));
    two.cameras.push(other);
    let each = probed_with(guest("probe"), two.clone());
    assert_eq!(each.shares(), [Share::Camera(CAMERA), Share::Camera(ocellus_core::CameraHandle(9))]);
    let mut south = each.instantiate(each.shares()[1]).expect("starts");
    assert_eq!(south.query("").expect("answers"), "0 9:south:person+car");
    let all = probed_with(marked(&[("@deed=", "describe-site")]), two);
    assert_eq!(all.shares(), [Share::Site]);
    let mut site = all.instantiate(Share::Site).expect("starts");
    assert_eq!(site.query("").expect("answers"), "0 4:north:person+car,9:south:person+car");
}

#[test]
fn the_trial_leaves_no_trace_in_the_instances_made_after_it() {
    let probed = probed("");
    let mut fresh = probed.instantiate(probed.shares()[0]).expect("starts");
    assert_eq!(fresh.query("").expect("answers"), "0 4:north:person+car");
}

#[test]
fn a_dead_instance_answers_that_it_is_dead() {
    let (_, mut instance) = failure("trap");
    assert!(!instance.is_alive());
    assert_eq!(instance.process(&frame(2), &TrackColumns::new()), Err(CallError::Dead));
    assert_eq!(instance.save(), Err(CallError::Dead));
    assert_eq!(instance.query(""), Err(CallError::Dead));
}
