//! What is logged, case by case.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::Output;
use ocellus_sdk::core::event::{Overlay, Value};
use ocellus_sdk::core::{Event, Power};
use ocellus_sdk::test::{Harness, TrackBuilder, check_schema, track};
use plate_log::PlateLog;
use serde_json::{Value as Json, json};

fn start(settings: &Json) -> Harness<PlateLog> {
    Harness::<PlateLog>::granted(settings, [Power::Readings]).unwrap()
}

fn car(id: u64, x: f32) -> TrackBuilder {
    track(id, "car").sized(0.1, 0.1).foot_at(x, 0.5)
}

/// A car whose plate is read.
fn read(id: u64, text: &str, confidence: f32) -> TrackBuilder {
    car(id, 0.5).reading("plate", text, confidence)
}

/// Kind and plate of each event, and the list where one is named.
fn told(output: &Output) -> Vec<String> {
    let text = |event: &Event, key: &str| {
        let found = event.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        match found {
            Some(Value::Text(text)) => format!(" {text}"),
            _ => String::new(),
        }
    };
    let one = |event: &Event| format!("{}{}{}", event.kind, text(event, "plate"), text(event, "list"));
    output.events().iter().map(one).collect()
}

/// Reads these texts of one car, a tenth of a second apart.
fn read_all(harness: &mut Harness<PlateLog>, id: u64, from: f64, texts: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for (index, text) in texts.iter().enumerate() {
        all.extend(told(&harness.frame(from + index as f64 / 10.0, [read(id, text, 0.9)]).unwrap()));
    }
    all
}

