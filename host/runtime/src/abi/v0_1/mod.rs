//! Version 0.1 of the contract, as version 0.2 without powers.

use ocellus_core::{FrameInfo, Powers};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use self::bindings::ocellus::plugin::{host, types};
use super::{Answer, Configuring, Output, RawDescription, v0_2};
use crate::host_state::HostState;
use crate::limits::Terms;
use crate::log::LogLevel;
use crate::shown::{Moment, Shown};

mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "rule",
        // Columns are handed over as slices of the host's buffers, so that a call copies them once.
        ownership: Borrowing { duplicate_if_necessary: true },
        include_component_type: true,
    });
}

/// The world, encoded.
pub(crate) const WORLD: &[u8] = bindings::COMPONENT_TYPE;

/// Adds what the host offers a rule.
///
/// # Errors
/// The linker's, when it is defined twice.
pub(crate) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    bindings::Rule::add_to_linker::<HostState, HasSelf<HostState>>(linker, |state| state)
}

impl types::Host for HostState {}

impl host::Host for HostState {
    fn log(&mut self, level: host::Level, message: String) {
        let level = match level {
            host::Level::Debug => LogLevel::Debug,
            host::Level::Info => LogLevel::Info,
            host::Level::Warn => LogLevel::Warn,
            host::Level::Error => LogLevel::Error,
        };
        self.write_log(level, &message);
    }
}

#[derive(Clone)]
pub(crate) struct Pre(bindings::RulePre<HostState>);

impl Pre {
    pub(super) fn link(linker: &Linker<HostState>, component: &Component) -> wasmtime::Result<Pre> {
        bindings::RulePre::new(linker.instantiate_pre(component)?).map(Pre)
    }

    pub(super) fn engine(&self) -> &Engine {
        self.0.engine()
    }

    pub(super) fn instantiate(&self, store: &mut Store<HostState>) -> wasmtime::Result<Guest> {
        self.0.instantiate(store).map(Guest)
    }
}

pub(crate) struct Guest(bindings::Rule);

impl Guest {
    pub(super) fn describe(&self, store: &mut Store<HostState>) -> wasmtime::Result<RawDescription> {
        let said = self.0.call_describe(store)?;
        Ok(RawDescription {
            name: said.name,
            version: said.version,
            summary: said.summary,
            settings_schema: said.settings_schema,
            site_scope: matches!(said.scope, types::Scope::Site),
            powers: Powers::NONE,
            unknown_powers: said.powers,
        })
    }

    pub(super) fn configure(
        &self,
        store: &mut Store<HostState>,
        with: &Configuring<'_>,
    ) -> Answer<Vec<String>> {
        let cameras = with.cameras;
        let classes: Vec<Vec<&str>> =
            cameras.iter().map(|camera| camera.classes.iter().map(String::as_str).collect()).collect();
        let cameras: Vec<types::Camera<'_>> = cameras
            .iter()
            .zip(&classes)
            .map(|(camera, classes)| types::Camera {
                handle: camera.handle.0,
                name: camera.name.as_str(),
                classes,
            })
            .collect();
        // It hears nothing of other rules.
        Ok(self.0.call_configure(store, with.settings, &cameras)?.map(|()| Vec::new()))
    }

