//! The lines of a journal after its header.

use serde::{Deserialize, Serialize};

use super::entries::MessageEntry;
use super::said::Said;
use crate::wire::TrackEntry;

/// A line after the header.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JournalLine {
    Seen(SeenLine),
    Commanded(CommandedLine),
    Saved(SavedLine),
    Asked(AskedLine),
    Ended(EndedLine),
}

/// The rule was shown a frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeenLine {
    pub(crate) camera: u32,
    pub(crate) frame: u64,
    pub(crate) time_us: u64,
    pub(crate) wall_us: Option<u64>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) tracks: Vec<TrackEntry>,
    pub(crate) messages: Vec<MessageEntry>,
    pub(crate) said: Said,
}

/// It was given an operator's correction.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandedLine {
    pub(crate) time_us: u64,
    pub(crate) wall_us: Option<u64>,
    pub(crate) request: String,
    pub(crate) said: Said,
}

/// It was to save its state, which may change what it remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedLine {
    pub(crate) said: Said,
}

/// It was asked something, which may change what it remembers too.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskedLine {
    pub(crate) request: String,
    pub(crate) said: Said,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndedLine {
    /// Lines between the header and this one.
    pub(crate) calls: u64,
    /// Why it ended before its time; none where it has all the calls that were asked for.
    pub(crate) early: Option<String>,
}
