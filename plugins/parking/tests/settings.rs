//! Settings that cannot be meant are refused with a message that says what would be right.
#![expect(clippy::panic, reason = "helpers of tests")]

use std::f64::consts::TAU;

use ocellus_sdk::core::Size;
use ocellus_sdk::test::{Harness, check_schema, track};
use parking::Parking;
use serde_json::{Value, json};

fn refusal(settings: &Value) -> String {
    match Harness::<Parking>::new(settings) {
        Ok(_) => panic!("accepted {settings}"),
        Err(error) => error,
    }
}

fn one_space(change: impl FnOnce(&mut Value)) -> Value {
    let mut settings = json!({"spaces": [{"name": "A1", "polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]}]});
    change(&mut settings);
    settings
}

#[test]
fn each_refusal_names_the_key_the_value_and_the_remedy() {
    let cases: [(Value, &[&str]); 22] = [
        (json!({}), &["missing field `spaces`"]),
        (json!({"spaces": []}), &["spaces has 0 spaces", "1 to 1000"]),
        (one_space(|s| s["holds"] = json!(1)), &["unknown field `holds`", "`hold_s`"]),
        (one_space(|s| s["match"] = json!("best")), &["match", "`best`", "`centre`", "`iou`"]),
        (one_space(|s| s["exclusive"] = json!("yes")), &["exclusive", "expected a boolean"]),
        (one_space(|s| s["min_iou"] = json!(1.5)), &["min_iou is 1.5", "0 to 1"]),
        (one_space(|s| s["hold_s"] = json!(-1)), &["hold_s is -1", "0 to 3600"]),
        (one_space(|s| s["classes"] = json!([])), &["classes is empty"]),
        (one_space(|s| s["classes"] = json!(["auto"])), &["\"auto\"", "person, bicycle, car"]),
        (one_space(|s| s["spaces"][0]["name"] = json!("")), &["spaces[0].name has 0 characters"]),
        (
            one_space(|s| s["spaces"][0]["polygon"] = Value::Null),
            &["spaces[0] has no outline", "polygon or rect"],
        ),
        (
            one_space(|s| s["spaces"][0]["rect"] = json!({"x": 0, "y": 0, "width": 1, "height": 1})),
            &["spaces[0] has polygon and rect"],
        ),
        (
            one_space(|s| {
                s["spaces"][0] = json!({"name": "R", "rect": {"x": 0, "y": 0, "width": 0, "height": 1}});
            }),
            &["spaces[0].rect is 0 wide and 1 high"],
        ),
        (
            one_space(|s| {
                s["spaces"][0] = json!({"name": "R", "rect": {"x": 640, "y": 0, "width": 9, "height": 9}});
            }),
            &["spaces[0].rect[0]", "640", "0..1"],
        ),
        (
            one_space(|s| s["spaces"][0]["level"] = json!("P1")),
            &["spaces[0].level is \"P1\"", "levels does not list"],
        ),
        (one_space(|s| s["levels"] = json!([{"id": ""}])), &["levels[0].id has 0 characters"]),
        (
            one_space(|s| s["levels"] = json!([{"id": "P1"}, {"id": "P1"}])),
            &["levels[1].id \"P1\" is taken", "an id of its own"],
        ),
        (one_space(|s| s["location"] = json!("a\tb")), &["location is \"a\\tb\"", "control"]),
        (
            one_space(|s| s["spaces"][0]["polygon"] = json!([[0.1, 0.1], [0.2, 0.2]])),
            &["spaces[0].polygon", "at least 3 corners, found 2"],
        ),
        (
            one_space(|s| s["spaces"][0]["polygon"] = json!([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]])),
            &["spaces[0].polygon", "no area"],
        ),
        (
            one_space(|s| s["spaces"][0]["polygon"] = json!([[0.1, 0.1], [0.2, 0.2], [330, 363]])),
            &["spaces[0].polygon[2]", "330", "0..1"],
        ),
        (
            one_space(|s| s["spaces"][0]["polygon"] = json!([[0.1, 0.1], [0.2], [0.3, 0.3]])),
            &["spaces[0].polygon[1]", "length 1"],
        ),
    ];
    for (settings, parts) in cases {
        let message = refusal(&settings);
        for part in parts {
            assert!(message.contains(part), "{settings} gives {message:?} without {part:?}");
        }
    }
}

#[test]
fn a_name_is_given_once() {
    let space = json!({"name": "A1", "polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]});
    assert!(refusal(&json!({"spaces": [space, space]})).contains("spaces[1].name \"A1\" is taken"));
}

#[test]
fn outlines_are_limited_one_by_one_and_together() {
    let corner = |share: f64| [0.5 + (share * TAU).cos() / 4.0, 0.5 + (share * TAU).sin() / 4.0];
    let share = |index: u32, corners: u32| f64::from(index) / f64::from(corners);
    let outline = |corners| Value::from_iter((0..corners).map(|index| json!(corner(share(index, corners)))));
    let space = |name: u32, corners| json!({"name": name.to_string(), "polygon": outline(corners)});
    assert!(refusal(&json!({"spaces": [space(0, 257)]})).contains("257 corners; at most 256"));
    let many: Vec<Value> = (0..40).map(|index| space(index, 250)).collect();
    assert!(refusal(&json!({"spaces": many})).contains("10000 corners together; at most 8000"));
}

#[test]
fn a_model_without_vehicles_is_refused_unless_the_classes_are_named() {
    let on = |settings: Value| Harness::<Parking>::on_camera(settings, Size::new(64, 64), &["face", "boat"]);
    let message = on(one_space(|_| {})).unwrap_err();
    assert!(message.contains("knows none of car, truck, bus, van"), "{message}");
    let mut harbour = on(one_space(|s| s["classes"] = json!(["boat"]))).unwrap();
    let boat = || track(1, "boat").centre_at(0.166, 0.133);
    harbour.frame(0.0, [boat()]).unwrap();
    assert_eq!(harbour.frame(1.0, [boat()]).unwrap().measured("occupied"), Some(1.0));
}

#[test]
fn the_schema_handed_out_is_that_of_the_settings() {
    check_schema::<Parking>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json")).unwrap();
}
