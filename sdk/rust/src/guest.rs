//! The component's side of the boundary: the contract's records to and from the vocabulary.

use ocellus_core::event::{Overlay, Tone, Value};
use ocellus_core::{CameraHandle, FrameInfo, Message, Name, Point, Power, Powers, RuleOutput, Size, TimeUs};

use crate::bindings::ocellus::plugin::{host, types};
use crate::bindings::{Guest, ocellus};
use crate::log::Level;
use crate::{Camera, Columns, Instance, Output, Reading, Rule, Scope, Site};

/// Where the one instance of a component lives; implemented by [`export!`](crate::export).
pub trait Hosted {
    /// The component's rule.
    type Rule: Rule;

    /// Calls with the instance.
    fn with<T>(call: impl FnOnce(&mut Instance<Self::Rule>) -> T) -> T;
}

impl<H: Hosted> Guest for H {
    fn describe() -> types::Description {
        let said = Instance::<H::Rule>::describe();
        types::Description {
            name: said.name.to_owned(),
            version: said.version.to_owned(),
            summary: said.summary.to_owned(),
            settings_schema: said.settings_schema,
            scope: match said.scope {
                Scope::Camera => types::Scope::Camera,
                Scope::Site => types::Scope::Site,
            },
            powers: asked(said.powers),
        }
    }

    fn configure(
        settings: String,
        cameras: Vec<types::Camera>,
        powers: types::Powers,
    ) -> Result<Vec<String>, String> {
        begin(None);
        // Without this the host only learns that the instance trapped, not where and why.
        std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string())));
        let site = Site::new(cameras.into_iter().map(camera).collect()).with_granted(granted(powers));
        H::with(|instance| {
            instance.configure(&settings, site)?;
            Ok(instance.topics())
        })
    }

    fn process(
        frame: types::Frame,
        tracks: types::Tracks,
        messages: Vec<types::Message>,
    ) -> Result<types::Output, String> {
        begin(frame.wall_us);
        let frame = FrameInfo {
            camera: CameraHandle(frame.camera),
            sequence: frame.sequence,
            time: TimeUs(frame.time_us),
            size: Size::new(frame.width, frame.height),
        };
        let heard = messages.into_iter().map(message).collect::<Result<Vec<_>, String>>()?;
        H::with(|instance| {
            instance.hear(&heard)?;
            instance.process(&frame, columns(tracks))
        })
        .map(output)
    }

    fn finish(at: types::Moment) -> Result<types::Output, String> {
        begin(at.wall_us);
        H::with(|instance| instance.finish(TimeUs(at.time_us))).map(output)
    }

    fn save() -> Vec<u8> {
        begin(None);
        H::with(|instance| instance.save())
    }

    fn restore(state: Vec<u8>, version: String) -> Result<(), String> {
        begin(None);
        H::with(|instance| instance.restore(&state, &version))
    }

    fn query(request: String) -> Result<String, String> {
        begin(None);
        H::with(|instance| instance.query(&request))
    }

    fn command(at: types::Moment, request: String) -> Result<types::Output, String> {
        begin(at.wall_us);
        H::with(|instance| instance.command(TimeUs(at.time_us), &request)).map(output)
    }
}

/// Writes a line to the host's log.
pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => host::Level::Debug,
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    ocellus::plugin::host::log(level, message);
}

/// Values under keys, kept by the host.
pub(crate) mod values {
    use crate::bindings::ocellus::plugin::key_value;
    use crate::values::Refusal;

    pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
        key_value::get(key).map_err(refusal)
    }

    pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Refusal> {
        key_value::set(key, value).map_err(refusal)
    }

    pub(crate) fn delete(key: &str) -> Result<bool, Refusal> {
        key_value::delete(key).map_err(refusal)
    }

    pub(crate) fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Refusal> {
        key_value::keys(prefix, after, limit).map_err(refusal)
    }

    fn refusal(refusal: key_value::Refusal) -> Refusal {
        match refusal {
            key_value::Refusal::NotGranted => Refusal::NotGranted,
            key_value::Refusal::NotNow => Refusal::NotNow,
            key_value::Refusal::BadKey(limit) => Refusal::BadKey(limit),
            key_value::Refusal::TooLarge(limit) => Refusal::TooLarge(limit),
            key_value::Refusal::Full(limit) => Refusal::Full(limit),
        }
    }
}

fn begin(wall_us: Option<u64>) {
    crate::call::begin(wall_us.map(TimeUs));
}

