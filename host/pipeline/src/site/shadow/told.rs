//! What a shadow is told.

use ocellus_core::{Event, FrameInfo, Message, Name, TimeUs, Track, TrackEmbeddings, TrackReadings};
use ocellus_runtime::Moment;

use crate::site::seat::Seat;

/// What the active version was given, and the events that it reported.
pub(crate) enum Told {
    Frame {
        seat: Seat,
        camera: Name,
        info: FrameInfo,
        tracks: Vec<Track>,
        embeddings: TrackEmbeddings,
        readings: TrackReadings,
        messages: Vec<Message>,
        wall: Option<TimeUs>,
        events: Vec<Event>,
    },
    /// Its answer is the live version's business.
    Command { seat: Seat, at: Moment, request: String },
}
