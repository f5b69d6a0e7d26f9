//! What a rule can learn of the world: the frame's time and numbers that follow from its binding.

use ocellus_core::{Event, Value};
use ocellus_runtime::{LogLevel, TrackColumns};

use crate::support::{binding, frame, guest, name, probed, probed_with};

fn world(rule: &str) -> Vec<Event> {
    let mut binding = binding(r#"{"do":"world","after":0}"#);
    binding.rule = name(rule);
    let probed = probed_with(guest("probe"), binding);
    let mut instance = probed.instantiate(probed.shares()[0]).expect("starts");
    (0..3)
        .flat_map(|sequence| {
            instance.process(&frame(sequence), &TrackColumns::new()).expect("harmless").events
        })
        .collect()
}

fn attribute<'a>(event: &'a Event, key: &str) -> &'a Value {
    &event.attributes.iter().find(|(known, _)| known == key).expect("is there").1
}

#[test]
fn two_instances_of_one_binding_see_the_same_world_and_another_rule_draws_other_numbers() {
    let (one, two, other) = (world("gate"), world("gate"), world("door"));
    assert_eq!(one, two);
    assert_ne!(attribute(&one[0], "random"), attribute(&other[0], "random"));
    assert_ne!(attribute(&one[0], "random"), attribute(&one[1], "random"));
}

#[test]
fn the_clock_is_the_frames_time() {
    let times: Vec<Value> = world("gate").iter().map(|event| attribute(event, "wall").clone()).collect();
    assert_eq!(times, [1_000_000, 1_100_000, 1_200_000].map(Value::Integer));
}

#[test]
fn there_are_no_files_no_environment_and_no_input() {
    let world = world("gate");
    for key in ["folder", "write"] {
        let Value::Text(text) = attribute(&world[0], key) else { panic!("a text") };
        assert!(text != "a folder" && text != "written", "{key}: {text}");
    }
    assert_eq!(attribute(&world[0], "environment"), &Value::Integer(0));
    assert_eq!(attribute(&world[0], "stdin"), &Value::Integer(0));
}

#[test]
fn what_a_rule_prints_is_in_its_log_with_the_frames_time() {
    let probed = probed("world");
    let mut instance = probed.instantiate(probed.shares()[0]).expect("starts");
    for sequence in 0..2 {
        instance.process(&frame(sequence), &TrackColumns::new()).expect("harmless");
    }
    let logs = instance.drain_logs();
    let lines: Vec<(u64, LogLevel, &str)> =
        logs.lines.iter().map(|line| (line.time.0, line.level, line.message.as_str())).collect();
    let expected = [
        (1_100_000, LogLevel::Info, "to standard output"),
        (1_100_000, LogLevel::Error, "to standard error"),
    ];
    assert_eq!(lines, expected);
}
