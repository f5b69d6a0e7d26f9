//! What a rule concludes.

use crate::geometry::{Point, Segment};
use crate::message::{Publication, WebhookCall};
use crate::name::Name;
use crate::time::TimeUs;

/// The value of an event's attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// Something that happened, as a rule reports it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened, such as `line-crossing`.
    pub kind: String,
    /// The track concerned, if one is.
    pub track: Option<u64>,
    /// Further facts, in the rule's order, each key once.
    pub attributes: Vec<(String, Value)>,
}

/// An event with its place in time and on the site.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRecord {
    /// Position in the log it was appended to; from 1, without gaps.
    pub sequence: u64,
    /// Time of the frame that caused it.
    pub time: TimeUs,
    /// Sequence of that frame.
    pub frame: u64,
    /// The camera.
    pub camera: Name,
    /// The rule.
    pub rule: Name,
    /// What happened.
    pub event: Event,
}

/// A number that a rule measures, such as a count so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// What is measured.
    pub name: String,
    /// The number.
    pub value: f64,
}

/// How an overlay is meant; the viewer chooses the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Drawn plainly.
    #[default]
    Neutral,
    /// Free, allowed, fine.
    Good,
    /// Occupied, forbidden, exceeded.
    Bad,
}

/// Something a rule wants drawn over the picture. Positions are 0..1 of the picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// A closed outline, such as a parking space.
    Polygon {
        /// At least three corners.
        corners: Vec<Point>,
        /// How it is meant.
        tone: Tone,
        /// A short text beside it; may be empty.
        label: String,
    },
    /// A line, such as a gate.
    Line {
        /// Where it runs.
        segment: Segment,
        /// How it is meant.
        tone: Tone,
        /// A short text beside it; may be empty.
        label: String,
    },
    /// A text at a position.
    Label {
        /// Left end of the text's base line.
        at: Point,
        /// How it is meant.
        tone: Tone,
        /// The text.
        text: String,
    },
}

/// All that one call of a rule returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleOutput {
    /// What happened.
    pub events: Vec<Event>,
    /// What was measured.
    pub measurements: Vec<Measurement>,
    /// What to draw, until the next call.
    pub overlays: Vec<Overlay>,
    /// What to tell the other rules of the site; they hear it from the next frame on.
    pub publications: Vec<Publication>,
    /// Addresses to call.
    pub webhooks: Vec<WebhookCall>,
}
