//! A rule's events, read line by line.

use anyhow::{Context, ensure};
use ocellus_core::Name;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lines::Lines;
use super::truth::Truth;
use crate::args::eval::EvalEventsArgs;
use crate::commands::files::Files;

/// The most events that are looked at.
const MOST_EVENTS: u64 = 2_000_000;
/// Later than this is a time of day, not of a recording: thirty years in microseconds.
const TIME_OF_DAY_US: u64 = 30 * 365 * 86_400 * 1_000_000;

/// What is used of an event.
#[derive(Debug, Deserialize)]
pub(super) struct EventEntry {
    time_us: u64,
    camera: String,
    rule: String,
    pub(super) kind: String,
    #[serde(default)]
    pub(super) track: Option<u64>,
    pub(super) attributes: Map<String, Value>,
}

impl EventEntry {
    /// Whether all of `wanted` are among the attributes.
    pub(super) fn has(&self, wanted: &Map<String, Value>) -> bool {
        wanted.iter().all(|(key, value)| self.attributes.get(key).is_some_and(|found| is_same(found, value)))
    }
}

/// 1 and 1.0 are the same number.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// Shows each event that is asked for, with its time in seconds, and says how many there were.
pub(super) fn each_event(
    args: &EvalEventsArgs,
    truth: &Truth,
    mut look: impl FnMut(f64, &EventEntry) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let mut lines = Lines::open("events file", &args.events)?;
    let name = lines.name().to_owned();
    let (from_s, to_s) = truth.window();
    let is_asked_for =
        |wanted: &Option<Name>, found: &str| wanted.as_ref().is_none_or(|name| name.as_str() == found);
    let (mut of_rule, mut looked_at) = (0_u64, 0_u64);
    loop {
        let number = lines.line() + 1;
        let Some(text) = lines.next()? else { break };
        if text.trim().is_empty() {
            continue;
        }
        let about =
            || format!("{name}: line {number} is not an event as `ocellus analyze --events` writes it");
        let event: EventEntry = serde_json::from_str(text).with_context(about)?;
        if !is_asked_for(&args.camera, &event.camera) || !is_asked_for(&args.rule, &event.rule) {
            continue;
        }
        of_rule += 1;
        ensure!(of_rule <= MOST_EVENTS, "{name} has more than {MOST_EVENTS} events; evaluate it in parts");
        ensure!(
            truth.start_us > 0 || event.time_us < TIME_OF_DAY_US,
            "{name}: line {number} has the time of day; give the truth a start_us, the time_us of its second 0"
        );
        let time_s = (event.time_us as f64 - truth.start_us as f64) / 1e6;
        if (from_s..to_s).contains(&time_s) {
            looked_at += 1;
            look(time_s, &event)?;
        }
    }
    ensure!(
        of_rule == 0 || looked_at > 0,
        "{name}: all {of_rule} events lie outside the time that the truth is about ({from_s} to {to_s} s); is it the same \
         recording?"
    );
    if of_rule == 0 {
        eprintln!("warning: {name} has no event that is asked for");
    }
    let outside = of_rule - looked_at;
    if outside > 0 {
        eprintln!(
            "note: {outside} events lie outside the time that the truth is about ({from_s} to {to_s} s)"
        );
    }
    Ok(looked_at)
}

/// Checks what all commands over events have in common.
pub(super) fn read_truth(args: &EvalEventsArgs) -> anyhow::Result<Truth> {
    ensure!(
        (0.0..=3600.0).contains(&args.tolerance),
        "--tolerance is {}, use seconds from 0 to 3600",
        args.tolerance
    );
    let mut files = Files::default();
    files.input("--truth", Some(&args.truth));
    files.input("--events", Some(&args.events));
    files.check()?;
    Truth::read(&args.truth)
}
