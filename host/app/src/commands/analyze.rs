//! `ocellus analyze`: a recording through detector, tracker and rules.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use ocellus_core::calibration::Calibration;
use ocellus_core::{Name, Size};
use ocellus_inference::{ClassFilter, ModelOptions, Thresholds};
use ocellus_media::{OpenOptions, Pace, Repeat, Source, SourceSpec, Stop};
use ocellus_pipeline::recorded::{self, AnalysisOutputs, AnalysisSettings, Models};
use ocellus_pipeline::{
    CalibrationSpec, Detector, Embedder, EmbeddingSpec, IgnoredCounts, LookCounts, Mount, PlatesSpec,
    ReadCounts, Reader, Region, RegionSpec,
};

use super::files::Files;
use super::given::GivenDetections;
use super::output::Output;
use super::{detector, embedder, ending, reader, rules};
use crate::args::{AnalyzeArgs, DetectArgs, EmbedArgs, PlatesArgs, check_threads};
use crate::exit::Outcome;
use crate::interrupt::Interrupt;
use crate::models::Shelf;
use crate::progress;

/// The map of `--calibration`; what its points leave is told.
fn calibration(text: &str, size: Size) -> anyhow::Result<Arc<Calibration>> {
    let text = rules::json_text("--calibration", text)?;
    let spec: CalibrationSpec = serde_json::from_str(&text).context("--calibration")?;
    spec.fits(size).context("--calibration")?;
    let solved = spec.solve().context("--calibration")?;
    if let Some(residual_m) = solved.residual_m {
        eprintln!("calibration: the points agree within {residual_m:.2} m");
    }
    for index in solved.left_out {
        eprintln!("warning: calibration: points[{index}] contradicts the others and was left out");
    }
    Ok(solved.map)
}

/// The region of `--region`.
fn region(text: &str) -> anyhow::Result<Arc<Region>> {
    let text = rules::json_text("--region", text)?;
    let spec: RegionSpec = serde_json::from_str(&text).context("--region")?;
    Ok(Arc::new(spec.solve().context("--region")?))
}

pub(crate) fn run(args: &AnalyzeArgs) -> anyhow::Result<Outcome> {
    let spec = SourceSpec::parse(&args.input)?;
    ensure!(args.frames != Some(0), "--frames is 0, analyse at least one");
    check_threads("--threads", args.detect.threads)?;
    files(args, &spec).check()?;
    let shelf = Shelf::new(args.detect.models.as_deref());
    let mut detector = finder(args, &shelf)?;
    let mut embedder = match &args.embed.embed {
        Some(named) => Some(embedder::load(named, &shelf, &model_options(&args.detect))?),
        None => None,
    };
    let mut reader = match (&args.plates.plates, &args.plates.read) {
        (Some(plates), Some(read)) => {
            let characters = args.plates.characters.as_deref();
            Some(reader::load((plates, read), characters, &shelf, &model_options(&args.detect))?)
        }
        _ => None,
    };
    let interrupt = Interrupt::listen()?;
    let source = open(&spec, args.frames, interrupt.stop())?;
    let info = source.info().clone();
    let camera = match &args.camera {
        Some(name) => name.clone(),
        None => Name::from_lossy(&stem(&args.input), "camera"),
    };
    let classes = detector.classes().into();
    let rules = rules::prepare(&args.rule, &camera, &classes)?;
    let tracker = args.tracker.settings(info.frame_rate.map(|rate| rate as f32))?;
    let calibration = args.calibration.as_deref().map(|text| calibration(text, info.size)).transpose()?;
    let settings = AnalysisSettings {
        camera,
        region: args.region.as_deref().map(region).transpose()?,
        calibration,
        embedding: embedding(&args.embed, &classes)?,
        plates: plates(&args.plates, &classes)?,
        thresholds: thresholds(&args.detect, tracker.lowest_confidence())?,
        classes: match &args.detect.classes {
            Some(wanted) => Some(ClassFilter::new(&classes, wanted).context("--classes")?),
            None => None,
        },
        tracker,
        mount: if args.moving_camera { Mount::Moving } else { Mount::Fixed },
        max_frames: args.frames,
    };
    let mut events = args.rule.events.as_deref().map_or_else(|| Ok(Output::nowhere()), Output::create)?;
    let mut tracks = args.tracks.as_deref().map(Output::create).transpose()?;
    let bar = progress::frames(args.frames.or(info.frames));
    let started = Instant::now();
    let outputs = AnalysisOutputs { events: &mut events, tracks: tracks.as_mut().map(|out| out as _) };
    let models = Models {
        detector: detector.as_mut(),
        embedder: embedder.as_mut().map(|embedder| embedder as &mut dyn Embedder),
        reader: reader.as_mut().map(|reader| reader as &mut dyn Reader),
    };
    let report =
        recorded::analyze(source, models, rules, &settings, outputs, |frames| bar.set_position(frames));
    bar.finish_and_clear();
    events.finish()?;
    if let Some(tracks) = tracks {
        tracks.finish()?;
    }
    let report = report?;
    let seconds = started.elapsed().as_secs_f64();
    let rate = report.frames as f64 / seconds.max(1e-9);
    eprintln!("{} frames in {seconds:.1} s ({rate:.0} a second), {} events", report.frames, report.events);
    if let Some(LookCounts { wanted, embedded, skipped }) = report.looks {
        eprintln!(
            "{embedded} detections were looked at, of {wanted} worth it; {skipped} were over --embed-budget"
        );
    }
    if let Some(ReadCounts { wanted, made, skipped, plates }) = report.reads {
        eprintln!(
            "{plates} plates were read in {made} looks, of {wanted} worth it; {skipped} were over the budget"
        );
    }
    if let Some(IgnoredCounts { outside, masked }) = report.ignored {
        eprintln!("{outside} detections stood outside of the region, {masked} in a mask");
    }
    if report.refusals > 0 {
        eprintln!(
            "note: a rule answered {} calls with an error; OCELLUS_LOG=warn shows them",
            report.refusals
        );
    }
    if report.damaged > 0 {
        eprintln!("warning: {} damaged frames of {spec} were skipped", report.damaged);
    }
    Ok(ending::tell("events", report.ending, report.frames))
}

