//! `ocellus replay`: recorded tracks through rules again.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use ocellus_core::Name;
use ocellus_pipeline::journal::{self, JournalReader};
use ocellus_pipeline::record::{RecordEnd, RecordReader};
use ocellus_pipeline::recorded::{self, CameraTracks, Divergences, Ending};

use super::files::{self, Files, UnpackedFile};
use super::output::Output;
use super::{ending, rules};
use crate::args::{ReplayArgs, RuleArgs};
use crate::exit::Outcome;
use crate::interrupt::Interrupt;
use crate::progress;

pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<Outcome> {
    ensure!(!args.rule.rules.is_empty(), "no rule to replay: name one with --rule FILE.wasm");
    let mut files = Files::default();
    for path in &args.tracks {
        files.input("the tracks file", Some(path));
    }
    rules::name_files(&args.rule, &mut files);
    files.check()?;
    let mut recordings: Vec<Vec<(String, RecordReader<UnpackedFile>)>> = Vec::new();
    for path in &args.tracks {
        let about = || format!("tracks file {}", path.display());
        let mut input = files::open_unpacked(path).with_context(about)?;
        // The first bytes tell a journal from a tracks file; both name their format there.
        let begins = input.fill_buf().with_context(about)?;
        let begins = String::from_utf8_lossy(&begins[..begins.len().min(200)]).into_owned();
        if begins.contains(journal::FORMAT) {
            ensure!(args.tracks.len() == 1, "{} is a journal; replay it alone", path.display());
            return rejudge(args, path, input);
        }
        if begins.is_empty() && args.tracks.len() > 1 {
            eprintln!("warning: {} is left out: nothing stands in it", path.display());
            continue;
        }
        let tracks = RecordReader::new(input).with_context(about)?;
        let named = (path.display().to_string(), tracks);
        let camera = &named.1.header().camera;
        match recordings.iter_mut().find(|files| files[0].1.header().camera == *camera) {
            Some(files) => files.push(named),
            None => recordings.push(vec![named]),
        }
    }
    let mut recordings = recordings
        .into_iter()
        .map(CameraTracks::new)
        .collect::<Result<Vec<_>, _>>()
        .context("tracks file")?;
    let cameras: Vec<(Name, Arc<[String]>)> =
        recordings.iter().map(|tracks| (tracks.camera().clone(), Arc::clone(tracks.classes()))).collect();
    let rules = rules::prepare_on(&args.rule, &cameras)?;
    let mut events = args.rule.events.as_deref().map_or_else(|| Ok(Output::nowhere()), Output::create)?;
    let interrupt = Interrupt::listen()?;
    let bar = progress::frames(None);
    let report = recorded::replay(&mut recordings, rules, &mut events, |frames| {
        bar.set_position(frames);
        interrupt.proceed()
    });
    bar.finish_and_clear();
    events.finish()?;
    let report = report.context("tracks file")?;
    eprintln!("{} frames, {} events", report.frames, report.events);
    let ends = recordings.iter().flat_map(CameraTracks::ends);
    for (name, _) in ends.filter(|(_, end)| *end == Some(RecordEnd::Unmarked)) {
        eprintln!(
            "note: {name} is of version 1, which does not mark its end; whether it is whole cannot be told"
        );
    }
    let ending = match report.ending {
        Ending::Early(reason) => Ending::Early(format!("tracks file {reason}")),
        other => other,
    };
    Ok(ending::tell("events", ending, report.frames))
}

/// A journal of a live rule: the same calls again, and whether they come to the same.
fn rejudge(args: &ReplayArgs, path: &Path, input: UnpackedFile) -> anyhow::Result<Outcome> {
    let about = || format!("journal {}", path.display());
    let RuleArgs { rules: plugins, settings, names, grants, events } = &args.rule;
    ensure!(plugins.len() == 1, "a journal is of one rule: name its plugin with one --rule FILE.wasm");
    ensure!(
        settings.is_empty() && names.is_empty() && grants.is_empty() && events.is_none(),
        "a journal has the rule's settings, name, grants and events in it; leave --settings, --rule-name, --grant and \
         --events out"
    );
    let mut journal = JournalReader::new(input).with_context(about)?;
    let component = rules::read_plugin(&plugins[0])?;
    let origin = plugins[0].display().to_string();
    let interrupt = Interrupt::listen()?;
    let runtime = rules::trial_runtime()?;
    let report = recorded::rejudge(&mut journal, &runtime, (&origin, component), |_| interrupt.proceed())
        .with_context(about)?;
    let header = journal.header();
    eprintln!("rule {}, recorded with {} {}", header.rule, header.plugin, header.plugin_version);
    let mut out = std::io::stdout().lock();
    let Some(different) = &report.different else {
        writeln!(out, "{} calls, {} events, all as recorded", report.calls, report.events)?;
        return Ok(ending::tell("results", report.ending, report.calls));
    };
    tell_different(&mut out, different, report.calls)?;
    ending::tell("results", report.ending, report.calls);
    Ok(Outcome::Failed)
}

fn tell_different(out: &mut impl Write, different: &Divergences, calls: u64) -> std::io::Result<()> {
    let Divergences { calls: count, kinds, line, parts } = different;
    let kinds: Vec<String> = kinds.iter().map(|(kind, calls)| format!("{kind} in {calls}")).collect();
    let kinds = kinds.join(", ");
    writeln!(out, "{count} of {calls} calls came to something else ({kinds}); the first at line {line}:")?;
    for part in parts {
        writeln!(out, "  {}\n    recorded {}\n    now      {}", part.kind, part.recorded, part.now)?;
    }
    Ok(())
}
