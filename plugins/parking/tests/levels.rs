//! Levels and their numbers, and corrections by people and sensors.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::Output;
use ocellus_sdk::core::event::Value;
use ocellus_sdk::core::{Event, Power};
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use parking::Parking;
use serde_json::{Value as Json, json};

/// Two spaces on level P1, one on P2, and one on none; the last as a rectangle.
fn settings() -> Json {
    let space = |name: &str, x: f64, level: Option<&str>| json!({"name": name, "rect": {"x": x, "y": 0.45, "width": 0.1, "height": 0.1}, "level": level});
    json!({
        "spaces": [
            space("A1", 0.1, Some("P1")), space("A2", 0.3, Some("P1")), space("B1", 0.5, Some("P2")), space("C1", 0.7, None),
        ],
        "levels": [{"id": "P1", "name": "Level 1"}, {"id": "P2"}],
        "location": "station",
        "hold_s": 0,
    })
}

fn car(id: u64, x: f32) -> TrackBuilder {
    track(id, "car").sized(0.1, 0.1).centre_at(x, 0.5)
}

fn start() -> Harness<Parking> {
    Harness::<Parking>::granted(settings(), [Power::Messages]).unwrap()
}

fn texts(event: &Event) -> Vec<String> {
    let value = |value: &Value| match value {
        Value::Flag(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(value) => value.clone(),
    };
    event.attributes.iter().map(|(key, found)| format!("{key}={}", value(found))).collect()
}

fn of_kind(output: &Output, kind: &str) -> Vec<String> {
    let of_kind = output.events().iter().filter(|event| event.kind == kind);
    of_kind.map(|event| texts(event).join(" ")).collect()
}

fn said(output: &Output) -> Vec<(String, i64)> {
    let integer = |value: &Value| match value {
        Value::Integer(number) => *number,
        _ => -1,
    };
    let one = |publication: &ocellus_sdk::core::Publication| {
        assert_eq!(publication.topic.as_str(), "parking-level");
        let get =
            |key: &str| publication.attributes.iter().find(|(known, _)| known == key).unwrap().1.clone();
        assert_eq!(get("location"), Value::from("station"));
        let Value::Text(level) = get("level") else { panic!("no level") };
        (level, integer(&get("occupied")))
    };
    output.publications().iter().map(one).collect()
}

#[test]
fn a_change_of_a_levels_numbers_is_told_with_the_change_itself() {
    let mut harness = start();
    let first = harness.frame(0.0, [car(1, 0.15)]).unwrap();
    assert_eq!(of_kind(&first, "parking").len(), 4);
    assert_eq!(
        of_kind(&first, "parking-level"),
        [
            "level=P1 name=Level 1 location=station total=2 occupied=1 available=1",
            "level=P2 name=P2 location=station total=1 occupied=0 available=1",
        ]
    );
    assert_eq!((first.measured("P1.occupied"), first.measured("total")), (Some(1.0), Some(4.0)));
    let second = harness.frame(0.1, [car(1, 0.15), car(2, 0.55)]).unwrap();
    assert_eq!(
        of_kind(&second, "parking-level"),
        ["level=P2 name=P2 location=station total=1 occupied=1 available=0"]
    );
    assert_eq!(said(&second), [("P2".to_owned(), 1)]);
    let third = harness.frame(0.2, [car(1, 0.15), car(2, 0.55)]).unwrap();
    assert!(third.events().is_empty() && third.publications().is_empty());
    assert_eq!(said(&harness.frame(10.0, [car(1, 0.15), car(2, 0.55)]).unwrap()).len(), 2, "said again");
}

#[test]
fn without_the_power_nothing_is_said_to_others() {
    let mut harness = Harness::<Parking>::new(settings()).unwrap();
    let output = harness.frame(0.0, [car(1, 0.15)]).unwrap();
    assert!(output.publications().is_empty());
    assert_eq!(of_kind(&output, "parking-level").len(), 2);
}

#[test]
fn a_correction_holds_until_the_camera_sees_a_change() {
    let mut harness = start();
    harness.frame(0.0, [car(1, 0.15)]).unwrap();
    let output = harness.command(0.0, &json!({"space": "A1", "state": "empty"})).unwrap();
    assert_eq!(of_kind(&output, "parking"), ["space=A1 occupied=false corrected=true"]);
    assert_eq!(of_kind(&output, "parking-level").len(), 1, "the level changes at once");
    assert!(harness.frame(0.1, [car(1, 0.15)]).unwrap().events().is_empty(), "the camera sees what it saw");
    let answer = harness.query(&Json::Null).unwrap();
    let listed = json!([{"space": "A1", "state": "empty", "since_us": 0, "until_us": null}]);
    assert_eq!((&answer["spaces"]["A1"], &answer["corrections"]), (&json!(false), &listed));
    harness.frame(0.2, []).unwrap();
    let back = harness.frame(0.3, [car(1, 0.15)]).unwrap();
    assert_eq!(of_kind(&back, "parking"), ["space=A1 occupied=true"]);
    assert_eq!(harness.query(&Json::Null).unwrap()["corrections"], json!([]));
}

#[test]
fn a_correction_for_a_time_holds_whatever_the_camera_sees_and_then_no_more() {
    let mut harness = start();
    harness.frame(0.0, []).unwrap();
    harness.command(0.0, &json!({"space": "A1", "state": "occupied", "for_s": 5})).unwrap();
    harness.frame(1.0, [car(1, 0.15)]).unwrap();
    assert!(harness.frame(2.0, []).unwrap().events().is_empty());
    harness.swap().unwrap();
    assert!(harness.frame(4.9, []).unwrap().events().is_empty());
    assert_eq!(of_kind(&harness.frame(5.0, []).unwrap(), "parking"), ["space=A1 occupied=false"]);
}

#[test]
fn unknown_is_neither_occupied_nor_free_and_as_seen_takes_a_correction_back() {
    let mut harness = start();
    harness.frame(0.0, [car(1, 0.15)]).unwrap();
    let unknown = harness.command(1.0, &json!({"space": "A1", "state": "unknown"})).unwrap();
    assert_eq!(of_kind(&unknown, "parking"), ["space=A1 unknown=true corrected=true"]);
    let spots = json!({"total": 2, "occupied": 0, "available": 1});
    let answer = harness.query(&Json::Null).unwrap();
    assert_eq!(answer["levels"][0], json!({"id": "P1", "name": "Level 1", "spots": spots}));
    assert_eq!(answer["updated_us"]["A1"], 1_000_000);
    let seen = harness.command(2.0, &json!({"space": "A1", "state": "as-seen"})).unwrap();
    assert_eq!(of_kind(&seen, "parking"), ["space=A1 occupied=true"]);
}

#[test]
fn a_command_that_is_wrong_in_one_part_changes_nothing() {
    let mut harness = start();
    harness.frame(0.0, []).unwrap();
    let before = harness.save();
    let good = json!({"space": "A1", "state": "occupied"});
    let cases: [(Json, &[&str]); 9] = [
        (json!([good, {"space": "Z9", "state": "empty"}]), &["there is no space \"Z9\""]),
        (json!([good, {"space": "A2", "state": "full"}]), &["correction 1", "`full`", "`occupied`"]),
        (json!({"space": "A1", "state": "empty", "for_s": -1}), &["for_s is -1", "seconds"]),
        (json!({"space": "A1", "state": "empty", "for_s": 0}), &["for_s is 0", "0.1 to"]),
        (json!({"space": "A1", "state": "as-seen", "for_s": 5}), &["as-seen ends a correction"]),
        (
            json!([{"space": "A1", "state": "empty"}, {"space": "A1", "state": "occupied"}]),
            &["correction 1 is of space \"A1\" like correction 0"],
        ),
        (json!({"space": "A1"}), &["missing field `state`"]),
        (json!([]), &["0 corrections"]),
        (json!(null), &["correction 0"]),
    ];
    for (request, parts) in cases {
        let refusal = harness.command(1.0, &request).unwrap_err();
        for part in parts {
            assert!(refusal.contains(part), "{request} gives {refusal:?} without {part:?}");
        }
        assert_eq!(harness.save(), before);
    }
    assert_eq!(of_kind(&harness.command(1.0, &json!([good])).unwrap(), "parking").len(), 1);
}

#[test]
fn a_question_corrects_nothing() {
    let mut harness = start();
    harness.frame(0.0, []).unwrap();
    let before = harness.save();
    let refusal = harness.query(&json!({"space": "A1", "state": "occupied"})).unwrap_err();
    assert!(refusal.contains("Corrections are commands"), "{refusal}");
    assert_eq!(harness.save(), before);
}

#[test]
fn the_state_of_the_version_before_goes_on_without_an_event() {
    let mut harness = start();
    let state = br#"{"spaces":[{"name":"A1","occupied":true,"pending":null},
        {"name":"A2","occupied":false,"pending":[true,0]},{"name":"B1","occupied":null,"pending":null}]}"#;
    harness.restore(state, "0.1.0").unwrap();
    assert_eq!(harness.query(&Json::Null).unwrap()["spaces"]["A1"], true);
    let output = harness.frame(0.1, [car(1, 0.15)]).unwrap();
    assert_eq!(of_kind(&output, "parking"), ["space=B1 occupied=false", "space=C1 occupied=false"]);
}

