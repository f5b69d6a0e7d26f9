//! Settings that cannot be meant are refused with a message that says what would be right.
#![expect(clippy::panic, reason = "helpers of tests")]

use ocellus_sdk::test::{Harness, check_schema};
use serde_json::{Value, json};
use zones::Zones;

fn refusal(settings: &Value) -> String {
    match Harness::<Zones>::new(settings) {
        Ok(_) => panic!("accepted {settings}"),
        Err(error) => error,
    }
}

fn one_zone(change: impl FnOnce(&mut Value)) -> Value {
    let mut settings = json!({"zones": [{"name": "yard", "polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]]}]});
    change(&mut settings);
    settings
}

#[test]
fn each_refusal_names_the_key_the_value_and_the_remedy() {
    let cases: [(Value, &[&str]); 19] = [
        (json!({}), &["missing field `zones`"]),
        (json!({"zones": []}), &["zones has 0 zones", "1 to 64"]),
        (one_zone(|s| s["holds"] = json!(1)), &["unknown field `holds`"]),
        (one_zone(|s| s["classes"] = json!([])), &["classes is empty"]),
        (one_zone(|s| s["classes"] = json!(["auto"])), &["\"auto\"", "person, bicycle, car"]),
        (one_zone(|s| s["anchor"] = json!("head")), &["anchor", "`head`", "`foot`"]),
        (one_zone(|s| s["hysteresis"] = json!(1)), &["hysteresis is 1", "0 to 0.5 picture heights"]),
        (one_zone(|s| s["memory_s"] = json!(-1)), &["memory_s is -1", "0 to 3600 seconds"]),
        (one_zone(|s| s["zones"][0]["name"] = json!("")), &["zones[0].name has 0 characters"]),
        (one_zone(|s| s["zones"][0]["name"] = json!("ä".repeat(40))), &["zones[0].name has 80 bytes", "64"]),
        (one_zone(|s| s["zones"][0]["name"] = json!("a\nb")), &["zones[0].name is \"a\\nb\"", "control"]),
        (one_zone(|s| s["zones"][0]["dwell_s"] = json!(1e9)), &["zones[0].dwell_s is 1000000000", "86400"]),
        (one_zone(|s| s["zones"][0]["under"] = json!(0)), &["zones[0].under is 0", "1 or more"]),
        (one_zone(|s| s["zones"][0]["over"] = json!(-1)), &["zones[0].over", "-1"]),
        (
            one_zone(|s| {
                s["zones"][0]["over"] = json!(2);
                s["zones"][0]["under"] = json!(3);
            }),
            &["zones[0].over is 2", "under is 3", "at least 3"],
        ),
        (
            one_zone(|s| s["zones"][0]["direction"] = json!({"from": [0.5, 0.5], "to": [0.5, 0.5]})),
            &["zones[0].direction starts and ends at the same place"],
        ),
        (
            one_zone(|s| {
                s["zones"][0]["direction"] = json!({"from": [0, 0], "to": [1, 1], "tolerance_deg": 180});
            }),
            &["zones[0].direction.tolerance_deg is 180", "1 to 179 degrees"],
        ),
        (
            one_zone(|s| s["zones"][0]["polygon"] = json!([[0.1, 0.1], [0.2, 0.2]])),
            &["zones[0].polygon", "at least 3 corners, found 2"],
        ),
        (
            one_zone(|s| s["zones"][0]["polygon"][2] = json!([330, 363])),
            &["zones[0].polygon[2]", "330", "0..1"],
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
fn a_name_is_given_once_and_corners_are_limited_together() {
    let zone = one_zone(|_| {})["zones"][0].clone();
    let twice = refusal(&json!({"zones": [zone, zone]}));
    assert!(twice.contains("zones[1].name is \"yard\" like zones[0].name"), "{twice}");
    let outline: Vec<[f64; 2]> = (0..200)
        .map(|index| {
            let angle = f64::from(index) / 200.0 * std::f64::consts::TAU;
            [0.5 + angle.cos() / 4.0, 0.5 + angle.sin() / 4.0]
        })
        .collect();
    let zones: Vec<Value> =
        (0..6).map(|index| json!({"name": index.to_string(), "polygon": outline})).collect();
    assert!(refusal(&json!({ "zones": zones })).contains("1200 corners together; at most 1024"));
}

#[test]
fn the_schema_handed_out_is_that_of_the_settings_with_shapes_to_draw() {
    check_schema::<Zones>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../settings.schema.json")).unwrap();
    assert_eq!(schema["$defs"]["Outline"]["format"], "polygon");
    assert_eq!(schema["$defs"]["Direction"]["format"], "line");
}
