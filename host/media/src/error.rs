//! What can go wrong with a source.

use std::time::Duration;

use crate::spec::SpecError;

/// Why a source cannot be opened, or cannot give another picture.
///
/// `source_text` is always the redacted form: no message contains a password or token.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// The text does not name a source.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The file or device cannot be opened, the server refused, or the content is not video.
    #[error("cannot open {source_text}: {reason}")]
    Open {
        /// The source, redacted.
        source_text: String,
        /// What was found and what would help.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("cannot open {source_text}: no answer within {} s; check that it is on and reachable", .after.as_secs_f32())]
    OpenTimeout {
        /// The source, redacted.
        source_text: String,
        /// The patience it had.
        after: Duration,
    },
    /// No picture came in time.
    #[error("{source_text} stalled: no picture for {} s", .after.as_secs_f32())]
    Stalled {
        /// The source, redacted.
        source_text: String,
        /// The patience it had.
        after: Duration,
    },
    /// The connection broke, the device vanished or the content became unreadable.
    #[error("{source_text} was lost: {reason}")]
    Lost {
        /// The source, redacted.
        source_text: String,
        /// What happened.
        reason: String,
    },
    /// A recording gave all its pictures, and they are fewer than it declares.
    #[error(
        "{source_text} ended early: it declares {:.3} s and its last picture ends at {:.3} s; the file is cut off or damaged",
        .declared.as_secs_f64(),
        .reached.as_secs_f64()
    )]
    EndedEarly {
        /// The source, redacted.
        source_text: String,
        /// Length that the file declares.
        declared: Duration,
        /// End of the last picture that could be decoded.
        reached: Duration,
    },
    /// [`Stop`](crate::Stop) was called.
    #[error("{source_text} was stopped")]
    Stopped {
        /// The source, redacted.
        source_text: String,
    },
}

impl SourceError {
    /// Whether the source ended only because it was told to.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self, SourceError::Stopped { .. })
    }
}