fn plates(harness: &mut Harness<PlateLog>, question: &Json) -> Vec<String> {
    let answer = harness.query(question).unwrap();
    let plates = answer["plates"].as_array().unwrap().iter();
    plates.map(|entry| entry["plate"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn one_reading_is_not_enough_and_many_are_one_entry() {
    let mut harness = start(&json!({}));
    assert!(read_all(&mut harness, 1, 0.0, &["AB 123"]).is_empty());
    assert_eq!(read_all(&mut harness, 1, 0.1, &["ab-123", "AB123", "AB123"]), ["plate AB123"]);
    let answer = harness.query(&Json::Null).unwrap();
    let entry = json!({
        "number": 1, "plate": "AB123", "confidence": 0.9, "readings": 4,
        "first_us": 0, "last_us": 300_000, "track": 1, "list": null,
    });
    assert_eq!(answer, json!({"plates": [entry], "kept": 1, "count": 1}));
}

#[test]
fn later_readings_correct_the_text_of_the_same_entry() {
    let mut harness = start(&json!({}));
    let all = read_all(&mut harness, 1, 0.0, &["A8123", "A8123", "AB123", "AB123", "AB123", "AB123"]);
    assert_eq!(all, ["plate A8123", "plate-corrected AB123"]);
    assert_eq!(plates(&mut harness, &json!({})), ["AB123"]);
}

#[test]
fn what_is_unsure_too_short_of_another_kind_or_no_text_is_not_looked_at() {
    let mut harness = start(&json!({}));
    for step in 0..5_u32 {
        let tracks = [
            read(1, "AB123", 0.4),
            read(2, "AB1", 0.9),
            car(3, 0.3).reading("container", "MSKU1234565", 0.9),
            read(4, "--- ", 0.9),
            read(5, &"X".repeat(40), 0.9),
            read(6, "AB999", 0.9).lost(),
            read(7, "AB998", f32::NAN),
        ];
        assert!(harness.frame(f64::from(step), tracks).unwrap().events().is_empty());
    }
}

#[test]
fn a_new_id_goes_on_with_the_entry_of_the_one_that_vanished() {
    let mut harness = start(&json!({"again_s": 0}));
    assert_eq!(read_all(&mut harness, 1, 0.0, &["AB123", "AB123"]), ["plate AB123"]);
    assert!(read_all(&mut harness, 2, 0.2, &["AB123", "AB123"]).is_empty());
}

#[test]
fn another_plate_in_the_place_of_one_that_vanished_is_another_vehicle() {
    let mut harness = start(&json!({"again_s": 0}));
    assert_eq!(read_all(&mut harness, 1, 0.0, &["AB123", "AB123"]), ["plate AB123"]);
    assert_eq!(read_all(&mut harness, 2, 0.2, &["XY987", "XY987"]), ["plate XY987"]);
    // The same one misread is not.
    assert!(read_all(&mut harness, 3, 0.4, &["XY907", "XY987"]).is_empty());
    assert_eq!(plates(&mut harness, &Json::Null), ["XY987", "AB123"]);
}

#[test]
fn the_same_plate_shortly_after_is_the_same_entry_and_later_another() {
    let mut harness = start(&json!({"again_s": 30}));
    read_all(&mut harness, 1, 0.0, &["AB123", "AB123"]);
    assert!(read_all(&mut harness, 2, 20.0, &["AB123", "AB123"]).is_empty());
    assert_eq!(read_all(&mut harness, 3, 60.0, &["AB123", "AB123"]), ["plate AB123"]);
    assert_eq!(plates(&mut harness, &Json::Null).len(), 2);
}

#[test]
fn two_cars_beside_each_other_are_two_entries() {
    let mut harness = start(&json!({}));
    let both = || [read(1, "AB123", 0.9), car(2, 0.2).reading("plate", "XY987", 0.8)];
    harness.frame(0.0, both()).unwrap();
    let output = harness.frame(0.1, both()).unwrap();
    assert_eq!(told(&output), ["plate AB123", "plate XY987"]);
    let labels: Vec<&str> = output
        .overlays()
        .iter()
        .map(|overlay| match overlay {
            Overlay::Label { text, .. } => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(labels, ["AB123", "XY987"]);
    assert_eq!(output.measured("plates"), Some(2.0));
}

#[test]
fn the_log_is_told_newest_first_fifty_at_a_time_and_page_by_page() {
    let mut harness = start(&json!({"min_readings": 1, "keep": 100}));
    for index in 0..120_u32 {
        let text = format!("KX{index:03}");
        harness.frame(f64::from(index) * 10.0, [read(u64::from(index), &text, 0.9)]).unwrap();
    }
    let first = plates(&mut harness, &Json::Null);
    assert_eq!((first.len(), first[0].as_str(), first[49].as_str()), (50, "KX119", "KX070"));
    assert_eq!(plates(&mut harness, &json!({"limit": 2})), ["KX119", "KX118"]);
    let answer = harness.query(&json!({"limit": 1000, "before": 71})).unwrap();
    assert_eq!(answer["plates"][0]["plate"], "KX069");
    assert_eq!((&answer["kept"], &answer["count"]), (&json!(100), &json!(120)));
    assert_eq!(answer["plates"].as_array().unwrap().len(), 50, "the oldest are forgotten");
    assert_eq!(plates(&mut harness, &json!({"plate": "KX100"})), ["KX100"]);
}

#[test]
fn a_question_that_is_none_is_refused() {
    let mut harness = start(&json!({}));
    let cases: [(Json, &str); 6] = [
        (json!({"limit": 0}), "limit is 0; give 1 to 1000"),
        (json!({"limit": 1001}), "limit is 1001"),
        (json!({"limit": -1}), "-1"),
        (json!({"limits": 1}), "unknown field `limits`"),
        (json!("all"), "ask with limit"),
        (json!({"list": "nope"}), "there is no list \"nope\"; there is none"),
    ];
    for (question, part) in cases {
        let refusal = harness.query(&question).unwrap_err();
        assert!(refusal.contains(part), "{question} gives {refusal:?}");
    }
}

#[test]
fn entries_are_forgotten_after_their_hours() {
    let mut harness = start(&json!({"min_readings": 1, "keep_hours": 1}));
    harness.frame(0.0, [read(1, "AB123", 0.9)]).unwrap();
    harness.frame(3599.0, []).unwrap();
    assert_eq!(plates(&mut harness, &Json::Null).len(), 1);
    harness.frame(3601.0, []).unwrap();
    assert!(plates(&mut harness, &Json::Null).is_empty());
}

fn lists() -> Json {
    json!([
        {"name": "staff", "kind": "allow", "plates": ["ab 123", "CD-456"]},
        {"name": "stolen", "kind": "deny", "plates": ["XY987", "CD456"]},
    ])
}

#[test]
fn plates_on_lists_are_told_and_deny_goes_before_allow() {
    let mut harness = start(&json!({"lists": lists(), "min_readings": 1}));
    let one = |harness: &mut Harness<PlateLog>, id: u64, text: &str| {
        read_all(harness, id, id as f64 * 100.0, &[text])
    };
    assert_eq!(one(&mut harness, 1, "AB123"), ["plate AB123 staff", "plate-allowed AB123 staff"]);
    assert_eq!(one(&mut harness, 2, "XY987"), ["plate XY987 stolen", "plate-denied XY987 stolen"]);
    assert_eq!(one(&mut harness, 3, "CD456"), ["plate CD456 stolen", "plate-denied CD456 stolen"]);
    assert_eq!(one(&mut harness, 4, "ZZ000"), ["plate ZZ000", "plate-unlisted ZZ000"]);
    assert_eq!(plates(&mut harness, &json!({"list": "stolen"})), ["CD456", "XY987"]);
}

#[test]
fn without_a_list_of_allowed_plates_none_is_unlisted() {
    let deny = json!([{"name": "stolen", "kind": "deny", "plates": ["XY987"]}]);
    let mut harness = start(&json!({"lists": deny, "min_readings": 1}));
    assert_eq!(read_all(&mut harness, 1, 0.0, &["ZZ000"]), ["plate ZZ000"]);
}

#[test]
fn a_correction_is_looked_up_on_the_lists_again() {
    let mut harness = start(&json!({"lists": lists()}));
    let all = read_all(&mut harness, 1, 0.0, &["A8123", "A8123", "AB123", "AB123", "AB123"]);
    let expected =
        ["plate A8123", "plate-unlisted A8123", "plate-corrected AB123 staff", "plate-allowed AB123 staff"];
    assert_eq!(all, expected);
}

#[test]
fn what_looks_alike_is_the_same_only_where_wanted() {
    let first = |look_alike: &str| {
        let settings = json!({"lists": lists(), "min_readings": 1, "look_alike": look_alike});
        read_all(&mut start(&settings), 1, 0.0, &["A8I23"])[1].clone()
    };
    assert_eq!(first("same"), "plate-allowed A8I23 staff");
    assert_eq!(first("different"), "plate-unlisted A8I23");
}

#[test]
fn a_masked_or_hashed_plate_is_nowhere_in_plain() {
    let key = "0123456789abcdef";
    for privacy in [json!({"mode": "masked"}), json!({"mode": "hashed", "key": key})] {
        let mut harness = start(&json!({"privacy": privacy, "lists": lists()}));
        let mut seen = Vec::new();
        for step in 0..4_u32 {
            let output =
                harness.frame(f64::from(step), [read(1, "AB123", 0.9), read(2, "QQ77", 0.9)]).unwrap();
            seen.push(format!("{output:?}"));
            seen.push(String::from_utf8(harness.save()).unwrap());
        }
        seen.push(harness.query(&Json::Null).unwrap().to_string());
        for text in &seen {
            assert!(!text.contains("AB123") && !text.contains("QQ77") && !text.contains(key), "{text}");
        }
        assert!(
            seen.iter().any(|text| text.contains("plate-allowed")),
            "the lists are looked up all the same"
        );
    }
}

#[test]
fn of_a_plate_that_the_camera_masks_no_list_says_anything_and_the_log_says_why() {
    let mut harness = start(&json!({"lists": lists(), "min_readings": 1}));
    let mut told = read_all(&mut harness, 1, 0.0, &["AB***", "AB***"]);
    told.extend(read_all(&mut harness, 2, 20.0, &["QQ**"]));
    assert!(told.iter().all(|event| event.starts_with("plate ")), "{told:?}");
    let log = harness.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].1.contains("the camera masks plates"), "{log:?}");
}

#[test]
fn masked_plates_that_look_the_same_are_different_vehicles_and_hashed_ones_the_same() {
    let entries = |privacy: Json| {
        let mut harness = start(&json!({"privacy": privacy, "min_readings": 1}));
        read_all(&mut harness, 1, 0.0, &["AB123"]);
        read_all(&mut harness, 2, 20.0, &["AB123"]);
        plates(&mut harness, &Json::Null)
    };
    assert_eq!(entries(json!({"mode": "masked", "shown": 3})), ["AB1**", "AB1**"]);
    assert_eq!(entries(json!({"mode": "hashed", "key": "0123456789abcdef"})).len(), 1);
}

#[test]
fn a_swap_between_any_two_frames_changes_nothing() {
    let run = |swap_before: Option<u32>| {
        let mut harness = start(&json!({"lists": lists(), "again_s": 1}));
        let mut outputs = Vec::new();
        for step in 0..40 {
            if swap_before == Some(step) {
                harness.swap().unwrap();
            }
            let text = ["AB123", "A8123", "AB12", "AB123"][step as usize % 4];
            let other = car(9, 0.2).reading("plate", "XY987", 0.55 + step as f32 / 100.0);
            let id = 1 + u64::from(step / 15);
            outputs.push(harness.frame(f64::from(step) / 5.0, [read(id, text, 0.8), other]).unwrap());
        }
        (outputs, harness.save())
    };
    let undisturbed = run(None);
    for step in 0..40 {
        assert_eq!(run(Some(step)), undisturbed, "swapped before frame {step}");
    }
}

#[test]
fn a_swap_keeps_the_entry_of_a_hashed_vehicle_and_votes_anew() {
    let mut harness = start(&json!({"privacy": {"mode": "hashed", "key": "0123456789abcdef"}, "again_s": 0}));
    assert_eq!(read_all(&mut harness, 1, 0.0, &["AB123", "AB123"]).len(), 1);
    harness.swap().unwrap();
    assert!(read_all(&mut harness, 1, 0.2, &["AB123", "AB123", "AB123"]).is_empty());
}

#[test]
fn a_state_of_something_else_is_refused_and_changes_nothing() {
    let mut harness = start(&json!({}));
    read_all(&mut harness, 1, 0.0, &["AB123", "AB123"]);
    let state = harness.save();
    for bad in [b"".as_slice(), b"7", br#"{"entries":1}"#] {
        assert!(harness.restore(bad, "9.9.9").unwrap_err().contains("state of version 9.9.9"));
        assert_eq!(harness.save(), state);
    }
}

#[test]
fn a_flood_of_plates_stays_within_what_the_host_takes() {
    let mut harness = start(&json!({"min_readings": 1, "keep": 2000, "again_s": 0}));
    for step in 0..8_u64 {
        let crowd = (0..1500).map(|index| {
            let text = format!("{:Ä>16}", step * 1500 + index);
            track(step * 10_000 + index + 1, "car").reading("plate", &text, 0.9)
        });
        let output = harness.frame(step as f64 * 100.0, crowd).unwrap();
        assert!(output.events().len() <= 1000 && output.overlays().len() <= 1000);
        assert!(harness.save().len() < 1 << 20, "{} bytes", harness.save().len());
    }
}

#[test]
fn each_refusal_names_the_key_the_value_and_the_remedy() {
    let cases: [(Json, &[&str]); 14] = [
        (json!({"kinds": "plate"}), &["unknown field `kinds`", "`kind`"]),
        (json!({"kind": ""}), &["kind has 0 characters"]),
        (json!({"min_confidence": 2}), &["min_confidence is 2", "0 to 1"]),
        (json!({"min_readings": 0}), &["min_readings is 0", "1 to 100 readings"]),
        (json!({"min_length": 17}), &["min_length is 17", "1 to 16"]),
        (json!({"again_s": -1}), &["again_s is -1"]),
        (json!({"keep": 0}), &["keep is 0", "1 to 2000 entries"]),
        (json!({"keep_hours": 0}), &["keep_hours is 0", "0.01 to 87600 hours"]),
        (json!({"privacy": {"mode": "hidden"}}), &["privacy", "`hidden`", "`masked`"]),
        (
            json!({"privacy": {"mode": "hashed", "key": "short"}}),
            &["privacy.key has 5 characters", "16 to 256"],
        ),
        (json!({"privacy": {"mode": "masked", "shown": 9}}), &["privacy.shown is 9", "0 to 8"]),
        (
            json!({"lists": [{"name": "a", "kind": "allow", "plates": ["A-1"]}]}),
            &["lists[0].plates[0] is \"A-1\"", "4 to 16 letters and digits"],
        ),
        (
            json!({"lists": [{"name": "a", "kind": "maybe", "plates": []}]}),
            &["lists[0].kind", "`maybe`", "`deny`"],
        ),
        (
            json!({"lists": [
                {"name": "a", "kind": "allow", "plates": []}, {"name": "a", "kind": "deny", "plates": []},
            ]}),
            &["lists[1].name \"a\" is taken"],
        ),
    ];
    for (settings, parts) in cases {
        let message = Harness::<PlateLog>::granted(&settings, [Power::Readings]).unwrap_err();
        for part in parts {
            assert!(message.contains(part), "{settings} gives {message:?} without {part:?}");
        }
    }
    let message = Harness::<PlateLog>::new(json!({})).unwrap_err();
    assert!(message.contains("needs the power readings; grant it"), "{message}");
}

#[test]
fn the_schema_handed_out_is_that_of_the_settings() {
    check_schema::<PlateLog>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json")).unwrap();
}
