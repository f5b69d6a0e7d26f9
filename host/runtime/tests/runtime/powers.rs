//! What a rule gets of a power with and without the operator's grant.

use ocellus_core::{Event, Message, Power, Powers, RuleOutput, TimeUs, Value};
use ocellus_runtime::{
    Binding, Call, CallError, CompileError, Grants, Instance, Moment, Shown, TrackColumns,
};

use crate::support::{binding, compiled, frame, guest, marked, name, probed_with, runtime, track};

/// What is granted, with an address for the webhook.
fn grants(powers: &[Power]) -> Grants {
    let powers: Powers = powers.iter().copied().collect();
    let address = ["http://127.0.0.1:9/hook".to_owned()];
    Grants::new(powers, if powers.has(Power::Webhook) { &address } else { &[] }).expect("sound")
}

fn instance(settings: &str, powers: &[Power]) -> Instance {
    let binding = Binding { grants: grants(powers), ..binding(settings) };
    let probed = probed_with(guest("powers"), binding);
    probed.instantiate(probed.shares()[0]).expect("starts")
}

fn columns() -> TrackColumns {
    let mut columns = TrackColumns::new();
    columns.fill(&[track(1)], frame(0).size);
    columns.set_embeddings(2, &[0], &[0.5, 0.5]);
    columns
}

fn message() -> Message {
    Message {
        time: TimeUs(5),
        camera: name("north"),
        rule: name("other"),
        topic: name("level"),
        attributes: [("n".to_owned(), Value::Number(1.5)), ("text".to_owned(), Value::Text("ä".into()))]
            .into(),
    }
}

/// One frame with everything in it.
fn show(instance: &mut Instance) -> RuleOutput {
    let (columns, messages) = (columns(), [message()]);
    let shown = Shown { tracks: &columns, messages: &messages, wall: Some(TimeUs(77)) };
    instance.process(&frame(0), shown).expect("a sound frame")
}

fn attribute(event: &Event, key: &str) -> String {
    let found = event.attributes.iter().find(|(known, _)| known == key).expect("said");
    match &found.1 {
        Value::Integer(integer) => integer.to_string(),
        Value::Text(text) => text.clone(),
        other => format!("{other:?}"),
    }
}

/// What the rule saw of one thing, without any power and with one.
fn without_and_with(power: Power, settings: &str, key: &str) -> (String, String) {
    let saw = |powers: &[Power]| attribute(&show(&mut instance(settings, powers)).events[0], key);
    (saw(&[]), saw(&[power]))
}

#[test]
fn appearances_are_seen_only_where_it_is_granted() {
    let (without, with) = without_and_with(Power::Embeddings, "{}", "embeddings");
    assert_eq!((without.as_str(), with.as_str()), ("0", "2"));
}

#[test]
fn the_time_of_day_is_told_only_where_it_is_granted() {
    let (without, with) = without_and_with(Power::WallClock, "{}", "wall");
    assert_eq!((without.as_str(), with.as_str()), ("0", "77"));
    let mut timed = instance("{}", &[Power::WallClock, Power::KeyValue]);
    let at = Moment { time: TimeUs(9), wall: Some(TimeUs(78)) };
    let output = timed.command(at, "set a b").expect("sound");
    assert_eq!(attribute(&output.events[0], "wall"), "78");
}

#[test]
fn other_rules_are_heard_only_where_it_is_granted() {
    let (without, with) = without_and_with(Power::Messages, r#"{"hear":"level"}"#, "heard");
    assert_eq!(without, "");
    assert_eq!(with, r#"other/north/level/5/[("n", Value::Number(1.5)), ("text", Value::Text("ä"))]"#);
    let topics = |powers: &[Power]| instance(r#"{"hear":"level"}"#, powers).topics().to_vec();
    assert_eq!((topics(&[]), topics(&[Power::Messages])), (vec![], vec![name("level")]));
}

#[test]
fn what_a_rule_says_to_others_is_left_out_where_it_is_not_granted_and_its_log_says_so() {
    let settings = r#"{"publish":"level"}"#;
    let mut with = instance(settings, &[Power::Messages]);
    let output = show(&mut with);
    assert_eq!(output.publications.len(), 1);
    assert_eq!(output.publications[0].topic, name("level"));
    assert_eq!(with.denied(), 0);
    let mut without = instance(settings, &[]);
    let output = show(&mut without);
    assert_eq!((output.publications.len(), output.events.len()), (0, 1), "the rest is taken");
    assert_eq!(without.denied(), 1);
    let lines = without.drain_logs().lines;
    assert!(lines.iter().any(|line| line.message.contains("messages are not granted")), "{lines:?}");
}

#[test]
fn only_addresses_that_the_operator_named_are_called() {
    let calls = |url: &str, powers: &[Power]| {
        let mut instance = instance(&format!(r#"{{"webhook":"{url}"}}"#), powers);
        let output = show(&mut instance);
        (output.webhooks.len(), instance.denied())
    };
    let webhook = [Power::Webhook];
    assert_eq!(calls("http://127.0.0.1:9/hook/door", &webhook), (1, 0));
    assert_eq!(calls("http://127.0.0.1:9/other", &webhook), (0, 1));
    assert_eq!(calls("http://127.0.0.1:9/hook", &[]), (0, 1));
    assert_eq!(calls("no address", &webhook), (0, 1));
}

#[test]
fn a_topic_that_is_none_is_refused_in_the_trial_already() {
    let refusal = |settings: &str| {
        let binding = Binding { grants: grants(&[Power::Messages]), ..binding(settings) };
        let bound = compiled(guest("powers")).bind(binding).expect("sound");
        bound.probe().map(drop).expect_err("refused").cause
    };
    for (settings, call) in
        [(r#"{"hear":"two words"}"#, Call::Configure), (r#"{"publish":"two words"}"#, Call::Process)]
    {
        let error = refusal(settings);
        let CallError::InvalidOutput { call: found, what } = &error else { panic!("{error}") };
        assert!(*found == call && what.contains("two words"), "{error}");
    }
}

#[test]
fn a_rule_says_what_it_asks_for_and_is_told_what_it_got() {
    let asked = compiled(guest("powers")).description().powers;
    assert_eq!(asked, Power::ALL.into_iter().collect());
    let modest = compiled(marked_powers("describe-modest")).description().powers;
    assert!(modest.is_none());
    let unasked = Binding { grants: grants(&[Power::WallClock]), ..binding("{}") };
    let probed = probed_with(marked_powers("describe-modest"), unasked);
    let mut nobody = probed.instantiate(probed.shares()[0]).expect("starts");
    assert_eq!(attribute(&show(&mut nobody).events[0], "granted"), "0", "what is not asked for is not given");
    let granted = [Power::Messages, Power::WallClock];
    let output = show(&mut instance("{}", &granted));
    assert_eq!(attribute(&output.events[0], "granted"), "2");
}

#[test]
fn powers_that_are_only_names_in_contract_0_1_are_refused() {
    let bytes = marked(&[("@deed=", "describe-powers")]);
    let error = runtime().load(bytes).map(drop).expect_err("refused").to_string();
    assert!(error.contains("network"), "{error}");
    let _: fn(CompileError) = |error| drop(error);
}

/// The guest with a mark set.
fn marked_powers(deed: &str) -> Vec<u8> {
    crate::support::marked_in("powers", &[("@deed=", deed)])
}
