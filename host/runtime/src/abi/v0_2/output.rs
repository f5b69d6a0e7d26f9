//! Checks what a rule returned and turns it into the host's words.

use ocellus_core::{
    Event, Measurement, Name, Overlay, Point, Power, Publication, RuleOutput, Segment, Value, WebhookCall,
    event::Tone,
};

use super::bindings::ocellus::plugin::types;
use crate::abi::{CheckedOutput, OutputFlaw};
use crate::limits::{Limits, Terms};
use crate::log::cut;

/// Attributes of one event.
const ATTRIBUTES: usize = 64;
/// Bytes of an attribute's or measurement's name.
const KEY_BYTES: usize = 128;
/// Bytes of a text that is drawn; the rest is cut.
const LABEL_BYTES: usize = 256;
/// Corners of a polygon; more are left out with it.
const CORNERS: usize = 1024;
/// Attributes of one publication, and bytes of it all.
const SAID_ATTRIBUTES: usize = 32;
const SAID_BYTES: usize = 4 << 10;
/// Publications of one call.
const PUBLICATIONS: usize = 64;
/// Webhook calls of one call, and bytes of one's body and address.
const WEBHOOKS: usize = 16;
const BODY_BYTES: usize = 64 << 10;
const URL_BYTES: usize = 2048;
/// How far beyond the picture a drawing may reach, in pictures.
const REACH: f32 = 16.0;

/// Takes over what is sound, leaves out (and counts) numbers and drawings that are not finite, and refuses
/// the whole where a name is not one. What no power was granted for is left out and counted too.
pub(in crate::abi) fn check(output: types::Output, terms: &Terms) -> Result<CheckedOutput, OutputFlaw> {
    let limits = &terms.limits;
    within("events", output.events.len(), limits)?;
    within("measurements", output.measurements.len(), limits)?;
    within("overlays", output.overlays.len(), limits)?;
    let mut left_out = 0;
    let events = output
        .events
        .into_iter()
        .enumerate()
        .map(|(index, event)| check_event(index, event, &mut left_out))
        .collect::<Result<Vec<_>, _>>()?;
    let mut measurements = Vec::with_capacity(output.measurements.len());
    for types::Measurement { name, value } in output.measurements {
        check_key(|| "a measurement".to_owned(), &name)?;
        if value.is_finite() {
            measurements.push(Measurement { name, value });
        } else {
            left_out += 1;
        }
    }
    let drawn = output.overlays.len();
    let overlays: Vec<Overlay> = output.overlays.into_iter().filter_map(check_overlay).collect();
    left_out += (drawn - overlays.len()) as u64;
    let (mut publications, mut webhooks) = (Vec::new(), Vec::new());
    let mut refused = None;
    if !output.publications.is_empty() {
        if terms.grants.has(Power::Messages) {
            publications = check_publications(output.publications, &mut left_out)?;
        } else {
            refused =
                Some("messages are not granted: what the rule says to other rules is left out".to_owned());
        }
    }
    if !output.webhooks.is_empty() {
        for WebhookCall { url, body } in check_webhooks(output.webhooks)? {
            match terms.grants.callable(&url) {
                Some(url) => webhooks.push(WebhookCall { url, body }),
                None => refused = Some(format!("a call of {:?} is not granted and left out", cut(&url, 200))),
            }
        }
    }
    let output = RuleOutput { events, measurements, overlays, publications, webhooks };
    Ok(CheckedOutput { output, left_out, refused })
}

fn check_publications(
    found: Vec<types::Publication>,
    left_out: &mut u64,
) -> Result<Vec<Publication>, OutputFlaw> {
    at_most("publications", found.len(), PUBLICATIONS)?;
    found
        .into_iter()
        .map(|types::Publication { topic, attributes }| {
            let topic = Name::new(&topic).map_err(|error| {
                OutputFlaw::Invalid(format!("a publication has the topic {:?}: {error}", cut(&topic, 80)))
            })?;
            at_most("attributes of one publication", attributes.len(), SAID_ATTRIBUTES)?;
            let attributes = check_attributes(&|| format!("a publication on {topic}"), attributes, left_out)?;
            let size = |(key, value): &(String, Value)| {
                key.len() + if let Value::Text(text) = value { text.len() } else { 8 }
            };
            at_most("bytes in one publication", attributes.iter().map(size).sum(), SAID_BYTES)?;
            Ok(Publication { topic, attributes })
        })
        .collect()
}

