//! Checks what a rule returned and turns it into the host's words.

use ocellus_core::{Event, Measurement, Name, Overlay, Point, RuleOutput, Segment, Value, event::Tone};

use super::bindings::ocellus::plugin::types;
use crate::abi::{CheckedOutput, OutputFlaw};
use crate::limits::Limits;
use crate::log::cut;

/// Attributes of one event.
const ATTRIBUTES: usize = 64;
/// Bytes of an attribute's or measurement's name.
const KEY_BYTES: usize = 128;
/// Bytes of a text that is drawn; the rest is cut.
const LABEL_BYTES: usize = 256;
/// Corners of a polygon; more are left out with it.
const CORNERS: usize = 1024;
/// How far beyond the picture a drawing may reach, in pictures.
const REACH: f32 = 16.0;

/// Takes over what is sound, leaves out (and counts) numbers and drawings that are not finite, and refuses
/// the whole where a name is not one.
pub(super) fn check(output: types::Output, limits: &Limits) -> Result<CheckedOutput, OutputFlaw> {
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
    Ok(CheckedOutput { output: RuleOutput { events, measurements, overlays }, left_out })
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
    let mut attributes: Vec<(String, Value)> = Vec::with_capacity(count);
    for (key, value) in event.attributes {
        check_key(|| format!("an attribute of event {index} ({})", event.kind), &key)?;
        if attributes.iter().any(|(known, _)| *known == key) {
            let kind = &event.kind;
            return Err(OutputFlaw::Invalid(format!("event {index} ({kind}) has attribute {key:?} twice")));
        }
        let value = match value {
            types::Value::Flag(flag) => Value::Flag(flag),
            types::Value::Integer(integer) => Value::Integer(integer),
            types::Value::Number(number) if number.is_finite() => Value::Number(number),
            types::Value::Number(_) => {
                *left_out += 1;
                continue;
            }
            types::Value::Text(text) => Value::Text(text),
        };
        attributes.push((key, value));
    }
    Ok(Event { kind: event.kind, track: event.track, attributes })
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
