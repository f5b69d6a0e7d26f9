//! Every way to harm a host or other rules with powers that a test asks for.

use std::hint::black_box;

use crate::ocellus::plugin::key_value::{self, Refusal};
use crate::ocellus::plugin::types::{
    Event, Label, Line, Measurement, Message, Output, Overlay, Point, Publication, Tone, Value, WebhookCall,
};

/// Messages that a call may say.
const MOST_SAID: usize = 64;

/// Does to `output`, or to the host, what `deed` names.
pub fn commit(deed: &str, (topic, url): (&str, &str), heard: &[Message], output: &mut Output) {
    match deed {
        "say" => output.publications.push(publication(topic, attributes(1, 8))),
        "say-flood" => output.publications = vec![publication(topic, attributes(30, 120)); MOST_SAID],
        "say-65" => output.publications = vec![publication(topic, Vec::new()); MOST_SAID + 1],
        "say-30000" => output.publications = vec![publication(topic, Vec::new()); 30_000],
        "say-33-attributes" => output.publications.push(publication(topic, attributes(33, 8))),
        "say-5-kb" => output.publications.push(publication(topic, attributes(1, 5_000))),
        "say-2-mib" => output.publications = vec![publication(topic, attributes(1, 32 << 10)); MOST_SAID],
        "say-twice" => {
            output.publications.push(publication(topic, [attributes(1, 1), attributes(1, 2)].concat()))
        }
        "say-control" => output.publications.push(publication("bell\u{7}", Vec::new())),
        "say-64-kb" => output.publications.push(publication(&"t".repeat(64 << 10), Vec::new())),
        "say-not-utf-8" => output.publications.push(publication(&invalid(), Vec::new())),
        "say-nan" => {
            let nan = vec![("nan".to_owned(), Value::Number(f64::NAN)), ("n".to_owned(), Value::Number(1.0))];
            output.publications.push(publication(topic, nan));
        }
        // Two for each that it heard, and one to begin with.
        "echo" => {
            let count = (2 * heard.len()).clamp(1, MOST_SAID);
            output.publications = vec![publication(topic, attributes(1, 64)); count];
        }
        "call" => output.webhooks.push(call(url, "{}")),
        "call-flood" => output.webhooks = vec![call(url, &body(60_000)); 16],
        "call-17" => output.webhooks = vec![call(url, "{}"); 17],
        "call-30000" => output.webhooks = vec![call(url, "{}"); 30_000],
        "call-65-kib" => output.webhooks.push(call(url, &body(65 << 10))),
        "call-2-mib" => output.webhooks.push(call(url, &body(2 << 20))),
        "call-no-json" => output.webhooks.push(call(url, "{}\r\n\r\nPOST /admin HTTP/1.1")),
        "call-empty" => output.webhooks.push(call(url, "")),
        "call-brackets" => output.webhooks.push(call(url, &"[".repeat(60_000))),
        "call-4-kb-address" => output.webhooks.push(call(&format!("{url}{}", "a".repeat(4096)), "{}")),
        "call-not-utf-8" => output.webhooks.push(call(&invalid(), "{}")),
        // What can stand in no setting.
        "call-split" => {
            output.webhooks.push(call(&format!("{url} HTTP/1.1\r\nhost: evil.example\r\n\r\n"), "{}"))
        }
        "call-up" => output.webhooks.push(call(&format!("{url}\t..\\..\\\nadmin"), "{}")),
        "call-nul" => output.webhooks.push(call(&format!("{url}\0@evil.example/"), "{}")),
        "events" => output.events = vec![event("many"); 1_001],
        "measurements" => {
            output.measurements = vec![Measurement { name: "many".into(), value: 1.0 }; 1_001];
        }
        "nan" => nan(output),
        "slow" => _ = (0..3_000_000_u64).fold(0, |sum, turn| black_box(sum ^ turn)),
        _ => keep(deed),
    }
}

/// Misdeeds with values under keys.
fn keep(deed: &str) {
    match deed {
        "keep-many" => fill(),
        "keep-churn" => churn(300),
        "keep-odd" => odd_keys(),
        "keep-too-much" => too_much(),
        "keep-without-grant" => without_grant(),
        "keep-2-mib" => _ = key_value::set("value", &vec![1; 2 << 20]),
        "keep-2-mib-key" => _ = key_value::set(&"k".repeat(2 << 20), b""),
        "keep-not-utf-8" => _ = key_value::set(&invalid(), b""),
        "keep-without-end" => (0_u64..).for_each(|number| _ = key_value::set(&number.to_string(), b"1")),
        "keep-then-trap" => {
            key_value::set("half", b"done").expect("granted");
            panic!("trapped with a value set");
        }
        "get-without-end" => loop {
            black_box(key_value::get("value")).ok();
        },
        "list-without-end" => loop {
            black_box(key_value::keys("", None, u32::MAX)).ok();
        },
        _ => {}
    }
}

