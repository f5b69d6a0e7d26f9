//! Detections from a file in a model's place.

use std::path::Path;

use anyhow::Context;
use ocellus_core::mot::MotDetections;
use ocellus_core::{Detection, Rect};
use ocellus_inference::DetectRequest;
use ocellus_pipeline::{Detector, DetectorError};

use super::eval::scene::{Object, SceneTruth, is_scene};
use super::files;

/// More is no file of detections of one recording.
const MOST_BYTES: u64 = 1 << 30;
/// Objects of a scene that are hidden further than this are not detected.
const VISIBLE: f64 = 0.25;

/// Says of each picture, in order, what a file says of it.
pub(crate) struct GivenDetections {
    classes: Vec<String>,
    frames: Vec<Vec<Detection>>,
    next: usize,
}

impl GivenDetections {
    /// Reads MOTChallenge text, whose boxes are people, or the truth of a scene.
    pub(crate) fn read(path: &Path) -> anyhow::Result<GivenDetections> {
        if is_scene(path)? {
            return of_scene(path);
        }
        let text = files::read_text("detections", path, MOST_BYTES)?;
        let detections =
            MotDetections::parse(&text).with_context(|| format!("detections {}", path.display()))?;
        let frames = detections.frames().map(|(_, detections)| detections).collect();
        Ok(GivenDetections { classes: vec!["person".to_owned()], frames, next: 0 })
    }
}

impl Detector for GivenDetections {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        let found = batch.iter().map(|request| {
            let given = self.frames.get_mut(self.next).map(std::mem::take).unwrap_or_default();
            self.next += 1;
            let is_wanted = |detection: &Detection| {
                detection.confidence >= request.thresholds.confidence
                    && request.classes.as_ref().is_none_or(|classes| classes.allows(detection.class))
            };
            given.into_iter().filter(is_wanted).collect()
        });
        Ok(found.collect())
    }
}

/// What can be seen of a scene; the less is hidden, the surer.
fn of_scene(path: &Path) -> anyhow::Result<GivenDetections> {
    let mut scene = SceneTruth::open(path)?;
    let mut frames: Vec<Vec<Detection>> = Vec::new();
    while let Some(frame) = scene.next()? {
        let seen = frame.objects.iter().filter(|object| object.visibility >= VISIBLE);
        frames.push(seen.map(detection).collect());
    }
    Ok(GivenDetections { classes: scene.header.classes.clone(), frames, next: 0 })
}

fn detection(object: &Object) -> Detection {
    let [x, y, width, height] = object.rect.map(|value| value as f32);
    Detection {
        class: u32::try_from(object.class).unwrap_or(u32::MAX),
        confidence: (0.4 + 0.5 * object.visibility) as f32,
        rect: Rect::new(x, y, width, height),
    }
}
