//! `ocellus replay`: recorded tracks through rules again.

use std::fs::File;
use std::io::BufReader;

use anyhow::{Context, ensure};
use ocellus_pipeline::record::{RecordEnd, RecordReader};
use ocellus_pipeline::recorded::{self, Ending};

use super::files::Files;
use super::output::Output;
use super::{ending, rules};
use crate::args::ReplayArgs;
use crate::exit::Outcome;
use crate::interrupt::Interrupt;
use crate::progress;

pub(crate) fn run(args: &ReplayArgs) -> anyhow::Result<Outcome> {
    ensure!(!args.rule.rules.is_empty(), "no rule to replay: name one with --rule FILE.wasm");
    let mut files = Files::default();
    files.input("the tracks file", Some(&args.tracks));
    rules::name_files(&args.rule, &mut files);
    files.check()?;
    let about = || format!("tracks file {}", args.tracks.display());
    let file = File::open(&args.tracks).with_context(about)?;
    let mut tracks = RecordReader::new(BufReader::new(file)).with_context(about)?;
    let header = tracks.header().clone();
    let rules = rules::prepare(&args.rule, &header.camera, &header.classes.into())?;
    let mut events = args.rule.events.as_deref().map_or_else(|| Ok(Output::nowhere()), Output::create)?;
    let interrupt = Interrupt::listen()?;
    let bar = progress::frames(None);
    let report = recorded::replay(&mut tracks, rules, &mut events, |frames| {
        bar.set_position(frames);
        interrupt.proceed()
    });
    bar.finish_and_clear();
    events.finish()?;
    let report = report.with_context(about)?;
    eprintln!("{} frames, {} events", report.frames, report.events);
    if tracks.end() == Some(RecordEnd::Unmarked) {
        eprintln!(
            "note: {} is of version 1, which does not mark its end; whether it is whole cannot be told",
            args.tracks.display()
        );
    }
    let ending = match report.ending {
        Ending::Early(reason) => Ending::Early(format!("{}: {reason}", about())),
        other => other,
    };
    Ok(ending::tell("events", ending, report.frames))
}
