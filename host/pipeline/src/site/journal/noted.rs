//! What a lane tells a journal.

use ocellus_core::{FrameInfo, Message, TimeUs, Track, TrackEmbeddings, TrackReadings};
use ocellus_runtime::{Logs, Moment};

use crate::journal::Came;

/// What a lane tells a journal.
pub(crate) enum Noted {
    Call(Box<NotedCall>),
    /// There will be no further call of this instance, and why.
    Ended(&'static str),
}

/// A call of the rule: what went in, what came out, and what it logged.
pub(crate) struct NotedCall {
    pub(crate) made: Made,
    pub(crate) came: Came,
    pub(crate) logs: Logs,
}

/// What the rule was called for.
pub(crate) enum Made {
    Seen {
        info: FrameInfo,
        tracks: Vec<Track>,
        /// Empty where the rule may not see them.
        embeddings: TrackEmbeddings,
        /// Empty where the rule may not see them.
        readings: TrackReadings,
        messages: Vec<Message>,
        wall: Option<TimeUs>,
    },
    Commanded {
        at: Moment,
        request: String,
    },
    Saved,
    Asked {
        request: String,
    },
}
