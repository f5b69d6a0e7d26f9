//! The component's side of the boundary: the contract's records to and from the vocabulary.

use ocellus_core::event::{Overlay, Tone, Value};
use ocellus_core::{CameraHandle, FrameInfo, Point, RuleOutput, Size, TimeUs};

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
            powers: Vec::new(),
        }
    }

    fn configure(settings: String, cameras: Vec<types::Camera>) -> Result<(), String> {
        // Without this the host only learns that the instance trapped, not where and why.
        std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string())));
        let site = Site::new(cameras.into_iter().map(camera).collect());
        H::with(|instance| instance.configure(&settings, site))
    }

    fn process(frame: types::Frame, tracks: types::Tracks) -> Result<types::Output, String> {
        let frame = FrameInfo {
            camera: CameraHandle(frame.camera),
            sequence: frame.sequence,
            time: TimeUs(frame.time_us),
            size: Size::new(frame.width, frame.height),
        };
        H::with(|instance| instance.process(&frame, columns(tracks))).map(output)
    }

    fn finish(time_us: u64) -> Result<types::Output, String> {
        H::with(|instance| instance.finish(TimeUs(time_us))).map(output)
    }

    fn save() -> Vec<u8> {
        H::with(|instance| instance.save())
    }

    fn restore(state: Vec<u8>, version: String) -> Result<(), String> {
        H::with(|instance| instance.restore(&state, &version))
    }

    fn query(request: String) -> Result<String, String> {
        H::with(|instance| instance.query(&request))
    }

    fn command(time_us: u64, request: String) -> Result<types::Output, String> {
        H::with(|instance| instance.command(TimeUs(time_us), &request)).map(output)
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
    }
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
