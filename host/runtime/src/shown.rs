//! What a rule is shown with a frame.

use ocellus_core::{Message, TimeUs};

use crate::columns::TrackColumns;

/// What goes with a frame. A rule gets of it what its powers allow.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The frame's tracks.
    pub tracks: &'a TrackColumns,
    /// What other rules have said since the frame before, in the order of [`Message::sort`].
    pub messages: &'a [Message],
    /// The time of day, where it is known.
    pub wall: Option<TimeUs>,
}

/// When something happens that is not a frame: an operator's command, the end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Frame time.
    pub time: TimeUs,
    /// The time of day, where it is known.
    pub wall: Option<TimeUs>,
}

/// A moment of which the time of day is not known.
impl From<TimeUs> for Moment {
    fn from(time: TimeUs) -> Moment {
        Moment { time, wall: None }
    }
}

/// Tracks alone.
impl<'a> From<&'a TrackColumns> for Shown<'a> {
    fn from(tracks: &'a TrackColumns) -> Shown<'a> {
        Shown { tracks, messages: &[], wall: None }
    }
}
