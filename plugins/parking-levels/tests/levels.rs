//! Levels over several cameras and counts by hand, case by case.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests")]

use ocellus_sdk::Output;
use ocellus_sdk::core::Power;
use ocellus_sdk::core::event::Value;
use ocellus_sdk::test::{Harness, check_schema};
use parking_levels::ParkingLevels;
use serde_json::{Value as Json, json};

fn settings() -> Json {
    json!({
        "location": "station",
        "levels": [{"id": "P1", "name": "Level 1"}, {"id": "roof", "unseen": 40}],
        "forget_s": 60,
    })
}

fn start() -> Harness<ParkingLevels> {
    Harness::on_cameras(settings(), &["north", "south"], [Power::Messages]).unwrap()
}

/// What `rule` says of level `level`: total and occupied.
fn say(harness: &mut Harness<ParkingLevels>, rule: &str, level: &str, (total, occupied): (i64, i64)) {
    let attributes = [
        ("location", Value::from("station")),
        ("level", Value::from(level)),
        ("total", Value::Integer(total)),
        ("occupied", Value::Integer(occupied)),
        ("available", Value::Integer(total - occupied)),
    ];
    harness.say(rule, "parking-level", &attributes).unwrap();
}

/// Level, total, occupied and available of each event.
fn told(output: &Output) -> Vec<(String, i64, i64, i64)> {
    let one = |event: &ocellus_sdk::core::Event| {
        assert_eq!(event.kind, "parking-level");
        let get = |key: &str| event.attributes.iter().find(|(known, _)| known == key).unwrap().1.clone();
        let count = |key: &str| match get(key) {
            Value::Integer(count) => count,
            other => panic!("{other:?}"),
        };
        let Value::Text(level) = get("level") else { panic!("no level") };
        (level, count("total"), count("occupied"), count("available"))
    };
    output.events().iter().map(one).collect()
}

fn level(id: &str, total: i64, occupied: i64, available: i64) -> (String, i64, i64, i64) {
    (id.to_owned(), total, occupied, available)
}

#[test]
fn a_level_is_the_sum_of_its_cameras_and_told_when_it_changes() {
    let mut harness = start();
    assert_eq!(told(&harness.frame_of(1, 0.0, []).unwrap()), [level("roof", 40, 0, 0)]);
    say(&mut harness, "lot-north", "P1", (10, 4));
    say(&mut harness, "lot-south", "P1", (5, 5));
    assert_eq!(told(&harness.frame_of(2, 0.1, []).unwrap()), [level("P1", 15, 9, 6)]);
    say(&mut harness, "lot-south", "P1", (5, 3));
    let output = harness.frame_of(1, 0.2, []).unwrap();
    assert_eq!(told(&output), [level("P1", 15, 7, 8)]);
    assert_eq!(output.measured("P1.available"), Some(8.0));
    say(&mut harness, "lot-south", "P1", (5, 3));
    assert!(told(&harness.frame_of(2, 0.3, []).unwrap()).is_empty(), "said again, nothing new");
    let answer = harness.query(&Json::Null).unwrap();
    assert_eq!(answer["location"], "station");
    assert!(harness.query(&json!({"level": "P1"})).unwrap_err().contains("\"level\""));
    assert_eq!(answer["levels"][0]["spots"], json!({"total": 15, "occupied": 7, "available": 8}));
    assert_eq!(answer["levels"][0]["updated_us"], 200_000);
    assert_eq!(answer["levels"][0]["reports"][1]["rule"], "lot-south");
}

#[test]
fn what_is_said_of_other_places_or_makes_no_sense_is_not_heard() {
    let mut harness = start();
    harness.frame_of(1, 0.0, []).unwrap();
    say(&mut harness, "lot", "P9", (10, 4));
    say(&mut harness, "lot", "P1", (-1, -3));
    say(&mut harness, "lot", "P1", (i64::MAX, 0));
    harness.say("lot", "parking-level", &[("level", Value::from("P1"))]).unwrap();
    let elsewhere = [("location", Value::from("airport")), ("level", Value::from("P1"))];
    harness.say("lot", "parking-level", &elsewhere).unwrap();
    assert!(told(&harness.frame_of(1, 0.1, []).unwrap()).is_empty());
}

#[test]
fn a_camera_that_falls_silent_counts_no_more_after_a_while() {
    let mut harness = start();
    say(&mut harness, "lot", "P1", (10, 4));
    harness.frame_of(1, 0.0, []).unwrap();
    assert!(told(&harness.frame_of(1, 60.0, []).unwrap()).is_empty());
    assert_eq!(told(&harness.frame_of(1, 61.0, []).unwrap()), [level("P1", 0, 0, 0)]);
}

#[test]
fn a_rule_that_took_the_place_of_another_is_not_counted_beside_it_for_long() {
    let mut harness = start();
    say(&mut harness, "lot", "P1", (10, 4));
    harness.frame_of(1, 0.0, []).unwrap();
    say(&mut harness, "lot-renamed", "P1", (10, 5));
    assert_eq!(told(&harness.frame_of(1, 10.0, []).unwrap()), [level("P1", 20, 9, 11)]);
    say(&mut harness, "lot-renamed", "P1", (10, 5));
    assert_eq!(told(&harness.frame_of(1, 31.0, []).unwrap()), [level("P1", 10, 5, 5)]);
}

