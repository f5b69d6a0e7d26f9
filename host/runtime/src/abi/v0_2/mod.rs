//! Version 0.2 of the contract, the newest: older ones are adapted to its types.

pub(super) mod output;

use ocellus_core::{FrameInfo, Message, Power, Powers, Value};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

pub(super) use self::bindings::ocellus::plugin::types;

use self::bindings::ocellus::plugin::{host, key_value};
use super::{Answer, Configuring, Output, RawDescription};
use crate::columns::ReadingRow;
use crate::host_state::HostState;
use crate::limits::Terms;
use crate::log::LogLevel;
use crate::shown::{Moment, Shown};
use crate::values::{KEY_BYTES, Refusal, VALUE_BYTES};

pub(super) mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.2",
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

impl key_value::Host for HostState {
    fn get(&mut self, key: String) -> Result<Option<Vec<u8>>, key_value::Refusal> {
        self.values.get(&key).map(|value| value.map(<[u8]>::to_vec)).map_err(refusal)
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> Result<(), key_value::Refusal> {
        self.values.set(key, value).map_err(refusal)
    }

    fn delete(&mut self, key: String) -> Result<bool, key_value::Refusal> {
        self.values.delete(&key).map_err(refusal)
    }

    fn keys(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<String>, key_value::Refusal> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.values.keys(&prefix, after.as_deref(), limit).map_err(refusal)
    }
}

fn refusal(refusal: Refusal) -> key_value::Refusal {
    match refusal {
        Refusal::NotGranted => key_value::Refusal::NotGranted,
        Refusal::NotNow => key_value::Refusal::NotNow,
        Refusal::BadKey => key_value::Refusal::BadKey(KEY_BYTES as u32),
        Refusal::TooLarge => key_value::Refusal::TooLarge(VALUE_BYTES as u32),
        Refusal::Full { limit } => key_value::Refusal::Full(limit as u64),
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
            powers: asked(said.powers),
            unknown_powers: Vec::new(),
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
        self.0.call_configure(store, with.settings, &cameras, granted(with.granted))
    }

    pub(super) fn process(
        &self,
        store: &mut Store<HostState>,
        frame: &FrameInfo,
        (shown, terms): (&Shown<'_>, &Terms),
    ) -> Answer<Output> {
        let powers = terms.grants.powers();
        let frame = types::Frame {
            camera: frame.camera.0,
            sequence: frame.sequence,
            time_us: frame.time.0,
            wall_us: shown.wall.filter(|_| powers.has(Power::WallClock)).map(|wall| wall.0),
            width: frame.size.width,
            height: frame.size.height,
        };
        let read = if powers.has(Power::Readings) { &*shown.tracks.readings } else { &[] };
        let readings: Vec<types::Reading<'_>> = read.iter().map(reading).collect();
        let heard = if powers.has(Power::Messages) { shown.messages } else { &[] };
        let answer = if heard.is_empty() {
            self.0.call_process(store, frame, columns(shown, &readings, powers), &[])?
        } else {
            let attributes: Vec<_> = heard.iter().map(attributes).collect();
            let messages: Vec<_> =
                heard.iter().zip(&attributes).map(|(said, attributes)| message(said, attributes)).collect();
            self.0.call_process(store, frame, columns(shown, &readings, powers), &messages)?
        };
        Ok(answer.map(|output| output::check(output, terms)))
    }

    pub(super) fn finish(&self, store: &mut Store<HostState>, at: Moment, terms: &Terms) -> Answer<Output> {
        let answer = self.0.call_finish(store, moment(at, terms))?;
        Ok(answer.map(|output| output::check(output, terms)))
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
        let answer = self.0.call_command(store, moment(at, terms), request)?;
        Ok(answer.map(|output| output::check(output, terms)))
    }
}

fn moment(at: Moment, terms: &Terms) -> types::Moment {
    let wall = at.wall.filter(|_| terms.grants.has(Power::WallClock));
    types::Moment { time_us: at.time.0, wall_us: wall.map(|wall| wall.0) }
}

type Attribute<'a> = (&'a str, types::ValueParam<'a>);

fn attributes(said: &Message) -> Vec<Attribute<'_>> {
    let value = |value| match value {
        &Value::Flag(flag) => types::ValueParam::Flag(flag),
        &Value::Integer(integer) => types::ValueParam::Integer(integer),
        &Value::Number(number) => types::ValueParam::Number(number),
        Value::Text(text) => types::ValueParam::Text(text),
    };
    said.attributes.iter().map(|(key, found)| (key.as_str(), value(found))).collect()
}

fn message<'a>(said: &'a Message, attributes: &'a [Attribute<'a>]) -> types::Message<'a> {
    types::Message {
        time_us: said.time.0,
        camera: said.camera.as_str(),
        rule: said.rule.as_str(),
        topic: said.topic.as_str(),
        attributes,
    }
}

fn granted(powers: Powers) -> types::Powers {
    powers.iter().map(flag).fold(types::Powers::empty(), |flags, flag| flags | flag)
}

fn asked(flags: types::Powers) -> Powers {
    Power::ALL.into_iter().filter(|power| flags.contains(flag(*power))).collect()
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

fn reading(row: &ReadingRow) -> types::Reading<'_> {
    types::Reading { row: row.row, kind: &row.kind, text: &row.text, confidence: row.confidence }
}

/// The columns; those of powers that were not granted are empty.
fn columns<'a>(shown: &Shown<'a>, readings: &'a [types::Reading<'a>], powers: Powers) -> types::Tracks<'a> {
    let tracks = shown.tracks;
    let mut columns = types::Tracks {
        ids: &tracks.ids,
        classes: &tracks.classes,
        confidences: &tracks.confidences,
        states: &tracks.states,
        boxes: &tracks.boxes,
        ground: &tracks.ground,
        ground_sigma: &tracks.ground_sigma,
        first_seen_us: &tracks.first_seen_us,
        embeddings: &[],
        embedding_size: 0,
        embedding_rows: &[],
        readings,
    };
    if powers.has(Power::Embeddings) {
        columns.embeddings = &tracks.embeddings;
        columns.embedding_size = tracks.embedding_size;
        columns.embedding_rows = &tracks.embedding_rows;
    }
    columns
}