/// Sets a value where none may be set; the host must refuse it.
pub fn intrude(place: &str) {
    let refusal = key_value::set("intruder", b"1").expect_err("no value may be set here");
    assert!(matches!(refusal, Refusal::NotGranted | Refusal::NotNow), "{place}: {refusal:?}");
}

/// Topics that no rule may hear of.
pub fn topics(deed: &str) -> Vec<String> {
    match deed {
        "65" => (0..65).map(|number| format!("topic-{number}")).collect(),
        "million" => vec!["topic".to_owned(); 1_000_000],
        "64-kb" => vec!["t".repeat(64 << 10)],
        "not-utf-8" => vec![invalid()],
        "same" => vec!["flood".to_owned(); 64],
        other => vec![other.to_owned()],
    }
}

/// As many values as there is room for, and then the same again.
fn fill() {
    let value = vec![7; 60_000];
    for number in 0..100 {
        match key_value::set(&format!("value {number}"), &value) {
            Ok(()) => {}
            Err(Refusal::Full(_)) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
}

/// Keys that come and go, each once.
fn churn(count: u64) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    for number in (0..count).map(|_| NEXT.fetch_add(1, Ordering::Relaxed)) {
        let key = format!("{number:0>200}");
        key_value::set(&key, b"1").expect("room for one");
        assert_eq!(key_value::delete(&key), Ok(true));
    }
}

/// Keys that mean something elsewhere come back as they are.
fn odd_keys() {
    let long = "ö".repeat(128);
    let keys = ["\0", "\n", " ", "../../events", "a\0b", "🚪", "state", "%2e%2e", "\u{feff}", &long];
    for key in keys {
        key_value::set(key, key.as_bytes()).expect("a sound key");
    }
    for key in keys {
        assert_eq!(key_value::get(key), Ok(Some(key.as_bytes().to_vec())), "{key:?}");
        assert_eq!(key_value::keys(key, None, 1), Ok(vec![key.to_owned()]), "{key:?}");
    }
    assert_eq!(key_value::keys("", None, 0), Ok(Vec::new()));
    assert_eq!(key_value::keys("", Some("\u{10ffff}"), u32::MAX), Ok(Vec::new()));
}

/// What is too large is refused and leaves nothing.
fn too_much() {
    for key in ["", &"k".repeat(257), &"k".repeat(10_000)] {
        assert_eq!(key_value::set(key, b"1"), Err(Refusal::BadKey(256)));
        assert_eq!(key_value::get(key), Ok(None));
        assert_eq!(key_value::delete(key), Ok(false));
    }
    assert_eq!(key_value::set("value", &vec![1; (64 << 10) + 1]), Err(Refusal::TooLarge(64 << 10)));
}

/// Nothing of it is there without the operator's word.
fn without_grant() {
    assert_eq!(key_value::get("a"), Err(Refusal::NotGranted));
    assert_eq!(key_value::set("a", b""), Err(Refusal::NotGranted));
    assert_eq!(key_value::delete("a"), Err(Refusal::NotGranted));
    assert_eq!(key_value::keys("", None, 9), Err(Refusal::NotGranted));
}

/// Numbers and drawings that are none, each beside a sound one.
fn nan(output: &mut Output) {
    let (good, bad) = (Point { x: 0.5, y: 0.5 }, Point { x: f32::NAN, y: 0.5 });
    let line = |to| Overlay::Line(Line { from: good, to, tone: Tone::Good, label: String::new() });
    let label = |at| Overlay::Label(Label { at, tone: Tone::Bad, text: String::new() });
    output.overlays.extend([line(good), line(bad), label(good), label(bad)]);
    let numbers = [("good", 1.0), ("bad", f64::NAN), ("worse", f64::INFINITY)];
    output.measurements.extend(numbers.map(|(name, value)| Measurement { name: name.into(), value }));
}

fn event(kind: &str) -> Event {
    Event { kind: kind.to_owned(), track: None, attributes: Vec::new() }
}

fn publication(topic: &str, attributes: Vec<(String, Value)>) -> Publication {
    Publication { topic: topic.to_owned(), attributes }
}

fn attributes(count: usize, bytes: usize) -> Vec<(String, Value)> {
    (0..count).map(|number| (format!("k{number}"), Value::Text("x".repeat(bytes)))).collect()
}

fn call(url: &str, body: &str) -> WebhookCall {
    WebhookCall { url: url.to_owned(), body: body.to_owned() }
}

fn body(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes))
}

/// A text that is no text.
fn invalid() -> String {
    unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) }
}
