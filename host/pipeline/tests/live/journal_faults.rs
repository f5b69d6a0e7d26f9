//! Journals that are cut, changed or of another release.

use ocellus_pipeline::recorded::Ending;
use serde_json::{Value, json};

use crate::journal::{again, tried_again, written};
use crate::site::{TestSite, guest, name};

/// A journal of a rule that measures, with `calls` calls.
fn measured(calls: u64) -> String {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    host.bind("measure", &digest, &["north"], r#"{"count-asked":"measurement"}"#);
    let journal = host.site.record_rule(&name("measure"), &name("north"), calls).unwrap();
    String::from_utf8(written(journal)).unwrap()
}

/// The journal with its first line of `call`, 1-based, changed.
fn changed(journal: &str, call: &str, change: impl FnOnce(&mut Value)) -> (String, u64) {
    let mut lines: Vec<Value> = journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = lines.iter().position(|line| line.get(call).is_some()).unwrap();
    change(&mut lines[at]);
    (lines.iter().map(|line| format!("{line}\n")).collect(), at as u64 + 1)
}

fn refused(journal: &str) -> String {
    tried_again(journal.as_bytes(), guest("powers")).unwrap_err().to_string()
}

#[test]
fn what_is_recorded_otherwise_is_found_with_its_line_and_its_kind() {
    let journal = measured(40);
    let report = again(journal.as_bytes(), guest("powers"));
    assert_eq!((report.calls, report.events, report.different), (40, 0, None));
    let find = |call: &str, kind: &str, change: &dyn Fn(&mut Value)| {
        let (journal, line) = changed(&journal, call, |line| change(&mut line[call]["said"]));
        let different = again(journal.as_bytes(), guest("powers")).different.unwrap();
        assert_eq!((different.calls, different.line, different.parts[0].kind), (1, line, kind));
        assert_eq!(different.parts.len(), 1, "{:?}", different.parts);
    };
    find("seen", "measurements", &|said| said["measurements"][0]["value"] = json!(-0.0));
    find("seen", "events", &|said| said["events"] = json!([{"kind":"saw","track":null,"attributes":[]}]));
    find("seen", "publications", &|said| said["publications"] = json!([{"topic":"a","attributes":[]}]));
    find("seen", "webhooks", &|said| said["webhooks"] = json!("0"));
    find("seen", "overlays", &|said| said["overlays"] = json!("0"));
    find("seen", "log", &|said| said["log"] = json!("0"));
    find("saved", "state", &|said| said["state"] = json!("0"));
    find("saved", "error", &|said| said["error"] = json!({"kind":"trap","fatal":true,"words":""}));
}

#[test]
fn a_journal_that_lacks_calls_or_its_end_is_said_to_be_cut() {
    let journal = measured(20);
    let lines: Vec<&str> = journal.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let cut_in_the_middle = join(&[&lines[..8], &lines[21..]].concat());
    assert_eq!(
        refused(&cut_in_the_middle),
        "the journal is cut: it has 7 calls, and its end speaks of 20; record it again"
    );
    let doubled = join(&[&lines[..20], &lines[19..]].concat());
    assert!(refused(&doubled).contains("it has 21 calls, and its end speaks of 20"), "{doubled}");
    let without_an_end = join(&lines[..15]);
    let in_a_line = &journal[..without_an_end.len() + 9];
    for cut in [&without_an_end, in_a_line] {
        let report = again(cut.as_bytes(), guest("powers"));
        assert_eq!((report.calls, report.different), (14, None));
        assert!(matches!(&report.ending, Ending::Early(why) if why.contains("is cut: it has no end")));
    }
    assert!(refused(&join(&[&lines[..], &lines[5..6]].concat())).contains("stands behind the end"));
    let garbled = journal.replacen(r#"{"seen":"#, r#"{"seem":"#, 1);
    assert!(refused(&garbled).contains("is not a call of a rule"), "{}", refused(&garbled));
}

#[test]
fn a_header_that_this_program_cannot_keep_is_refused_by_name() {
    let journal = measured(1);
    let header = |change: &dyn Fn(&mut Value)| refused(&changed(&journal, "format", change).0);
    let old = header(&|header| {
        header["version"] = json!(1);
        header.as_object_mut().unwrap().remove("limits");
    });
    assert!(old.starts_with("the journal is of version 1, and this program reads versions 2 to 4"), "{old}");
    let memory = header(&|header| header["limits"]["memory"] = json!(1_u64 << 62));
    assert!(memory.contains("limits of the journal: memory_kib is"), "{memory}");
    let power = header(&|header| header["powers"] = json!(["telepathy"]));
    assert!(power.contains(r#"power "telepathy" of the journal"#), "{power}");
    let format = header(&|header| header["format"] = json!("ocellus-tracks"));
    assert!(format.contains(r#"its format is "ocellus-tracks""#), "{format}");
}