/// What finds objects: a model, or a file that says what one found.
fn finder(args: &AnalyzeArgs, shelf: &Shelf) -> anyhow::Result<Box<dyn Detector>> {
    Ok(match &args.detections {
        Some(file) => Box::new(GivenDetections::read(file)?),
        None => {
            let options = model_options(&args.detect);
            Box::new(detector::load(args.detect.model.as_deref(), shelf, &options)?)
        }
    })
}

/// How tracks are looked at, checked against the detector's classes.
fn embedding(args: &EmbedArgs, classes: &[String]) -> anyhow::Result<EmbeddingSpec> {
    let spec = EmbeddingSpec {
        budget: args.embed_budget,
        classes: args.embed_classes.clone(),
        ..EmbeddingSpec::default()
    };
    spec.validate(classes).context("--embed-budget, --embed-classes")?;
    ensure!(spec.budget > 0, "--embed-budget is 0; leave --embed out to look at nothing");
    Ok(spec)
}

/// How plates are read, checked against the detector's classes.
fn plates(args: &PlatesArgs, classes: &[String]) -> anyhow::Result<PlatesSpec> {
    let spec = match &args.plates_settings {
        Some(text) => {
            let text = rules::json_text("--plates-settings", text)?;
            serde_json::from_str(&text).context("--plates-settings")?
        }
        None => PlatesSpec::default(),
    };
    if args.read.is_some() {
        spec.validate(classes).context("--plates-settings")?;
        ensure!(
            spec.budget > 0,
            "--plates-settings has a budget of 0; leave --plates and --read out to read nothing"
        );
    }
    Ok(spec)
}

fn files(args: &AnalyzeArgs, spec: &SourceSpec) -> Files {
    let mut files = Files::default();
    files.input("the input", spec.file());
    files.input("--model", args.detect.model.as_deref());
    files.input("--detections", args.detections.as_deref());
    files.input("--embed", args.embed.embed.as_deref());
    files.input("--plates", args.plates.plates.as_deref());
    files.input("--read", args.plates.read.as_deref());
    rules::name_files(&args.rule, &mut files);
    files.output("--tracks", args.tracks.as_deref());
    files
}

/// What a camera is called after its input: a file's name without folder and extension, a scene's kind.
fn stem(input: &str) -> String {
    let path = input.split('?').next().unwrap_or(input);
    let path = path.strip_prefix("file:").or_else(|| path.strip_prefix("scene:")).unwrap_or(path);
    let stem = Path::new(path).file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn open(spec: &SourceSpec, frames: Option<u64>, stop: &Stop) -> anyhow::Result<Box<dyn Source>> {
    let options = OpenOptions { pace: Pace::Unpaced, repeat: Repeat::Once, ..OpenOptions::default() };
    let ends = spec.is_recording() && !spec.repeats();
    ensure!(
        ends || frames.is_some(),
        "{spec} never ends by itself; say how much of it with --frames, or give a video file"
    );
    Ok(ocellus_media::open(spec, &options, stop)?)
}

fn model_options(args: &DetectArgs) -> ModelOptions {
    ModelOptions { threads: args.threads, device: args.device, ..ModelOptions::default() }
}

fn thresholds(args: &DetectArgs, track_low_thresh: f32) -> anyhow::Result<Thresholds> {
    let thresholds = Thresholds { confidence: args.confidence.unwrap_or(track_low_thresh), iou: args.iou };
    for (flag, value) in [("--confidence", thresholds.confidence), ("--iou", thresholds.iou)] {
        if !(0.0..=1.0).contains(&value) {
            bail!("{flag} is {value}, it must be from 0 to 1");
        }
    }
    Ok(thresholds)
}