    pub(super) fn process(
        &self,
        store: &mut Store<HostState>,
        frame: &FrameInfo,
        (shown, terms): (&Shown<'_>, &Terms),
    ) -> Answer<Output> {
        let frame = types::Frame {
            camera: frame.camera.0,
            sequence: frame.sequence,
            time_us: frame.time.0,
            width: frame.size.width,
            height: frame.size.height,
        };
        let answer = self.0.call_process(store, frame, columns(shown))?;
        Ok(answer.map(|output| check(output, terms)))
    }

    pub(super) fn finish(&self, store: &mut Store<HostState>, at: Moment, terms: &Terms) -> Answer<Output> {
        let answer = self.0.call_finish(store, at.time.0)?;
        Ok(answer.map(|output| check(output, terms)))
    }

    pub(super) fn save(&self, store: &mut Store<HostState>) -> wasmtime::Result<Vec<u8>> {
        self.0.call_save(store)
    }

    pub(super) fn restore(&self, store: &mut Store<HostState>, state: &[u8], version: &str) -> Answer<()> {
        self.0.call_restore(store, state, version)
    }

    pub(super) fn query(&self, store: &mut Store<HostState>, request: &str) -> Answer<String> {
        self.0.call_query(store, request)
    }

    pub(super) fn command(
        &self,
        store: &mut Store<HostState>,
        (at, request): (Moment, &str),
        terms: &Terms,
    ) -> Answer<Output> {
        let answer = self.0.call_command(store, at.time.0, request)?;
        Ok(answer.map(|output| check(output, terms)))
    }
}

fn columns<'a>(shown: &Shown<'a>) -> types::Tracks<'a> {
    let tracks = shown.tracks;
    types::Tracks {
        ids: &tracks.ids,
        classes: &tracks.classes,
        confidences: &tracks.confidences,
        states: &tracks.states,
        boxes: &tracks.boxes,
        ground: &tracks.ground,
        ground_sigma: &tracks.ground_sigma,
        first_seen_us: &tracks.first_seen_us,
        // Seeing appearances is a power, and this version has none.
        embeddings: &[],
        embedding_size: 0,
        embedding_rows: &[],
        readings: &[],
    }
}

/// The output in the words of the newest version, checked as one of that.
fn check(output: types::Output, terms: &Terms) -> Output {
    let output = v0_2::types::Output {
        events: output.events.into_iter().map(event).collect(),
        measurements: output.measurements.into_iter().map(measurement).collect(),
        overlays: output.overlays.into_iter().map(overlay).collect(),
        publications: Vec::new(),
        webhooks: Vec::new(),
    };
    v0_2::output::check(output, terms)
}

fn event(event: types::Event) -> v0_2::types::Event {
    let value = |value| match value {
        types::Value::Flag(flag) => v0_2::types::ValueResult::Flag(flag),
        types::Value::Integer(integer) => v0_2::types::ValueResult::Integer(integer),
        types::Value::Number(number) => v0_2::types::ValueResult::Number(number),
        types::Value::Text(text) => v0_2::types::ValueResult::Text(text),
    };
    v0_2::types::Event {
        kind: event.kind,
        track: event.track,
        attributes: event.attributes.into_iter().map(|(key, found)| (key, value(found))).collect(),
    }
}

fn measurement(found: types::Measurement) -> v0_2::types::Measurement {
    v0_2::types::Measurement { name: found.name, value: found.value }
}

fn overlay(overlay: types::Overlay) -> v0_2::types::Overlay {
    match overlay {
        types::Overlay::Polygon(types::Polygon { corners, tone: meant, label }) => {
            let corners = corners.into_iter().map(point).collect();
            v0_2::types::Overlay::Polygon(v0_2::types::Polygon { corners, tone: tone(meant), label })
        }
        types::Overlay::Line(types::Line { from, to, tone: meant, label }) => {
            let (from, to) = (point(from), point(to));
            v0_2::types::Overlay::Line(v0_2::types::Line { from, to, tone: tone(meant), label })
        }
        types::Overlay::Label(types::Label { at, tone: meant, text }) => {
            v0_2::types::Overlay::Label(v0_2::types::Label { at: point(at), tone: tone(meant), text })
        }
    }
}

fn point(point: types::Point) -> v0_2::types::Point {
    v0_2::types::Point { x: point.x, y: point.y }
}

fn tone(tone: types::Tone) -> v0_2::types::Tone {
    match tone {
        types::Tone::Neutral => v0_2::types::Tone::Neutral,
        types::Tone::Good => v0_2::types::Tone::Good,
        types::Tone::Bad => v0_2::types::Tone::Bad,
    }
}
