//! Journals: every call of a rule on a live camera, with all that went into it and all that came out.
//!
//! JSON Lines. The first line is a header: the rule, its plugin, settings, cameras, grants and limits, and what it
//! remembered as the journal began. Every further line is one call (`seen` for a frame, `commanded` for a correction,
//! `saved` for its state, `asked` for a question), and the last one says how it ended and how many calls there are
//! (`ended`). A replay of it through the same plugin comes to the same, on any host.

mod entries;
mod limits;
mod line;
mod said;

use std::io::{self, BufRead};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

pub(crate) use self::entries::MessageEntry;
pub(crate) use self::limits::JournalLimits;
pub(crate) use self::line::{AskedLine, CommandedLine, EndedLine, JournalLine, SavedLine, SeenLine};
pub(crate) use self::said::{Came, Said};

pub use self::said::DifferentPart;

/// The first word of the header.
pub const FORMAT: &str = "ocellus-journal";
pub(crate) const VERSION: u32 = 2;
/// Of a journal whose tracks may have embeddings, as in tracks files.
pub(crate) const VERSION_WITH_EMBEDDINGS: u32 = 3;
/// Of a journal whose tracks may have readings too, as in tracks files.
pub(crate) const VERSION_WITH_READINGS: u32 = 4;
/// A line holds one call; the header holds a state of up to 1 MiB and the values of up to 64 MiB.
const MAX_LINE_BYTES: u64 = 128 << 20;

/// The first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalHeader {
    pub(crate) format: String,
    pub(crate) version: u32,
    /// The rule's name.
    pub rule: String,
    /// The plugin's name.
    pub plugin: String,
    /// Its version.
    pub plugin_version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// The rule's settings, a JSON text.
    pub settings: String,
    /// The camera whose instance this is; none for one of the whole site.
    pub camera: Option<u32>,
    pub(crate) cameras: Vec<JournalCamera>,
    pub(crate) powers: Vec<String>,
    pub(crate) webhooks: Vec<String>,
    pub(crate) limits: JournalLimits,
    pub(crate) memory: JournalMemory,
}

/// What every version of the header has.
#[derive(Deserialize)]
struct Beginning {
    format: String,
    version: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalCamera {
    pub(crate) handle: u32,
    pub(crate) name: String,
    pub(crate) classes: Vec<String>,
}

/// What the instance remembered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalMemory {
    /// The version that saved the state; none where there was no state.
    pub(crate) version: Option<String>,
    pub(crate) time_us: u64,
    pub(crate) state: Bytes,
    pub(crate) values: Vec<(String, Bytes)>,
}

/// Bytes as base64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Bytes).map_err(serde::de::Error::custom)
    }
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first line is no header.
    #[error("line 1 is not the header of a journal: {0}")]
    Header(String),
    /// Another release wrote it.
    #[error(
        "the journal is of version {0}, and this program reads versions {VERSION} to {VERSION_WITH_READINGS}; record it again, or replay it with \
         the release that recorded it"
    )]
    Version(u32),
    /// There are more or fewer calls than there were.
    #[error("the journal is cut: it has {found} calls, and its end speaks of {said}; record it again")]
    Cut {
        /// Calls in it.
        found: u64,
        /// Calls that were recorded.
        said: u64,
    },
    /// A line is none of a journal's.
    #[error("line {line} is not a call of a rule: {reason}")]
    Line {
        /// 1-based.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// Reads a journal, call by call.
#[derive(Debug)]
pub struct JournalReader<R> {
    input: R,
    header: JournalHeader,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> JournalReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`JournalError`] when the first line is not one.
    pub fn new(mut input: R) -> Result<JournalReader<R>, JournalError> {
        let mut text = Vec::new();
        read_line(&mut input, &mut text)?;
        let wrong = |error: serde_json::Error| JournalError::Header(error.to_string());
        let Beginning { format, version } = serde_json::from_slice(&text).map_err(wrong)?;
        if format != FORMAT {
            return Err(JournalError::Header(format!("its format is {format:?}, not {FORMAT:?}")));
        }
        if !(VERSION..=VERSION_WITH_READINGS).contains(&version) {
            return Err(JournalError::Version(version));
        }
        let header = serde_json::from_slice(&text).map_err(wrong)?;
        Ok(JournalReader { input, header, line: 1, text })
    }

    /// What the journal says of its rule.
    #[must_use]
    pub fn header(&self) -> &JournalHeader {
        &self.header
    }

    /// The next line; `None` where the file ends, in the middle of a line too.
    pub(crate) fn next_line(&mut self) -> Result<Option<JournalLine>, JournalError> {
        if read_line(&mut self.input, &mut self.text)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        match serde_json::from_slice(&self.text) {
            Ok(line) => Ok(Some(line)),
            Err(_) if self.text.last() != Some(&b'\n') => Ok(None),
            Err(error) => Err(JournalError::Line { line: self.line, reason: error.to_string() }),
        }
    }

    pub(crate) fn line(&self) -> u64 {
        self.line
    }
}

fn read_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<usize> {
    text.clear();
    let read = io::Read::take(&mut *input, MAX_LINE_BYTES).read_until(b'\n', text)?;
    if read as u64 == MAX_LINE_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 128 MiB"));
    }
    Ok(read)
}
