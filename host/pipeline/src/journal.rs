//! Journals: every call of a rule on a live camera, with all that went into it and the events that came out.
//!
//! JSON Lines. The first line is a header: the rule, its plugin, settings, cameras and grants, and what it remembered
//! as the journal began. Every further line is one call (`seen` for a frame, `commanded` for a correction), and the
//! last one says how it ended (`ended`). A replay of it through the same plugin gives the same events, on any host.

use std::io::{self, BufRead};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ocellus_core::{Event, Message, Value};
use serde::{Deserialize, Serialize};

use crate::wire::TrackEntry;

/// The first word of the header.
pub const FORMAT: &str = "ocellus-journal";
pub(crate) const VERSION: u32 = 1;
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
    pub(crate) memory: JournalMemory,
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

/// A line after the header.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JournalLine {
    Seen(SeenLine),
    Commanded(CommandedLine),
    Ended(EndedLine),
}

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

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandedLine {
    pub(crate) time_us: u64,
    pub(crate) wall_us: Option<u64>,
    pub(crate) request: String,
    pub(crate) said: Said,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndedLine {
    pub(crate) calls: u64,
    /// Why it ended before its time; none where it has all the frames that were asked for.
    pub(crate) early: Option<String>,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Said {
    Events(Vec<EventEntry>),
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventEntry {
    pub(crate) kind: String,
    pub(crate) track: Option<u64>,
    pub(crate) attributes: Vec<(String, ValueEntry)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageEntry {
    pub(crate) time_us: u64,
    pub(crate) camera: String,
    pub(crate) rule: String,
    pub(crate) topic: String,
    pub(crate) attributes: Vec<(String, ValueEntry)>,
}

/// A value with its type, so that 1 and 1.0 stay what they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ValueEntry {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

impl From<&Value> for ValueEntry {
    fn from(value: &Value) -> ValueEntry {
        match value {
            Value::Flag(flag) => ValueEntry::Flag(*flag),
            Value::Integer(integer) => ValueEntry::Integer(*integer),
            Value::Number(number) => ValueEntry::Number(*number),
            Value::Text(text) => ValueEntry::Text(text.clone()),
        }
    }
}

impl From<ValueEntry> for Value {
    fn from(entry: ValueEntry) -> Value {
        match entry {
            ValueEntry::Flag(flag) => Value::Flag(flag),
            ValueEntry::Integer(integer) => Value::Integer(integer),
            ValueEntry::Number(number) => Value::Number(number),
            ValueEntry::Text(text) => Value::Text(text),
        }
    }
}

fn entries(attributes: &[(String, Value)]) -> Vec<(String, ValueEntry)> {
    attributes.iter().map(|(key, value)| (key.clone(), value.into())).collect()
}

impl From<&Event> for EventEntry {
    fn from(event: &Event) -> EventEntry {
        let Event { kind, track, attributes } = event;
        EventEntry { kind: kind.clone(), track: *track, attributes: entries(attributes) }
    }
}

impl From<&Message> for MessageEntry {
    fn from(message: &Message) -> MessageEntry {
        MessageEntry {
            time_us: message.time.0,
            camera: message.camera.to_string(),
            rule: message.rule.to_string(),
            topic: message.topic.to_string(),
            attributes: entries(&message.attributes),
        }
    }
}

/// Why a journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Reading failed.
    #[error("the journal cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The first line is no header.
    #[error("line 1 is not the header of a journal of version {VERSION}: {0}")]
    Header(String),
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
        let header: JournalHeader =
            serde_json::from_slice(&text).map_err(|error| JournalError::Header(error.to_string()))?;
        if header.format != FORMAT || header.version != VERSION {
            return Err(JournalError::Header(format!("it is {} {}", header.format, header.version)));
        }
        Ok(JournalReader { input, header, line: 1, text })
    }

    /// What the journal says of its rule.
    #[must_use]
    pub fn header(&self) -> &JournalHeader {
        &self.header
    }

    /// The next line; `None` where the file ends.
    pub(crate) fn next_line(&mut self) -> Result<Option<JournalLine>, JournalError> {
        if read_line(&mut self.input, &mut self.text)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        let line = serde_json::from_slice(&self.text);
        let wrong =
            |error: serde_json::Error| JournalError::Line { line: self.line, reason: error.to_string() };
        line.map(Some).map_err(wrong)
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
