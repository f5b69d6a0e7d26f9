//! Events beside those that were expected.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::Value;
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

/// Differences that are shown.
const SHOWN: usize = 5;
/// After this the differences are no longer the smallest there are.
const PATIENCE: Duration = Duration::from_secs(5);

/// Events, one JSON object a line, whatever number they have in their log.
pub(super) struct Events(Vec<Event>);

struct Event {
    /// What is compared.
    value: Value,
    /// What is shown.
    text: String,
}

impl Events {
    /// None yet.
    pub(super) fn new() -> Events {
        Events(Vec::new())
    }

    /// Reads a file of event lines.
    pub(super) fn read(path: &Path) -> anyhow::Result<Events> {
        let about = || format!("expected events {}", path.display());
        let text = std::fs::read_to_string(path).with_context(about)?;
        let mut events = Events::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            events.push(line).with_context(|| format!("{}, line {}", about(), index + 1))?;
        }
        Ok(events)
    }

    /// Adds an event line.
    pub(super) fn push(&mut self, line: &str) -> anyhow::Result<()> {
        let mut value: Value = serde_json::from_str(line).context("it is not an event")?;
        value.as_object_mut().context("it is not an event, but some other JSON")?.remove("sequence");
        self.0.push(Event { value, text: line.trim().to_owned() });
        Ok(())
    }

    /// Writes the first differences; whether there are any.
    pub(super) fn differ(&self, found: &Events, out: &mut impl Write) -> std::io::Result<bool> {
        let values =
            |events: &Events| events.0.iter().map(|event| event.value.to_string()).collect::<Vec<_>>();
        let (old, new) = (values(self), values(found));
        let deadline = Instant::now().checked_add(PATIENCE);
        let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline);
        let missing = |index: usize| format!("missing     {}", self.0[index].text);
        let unexpected = |index: usize| format!("unexpected  {}", found.0[index].text);
        let changes: Vec<String> = ops
            .iter()
            .filter(|op| op.tag() != DiffTag::Equal)
            .flat_map(|op| op.old_range().map(missing).chain(op.new_range().map(unexpected)))
            .collect();
        for change in changes.iter().take(SHOWN) {
            writeln!(out, "{change}")?;
        }
        if changes.len() > SHOWN {
            writeln!(out, "… and {} further differences", changes.len() - SHOWN)?;
        }
        Ok(!changes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(lines: &[&str]) -> Events {
        let mut events = Events::new();
        lines.iter().for_each(|line| events.push(line).unwrap());
        events
    }

    fn said(expected: &[&str], found: &[&str]) -> (bool, String) {
        let mut out = Vec::new();
        let differ = events(expected).differ(&events(found), &mut out).unwrap();
        (differ, String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_event_that_is_missing_is_the_only_difference_though_the_numbers_after_it_shift() {
        let expected =
            [r#"{"sequence":1,"kind":"a"}"#, r#"{"sequence":2,"kind":"b"}"#, r#"{"sequence":3,"kind":"c"}"#];
        let found = [r#"{"sequence":1,"kind":"a"}"#, r#"{"kind": "c", "sequence":2}"#];
        let (differ, text) = said(&expected, &found);
        assert!(differ);
        assert_eq!(text, "missing     {\"sequence\":2,\"kind\":\"b\"}\n");
        assert_eq!(said(&found, &found), (false, String::new()));
    }

    #[test]
    fn of_many_differences_the_first_are_shown_and_the_others_counted() {
        let found: Vec<String> = (0..50).map(|number| format!(r#"{{"kind":"k{number}"}}"#)).collect();
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        let (differ, text) = said(&[], &found);
        assert!(differ && text.lines().count() == SHOWN + 1 && text.contains("45 further"), "{text}");
    }

    #[test]
    fn what_is_no_event_is_refused() {
        for line in ["{", "[]", "7"] {
            assert!(Events::new().push(line).is_err(), "{line}");
        }
    }
}
