//! Multi-object tracking: from the boxes of each picture to objects that keep their identity.
//!
//! A [`Tracker`] is one camera's; [`TrackerSettings`] say which method it uses. ByteTrack and BoT-SORT share
//! one association (`byte`), DeepSORT has another (`cascade`). What they are made of stands in files of its
//! own: the motion model ([`kalman`]), the search for overlapping boxes ([`overlap`]), the matching
//! ([`assignment`]), and what objects look like (`appearance`).

mod appearance;
pub mod assignment;
mod blocks;
mod byte;
mod cascade;
mod common;
pub mod kalman;
mod matching;
mod motion;
mod nearness;
mod noise;
mod object;
mod observed;
pub mod overlap;
mod patience;
mod reach;
mod scene;
mod settings;
#[expect(clippy::module_inception, reason = "the folder holds what the tracker is made of")]
mod tracker;

pub use motion::CameraMotion;
pub use observed::{Ignored, Observed, Tracked};
pub use settings::{
    Association, BotSortSettings, ByteTrackSettings, ClassMatching, DeepSortSettings, MotionModel,
    SettingsError, TrackerKind, TrackerSettings,
};
pub use tracker::Tracker;