fn check_webhooks(found: Vec<types::WebhookCall>) -> Result<Vec<WebhookCall>, OutputFlaw> {
    at_most("webhook calls", found.len(), WEBHOOKS)?;
    found
        .into_iter()
        .map(|types::WebhookCall { url, body }| {
            at_most("bytes in a webhook's body", body.len(), BODY_BYTES)?;
            at_most("bytes in a webhook's address", url.len(), URL_BYTES)?;
            if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&body) {
                return Err(OutputFlaw::Invalid(format!("the body of a webhook call is not JSON: {error}")));
            }
            Ok(WebhookCall { url, body })
        })
        .collect()
}

/// Unlike the limits that an operator sets, going over one of these leaves the rule itself usable.
fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), OutputFlaw> {
    match count > limit {
        true => Err(OutputFlaw::Invalid(format!("it has {count} {what}, at most {limit} are possible"))),
        false => Ok(()),
    }
}

fn within(what: &'static str, count: usize, limits: &Limits) -> Result<(), OutputFlaw> {
    let limit = limits.events;
    if count > limit { Err(OutputFlaw::TooMany { what, count, limit }) } else { Ok(()) }
}

fn check_event(index: usize, event: types::Event, left_out: &mut u64) -> Result<Event, OutputFlaw> {
    check_kind(index, &event.kind)?;
    let (count, limit) = (event.attributes.len(), ATTRIBUTES);
    if count > limit {
        return Err(OutputFlaw::TooMany { what: "attributes of one event", count, limit });
    }
    let of = || format!("event {index} ({})", event.kind);
    let attributes = check_attributes(&of, event.attributes, left_out)?;
    Ok(Event { kind: event.kind, track: event.track, attributes })
}

fn check_attributes(
    of: &dyn Fn() -> String,
    found: Vec<(String, types::ValueResult)>,
    left_out: &mut u64,
) -> Result<Vec<(String, Value)>, OutputFlaw> {
    let mut attributes: Vec<(String, Value)> = Vec::with_capacity(found.len());
    for (key, value) in found {
        check_key(|| format!("an attribute of {}", of()), &key)?;
        if attributes.iter().any(|(known, _)| *known == key) {
            return Err(OutputFlaw::Invalid(format!("{} has attribute {key:?} twice", of())));
        }
        let value = match value {
            types::ValueResult::Flag(flag) => Value::Flag(flag),
            types::ValueResult::Integer(integer) => Value::Integer(integer),
            types::ValueResult::Number(number) if number.is_finite() => Value::Number(number),
            types::ValueResult::Number(_) => {
                *left_out += 1;
                continue;
            }
            types::ValueResult::Text(text) => Value::Text(text),
        };
        attributes.push((key, value));
    }
    Ok(attributes)
}

/// Kinds stand in URLs, metrics and file names.
fn check_kind(index: usize, kind: &str) -> Result<(), OutputFlaw> {
    if Name::is_valid(kind) {
        return Ok(());
    }
    let found = cut(kind, 80);
    Err(OutputFlaw::Invalid(format!(
        "event {index} has the kind {found:?}: use 1 to 64 letters, digits, '.', '_' or '-', starting with a \
         letter or digit"
    )))
}

fn check_key(what: impl Fn() -> String, key: &str) -> Result<(), OutputFlaw> {
    if !key.is_empty() && key.len() <= KEY_BYTES && !key.chars().any(char::is_control) {
        return Ok(());
    }
    let found = cut(key, 80);
    Err(OutputFlaw::Invalid(format!(
        "{} is named {found:?}: use 1 to {KEY_BYTES} bytes of text without control characters",
        what()
    )))
}

fn check_overlay(overlay: types::Overlay) -> Option<Overlay> {
    Some(match overlay {
        types::Overlay::Polygon(polygon) => {
            if !(2..=CORNERS).contains(&polygon.corners.len()) {
                return None;
            }
            let corners = polygon.corners.into_iter().map(point).collect::<Option<Vec<_>>>()?;
            Overlay::Polygon { corners, tone: tone(polygon.tone), label: label(polygon.label) }
        }
        types::Overlay::Line(line) => {
            let segment = Segment::new(point(line.from)?, point(line.to)?);
            Overlay::Line { segment, tone: tone(line.tone), label: label(line.label) }
        }
        types::Overlay::Label(text) => {
            Overlay::Label { at: point(text.at)?, tone: tone(text.tone), text: label(text.text) }
        }
    })
}

fn point(point: types::Point) -> Option<Point> {
    let point = Point::new(point.x, point.y);
    point.is_finite().then(|| Point::new(point.x.clamp(-REACH, REACH), point.y.clamp(-REACH, REACH)))
}

fn tone(tone: types::Tone) -> Tone {
    match tone {
        types::Tone::Neutral => Tone::Neutral,
        types::Tone::Good => Tone::Good,
        types::Tone::Bad => Tone::Bad,
    }
}

fn label(mut text: String) -> String {
    let end = cut(&text, LABEL_BYTES).len();
    text.truncate(end);
    text
}
