//! What a rule returns, built up call by call.

use ocellus_core::event::Tone;
use ocellus_core::{
    Event, Measurement, Name, Overlay, Point, Polygon, Publication, RuleOutput, Segment, Value, WebhookCall,
};
use serde::Serialize;

/// Events, measurements and overlays of one call.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Output(RuleOutput);

impl Output {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Output {
        Output::default()
    }

    /// Adds an event of `kind`, such as `line-crossing`; say more of it through the builder.
    pub fn event(&mut self, kind: impl Into<String>) -> EventBuilder<'_> {
        let index = self.0.events.len();
        self.0.events.push(Event { kind: kind.into(), track: None, attributes: Vec::new() });
        EventBuilder(&mut self.0.events[index])
    }

    /// Adds a number as it stands at this moment.
    pub fn measure(&mut self, name: impl Into<String>, value: f64) {
        self.0.measurements.push(Measurement { name: name.into(), value });
    }

    /// Draws an outline until the next call.
    pub fn draw_polygon(&mut self, polygon: &Polygon, tone: Tone, label: impl Into<String>) {
        let corners = polygon.corners().to_vec();
        self.0.overlays.push(Overlay::Polygon { corners, tone, label: label.into() });
    }

    /// Draws a line until the next call.
    pub fn draw_line(&mut self, segment: Segment, tone: Tone, label: impl Into<String>) {
        self.0.overlays.push(Overlay::Line { segment, tone, label: label.into() });
    }

    /// Writes a text until the next call; `at` is the left end of its base line.
    pub fn draw_label(&mut self, at: Point, tone: Tone, text: impl Into<String>) {
        self.0.overlays.push(Overlay::Label { at, tone, text: text.into() });
    }

    /// Tells the other rules of the site something; those that named `topic` hear it from their next frame on. Needs
    /// [`Power::Messages`](ocellus_core::Power::Messages), without which the host leaves it out.
    pub fn publish(&mut self, topic: &Name) -> PublicationBuilder<'_> {
        let index = self.0.publications.len();
        self.0.publications.push(Publication { topic: topic.clone(), attributes: Vec::new() });
        PublicationBuilder(&mut self.0.publications[index])
    }

    /// Has the host call an address by `POST` once this call has returned. Needs
    /// [`Power::Webhook`](ocellus_core::Power::Webhook) and an address that the operator named, without which the
    /// host leaves it out.
    ///
    /// # Errors
    /// That `body` cannot be written as JSON.
    pub fn call_webhook(&mut self, url: impl Into<String>, body: &impl Serialize) -> Result<(), String> {
        let body = serde_json::to_string(body).map_err(|error| format!("the webhook's body: {error}"))?;
        self.0.webhooks.push(WebhookCall { url: url.into(), body });
        Ok(())
    }

    /// What other rules are told so far.
    #[must_use]
    pub fn publications(&self) -> &[Publication] {
        &self.0.publications
    }

    /// The addresses to call so far.
    #[must_use]
    pub fn webhooks(&self) -> &[WebhookCall] {
        &self.0.webhooks
    }

    /// The events so far.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.0.events
    }

    /// The measurements so far.
    #[must_use]
    pub fn measurements(&self) -> &[Measurement] {
        &self.0.measurements
    }

    /// The measurement of this name.
    #[must_use]
    pub fn measured(&self, name: &str) -> Option<f64> {
        self.0.measurements.iter().find(|measurement| measurement.name == name).map(|found| found.value)
    }

    /// The overlays so far.
    #[must_use]
    pub fn overlays(&self) -> &[Overlay] {
        &self.0.overlays
    }
}

impl From<Output> for RuleOutput {
    fn from(output: Output) -> RuleOutput {
        output.0
    }
}

/// Says more of an event that was just added.
#[derive(Debug)]
pub struct EventBuilder<'a>(&'a mut Event);

impl EventBuilder<'_> {
    /// The track concerned.
    pub fn track(self, id: u64) -> Self {
        self.0.track = Some(id);
        self
    }

    /// A further fact. Attributes keep their order; a key given again replaces its value.
    pub fn attribute(self, key: &str, value: impl Into<Value>) -> Self {
        set(&mut self.0.attributes, key, value.into());
        self
    }
}

/// Says more of a publication that was just added.
#[derive(Debug)]
pub struct PublicationBuilder<'a>(&'a mut Publication);

impl PublicationBuilder<'_> {
    /// A fact. Attributes keep their order; a key given again replaces its value.
    pub fn attribute(self, key: &str, value: impl Into<Value>) -> Self {
        set(&mut self.0.attributes, key, value.into());
        self
    }
}

fn set(attributes: &mut Vec<(String, Value)>, key: &str, value: Value) {
    match attributes.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => *old = value,
        None => attributes.push((key.to_owned(), value)),
    }
}
