//! A live rule's calls, recorded and made again.

use std::ops::ControlFlow;

use ocellus_core::Power;
use ocellus_pipeline::RuleJournal;
use ocellus_pipeline::journal::JournalReader;
use ocellus_pipeline::recorded::{Ending, RejudgeReport, rejudge};
use ocellus_runtime::{Runtime, RuntimeOptions};

use crate::powers::granted;
use crate::site::{TestSite, guest, marked, marked_in, name};

pub(crate) fn written(mut journal: RuleJournal) -> Vec<u8> {
    std::iter::from_fn(|| journal.next_line()).flatten().collect()
}

/// Another host makes the same calls.
pub(crate) fn again(journal: &[u8], plugin: Vec<u8>) -> RejudgeReport {
    let options = RuntimeOptions { cache_dir: None, ..RuntimeOptions::default() };
    let runtime = Runtime::new(options).unwrap();
    let mut reader = JournalReader::new(journal).unwrap();
    rejudge(&mut reader, &runtime, ("plugin", plugin), |_| ControlFlow::Continue(())).unwrap()
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
    assert!(report.events >= 60, "{report:?}");
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
    let (first, count) = report.different.unwrap();
    assert!(count >= 1 && first.line > 1, "{first:?}");
    assert!(first.now.matches("tenth").count() == 2 * first.recorded.matches("tenth").count(), "{first:?}");
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
    let cut = &text.as_bytes()[..text.len() / 2];
    let options = RuntimeOptions { cache_dir: None, ..RuntimeOptions::default() };
    let mut reader = JournalReader::new(cut).unwrap();
    let runtime = Runtime::new(options).unwrap();
    let proceed = |_| ControlFlow::Continue(());
    let error = rejudge(&mut reader, &runtime, ("plugin", marked(&[])), proceed).unwrap_err();
    assert!(error.to_string().contains("is not a call of a rule"), "{error}");
}
