//! Settings that cannot be meant are refused with a message that says what would be right.
#![expect(clippy::panic, reason = "helpers of tests")]

use line_crossing::LineCrossing;
use ocellus_sdk::core::Size;
use ocellus_sdk::test::{Harness, check_schema};
use serde_json::{Value, json};

fn refusal(settings: &Value) -> String {
    match Harness::<LineCrossing>::new(settings) {
        Ok(_) => panic!("accepted {settings}"),
        Err(error) => error,
    }
}

fn one_line(change: impl FnOnce(&mut Value)) -> Value {
    let mut settings = json!({"lines": [{"name": "door", "from": [0.5, 0.0], "to": [0.5, 1.0]}]});
    change(&mut settings);
    settings
}

#[test]
fn each_refusal_names_the_key_the_value_and_the_remedy() {
    let cases: [(Value, &[&str]); 15] = [
        (json!({}), &["missing field `lines`"]),
        (json!([]), &["settings"]),
        (json!({"lines": []}), &["lines has 0 lines", "1 to 64"]),
        (one_line(|s| s["speed"] = json!(1)), &["unknown field `speed`", "`hysteresis`"]),
        (one_line(|s| s["lines"][0]["colour"] = json!(1)), &["lines[0]", "unknown field `colour`"]),
        (one_line(|s| s["lines"][0]["to"] = json!([0.5])), &["lines[0].to", "length 1"]),
        (one_line(|s| s["lines"][0]["to"] = json!("x")), &["lines[0].to", "\"x\""]),
        (one_line(|s| s["lines"][0]["to"] = json!([0.5, 0.0])), &["lines[0]", "door", "move one end"]),
        (one_line(|s| s["lines"][0]["to"] = json!([0.5, 720])), &["lines[0].to", "720", "0..1"]),
        (one_line(|s| s["lines"][0]["to"] = json!([1e300, 0])), &["lines[0].to"]),
        (
            one_line(|s| s["lines"][0]["entry"] = json!("up")),
            &["lines[0].entry", "`up`", "`left-to-right`", "`right-to-left`"],
        ),
        (one_line(|s| s["anchor"] = json!("head")), &["anchor", "`head`", "`foot`", "`centre`"]),
        (one_line(|s| s["hysteresis"] = json!(-0.1)), &["hysteresis is -0.1", "0 to 0.5"]),
        (one_line(|s| s["classes"] = json!(["persn"])), &["classes", "\"persn\"", "person, bicycle"]),
        (one_line(|s| s["classes"] = json!([])), &["classes is empty"]),
    ];
    for (settings, parts) in cases {
        let message = refusal(&settings);
        for part in parts {
            assert!(message.contains(part), "{settings} gives {message:?} without {part:?}");
        }
    }
}

#[test]
fn names_are_given_once_and_lines_are_counted() {
    let line = |name: String| json!({"name": name, "from": [0.1, 0.1], "to": [0.9, 0.9]});
    let twice = refusal(&json!({"lines": [line("a".into()), line("b".into()), line("a".into())]}));
    assert!(twice.contains("lines[2].name is \"a\" like lines[0].name"), "{twice}");
    let many: Vec<Value> = (0..65).map(|index| line(index.to_string())).collect();
    assert!(refusal(&json!({"lines": many})).contains("lines has 65 lines; give 1 to 64"));
    assert!(refusal(&json!({"lines": [line(String::new())]})).contains("name has 0 characters"));
}

/// The host refuses measurements of other names, and they are named after the lines.
#[test]
fn a_name_that_no_measurement_may_have_is_refused_with_the_settings() {
    let named = |name: String| json!({"lines": [{"name": name, "from": [0.1, 0.1], "to": [0.9, 0.9]}]});
    for control in ["a\nb", "\u{7f}", "\u{85}"] {
        let message = refusal(&named(control.into()));
        assert!(message.contains("lines[0].name is") && message.contains("control characters"), "{message}");
    }
    let message = refusal(&named("門".repeat(41)));
    assert!(message.contains("lines[0].name has 123 bytes; give it at most 120"), "{message}");
    let mut harness = Harness::<LineCrossing>::new(named("門".repeat(40))).unwrap();
    let output = harness.frame(0.0, []).unwrap();
    assert!(output.measurements().iter().all(|measurement| measurement.name.len() <= 128));
}

#[test]
fn text_that_is_not_json_is_refused() {
    let mut instance = ocellus_sdk::Instance::<LineCrossing>::new();
    let site = || ocellus_sdk::Site::new(Vec::new());
    assert!(instance.configure("{\"lines\": [", site()).unwrap_err().contains("not JSON"));
    assert!(instance.configure("{} {}", site()).unwrap_err().contains("not JSON"));
    assert!(instance.query("").unwrap_err().contains("was not configured"));
}

#[test]
fn a_long_class_list_is_named_in_part() {
    let names: Vec<String> = (0..80).map(|index| format!("c{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let settings = one_line(|s| s["classes"] = json!(["x"]));
    let message = Harness::<LineCrossing>::on_camera(settings, Size::new(64, 64), &names).unwrap_err();
    assert!(message.contains("c0, c1") && message.contains("and 68 more"), "{message}");
}

#[test]
fn the_schema_handed_out_is_that_of_the_settings() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json");
    check_schema::<LineCrossing>(path).unwrap();
}
