//! `ocellus plugin test`: a plugin over recorded tracks, for its author.

use std::collections::BTreeMap;
use std::io::{StdoutLock, Write};
use std::ops::ControlFlow;

use anyhow::Context;
use ocellus_core::{EventRecord, Value};
use ocellus_pipeline::record::RecordReader;
use ocellus_pipeline::recorded::{self, Ending, RecordedRule, RuleSource, TrialCall, TrialReport};
use ocellus_pipeline::wire::EventLine;
use ocellus_runtime::{CallError, Grants, Histogram, Limits, Trap};

use super::difference::Events;
use super::words;
use crate::args::plugin::TestArgs;
use crate::commands::files::{self, Files};
use crate::commands::output::Output;
use crate::commands::{ending, rules};
use crate::exit::Outcome;
use crate::interrupt::Interrupt;

/// Refusals, and lines of the rule's log, that are shown, each.
const SHOWN: u64 = 100;

pub(crate) fn run(args: &TestArgs) -> anyhow::Result<Outcome> {
    files(args).check()?;
    let about = || format!("tracks file {}", args.tracks.display());
    let mut tracks =
        RecordReader::new(files::open_unpacked(&args.tracks).with_context(about)?).with_context(about)?;
    let expected = args.expect.as_deref().map(Events::read).transpose()?;
    let source = RuleSource {
        origin: args.file.display().to_string(),
        component: rules::read_plugin(&args.file)?,
        settings: rules::settings_text(&args.settings)?,
        name: args.name.clone(),
        grants: match args.grants.is_empty() {
            true => rules::grant_all(),
            false => Grants::new(args.grants.iter().copied().collect(), &[]).context("--grant")?,
        },
    };
    let header = tracks.header();
    let (camera, classes) = (header.camera.clone(), header.classes.clone().into());
    let rule = match RecordedRule::prepare(&rules::trial_runtime()?, &source, &camera, &classes) {
        Ok(rule) => rule,
        Err(error) => {
            eprintln!("refused: {error}");
            return Ok(Outcome::Failed);
        }
    };
    let events = args.events.as_deref().map_or_else(|| Ok(Output::nowhere()), Output::create)?;
    let found = expected.is_some().then(Events::new);
    let mut seen = Seen::new(std::io::stdout().lock(), events, found);
    let interrupt = Interrupt::listen()?;
    let report = recorded::try_rule(&mut tracks, rule, |call| match seen.call(call) {
        Ok(ControlFlow::Continue(())) => interrupt.proceed(),
        Ok(ControlFlow::Break(())) => ControlFlow::Break(()),
        Err(error) => {
            seen.broken = Some(error);
            ControlFlow::Break(())
        }
    });
    let report = report.with_context(about)?;
    if let Some(error) = seen.broken {
        return Err(error);
    }
    seen.finish(args, report, expected.as_ref())
}

fn files(args: &TestArgs) -> Files {
    let mut files = Files::default();
    files.input("the plugin", Some(&args.file));
    files.input("--tracks", Some(&args.tracks));
    files.input("--settings", args.settings.strip_prefix('@').map(std::path::Path::new));
    files.input("--expect", args.expect.as_deref());
    files.output("--events", args.events.as_deref());
    files
}

/// What was seen of the rule so far.
struct Seen<'a> {
    out: StdoutLock<'a>,
    events: Output,
    /// Its events, where they are to be compared.
    found: Option<Events>,
    kinds: BTreeMap<String, u64>,
    times: Histogram,
    /// Calls that a live camera would perhaps have stopped.
    slow: u64,
    refusals: u64,
    log_lines: u64,
    log_dropped: u64,
    failed: Option<(u64, String, CallError)>,
    /// The output broke.
    broken: Option<anyhow::Error>,
}

