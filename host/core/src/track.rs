//! What a tracker reports.

use crate::geometry::Rect;
use crate::time::TimeUs;

/// How sure the tracker is of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrackState {
    /// Seen too few times to be believed.
    Tentative,
    /// Believed and seen in this frame.
    Confirmed,
    /// Believed and not seen in this frame; the box is a prediction.
    Lost,
}

/// One object followed over time, as it stands in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Track {
    /// Counts from 1 per camera and tracker; never reused.
    pub id: u64,
    /// Index into the model's class list.
    pub class: u32,
    /// Confidence of the last detection, 0..1.
    pub confidence: f32,
    /// How sure the tracker is.
    pub state: TrackState,
    /// Box in pixels of the source picture; may reach beyond its edges.
    pub rect: Rect,
    /// When the track was first seen.
    pub first_seen: TimeUs,
    /// Where it stands, where the camera is calibrated and shows it on the ground.
    pub ground: Option<Ground>,
}

/// Where an object stands on the ground and how it moves there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ground {
    /// Metres along both axes of the calibration.
    pub position_m: [f32; 2],
    /// Metres a second along both, once that is known well enough to be told.
    pub velocity_mps: Option<[f32; 2]>,
    /// Standard deviation of the position in metres, in the direction where it is largest.
    pub sigma_m: f32,
}
