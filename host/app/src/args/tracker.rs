//! The tracker on the command line.

use clap::Args;
use ocellus_core::tracker::TrackerSettings;
use ocellus_pipeline::{AssociationName, MotionName, TrackerName, TrackerSpec};

use super::whole_number;

/// The tracker's parameters, by the names of its settings.
#[derive(Debug, Args)]
pub(crate) struct TrackerArgs {
    /// Which tracker.
    #[arg(long = "tracker", value_name = "KIND", value_enum, default_value_t = TrackerArg::Bytetrack)]
    kind: TrackerArg,
    /// Confidence from which a detection takes part in the first association (bytetrack, botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    track_high_thresh: Option<f32>,
    /// Confidence from which a detection takes part in the second association (bytetrack, botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    track_low_thresh: Option<f32>,
    /// Confidence from which a detection starts a new track (bytetrack, botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    new_track_thresh: Option<f32>,
    /// How long a lost track is kept, in frames of 30 a second.
    #[arg(long, value_name = "FRAMES", allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    track_buffer: Option<u32>,
    /// Highest cost (1 - overlap) of the first association (bytetrack, botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    match_thresh: Option<f32>,
    /// Looks count only where 1 - overlap is at most this (botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    proximity_thresh: Option<f32>,
    /// Looks count only where half the cosine distance is at most this (botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    appearance_thresh: Option<f32>,
    /// Share of a track's earlier looks that a sighting leaves (botsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    appearance_memory: Option<f32>,
    /// Confidence from which a detection is looked at (deepsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    min_confidence: Option<f32>,
    /// Sightings in a row that make a track believed (deepsort).
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    n_init: Option<u32>,
    /// Highest cosine distance of two pictures of one object (deepsort).
    #[arg(long, value_name = "DISTANCE", allow_negative_numbers = true)]
    max_cosine_distance: Option<f32>,
    /// Highest cost (1 - overlap) at which boxes match where looks did not decide (deepsort).
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    max_iou_distance: Option<f32>,
    /// Embeddings kept of a track (deepsort).
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<u32>)]
    gallery: Option<u32>,
    /// Frames a second that the motion model counts in [default: the input's own]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    frame_rate: Option<f32>,
    /// Which box of a track is compared: where it should be now, or where it was last seen (bytetrack).
    #[arg(long, value_name = "WHICH", value_enum)]
    association: Option<AssociationArg>,
    /// Where the motion model's numbers come from (bytetrack) [default: learnt]
    #[arg(long, value_name = "WHICH", value_enum)]
    motion: Option<MotionArg>,
    /// Only join boxes of the same class.
    #[arg(long)]
    class_aware: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum TrackerArg {
    /// By overlap, every detection counts (Zhang et al. 2022).
    Bytetrack,
    /// ByteTrack with looks, camera motion and a filter of widths (Aharon et al. 2022).
    Botsort,
    /// By looks within reach of the motion (Wojke et al. 2017).
    Deepsort,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum AssociationArg {
    /// The predicted box, as in the ByteTrack paper.
    Predicted,
    /// The last updated box, as in the reference port to C++.
    LastBox,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum MotionArg {
    /// From the boxes: how much they tremble, how objects turn, how the camera moves.
    Learnt,
    /// The constants of the ByteTrack paper.
    Paper,
}

impl TrackerArgs {
    /// The defaults with what was given put over them; `frame_rate` is the input's own rate.
    pub(crate) fn settings(&self, frame_rate: Option<f32>) -> anyhow::Result<TrackerSettings> {
        let spec = TrackerSpec {
            kind: match self.kind {
                TrackerArg::Bytetrack => TrackerName::ByteTrack,
                TrackerArg::Botsort => TrackerName::BotSort,
                TrackerArg::Deepsort => TrackerName::DeepSort,
            },
            track_high_thresh: self.track_high_thresh,
            track_low_thresh: self.track_low_thresh,
            new_track_thresh: self.new_track_thresh,
            track_buffer: self.track_buffer,
            match_thresh: self.match_thresh,
            association: self.association.map(|which| match which {
                AssociationArg::Predicted => AssociationName::Predicted,
                AssociationArg::LastBox => AssociationName::LastBox,
            }),
            motion: self.motion.map(|which| match which {
                MotionArg::Learnt => MotionName::Learnt,
                MotionArg::Paper => MotionName::Paper,
            }),
            proximity_thresh: self.proximity_thresh,
            appearance_thresh: self.appearance_thresh,
            appearance_memory: self.appearance_memory,
            min_confidence: self.min_confidence,
            n_init: self.n_init,
            max_cosine_distance: self.max_cosine_distance,
            max_iou_distance: self.max_iou_distance,
            gallery: self.gallery,
            frame_rate: self.frame_rate.or(frame_rate),
            class_aware: Some(self.class_aware),
        };
        Ok(spec.settings()?)
    }
}
