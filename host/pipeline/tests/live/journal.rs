//! A live rule's calls, recorded and made again.

use std::ops::ControlFlow;

use ocellus_core::Power;
use ocellus_pipeline::journal::JournalReader;
use ocellus_pipeline::recorded::{Ending, RejudgeError, RejudgeReport, rejudge};
use ocellus_pipeline::{RuleJournal, SiteErrorKind};
use ocellus_runtime::{Runtime, RuntimeOptions};

use crate::powers::granted;
use crate::site::{TestSite, guest, marked, marked_in, name};

pub(crate) fn written(mut journal: RuleJournal) -> Vec<u8> {
    std::iter::from_fn(|| journal.next_line()).flatten().collect()
}

/// Another host makes the same calls.
pub(crate) fn again(journal: &[u8], plugin: Vec<u8>) -> RejudgeReport {
    tried_again(journal, plugin).unwrap()
}

pub(crate) fn tried_again(journal: &[u8], plugin: Vec<u8>) -> Result<RejudgeReport, RejudgeError> {
    let options = RuntimeOptions { cache_dir: None, ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).unwrap();
    let mut reader = JournalReader::new(journal)?;
    rejudge(&mut reader, &runtime, ("plugin", plugin), |_| ControlFlow::Continue(()))
}

#[test]
fn a_rule_with_state_values_messages_and_the_time_of_day_decides_again_as_it_did() {
    let host = TestSite::start(&["north", "south"]);
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    let all = [Power::Messages, Power::KeyValue, Power::WallClock];
    host.bind_granted(("say", &digest), &["north"], r#"{"publish":"level"}"#, granted(&all));
    let settings = r#"{"hear":"level","keep":"frames"}"#;
    host.bind_granted(("hear", &digest), &["south"], settings, granted(&all));
    host.wait_until("it has a past", |_| host.calls("hear") > 30);
    let journal = host.site.record_rule(&name("hear"), &name("south"), 60).unwrap();
    host.site.command_rule(&name("hear"), &name("south"), "set a b").unwrap();
    let first = written(journal);
    let report = again(&first, guest("powers"));
    assert_eq!((report.calls, &report.different, &report.ending), (60, &None, &Ending::Whole));
    assert!(report.events >= 50, "{report:?}");
    let text = String::from_utf8(first).unwrap();
    assert!(text.contains("commanded") && text.contains(r#""topic":"level""#), "{text}");
    // After a restart of the host, too.
    let host = host.restart(&["north", "south"]);
    let journal = host.site.record_rule(&name("hear"), &name("south"), 20).unwrap();
    assert_eq!(again(&written(journal), guest("powers")).different, None);
}

#[test]
fn what_a_rule_draws_by_lot_is_drawn_again() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    host.bind("lot", &digest, &["north"], r#"{"do":"world"}"#);
    host.wait_until("it has drawn", |_| host.calls("lot") > 5);
    let journal = written(host.site.record_rule(&name("lot"), &name("north"), 10).unwrap());
    assert_eq!(again(&journal, marked(&[])).different, None);
}

#[test]
fn another_decision_is_found_with_its_line() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    host.bind("count", &digest, &["north"], "{}");
    let journal = written(host.site.record_rule(&name("count"), &name("north"), 40).unwrap());
    let report = again(&journal, marked(&[("@deed=", "process-double")]));
    let different = report.different.unwrap();
    assert!(different.calls >= 1 && different.line > 1, "{different:?}");
    assert_eq!(different.kinds.into_iter().collect::<Vec<_>>(), [("events", different.calls)]);
    let [events] = &different.parts[..] else { panic!("{:?}", different.parts) };
    assert!(
        events.now.matches("tenth").count() == 2 * events.recorded.matches("tenth").count(),
        "{events:?}"
    );
}

#[test]
fn a_journal_ends_with_the_call_that_kills_the_rule_and_brings_it_about_again() {
    let host = TestSite::start(&["north"]);
    let plugin = || marked_in("powers", &[]);
    let digest = host.site.upload_plugin(plugin()).unwrap().digest;
    host.bind("trap", &digest, &["north"], r#"{"trap-at":1000000}"#);
    host.wait_until("it runs", |_| host.calls("trap") > 2);
    let journal = host.site.record_rule(&name("trap"), &name("north"), 1000).unwrap();
    assert!(host.site.command_rule(&name("trap"), &name("north"), "trap").is_err());
    let journal = written(journal);
    let report = again(&journal, plugin());
    assert_eq!(report.different, None);
    assert!(matches!(&report.ending, Ending::Early(why) if why.contains("failed at line")), "{report:?}");
}

#[test]
fn a_change_of_the_rule_ends_its_journal_and_a_rule_that_rests_has_none() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    host.bind("count", &digest, &["north"], "{}");
    let mut journal = host.site.record_rule(&name("count"), &name("north"), 100_000).unwrap();
    let mut text: Vec<u8> = (0..5).flat_map(|_| journal.next_line().unwrap()).collect();
    host.bind("count", &digest, &["north"], r#"{"other":1}"#);
    text.extend(written(journal));
    let text = String::from_utf8(text).unwrap();
    assert!(text.trim_end().ends_with(r#""early":"the rule was changed"}}"#), "{text}");
    assert!(host.site.record_rule(&name("count"), &name("south"), 1).is_err());
    assert!(host.site.record_rule(&name("other"), &name("north"), 1).is_err());
    let report = again(text.as_bytes(), marked(&[]));
    assert!(matches!(report.ending, Ending::Early(_)) && report.different.is_none(), "{report:?}");
}

#[test]
fn a_rule_that_changes_as_it_saves_and_as_it_is_asked_decides_again_as_it_did() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    // Compiled before the journal begins, which has an end.
    let other = host.site.upload_plugin(marked_in("powers", &[("@version=", "2.0.0")])).unwrap().digest;
    host.bind("count", &digest, &["north"], r#"{"count-asked":"event"}"#);
    host.wait_until("it runs", |_| host.calls("count") > 2);
    let journal = host.site.record_rule(&name("count"), &name("north"), 70).unwrap();
    let answer = host.site.query_rule(&name("count"), &name("north"), "keys a").unwrap();
    assert!(host.site.query_rule(&name("count"), &name("north"), "no question").is_err());
    // A try of another version has the rule save as well.
    host.site.shadow(&name("count"), &other).unwrap();
    let journal = written(journal);
    let report = again(&journal, guest("powers"));
    assert_eq!((report.calls, &report.different, &report.ending), (70, &None, &Ending::Whole));
    let text = String::from_utf8(journal).unwrap();
    assert!(
        text.contains(r#"{"asked":{"request":"keys a""#) && text.contains("ask something else"),
        "{text}"
    );
    assert!(text.contains(&serde_json::to_string(&answer).unwrap()), "{text}");
    assert!(text.matches(r#"{"saved":"#).count() >= 3, "once a second, and for the shadow: {text}");
}

#[test]
fn a_rule_near_its_own_limits_decides_again_as_it_did() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    let mut rule = host.rule("fill", &digest, &["north"], "{}");
    rule.grants = Some(granted(&[Power::KeyValue]));
    rule.policy.limits.values = 128 << 10;
    host.site.put_rule(rule).unwrap();
    let journal = host.site.record_rule(&name("fill"), &name("north"), 30).unwrap();
    let fill =
        |key: &str| host.site.command_rule(&name("fill"), &name("north"), &format!("fill {key} 60000"));
    fill("a").unwrap();
    fill("b").unwrap();
    assert!(fill("c").unwrap_err().to_string().contains("Full(131072)"));
    let report = again(&written(journal), guest("powers"));
    assert_eq!((report.calls, &report.different), (30, &None));
}

#[test]
fn drawings_numbers_and_log_lines_come_again() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(guest("probe")).unwrap().digest;
    for deed in ["nan", "world", "refuse", "large-state"] {
        host.bind("deed", &digest, &["north"], &format!(r#"{{"do":"{deed}","after":3}}"#));
        let journal = written(host.site.record_rule(&name("deed"), &name("north"), 40).unwrap());
        let report = again(&journal, guest("probe"));
        assert_eq!((report.calls, &report.different, deed), (40, &None, deed));
        let text = String::from_utf8(journal).unwrap();
        let told = match deed {
            "nan" => &["overlays", "measurements"][..],
            "world" => &["log"],
            "refuse" => &["not this frame"],
            _ => &["state-too-large"],
        };
        assert!(told.iter().all(|told| text.contains(told)), "{deed}: {text}");
    }
}

#[test]
fn a_death_in_save_ends_the_journal_and_comes_again() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(guest("probe")).unwrap().digest;
    host.bind("die", &digest, &["north"], r#"{"do":"trap-in-save","after":30}"#);
    let journal = written(host.site.record_rule(&name("die"), &name("north"), 1000).unwrap());
    let report = again(&journal, guest("probe"));
    assert_eq!(report.different, None);
    let text = String::from_utf8(journal).unwrap();
    let last = text.lines().count() - 1;
    assert_eq!(report.ending, Ending::Early(format!("the rule failed at line {last}")));
    assert!(text.trim_end().ends_with(r#""early":"the rule failed"}}"#), "{text}");
}

#[test]
fn a_rule_has_one_journal_at_a_time() {
    let host = TestSite::start(&["north", "south"]);
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    host.bind("count", &digest, &["north", "south"], "{}");
    let record = |camera: &str, calls| host.site.record_rule(&name("count"), &name(camera), calls);
    let first = record("north", 40).unwrap();
    let error = record("north", 1).unwrap_err();
    assert_eq!(error.kind(), SiteErrorKind::Conflict);
    assert!(error.to_string().starts_with("rule count is being recorded on north already"), "{error}");
    let other = record("south", 5).unwrap();
    let report = again(&written(first), marked(&[]));
    assert_eq!((report.calls, report.different), (40, None), "the refused one did no harm");
    drop(other);
    for camera in ["north", "south"] {
        assert_eq!(again(&written(record(camera, 5).unwrap()), marked(&[])).calls, 5, "{camera}");
    }
}