impl<'a> Seen<'a> {
    fn new(out: StdoutLock<'a>, events: Output, found: Option<Events>) -> Seen<'a> {
        Seen {
            out,
            events,
            found,
            kinds: BTreeMap::new(),
            times: Histogram::new(),
            slow: 0,
            refusals: 0,
            log_lines: 0,
            log_dropped: 0,
            failed: None,
            broken: None,
        }
    }

    /// Shows one call; whether there can be another.
    fn call(&mut self, call: TrialCall) -> anyhow::Result<ControlFlow<()>> {
        // A failed call took longer than the rule did: its backtrace was read.
        if call.result.as_ref().err().is_none_or(|error| !error.is_fatal()) {
            self.times.record(call.took);
            self.slow += u64::from(call.took > Limits::default().call);
        }
        self.log_dropped += call.log_dropped;
        let place = format!("{:>10.3} s  frame {:<6}", call.time.seconds(), call.frame);
        for line in &call.log {
            self.log_lines += 1;
            if self.log_lines <= SHOWN {
                writeln!(self.out, "{place}  log {}: {}", line.level.as_str(), line.message)?;
            }
        }
        match call.result {
            Ok(events) => {
                for event in &events {
                    self.event(&place, event)?;
                }
                Ok(ControlFlow::Continue(()))
            }
            Err(CallError::Refused { message, .. }) => {
                self.refusals += 1;
                if self.refusals <= SHOWN {
                    writeln!(self.out, "{place}  refused: {message}")?;
                }
                Ok(ControlFlow::Continue(()))
            }
            Err(error) => {
                self.failed = Some((call.frame, call.time.to_string(), error));
                Ok(ControlFlow::Break(()))
            }
        }
    }

    fn event(&mut self, place: &str, event: &EventRecord) -> anyhow::Result<()> {
        *self.kinds.entry(event.event.kind.clone()).or_default() += 1;
        write!(self.out, "{place}  {}", event.event.kind)?;
        if let Some(track) = event.event.track {
            write!(self.out, "  track {track}")?;
        }
        for (key, value) in &event.event.attributes {
            match value {
                Value::Flag(flag) => write!(self.out, "  {key}={flag}")?,
                Value::Integer(integer) => write!(self.out, "  {key}={integer}")?,
                Value::Number(number) => write!(self.out, "  {key}={number}")?,
                Value::Text(text) => write!(self.out, "  {key}={text}")?,
            }
        }
        writeln!(self.out)?;
        let line = serde_json::to_string(&EventLine::from(event))?;
        writeln!(self.events, "{line}").context("the events")?;
        self.found.as_mut().map_or(Ok(()), |found| found.push(&line))
    }

    /// Sums up.
    fn finish(
        mut self,
        args: &TestArgs,
        report: TrialReport,
        expected: Option<&Events>,
    ) -> anyhow::Result<Outcome> {
        self.summary(&report)?;
        self.events.finish()?;
        if let Some((frame, time, error)) = &self.failed {
            writeln!(self.out, "\nfailed at frame {frame} ({time})")?;
            explain(&mut self.out, error)?;
            writeln!(self.out, "reproduce  {}", command(args))?;
            return Ok(Outcome::Failed);
        }
        if let (Some(expected), Some(found), Ending::Whole) = (expected, &self.found, &report.ending) {
            writeln!(self.out)?;
            if expected.differ(found, &mut self.out)? {
                eprintln!("failed: the events are not those of {}", shown(args.expect.as_deref()));
                return Ok(Outcome::Failed);
            }
            writeln!(self.out, "the events are those of {}", shown(args.expect.as_deref()))?;
        }
        Ok(ending::tell("events", report.ending, report.frames))
    }

    fn summary(&mut self, report: &TrialReport) -> std::io::Result<()> {
        let (out, limits) = (&mut self.out, Limits::default());
        let hidden =
            |count: u64| if count > SHOWN { format!(", the first {SHOWN} shown") } else { String::new() };
        let events: u64 = self.kinds.values().sum();
        let kinds = self.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect::<Vec<_>>();
        let kinds = if kinds.is_empty() { String::new() } else { format!(": {}", kinds.join(", ")) };
        writeln!(out)?;
        writeln!(out, "frames     {}", report.frames)?;
        writeln!(out, "events     {events}{kinds}")?;
        let times = self.times.times();
        writeln!(
            out,
            "calls      p50 {}, p99 {}, longest {}; a live camera stops one after {} of processor time",
            words::time(times.p50),
            words::time(times.p99),
            words::time(times.max),
            words::time(limits.call)
        )?;
        if self.slow > 0 {
            writeln!(out, "too slow   {} by the clock on the wall", words::count(self.slow, "call"))?;
        }
        writeln!(out, "refusals   {}{}", self.refusals, hidden(self.refusals))?;
        writeln!(out, "log        {}{}", words::count(self.log_lines, "line"), hidden(self.log_lines))?;
        if self.log_dropped > 0 {
            let limit = words::bytes(limits.log_per_second);
            writeln!(out, "           {} beyond {limit} a second were dropped", self.log_dropped)?;
        }
        writeln!(out, "memory     {} of {}", words::bytes(report.memory), words::bytes(limits.memory))
    }
}

/// Says why a call failed, and where in the plugin's own code.
fn explain(out: &mut impl Write, error: &CallError) -> std::io::Result<()> {
    let CallError::Trap(trap) = error else {
        return writeln!(out, "reason     {error}");
    };
    let Trap { call, message, said, backtrace } = &**trap;
    writeln!(out, "reason     {call}: the rule trapped: {message}")?;
    for (index, line) in said.iter().flat_map(|said| said.lines()).enumerate() {
        writeln!(out, "{}{line}", if index == 0 { "it said    " } else { "           " })?;
    }
    let own = backtrace.iter().find(|function| is_own(function));
    if let Some(own) = own {
        writeln!(out, "in         {own}")?;
    }
    // Of an interpreter's own functions an author learns nothing that the rule has not said better.
    if own.is_none() && said.is_some() {
        return Ok(());
    }
    for (index, function) in backtrace.iter().enumerate() {
        writeln!(out, "{}{function}", if index == 0 { "backtrace  " } else { "           " })?;
    }
    if own.is_some_and(|own| !own.ends_with(')')) {
        writeln!(
            out,
            "           a build with debug information has the lines, such as one without --release"
        )?;
    }
    Ok(())
}

/// Whether a function of a backtrace is the author's: not the SDK's and not a library's.
fn is_own(function: &str) -> bool {
    let foreign = ["std", "core", "alloc", "ocellus_sdk", "ocellus_core", "serde", "serde_json", "schemars"];
    let (name, place) = function.split_once(" (").unwrap_or((function, ""));
    let root = name.trim_start_matches(['<', '&']).split("::").next().unwrap_or("");
    let is_library = ["/rustc/", "/registry/", "/vendor/sdk/"].iter().any(|folder| place.contains(folder));
    name.contains("::") && !foreign.contains(&root) && !is_library
}

/// This run, as a command.
fn command(args: &TestArgs) -> String {
    let mut line = vec!["ocellus".to_owned(), "plugin".to_owned(), "test".to_owned()];
    line.push(words::quoted(&args.file.to_string_lossy()));
    line.extend(["--tracks".to_owned(), words::quoted(&args.tracks.to_string_lossy())]);
    if args.settings != "{}" {
        line.extend(["--settings".to_owned(), words::quoted(&args.settings)]);
    }
    line.join(" ")
}

fn shown(path: Option<&std::path::Path>) -> String {
    path.map(|path| path.display().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_own_function_is_told_from_those_of_libraries() {
        for (function, own) in [
            ("<first_plugin::Stay as ocellus_sdk::rule::Rule>::process", true),
            ("first_plugin::Stay::after (/home/me/first-plugin/src/lib.rs:52)", true),
            ("<core::option::Option<T>>::unwrap", false),
            ("<ocellus_sdk::guest::X as Guest>::process", false),
            ("first_plugin::inlined (/rustc/abc/library/core/src/option.rs:9)", false),
            ("JS_CallInternal", false),
            ("function 41", false),
        ] {
            assert_eq!(is_own(function), own, "{function}");
        }
    }
}
