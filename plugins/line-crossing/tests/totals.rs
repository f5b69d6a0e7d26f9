//! How often lines were crossed by class and in each interval.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use line_crossing::LineCrossing;
use ocellus_sdk::Output;
use ocellus_sdk::core::event::Value;
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use serde_json::{Value as Json, json};

fn settings(interval_s: f64) -> Json {
    let line = |name: &str, x: f64| json!({"name": name, "from": [x, 0.0], "to": [x, 1.0]});
    json!({"lines": [line("a", 0.5), line("b", 0.8)], "interval_s": interval_s})
}

fn at(id: u64, class: &str, x: f32) -> TrackBuilder {
    track(id, class).sized(0.04, 0.16).foot_at(x, 0.5)
}

/// The totals in an output: line, from and to in seconds, and the rest of the attributes.
fn totals(output: &Output) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let total = |attributes: &[(String, Value)]| {
        let [line, from, to, rest @ ..] = attributes else { return String::new() };
        let seconds = |(_, value): &(String, Value)| text(value).parse::<f64>().unwrap() / 1e6;
        let rest: Vec<String> = rest.iter().map(|(key, value)| format!("{key}={}", text(value))).collect();
        format!("{} {}-{} {}", text(&line.1), seconds(from), seconds(to), rest.join(" "))
    };
    let events = output.events().iter().filter(|event| event.kind == "line-total");
    events.map(|event| total(&event.attributes)).collect()
}

/// One passage of an object over a line, from the left, beginning at this second.
fn pass(harness: &mut Harness<LineCrossing>, second: f64, who: (u64, &str), x: f32) -> Output {
    let (id, class) = who;
    harness.frame(second, [at(id, class, x - 0.1)]).unwrap();
    harness.frame(second + 0.1, [at(id, class, x + 0.1)]).unwrap()
}

#[test]
fn each_interval_is_told_when_it_is_over_and_the_last_with_the_stream() {
    let mut harness = Harness::<LineCrossing>::new(settings(10.0)).unwrap();
    assert!(totals(&pass(&mut harness, 3.0, (1, "person"), 0.5)).is_empty());
    pass(&mut harness, 4.0, (2, "bicycle"), 0.5);
    pass(&mut harness, 6.0, (3, "person"), 0.8);
    assert!(totals(&harness.frame(9.9, []).unwrap()).is_empty());
    // What is seen with the frame that ends an interval belongs to the next.
    harness.frame(9.95, [at(4, "person", 0.4)]).unwrap();
    let output = harness.frame(10.0, [at(4, "person", 0.6)]).unwrap();
    assert_eq!(
        totals(&output),
        [
            "a 3-10 entries=2 exits=0 entries.person=1 exits.person=0 entries.bicycle=1 exits.bicycle=0",
            "b 3-10 entries=1 exits=0 entries.person=1 exits.person=0",
        ]
    );
    // Hours without a frame are one interval that ended, not hundreds.
    let later = harness.frame(7205.0, []).unwrap();
    assert_eq!(
        totals(&later),
        ["a 10-20 entries=1 exits=0 entries.person=1 exits.person=0", "b 10-20 entries=0 exits=0"]
    );
    let last = harness.finish(7207.5).unwrap();
    assert_eq!(totals(&last), ["a 7200-7207.5 entries=0 exits=0", "b 7200-7207.5 entries=0 exits=0"]);
}

#[test]
fn a_swap_in_an_interval_loses_nothing_of_it_and_another_length_ends_it() {
    let mut harness = Harness::<LineCrossing>::new(settings(10.0)).unwrap();
    pass(&mut harness, 1.0, (1, "person"), 0.5);
    let state = harness.save();
    let mut successor = Harness::<LineCrossing>::new(settings(10.0)).unwrap();
    successor.restore(&state, "0.2.0").unwrap();
    pass(&mut successor, 5.0, (2, "person"), 0.5);
    let output = successor.frame(12.0, []).unwrap();
    assert_eq!(totals(&output)[0], "a 1-10 entries=2 exits=0 entries.person=2 exits.person=0");
    let answer = successor.query(&Json::Null).unwrap();
    assert_eq!(answer["lines"]["a"]["classes"]["person"], json!({"entries": 2, "exits": 0}));

    // What was counted in it is told, though no interval of that length goes on.
    let mut other = Harness::<LineCrossing>::new(settings(5.0)).unwrap();
    other.restore(&state, "0.2.0").unwrap();
    let again = other.save();
    other.restore(&again, "0.2.0").unwrap();
    let output = other.frame(2.0, []).unwrap();
    assert_eq!(totals(&output)[0], "a 1-2 entries=1 exits=0 entries.person=1 exits.person=0");
    let output = other.frame(5.0, []).unwrap();
    assert_eq!(totals(&output)[0], "a 2-5 entries=0 exits=0");
    assert_eq!(other.query(&Json::Null).unwrap()["lines"]["a"]["entries"], 1, "counts go on");
}

#[test]
fn the_state_of_the_version_before_goes_on() {
    let mut harness = Harness::<LineCrossing>::new(settings(10.0)).unwrap();
    let line = json!({"name": "a", "from": [0.5, 0.0], "to": [0.5, 1.0], "entry": "left-to-right"});
    let state = json!({"lines": [{"line": line, "entries": 7, "exits": 3}], "movers": [], "glimpses": []});
    harness.restore(state.to_string().as_bytes(), "0.1.0").unwrap();
    pass(&mut harness, 1.0, (1, "person"), 0.5);
    let answer = harness.query(&Json::Null).unwrap();
    let people = json!({"person": {"entries": 1, "exits": 0}});
    assert_eq!(answer["lines"]["a"], json!({"entries": 8, "exits": 3, "classes": people}));
}

#[test]
fn without_an_interval_nothing_is_told_and_a_senseless_one_is_refused() {
    let mut plain = settings(10.0);
    plain.as_object_mut().unwrap().remove("interval_s");
    let mut harness = Harness::<LineCrossing>::new(plain).unwrap();
    pass(&mut harness, 1.0, (1, "person"), 0.5);
    assert!(totals(&harness.frame(100_000.0, []).unwrap()).is_empty());
    assert!(totals(&harness.finish(100_001.0).unwrap()).is_empty());
    for interval_s in [0.0, -1.0, 86_401.0] {
        let refusal = Harness::<LineCrossing>::new(settings(interval_s)).err().unwrap();
        assert!(refusal.contains("interval_s") && refusal.contains("1 to 86400"), "{refusal}");
    }
}
