//! What a tracker is shown of a frame, and what it answers.

use super::motion::CameraMotion;
use crate::detection::Detection;
use crate::time::TimeUs;
use crate::track::Track;

/// One frame as a tracker is shown it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Observed<'a> {
    /// When the frame was taken.
    pub time: TimeUs,
    /// What the detector found, boxes in pixels.
    pub detections: &'a [Detection],
    /// What each detection looks like: empty, or one entry a detection, in their order. An entry is a
    /// vector of any length above zero but one dimension throughout, or `None` where it was not computed
    /// for this frame. Entries missing at the end count as `None`.
    pub embeddings: &'a [Option<&'a [f32]>],
    /// How the camera moved since the frame shown before; `None` where it stands or nobody knows.
    pub camera_motion: Option<CameraMotion>,
}

impl<'a> Observed<'a> {
    /// The detections of a camera that stands still, without embeddings.
    #[must_use]
    pub fn new(time: TimeUs, detections: &'a [Detection]) -> Observed<'a> {
        Observed { time, detections, ..Observed::default() }
    }

    /// The same with what the detections look like.
    #[must_use]
    pub fn with_embeddings(self, embeddings: &'a [Option<&'a [f32]>]) -> Observed<'a> {
        Observed { embeddings, ..self }
    }

    /// The same by a camera that moved.
    #[must_use]
    pub fn with_camera_motion(self, motion: Option<CameraMotion>) -> Observed<'a> {
        Observed { camera_motion: motion, ..self }
    }
}

/// What a tracker makes of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tracked<'a> {
    /// Every live track, by id.
    pub tracks: &'a [Track],
    /// One entry a track: the detection that it was seen as in this frame, as an index into
    /// [`Observed::detections`]; `None` where it was not seen. No detection is two tracks.
    pub seen_as: &'a [Option<usize>],
}

impl<'a> Tracked<'a> {
    /// Each track with the detection that it was seen as.
    pub fn iter(&self) -> impl Iterator<Item = (&'a Track, Option<usize>)> + use<'a> {
        self.tracks.iter().zip(self.seen_as.iter().copied())
    }
}

/// What a tracker could not use, counted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ignored {
    /// Detections that are no boxes: not finite, without size, or beyond 10⁷ pixels.
    pub unusable_detections: u64,
    /// Usable detections beyond `max_tracks` in one frame.
    pub surplus_detections: u64,
    /// Tracks not started since `max_tracks` were alive.
    pub surplus_tracks: u64,
    /// Embeddings without a direction, with a number that is not finite, or of another dimension than the
    /// first one of their frame.
    pub unusable_embeddings: u64,
    /// Camera motions that no camera makes: not finite, or beyond a zoom of two in one step.
    pub unusable_motions: u64,
}
