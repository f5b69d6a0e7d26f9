//! Events as they leave the host: the JSON of `analyze`, `replay`, REST and WebSocket.

use ocellus_core::{EventRecord, Value};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

/// One event as a JSON object; the keys stand in this order.
#[derive(Debug, Serialize)]
pub struct EventLine<'a> {
    /// Position in its log, from 1.
    pub sequence: u64,
    /// Time of the frame that caused it, in microseconds.
    pub time_us: u64,
    /// Sequence of that frame.
    pub frame: u64,
    /// Camera's name.
    pub camera: &'a str,
    /// Rule's name.
    pub rule: &'a str,
    /// What happened.
    pub kind: &'a str,
    /// The track concerned, or null.
    pub track: Option<u64>,
    /// Further facts, in the rule's order.
    pub attributes: Attributes<'a>,
}

/// Attributes as a JSON object that keeps the rule's order.
#[derive(Debug)]
pub struct Attributes<'a>(&'a [(String, Value)]);

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in self.0 {
            match value {
                Value::Flag(flag) => map.serialize_entry(key, flag)?,
                Value::Integer(integer) => map.serialize_entry(key, integer)?,
                Value::Number(number) => map.serialize_entry(key, number)?,
                Value::Text(text) => map.serialize_entry(key, text)?,
            }
        }
        map.end()
    }
}

impl<'a> From<&'a EventRecord> for EventLine<'a> {
    fn from(record: &'a EventRecord) -> EventLine<'a> {
        EventLine {
            sequence: record.sequence,
            time_us: record.time.0,
            frame: record.frame,
            camera: record.camera.as_str(),
            rule: record.rule.as_str(),
            kind: &record.event.kind,
            track: record.event.track,
            attributes: Attributes(&record.event.attributes),
        }
    }
}

/// The header of a tracks file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracksHeader {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) camera: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) classes: Vec<String>,
    /// Of a file with readings: whether tracks may have embeddings too; the version says it of the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) embeddings: bool,
}

/// One frame of a tracks file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracksLine {
    pub(crate) frame: u64,
    pub(crate) time_us: u64,
    pub(crate) tracks: Vec<TrackEntry>,
}

/// One track of a [`TracksLine`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackEntry {
    pub(crate) id: u64,
    pub(crate) class: u32,
    pub(crate) confidence: f32,
    pub(crate) state: State,
    /// x, y, width, height in pixels.
    #[serde(rename = "box")]
    pub(crate) rect: [f32; 4],
    pub(crate) first_seen_us: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ground: Option<GroundEntry>,
    /// What it looks like from here on, a signed byte a number, in base64; empty where that is not known any more, left
    /// out where it is as in the frame before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) embedding: Option<String>,
    /// What was read on it in this frame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) readings: Vec<ReadingEntry>,
}

/// A text that was read on a track.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadingEntry {
    pub(crate) kind: String,
    pub(crate) text: String,
    /// 0..1.
    pub(crate) confidence: f32,
}

/// Where a track stands on the ground.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroundEntry {
    /// Metres along both axes.
    pub(crate) position_m: [f32; 2],
    /// Metres a second along both, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) velocity_mps: Option<[f32; 2]>,
    /// One standard deviation.
    pub(crate) sigma_m: f32,
}

/// A track's state by name.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Tentative,
    Confirmed,
    Lost,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocellus_core::{Event, Name, TimeUs};

    #[test]
    fn an_event_line_has_its_keys_in_the_documented_order() {
        let record = EventRecord {
            sequence: 1,
            time: TimeUs(400_000),
            frame: 4,
            camera: Name::new("gate").unwrap(),
            rule: Name::new("line-crossing").unwrap(),
            event: Event {
                kind: "line-crossing".into(),
                track: Some(7),
                attributes: vec![
                    ("line".into(), Value::Text("door".into())),
                    ("direction".into(), Value::Text("entry".into())),
                ],
            },
        };
        assert_eq!(
            serde_json::to_string(&EventLine::from(&record)).unwrap(),
            r#"{"sequence":1,"time_us":400000,"frame":4,"camera":"gate","rule":"line-crossing","kind":"line-crossing","track":7,"attributes":{"line":"door","direction":"entry"}}"#
        );
    }
}
