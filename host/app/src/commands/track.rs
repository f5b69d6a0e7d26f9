//! `ocellus track`: MOTChallenge detections to tracks.

use std::io::Write;

use anyhow::Context;
use ocellus_core::mot::{self, MotDetections};
use ocellus_core::tracker::Ignored;
use ocellus_pipeline::recorded::Ending;

use super::ending;
use super::files::Files;
use super::output::Output;
use crate::args::TrackArgs;
use crate::exit::Outcome;
use crate::interrupt::Interrupt;

pub(crate) fn run(args: &TrackArgs) -> anyhow::Result<Outcome> {
    let mut files = Files::default();
    files.input("the detections file", Some(&args.detections));
    files.output("--out", Some(&args.out));
    files.check()?;
    let interrupt = Interrupt::listen()?;
    let about = || format!("detections file {}", args.detections.display());
    let text = std::fs::read_to_string(&args.detections).with_context(about)?;
    let detections = MotDetections::parse(&text).with_context(about)?;
    let settings = args.tracker.settings(None)?;
    let most = settings.max_tracks();
    let tracked = mot::track_while(settings, &detections, |_| interrupt.proceed())?;
    let mut out = Output::create(&args.out)?;
    out.write_all(mot::format_rows(&tracked.rows).as_bytes())
        .with_context(|| format!("{} cannot be written", args.out.display()))?;
    out.finish()?;
    eprintln!("{} boxes of tracks written to {}", tracked.rows.len(), args.out.display());
    tell_ignored(tracked.ignored, most);
    let is_whole = tracked.last_frame == detections.last_frame();
    let ending = if is_whole { Ending::Whole } else { Ending::Stopped };
    Ok(ending::tell("tracks", ending, tracked.last_frame.into()))
}

/// What was left out, and why.
fn tell_ignored(ignored: Ignored, most: u32) {
    let Ignored { unusable_detections, surplus_detections, surplus_tracks, .. } = ignored;
    for (count, what) in [
        (
            unusable_detections,
            "detections were left out: their boxes have no size, or lie beyond 10000000 pixels".to_owned(),
        ),
        (
            surplus_detections,
            format!("detections were left out: of each frame the {most} most confident are taken"),
        ),
        (surplus_tracks, format!("objects were not followed: {most} are followed at a time")),
    ] {
        if count > 0 {
            eprintln!("warning: {count} {what}");
        }
    }
}