#[test]
fn the_reports_of_a_removed_rule_are_forgotten_by_command() {
    let mut harness = start();
    say(&mut harness, "lot", "P1", (10, 4));
    harness.frame_of(1, 0.0, []).unwrap();
    let forget = |rule: &str| json!({"level": "P1", "forget": true, "rule": rule});
    let refusal = harness.command(1.0, &forget("ramp")).unwrap_err();
    assert!(refusal.contains("no rule \"ramp\"") && refusal.contains("there is lot"), "{refusal}");
    let refusal = harness.command(1.0, &json!({"level": "P1", "occupied": 3, "rule": "lot"})).unwrap_err();
    assert!(refusal.contains("rule goes with"), "{refusal}");
    assert_eq!(told(&harness.command(2.0, &forget("lot")).unwrap()), [level("P1", 0, 0, 0)]);
}

#[test]
fn spaces_that_no_camera_sees_are_told_and_counted_by_hand() {
    let mut harness = start();
    harness.frame_of(1, 0.0, []).unwrap();
    let output = harness.command(1.0, &json!({"level": "roof", "occupied": 39})).unwrap();
    assert_eq!(told(&output), [level("roof", 40, 39, 1)]);
    for (change, occupied) in [(1, 40), (1, 40), (-3, 37), (-100, 0)] {
        harness.command(2.0, &json!({"level": "roof", "change": change})).unwrap();
        let spots = &harness.query(&Json::Null).unwrap()["levels"][1]["spots"];
        assert_eq!(*spots, json!({"total": 40, "occupied": occupied, "available": 40 - occupied}));
    }
    let output = harness.command(3.0, &json!({"level": "roof", "forget": true})).unwrap();
    assert_eq!(told(&output), [level("roof", 40, 0, 0)]);
}

#[test]
fn what_is_told_for_a_time_is_not_known_afterwards() {
    let mut harness = start();
    harness.frame_of(1, 0.0, []).unwrap();
    harness.command(0.0, &json!({"level": "roof", "occupied": 10, "for_s": 30})).unwrap();
    harness.swap().unwrap();
    assert!(told(&harness.frame_of(1, 29.9, []).unwrap()).is_empty());
    assert_eq!(told(&harness.frame_of(1, 30.0, []).unwrap()), [level("roof", 40, 0, 0)]);
}

#[test]
fn a_wrong_command_changes_nothing_and_says_what_would_be_right() {
    let mut harness = start();
    harness.frame_of(1, 0.0, []).unwrap();
    let before = harness.save();
    let cases: [(Json, &[&str]); 7] = [
        (json!(null), &["give {\"level\": ID"]),
        (json!({"level": "roof"}), &["one of occupied, change and forget"]),
        (json!({"level": "roof", "occupied": 1, "change": 1}), &["one of occupied, change and forget"]),
        (json!({"level": "cellar", "occupied": 1}), &["no level \"cellar\"", "P1, roof"]),
        (json!({"level": "P1", "occupied": 1}), &["cameras see all spaces of level \"P1\"", "unseen"]),
        (json!({"level": "roof", "occupied": 41}), &["occupied is 41", "40 unseen"]),
        (json!({"level": "roof", "occupied": 1, "for_s": -2}), &["for_s is -2"]),
    ];
    for (request, parts) in cases {
        let refusal = harness.command(1.0, &request).unwrap_err();
        for part in parts {
            assert!(refusal.contains(part), "{request} gives {refusal:?} without {part:?}");
        }
        assert_eq!(harness.save(), before);
    }
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let refusal = |settings: Json| {
        Harness::<ParkingLevels>::on_cameras(settings, &["north"], [Power::Messages]).unwrap_err()
    };
    let cases: [(Json, &str); 6] = [
        (json!({}), "missing field `levels`"),
        (json!({"levels": []}), "levels has 0 levels"),
        (json!({"levels": [{"id": ""}]}), "levels[0].id has 0 characters"),
        (json!({"levels": [{"id": "a"}, {"id": "a"}]}), "levels[1].id \"a\" is taken"),
        (json!({"levels": [{"id": "a", "unseen": 2_000_000}]}), "levels[0].unseen is 2000000"),
        (json!({"levels": [{"id": "a"}], "forget_s": 1}), "forget_s is 1; give 15 to 604800 seconds"),
    ];
    for (settings, part) in cases {
        let message = refusal(settings.clone());
        assert!(message.contains(part), "{settings} gives {message:?} without {part:?}");
    }
    let message = Harness::<ParkingLevels>::new(settings()).unwrap_err();
    assert!(message.contains("needs the power messages"), "{message}");
}

#[test]
fn a_flood_of_reports_stays_within_the_state() {
    let levels: Vec<Json> = (0..64).map(|index| json!({"id": format!("{index:0>64}")})).collect();
    let mut harness =
        Harness::<ParkingLevels>::on_cameras(json!({ "levels": levels }), &["c"], [Power::Messages]).unwrap();
    for rule in 0..100 {
        for index in 0..64 {
            let (rule, level) = (format!("{rule:0>64}"), format!("{index:0>64}"));
            let count = |name| (name, Value::Integer(1_000_000));
            let all = [("level", Value::from(level)), count("total"), count("occupied"), count("available")];
            harness.say(&rule, "parking-level", &all).unwrap();
        }
    }
    harness.frame_of(1, 1e9, []).unwrap();
    assert!(harness.save().len() < 1 << 20, "{} bytes", harness.save().len());
}

#[test]
fn the_schema_handed_out_is_that_of_the_settings() {
    check_schema::<ParkingLevels>(concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json")).unwrap();
}
