//! What rules say and hear, as a journal holds it.

use ocellus_core::event::Tone;
use ocellus_core::{Event, Measurement, Message, Overlay, Point, Publication, Value};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventEntry {
    kind: String,
    track: Option<u64>,
    attributes: Vec<(String, ValueEntry)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeasurementEntry {
    name: String,
    value: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicationEntry {
    topic: String,
    attributes: Vec<(String, ValueEntry)>,
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
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ValueEntry {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

/// A drawing; only its digest is kept.
#[derive(Serialize)]
pub(super) struct OverlayEntry<'a> {
    shape: &'static str,
    points: Vec<[f32; 2]>,
    tone: &'static str,
    text: &'a str,
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

impl From<&Measurement> for MeasurementEntry {
    fn from(measurement: &Measurement) -> MeasurementEntry {
        let Measurement { name, value } = measurement;
        MeasurementEntry { name: name.clone(), value: *value }
    }
}

impl From<&Publication> for PublicationEntry {
    fn from(publication: &Publication) -> PublicationEntry {
        let Publication { topic, attributes } = publication;
        PublicationEntry { topic: topic.to_string(), attributes: entries(attributes) }
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

impl<'a> From<&'a Overlay> for OverlayEntry<'a> {
    fn from(overlay: &'a Overlay) -> OverlayEntry<'a> {
        let point = |point: &Point| [point.x, point.y];
        let (shape, points, tone, text) = match overlay {
            Overlay::Polygon { corners, tone, label } => {
                ("polygon", corners.iter().map(point).collect(), tone, label)
            }
            Overlay::Line { segment, tone, label } => {
                ("line", vec![point(&segment.from), point(&segment.to)], tone, label)
            }
            Overlay::Label { at, tone, text } => ("label", vec![point(at)], tone, text),
        };
        let tone = match tone {
            Tone::Neutral => "neutral",
            Tone::Good => "good",
            Tone::Bad => "bad",
        };
        OverlayEntry { shape, points, tone, text }
    }
}
