//! Reading boxes with identities, whatever file they are in.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use ocellus_core::eval::{BoxReader, LabelledBox, MOST_BOXES, Role, TruthBox};
use ocellus_core::{Track, TrackState};
use ocellus_pipeline::record::{RecordEnd, RecordReader};
use ocellus_pipeline::recorded::Ending;

use super::clock::{Numbers, SceneClock};
use super::identities::Identities;
use super::lines::{Lines, beginning};
use super::scene::{SceneTruth, is_scene};
use crate::commands::files;

/// Objects of a scene that are hidden further than this are neither asked for nor held against a tracker.
pub(super) const VISIBLE: f64 = 0.25;

/// Reads the ground truth of a sequence; where it is that of a scene, its clock too.
pub(super) fn read_truth(
    path: &Path,
    classes: Option<&[String]>,
) -> anyhow::Result<(Vec<TruthBox>, Option<SceneClock>)> {
    if is_scene(path)? {
        let (rows, clock) = read_scene(path, classes)?;
        return Ok((rows, Some(clock)));
    }
    refuse_json(
        "truth",
        path,
        "use MOTChallenge text, or the truth that `ocellus scene render --truth` writes",
    )?;
    let mut reader = BoxReader::default();
    Ok((read_text("truth", path, |line| reader.truth(line))?, None))
}

/// Tracks, and whether their file was whole. Where the truth has `frame_rate` frames a second, those of a recording are
/// numbered by their times, since a live camera leaves frames out.
pub(super) fn read_tracks(
    path: &Path,
    (classes, identities): (Option<&[String]>, Option<&Identities>),
    frame_rate: Option<f64>,
) -> anyhow::Result<(Vec<LabelledBox>, Ending)> {
    if beginning("tracks file", path)?.contains("\"ocellus-tracks\"") {
        return read_recording(path, (classes, identities), frame_rate);
    }
    ensure!(
        identities.is_none(),
        "--identities needs tracks that `ocellus analyze --tracks` wrote, which name their camera; {} is none",
        path.display()
    );
    refuse_json("tracks file", path, "use MOTChallenge text, or what `ocellus analyze --tracks` writes")?;
    let mut reader = BoxReader::default();
    Ok((read_text("tracks file", path, |line| reader.track(line))?, Ending::Whole))
}

fn refuse_json(what: &str, path: &Path, remedy: &str) -> anyhow::Result<()> {
    let is_json = beginning(what, path)?.trim_start_matches('\u{feff}').starts_with(['{', '[']);
    ensure!(!is_json, "{what} {} is JSON of another kind; {remedy}", path.display());
    Ok(())
}

fn read_text<T>(
    what: &str,
    path: &Path,
    mut read: impl FnMut(&str) -> Result<Option<T>, ocellus_core::mot::MotError>,
) -> anyhow::Result<Vec<T>> {
    let mut lines = Lines::open(what, path)?;
    let name = lines.name().to_owned();
    let mut rows = Vec::new();
    while let Some(line) = lines.next()? {
        rows.extend(read(line).with_context(|| name.clone())?);
        check_room(&name, rows.len())?;
    }
    Ok(rows)
}

pub(super) fn check_room(name: &str, boxes: usize) -> anyhow::Result<()> {
    ensure!(boxes <= MOST_BOXES, "{name} has more than {MOST_BOXES} boxes; evaluate the sequence in parts");
    Ok(())
}

/// The objects of a scene; those that can hardly be seen are distractors.
fn read_scene(path: &Path, classes: Option<&[String]>) -> anyhow::Result<(Vec<TruthBox>, SceneClock)> {
    let mut scene = SceneTruth::open(path)?;
    let name = format!("truth {}", path.display());
    let kept = Kept::new(&name, &scene.header.classes, classes)?;
    let (mut rows, mut last) = (Vec::new(), 0);
    while let Some(frame) = scene.next()? {
        let number = frame_number(&name, frame.frame)?;
        last = number;
        for object in frame.objects.iter().filter(|object| kept.has(object.class)) {
            let role = if object.visibility >= VISIBLE { Role::Counted } else { Role::Distractor };
            rows.push(TruthBox { label: object.label(number), role });
        }
        check_room(&name, rows.len())?;
    }
    Ok((rows, SceneClock { frame_rate: scene.header.frame_rate, last }))
}

/// The confirmed tracks of a recording, whose first frame is frame 1.
fn read_recording(
    path: &Path,
    (classes, identities): (Option<&[String]>, Option<&Identities>),
    frame_rate: Option<f64>,
) -> anyhow::Result<(Vec<LabelledBox>, Ending)> {
    files::expect_regular("tracks file", path)?;
    let name = format!("tracks file {}", path.display());
    let about = || name.clone();
    let mut recording =
        RecordReader::new(files::open_unpacked(path).with_context(about)?).with_context(about)?;
    let kept = Kept::new(&name, &recording.header().classes, classes)?;
    let camera = recording.header().camera.as_str().to_owned();
    let (mut rows, mut numbers) = (Vec::new(), Numbers::new(frame_rate));
    while let Some(frame) = recording.next_frame().with_context(about)? {
        let number = frame_number(&name, numbers.next(frame.sequence, frame.time))?;
        let seen = frame.tracks.iter().filter(|track| track.state == TrackState::Confirmed);
        let seen = seen.filter(|track| kept.has(track.class as usize)).map(|track| label(number, track));
        match identities {
            Some(identities) => rows.extend(identities.name(&camera, frame.time.0, seen.collect())),
            None => rows.extend(seen),
        }
        check_room(&name, rows.len())?;
    }
    numbers.warn(&name);
    let ending = match recording.end() {
        Some(RecordEnd::Cut { line }) => Ending::Early(format!("{name} is cut off after line {line}")),
        _ => Ending::Whole,
    };
    Ok((rows, ending))
}

fn label(frame: u32, track: &Track) -> LabelledBox {
    let [x, y, width, height] =
        [track.rect.x, track.rect.y, track.rect.width, track.rect.height].map(f64::from);
    LabelledBox { frame, id: track.id, x, y, width, height }
}

/// From counting from 0 to counting from 1.
pub(super) fn frame_number(name: &str, index: u64) -> anyhow::Result<u32> {
    let number = index.checked_add(1).and_then(|number| u32::try_from(number).ok());
    number.with_context(|| format!("{name}: frame {index} is beyond the highest number"))
}

/// Which classes of a file are looked at.
struct Kept(Option<Vec<bool>>);

impl Kept {
    fn new(name: &str, names: &[String], wanted: Option<&[String]>) -> anyhow::Result<Kept> {
        let Some(wanted) = wanted else { return Ok(Kept(None)) };
        for class in wanted {
            if !names.contains(class) {
                bail!("--classes: {name} has no class {class}; it has {}", names.join(", "));
            }
        }
        Ok(Kept(Some(names.iter().map(|name| wanted.contains(name)).collect())))
    }

    fn has(&self, class: usize) -> bool {
        self.0.as_ref().is_none_or(|kept| kept.get(class) == Some(&true))
    }
}
