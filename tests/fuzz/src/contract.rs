//! What the host promises of an output that it lets through: to viewers, to the store, to whoever asks over REST.

use ocellus_core::{Event, Name, Overlay, Point, Publication, RuleOutput, Value, WebhookCall};
use ocellus_runtime::Limits;
use serde::de::IgnoredAny;

use crate::hand;

const ATTRIBUTES: usize = 64;
const KEY_BYTES: usize = 128;
const LABEL_BYTES: usize = 256;
const CORNERS: usize = 1024;
const REACH: f32 = 16.0;
const PUBLICATIONS: usize = 64;
const SAID_ATTRIBUTES: usize = 32;
const SAID_BYTES: usize = 4 << 10;
const WEBHOOKS: usize = 16;
const BODY_BYTES: usize = 64 << 10;
const URL_BYTES: usize = 2048;

/// Whether the host may let this output through, apart from numbers and drawings that it leaves out.
#[must_use]
pub fn is_sound(output: &RuleOutput) -> bool {
    let most = Limits::default().events;
    output.events.len() <= most
        && output.measurements.len() <= most
        && output.overlays.len() <= most
        && output.events.iter().all(is_sound_event)
        && output.measurements.iter().all(|measurement| is_key(&measurement.name))
        && output.publications.len() <= PUBLICATIONS
        && output.publications.iter().all(is_sound_publication)
        && output.webhooks.len() <= WEBHOOKS
        && output.webhooks.iter().all(is_sound_call)
}

/// What the host lets through of a sound output, with the grants of [`hand::grants`].
#[must_use]
pub fn let_through(mut output: RuleOutput) -> RuleOutput {
    output.measurements.retain(|measurement| measurement.value.is_finite());
    let of_events = output.events.iter_mut().map(|event| &mut event.attributes);
    let of_publications = output.publications.iter_mut().map(|publication| &mut publication.attributes);
    of_events.chain(of_publications).for_each(|attributes| attributes.retain(is_sendable));
    output.overlays = output.overlays.into_iter().filter_map(drawn).collect();
    output.webhooks = output.webhooks.into_iter().filter_map(called).collect();
    output
}

/// Whether this is an address below the one that is granted, which nobody could take for another one. A query may hold
/// anything that can be seen.
#[must_use]
pub fn is_granted(url: &str) -> bool {
    let Some(below) = url.strip_prefix(hand::ADDRESS) else { return false };
    let path = below.split('?').next().unwrap_or("");
    below.chars().all(|c| c.is_ascii_graphic() && c != '#')
        && !path.contains('\\')
        && path.split('/').all(|part| part != "..")
}

fn called(call: WebhookCall) -> Option<WebhookCall> {
    let url = hand::grants().callable(&call.url)?;
    assert!(is_granted(&url), "{:?} is called as {url:?}", call.url);
    Some(WebhookCall { url, ..call })
}

fn is_sendable((_, value): &(String, Value)) -> bool {
    !matches!(value, Value::Number(number) if !number.is_finite())
}

fn is_sound_event(event: &Event) -> bool {
    Name::is_valid(&event.kind)
        && event.attributes.len() <= ATTRIBUTES
        && are_sound_attributes(&event.attributes)
}

fn is_sound_publication(publication: &Publication) -> bool {
    let size = |(key, value): &(String, Value)| {
        key.len() + if let Value::Text(text) = value { text.len() } else { 8 }
    };
    let attributes = &publication.attributes;
    attributes.len() <= SAID_ATTRIBUTES
        && are_sound_attributes(attributes)
        && attributes.iter().filter(|attribute| is_sendable(attribute)).map(size).sum::<usize>() <= SAID_BYTES
}

fn is_sound_call(call: &WebhookCall) -> bool {
    call.url.len() <= URL_BYTES
        && call.body.len() <= BODY_BYTES
        && serde_json::from_str::<IgnoredAny>(&call.body).is_ok()
}

fn are_sound_attributes(attributes: &[(String, Value)]) -> bool {
    // One that is left out for its value may be there twice, the first time.
    let kept = |index: usize| attributes[..index].iter().filter(|attribute| is_sendable(attribute));
    let is_once = |(index, (key, _)): (usize, &(String, Value))| kept(index).all(|(other, _)| other != key);
    attributes.iter().all(|(key, _)| is_key(key)) && attributes.iter().enumerate().all(is_once)
}

fn is_key(key: &str) -> bool {
    (1..=KEY_BYTES).contains(&key.len()) && !key.chars().any(char::is_control)
}

fn drawn(overlay: Overlay) -> Option<Overlay> {
    let near = |point: Point| {
        let clamped = Point::new(point.x.clamp(-REACH, REACH), point.y.clamp(-REACH, REACH));
        point.is_finite().then_some(clamped)
    };
    Some(match overlay {
        Overlay::Polygon { corners, tone, label } => {
            if corners.len() < 2 || corners.len() > CORNERS {
                return None;
            }
            let corners = corners.into_iter().map(near).collect::<Option<_>>()?;
            Overlay::Polygon { corners, tone, label: cut(label) }
        }
        Overlay::Line { mut segment, tone, label } => {
            (segment.from, segment.to) = (near(segment.from)?, near(segment.to)?);
            Overlay::Line { segment, tone, label: cut(label) }
        }
        Overlay::Label { at, tone, text } => Overlay::Label { at: near(at)?, tone, text: cut(text) },
    })
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LABEL_BYTES));
    text
}
