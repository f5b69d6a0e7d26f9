//! `ocellus track`: MOTChallenge detections to tracks.

use std::io::Write;

use anyhow::Context;
use ocellus_core::mot::{self, MotDetections};

use super::output::Output;
use crate::args::TrackArgs;
use crate::exit::Outcome;

pub(crate) fn run(args: &TrackArgs) -> anyhow::Result<Outcome> {
    let about = || format!("detections file {}", args.detections.display());
    let text = std::fs::read_to_string(&args.detections).with_context(about)?;
    let detections = MotDetections::parse(&text).with_context(about)?;
    let rows = mot::track_sequence(args.tracker.settings(None), &detections)?;
    let mut out = Output::create(&args.out)?;
    out.write_all(mot::format_rows(&rows).as_bytes())
        .with_context(|| format!("{} cannot be written", args.out.display()))?;
    out.finish()?;
    eprintln!("{} boxes of tracks written to {}", rows.len(), args.out.display());
    Ok(Outcome::Done)
}
