//! What the host promises of an output that it lets through: to viewers, to the store, to whoever asks over REST.

use ocellus_core::{Event, Name, Overlay, Point, RuleOutput, Value};
use ocellus_runtime::Limits;

const ATTRIBUTES: usize = 64;
const KEY_BYTES: usize = 128;
const LABEL_BYTES: usize = 256;
const CORNERS: usize = 1024;
const REACH: f32 = 16.0;

/// Whether the host may let this output through, apart from numbers and drawings that it leaves out.
#[must_use]
pub fn is_sound(output: &RuleOutput) -> bool {
    let most = Limits::default().events;
    output.events.len() <= most
        && output.measurements.len() <= most
        && output.overlays.len() <= most
        && output.events.iter().all(is_sound_event)
        && output.measurements.iter().all(|measurement| is_key(&measurement.name))
}

/// What the host lets through of a sound output.
#[must_use]
pub fn let_through(mut output: RuleOutput) -> RuleOutput {
    output.measurements.retain(|measurement| measurement.value.is_finite());
    for event in &mut output.events {
        event.attributes.retain(|(_, value)| !matches!(value, Value::Number(number) if !number.is_finite()));
    }
    output.overlays = output.overlays.into_iter().filter_map(drawn).collect();
    output
}

fn is_sound_event(event: &Event) -> bool {
    let keys = event.attributes.iter().map(|(key, _)| key);
    let is_once = |(index, key): (usize, &String)| keys.clone().take(index).all(|other| other != key);
    Name::is_valid(&event.kind)
        && event.attributes.len() <= ATTRIBUTES
        && keys.clone().all(|key| is_key(key))
        && keys.clone().enumerate().all(is_once)
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