fn flag(power: Power) -> types::Powers {
    match power {
        Power::Embeddings => types::Powers::EMBEDDINGS,
        Power::Readings => types::Powers::READINGS,
        Power::Messages => types::Powers::MESSAGES,
        Power::KeyValue => types::Powers::KEY_VALUE,
        Power::WallClock => types::Powers::WALL_CLOCK,
        Power::Webhook => types::Powers::WEBHOOK,
    }
}

fn asked(powers: Powers) -> types::Powers {
    powers.iter().map(flag).fold(types::Powers::empty(), |flags, flag| flags | flag)
}

fn granted(flags: types::Powers) -> Powers {
    Power::ALL.into_iter().filter(|power| flags & flag(*power) == flag(*power)).collect()
}

fn message(said: types::Message) -> Result<Message, String> {
    let name = |text: &str| Name::new(text).map_err(|error| error.to_string());
    Ok(Message {
        time: TimeUs(said.time_us),
        camera: name(&said.camera)?,
        rule: name(&said.rule)?,
        topic: name(&said.topic)?,
        attributes: said.attributes.into_iter().map(|(key, found)| (key, heard(found))).collect(),
    })
}

fn heard(value: types::Value) -> Value {
    match value {
        types::Value::Flag(flag) => Value::Flag(flag),
        types::Value::Integer(integer) => Value::Integer(integer),
        types::Value::Number(number) => Value::Number(number),
        types::Value::Text(text) => Value::Text(text),
    }
}

fn camera(camera: types::Camera) -> Camera {
    Camera { handle: CameraHandle(camera.handle), name: camera.name, classes: camera.classes.into() }
}

fn columns(tracks: types::Tracks) -> Columns {
    let reading = |reading: types::Reading| Reading {
        row: reading.row,
        kind: reading.kind,
        text: reading.text,
        confidence: reading.confidence,
    };
    Columns {
        ids: tracks.ids,
        classes: tracks.classes,
        confidences: tracks.confidences,
        states: tracks.states,
        boxes: tracks.boxes,
        ground: tracks.ground,
        ground_sigma: tracks.ground_sigma,
        first_seen_us: tracks.first_seen_us,
        embeddings: tracks.embeddings,
        embedding_size: tracks.embedding_size,
        embedding_rows: tracks.embedding_rows,
        readings: tracks.readings.into_iter().map(reading).collect(),
    }
}

fn output(output: Output) -> types::Output {
    let output = RuleOutput::from(output);
    let event = |event: ocellus_core::Event| types::Event {
        kind: event.kind,
        track: event.track,
        attributes: event.attributes.into_iter().map(|(key, found)| (key, value(found))).collect(),
    };
    let measurement =
        |found: ocellus_core::Measurement| types::Measurement { name: found.name, value: found.value };
    types::Output {
        events: output.events.into_iter().map(event).collect(),
        measurements: output.measurements.into_iter().map(measurement).collect(),
        overlays: output.overlays.into_iter().map(overlay).collect(),
        publications: output.publications.into_iter().map(publication).collect(),
        webhooks: output.webhooks.into_iter().map(webhook).collect(),
    }
}

fn publication(said: ocellus_core::Publication) -> types::Publication {
    types::Publication {
        topic: said.topic.as_str().to_owned(),
        attributes: said.attributes.into_iter().map(|(key, found)| (key, value(found))).collect(),
    }
}

fn webhook(call: ocellus_core::WebhookCall) -> types::WebhookCall {
    types::WebhookCall { url: call.url, body: call.body }
}

fn value(value: Value) -> types::Value {
    match value {
        Value::Flag(flag) => types::Value::Flag(flag),
        Value::Integer(integer) => types::Value::Integer(integer),
        Value::Number(number) => types::Value::Number(number),
        Value::Text(text) => types::Value::Text(text),
    }
}

fn overlay(overlay: Overlay) -> types::Overlay {
    match overlay {
        Overlay::Polygon { corners, tone: meant, label } => types::Overlay::Polygon(types::Polygon {
            corners: corners.into_iter().map(point).collect(),
            tone: tone(meant),
            label,
        }),
        Overlay::Line { segment, tone: meant, label } => types::Overlay::Line(types::Line {
            from: point(segment.from),
            to: point(segment.to),
            tone: tone(meant),
            label,
        }),
        Overlay::Label { at, tone: meant, text } => {
            types::Overlay::Label(types::Label { at: point(at), tone: tone(meant), text })
        }
    }
}

fn tone(tone: Tone) -> types::Tone {
    match tone {
        Tone::Neutral => types::Tone::Neutral,
        Tone::Good => types::Tone::Good,
        Tone::Bad => types::Tone::Bad,
    }
}

fn point(point: Point) -> types::Point {
    types::Point { x: point.x, y: point.y }
}
