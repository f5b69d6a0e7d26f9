//! Powers on a live site: what is granted works, what is not is refused, and what is new is asked for.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::channel;

use ocellus_core::{Event, Power, Powers, Value, VersionState};
use ocellus_pipeline::{Site, SiteError, TransitionQuery};
use ocellus_runtime::Grants;

use crate::site::{TestSite, guest, marked_in, name};

pub(crate) fn granted(powers: &[Power]) -> Grants {
    Grants::new(powers.iter().copied().collect(), &[]).unwrap()
}

/// What a rule said under `key` in its newest event that `fits`.
pub(crate) fn said(host: &TestSite, rule: &str, key: &str) -> Option<String> {
    let value = |event: &Event| {
        let found = event.attributes.iter().find(|(known, _)| known == key)?;
        Some(match &found.1 {
            Value::Integer(integer) => integer.to_string(),
            Value::Text(text) => text.clone(),
            other => format!("{other:?}"),
        })
    };
    host.events(rule).iter().rev().find_map(|record| value(&record.event))
}

#[test]
fn what_a_rule_keeps_under_keys_outlasts_versions_and_restarts() {
    let host = TestSite::start(&["north"]);
    let first = host.site.upload_plugin(marked_in("powers", &[("@version=", "1.0.0")])).unwrap().digest;
    let second = host.site.upload_plugin(marked_in("powers", &[("@version=", "2.0.0")])).unwrap().digest;
    let grants = granted(&[Power::KeyValue]);
    host.bind_granted(("count", &first), &["north"], r#"{"keep":"frames"}"#, grants);
    let kept = |host: &TestSite| said(host, "count", "kept").and_then(|count| count.parse::<u64>().ok());
    host.wait_until("it counts", |_| kept(&host).is_some_and(|count| count > 10));
    host.site.activate(&name("count"), &second, None).unwrap();
    let before = kept(&host).unwrap();
    host.wait_until("it goes on counting", |_| kept(&host).is_some_and(|count| count > before + 5));
    let host = host.restart(&["north"]);
    host.wait_until("it counts again", |_| host.calls("count") > 3);
    let counts: Vec<u64> = host
        .events("count")
        .iter()
        .filter_map(|record| record.event.attributes.iter().find(|(key, _)| key == "kept"))
        .filter_map(|(_, value)| match value {
            Value::Integer(count) => u64::try_from(*count).ok(),
            _ => None,
        })
        .collect();
    assert!(counts.windows(2).all(|pair| pair[1] == pair[0] + 1), "each once, in order: {counts:?}");
    let health = &host.site.rule(&name("count")).unwrap().cameras[0].health;
    assert_eq!(health.values, "frames".len() + 8 + 64);
}

#[test]
fn rules_hear_each_other_over_cameras_and_not_themselves() {
    let host = TestSite::start(&["north", "south"]);
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    let messages = || granted(&[Power::Messages]);
    host.bind_granted(("hear", &digest), &["south"], r#"{"hear":"level","publish":"level"}"#, messages());
    host.bind_granted(("say", &digest), &["north"], r#"{"publish":"level"}"#, messages());
    host.bind_granted(("mute", &digest), &["north"], r#"{"publish":"level"}"#, Grants::none());
    host.wait_until("it hears", |_| {
        host.events("hear").iter().any(|record| {
            matches!(&record.event.attributes.iter().find(|(key, _)| key == "heard").unwrap().1,
                Value::Text(text) if text.contains("say/"))
        })
    });
    let heard: Vec<String> = host
        .events("hear")
        .iter()
        .flat_map(|record| record.event.attributes.clone())
        .filter_map(|(key, value)| match (key.as_str(), value) {
            ("heard", Value::Text(text)) => Some(text),
            _ => None,
        })
        .filter(|text| !text.is_empty())
        .collect();
    assert!(heard.iter().all(|text| text.starts_with("say/")), "{heard:?}");
    host.wait_until("what is not granted is counted", |site| {
        site.rule(&name("mute")).unwrap().cameras[0].health.denied > 0
    });
}

#[test]
fn a_version_that_asks_for_more_waits_for_a_word_of_the_operator() {
    let host = TestSite::start(&["north"]);
    let version = |number: &str, deed: &str| {
        let bytes = marked_in("powers", &[("@version=", number), ("@deed=", deed)]);
        host.site.upload_plugin(&bytes).unwrap()
    };
    let modest = version("1.0.0", "describe-modest");
    let greedy = version("2.0.0", "");
    assert_eq!((modest.powers.len(), greedy.powers.len()), (0, Power::ALL.len()));
    host.bind("rule", &modest.digest, &["north"], "{}");
    let error = host.site.activate(&name("rule"), &greedy.digest, None).unwrap_err();
    assert!(matches!(&error, SiteError::Consent { powers, .. } if powers.has(Power::Webhook)), "{error}");
    assert!(error.to_string().contains("embeddings, readings, messages"), "{error}");
    assert_eq!(host.site.rule(&name("rule")).unwrap().digest, modest.digest);
    let waits = |site: &Site| {
        let query = TransitionQuery { rule: Some(name("rule")), ..TransitionQuery::default() };
        site.transitions(&query)
            .unwrap()
            .iter()
            .any(|record| record.transition.state == VersionState::Waiting)
    };
    assert!(waits(&host.site));
    // Whichever way it comes: bound in the other's place, or out of the shadow.
    let bound = host.rule("rule", &greedy.digest, &["north"], "{}");
    let error = host.site.put_rule(bound).unwrap_err();
    assert!(matches!(error, SiteError::Consent { .. }), "{error}");
    host.site.shadow(&name("rule"), &greedy.digest).unwrap();
    let error = host.site.promote_shadow(&name("rule"), None).unwrap_err();
    assert!(matches!(error, SiteError::Consent { .. }), "{error}");
    assert_eq!(host.site.rule(&name("rule")).unwrap().digest, modest.digest);
    host.site.promote_shadow(&name("rule"), Some(granted(&[Power::Readings]))).unwrap();
    assert_eq!(host.site.rule(&name("rule")).unwrap().grants, granted(&[Power::Readings]));
    // New settings leave what was granted as it is.
    host.bind("rule", &greedy.digest, &["north"], r#"{"publish":"level"}"#);
    assert_eq!(host.site.rule(&name("rule")).unwrap().grants, granted(&[Power::Readings]));
    host.site.remove_rule(&name("rule")).unwrap();
    host.bind("rule", &modest.digest, &["north"], "{}");
    // A word may be a no.
    host.site.activate(&name("rule"), &greedy.digest, Some(Grants::none())).unwrap();
    let rule = host.site.rule(&name("rule")).unwrap();
    assert_eq!((rule.digest, rule.grants), (greedy.digest.clone(), Grants::none()));
    // And it was said once and for all.
    host.site.roll_back(&name("rule")).unwrap();
    host.site.activate(&name("rule"), &greedy.digest, None).unwrap();
    let granted = granted(&[Power::WallClock]);
    host.site.activate(&name("rule"), &greedy.digest, Some(granted.clone())).unwrap();
    let host = host.restart(&["north"]);
    assert_eq!(host.site.rule(&name("rule")).unwrap().grants, granted);
    host.wait_until("it is told the time of day", |_| {
        said(&host, "rule", "wall").is_some_and(|wall| wall.len() == 16)
    });
}

#[test]
fn granted_addresses_are_called_and_a_redirect_leads_nowhere() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hooks/", server.local_addr().unwrap());
    let (requests, received) = channel();
    let serving = std::thread::spawn(move || {
        for (number, stream) in server.incoming().take(2).enumerate() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let mut read = 0;
            while !String::from_utf8_lossy(&request[..read]).contains("\r\n\r\n{") {
                read += stream.read(&mut request[read..]).unwrap();
            }
            requests.send(String::from_utf8_lossy(&request[..read]).into_owned()).unwrap();
            let answer = match number {
                0 => "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
                _ => {
                    "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                }
            };
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let host = TestSite::start_at(2, &["north"]);
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    let settings = format!(r#"{{"webhook":"{url}door"}}"#);
    let grants = Grants::new(Powers::NONE.with(Power::Webhook), &[url]).unwrap();
    host.bind_granted(("door", &digest), &["north"], &settings, grants);
    let first = received.recv().unwrap();
    assert!(first.starts_with("POST /hooks/door HTTP/1.1\r\n"), "{first}");
    for part in ["ocellus-rule: door", "ocellus-camera: north", "application/json", "{\"n\":1}"] {
        assert!(first.contains(part), "{first}");
    }
    received.recv().unwrap();
    host.wait_until("both are counted", |site| {
        let counts = site.webhooks().into_iter().find(|(rule, _)| rule.as_str() == "door");
        let Some((_, counts)) = counts else { return false };
        counts.failed >= 1 && counts.delivered == 1
    });
    serving.join().unwrap();
}
