//! `ocellus scene`: synthetic cameras with exact ground truth.

use std::io::Write;

use anyhow::{Context, ensure};
use ocellus_media::scene::{self, Scene, SceneKind, SceneSettings};
use ocellus_media::write::{VideoSettings, VideoWriter};
use ocellus_pipeline::CalibrationSpec;

use super::files::Files;
use super::output::WholeFile;
use crate::args::SceneRenderArgs;
use crate::exit::Outcome;
use crate::interrupt::Interrupt;
use crate::progress;

pub(crate) fn render(args: &SceneRenderArgs) -> anyhow::Result<Outcome> {
    ensure!(args.frames > 0, "--frames is 0, render at least one");
    ensure!(!args.scene.contains("seed="), "{}: give the seed with --seed", args.scene);
    let mut files = Files::default();
    files.output("--out", Some(&args.out));
    files.output("--truth", args.truth.as_deref());
    files.output("--settings", args.settings.as_deref());
    files.output("--calibration", args.calibration.as_deref());
    files.check()?;
    let mut settings: SceneSettings = args.scene.parse()?;
    settings.seed = args.seed;
    ensure!(
        args.settings.is_none() || settings.kind != SceneKind::Plaza,
        "--settings: no rule belongs to one camera of a plaza; leave it out"
    );
    let mut scene = Scene::new(settings)?;
    let interrupt = Interrupt::listen()?;
    let mut video = VideoWriter::create(&args.out, video_settings(&settings))?;
    let mut truth = args.truth.as_deref().map(WholeFile::create).transpose()?;
    let mut rule = args.settings.as_deref().map(WholeFile::create).transpose()?;
    if let Some(out) = &mut rule {
        writeln!(out, "{}", rule_settings(&scene)).context("the rule's settings cannot be written")?;
    }
    let mut ground = args.calibration.as_deref().map(WholeFile::create).transpose()?;
    if let Some(out) = &mut ground {
        let line = serde_json::to_string(&calibration(&scene))?;
        writeln!(out, "{line}").context("the calibration cannot be written")?;
    }
    let about = || "the ground truth cannot be written";
    if let Some(out) = &mut truth {
        scene::write_truth_header(out, scene.header()).with_context(about)?;
    }
    let bar = progress::frames(Some(args.frames));
    for index in 0..args.frames {
        if interrupt.proceed().is_break() {
            bar.finish_and_clear();
            eprintln!(
                "warning: interrupted after {index} frames; nothing is kept, since half a clip is of no use"
            );
            return Ok(Outcome::EndedEarly);
        }
        let frame = scene.frame(index);
        video.write(&frame.picture)?;
        if let Some(out) = &mut truth {
            scene::write_truth(out, &frame.truth).with_context(about)?;
        }
        bar.set_position(index + 1);
    }
    bar.finish_and_clear();
    let encoder = video.encoder();
    let written = video.finish()?;
    for out in [truth, rule, ground].into_iter().flatten() {
        out.finish()?;
    }
    eprintln!("{written} frames of {} written to {} ({encoder})", args.scene, args.out.display());
    if let Some(file) = &args.settings {
        eprintln!("settings of rule {} written to {}", matching_rule(&scene).0, file.display());
    }
    Ok(Outcome::Done)
}

/// The settings of the rule that belongs to a scene.
pub(crate) fn rule_settings(scene: &Scene) -> String {
    matching_rule(scene).1
}

/// The rule that belongs to a scene, and its settings.
fn matching_rule(scene: &Scene) -> (&'static str, String) {
    match scene.settings().kind {
        SceneKind::ParkingLot => ("parking", scene::parking_settings(scene.header())),
        SceneKind::Crossing | SceneKind::Road | SceneKind::Plaza | SceneKind::Plates => {
            ("line-crossing", scene::line_crossing_settings(scene.header()))
        }
    }
}

/// Where a scene's picture lies on its ground.
fn calibration(scene: &Scene) -> CalibrationSpec {
    let header = scene.header();
    let [a, b, c, d, e, f, g, h, i] = header.picture_to_ground;
    CalibrationSpec {
        homography: Some([[a, b, c], [d, e, f], [g, h, i]]),
        size: Some([header.size.width, header.size.height]),
        ..CalibrationSpec::default()
    }
}

/// Scene rates are given in frames a second with at most three decimals.
fn video_settings(settings: &SceneSettings) -> VideoSettings {
    let thousandths = (settings.frame_rate * 1000.0).round().clamp(1.0, 1e6) as u32;
    VideoSettings { size: settings.size, frame_rate: (thousandths, 1000) }
}
