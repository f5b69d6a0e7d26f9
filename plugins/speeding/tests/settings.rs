//! Settings that cannot be meant are refused with a message that says what would be right.
#![expect(clippy::panic, reason = "helpers of tests")]

use ocellus_sdk::core::Size;
use ocellus_sdk::test::{Harness, check_schema};
use serde_json::{Value, json};
use speeding::Speeding;

fn refusal(settings: &Value) -> String {
    match Harness::<Speeding>::new(settings) {
        Ok(_) => panic!("accepted {settings}"),
        Err(error) => error,
    }
}

fn one_zone(change: impl FnOnce(&mut Value)) -> Value {
    let mut settings = json!({"zones": [{"name": "road", "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]}]});
    change(&mut settings);
    settings
}

#[test]
fn each_refusal_names_the_key_the_value_and_the_remedy() {
    let cases: [(Value, &[&str]); 12] = [
        (json!({"limit": 50}), &["unknown field `limit`", "`limit_kmh`"]),
        (json!({"limit_kmh": 0}), &["limit_kmh is 0", "1 to 500"]),
        (json!({"limit_kmh": "fast"}), &["limit_kmh", "expected f64"]),
        (json!({"sureness": -1}), &["sureness is -1", "0 to 10"]),
        (json!({"min_time_s": 0}), &["min_time_s is 0", "0.1 to 60"]),
        (json!({"min_distance_m": 1e9}), &["min_distance_m is 1000000000", "0 to 1000"]),
        (json!({"report": "everything"}), &["report", "`everything`", "`violations`", "`all`"]),
        (json!({"zones": []}), &["zones has 0 zones", "leave it out"]),
        (json!({"classes": []}), &["classes is empty"]),
        (one_zone(|s| s["zones"][0]["name"] = json!("")), &["zones[0].name has 0 characters"]),
        (one_zone(|s| s["zones"][0]["limit_kmh"] = json!(900)), &["zones[0].limit_kmh is 900"]),
        (
            one_zone(|s| s["zones"][0]["polygon"] = json!([[0, 0], [1, 1]])),
            &["zones[0].polygon", "at least 3"],
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
fn a_model_without_vehicles_needs_classes() {
    let size = Size::new(640, 360);
    let error = Harness::<Speeding>::on_camera(json!({}), size, &["person", "dog"]).unwrap_err();
    assert!(error.contains("camera camera knows none of car, truck"), "{error}");
    Harness::<Speeding>::on_camera(json!({"classes": ["dog"]}), size, &["person", "dog"]).unwrap();
}

#[test]
fn the_schema_beside_is_that_of_the_settings() {
    check_schema::<Speeding>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json")).unwrap();
}