#[test]
fn a_swap_between_any_two_frames_changes_nothing() {
    let run = |swap_before: Option<u32>| {
        let mut harness = start();
        let mut outputs = Vec::new();
        for step in 0..40 {
            if swap_before == Some(step) {
                harness.swap().unwrap();
            }
            let time = f64::from(step) / 10.0;
            if step == 10 {
                let command = json!([{"space": "A1", "state": "unknown", "for_s": 1.5}, {"space": "C1", "state": "occupied"}]);
                outputs.push(harness.command(time, &command).unwrap());
            }
            let cars = if step % 8 < 4 { vec![car(1, 0.15), car(2, 0.55)] } else { vec![car(1, 0.35)] };
            outputs.push(harness.frame(time, cars).unwrap());
        }
        outputs
    };
    let undisturbed = run(None);
    for step in 0..40 {
        assert_eq!(run(Some(step)), undisturbed, "swapped before frame {step}");
    }
}

#[test]
fn a_thousand_spaces_with_corrections_fit_the_state() {
    let space = |index: u32| {
        let (x, name) = (f64::from(index) / 1000.0, format!("{index:0>64}"));
        json!({"name": name, "rect": {"x": x, "y": 0.4, "width": 0.01, "height": 0.1}})
    };
    let spaces: Vec<Json> = (0..1000).map(space).collect();
    let mut harness = Harness::<Parking>::new(json!({"spaces": spaces, "hold_s": 0})).unwrap();
    harness.frame(1e9, []).unwrap();
    let all: Vec<Json> = (0..1000)
        .map(|index| json!({"space": format!("{index:0>64}"), "state": "occupied", "for_s": 1e6}))
        .collect();
    assert_eq!(harness.command(1e9, &json!(all)).unwrap().events().len(), 1000);
    assert!(harness.save().len() < 1 << 20, "{} bytes", harness.save().len());
}
