//! Multi-object tracking: from the boxes of each picture to objects that keep their identity.
//!
//! [`ByteTrack`] is the tracker. What it is made of stands in files of its own, for other trackers to
//! share: the motion model ([`kalman`]), the search for overlapping boxes ([`overlap`]) and the
//! matching ([`assignment`]).

pub mod assignment;
mod bytetrack;
pub mod kalman;
mod matching;
mod object;
pub mod overlap;
mod patience;
mod settings;

pub use bytetrack::{ByteTrack, Ignored};
pub use settings::{Association, ByteTrackSettings, ClassMatching, SettingsError};
