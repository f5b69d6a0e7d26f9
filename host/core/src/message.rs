//! What rules tell each other, and what they have the host tell others.

use std::sync::Arc;

use crate::event::Value;
use crate::name::Name;
use crate::time::TimeUs;

/// Something that a rule tells the other rules of its site.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// What it is about; rules hear the topics that they named.
    pub topic: Name,
    /// What it says, each key once.
    pub attributes: Vec<(String, Value)>,
}

/// A publication as other rules hear it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Time of the frame or command that caused it.
    pub time: TimeUs,
    /// The camera of that frame.
    pub camera: Name,
    /// The rule that says it.
    pub rule: Name,
    /// What it is about.
    pub topic: Name,
    /// What it says.
    pub attributes: Arc<[(String, Value)]>,
}

impl Message {
    /// Puts messages into the order in which rules hear them: by time, then camera, then rule. What one rule said
    /// in one call stays in its order.
    pub fn sort(messages: &mut [Message]) {
        messages.sort_by(|a, b| (a.time, &a.camera, &a.rule).cmp(&(b.time, &b.camera, &b.rule)));
    }
}

/// A call of an address on the network, by `POST`, that a rule wants the host to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookCall {
    /// Where to: `http` or `https`.
    pub url: String,
    /// The body, JSON.
    pub body: String,
}
