//! Version 0.1 of the contract.

mod output;

use ocellus_core::FrameInfo;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use self::bindings::ocellus::plugin::{host, types};
use super::{Answer, Output, RawDescription};
use crate::columns::TrackColumns;
use crate::host_state::HostState;
use crate::lifecycle::BoundCamera;
use crate::limits::Limits;
use crate::log::LogLevel;

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
            powers: said.powers,
        })
    }

    pub(super) fn configure(
        &self,
        store: &mut Store<HostState>,
        settings: &str,
        cameras: &[&BoundCamera],
    ) -> Answer<()> {
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
        self.0.call_configure(store, settings, &cameras)
    }

    pub(super) fn process(
        &self,
        store: &mut Store<HostState>,
        frame: &FrameInfo,
        (tracks, limits): (&TrackColumns, &Limits),
    ) -> Answer<Output> {
        let frame = types::Frame {
            camera: frame.camera.0,
            sequence: frame.sequence,
            time_us: frame.time.0,
            width: frame.size.width,
            height: frame.size.height,
        };
        let answer = self.0.call_process(store, frame, columns(tracks))?;
        Ok(answer.map(|output| output::check(output, limits)))
    }

    pub(super) fn finish(
        &self,
        store: &mut Store<HostState>,
        time_us: u64,
        limits: &Limits,
    ) -> Answer<Output> {
        let answer = self.0.call_finish(store, time_us)?;
        Ok(answer.map(|output| output::check(output, limits)))
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
        (time_us, request): (u64, &str),
        limits: &Limits,
    ) -> Answer<Output> {
        let answer = self.0.call_command(store, time_us, request)?;
        Ok(answer.map(|output| output::check(output, limits)))
    }
}

fn columns(tracks: &TrackColumns) -> types::Tracks<'_> {
    types::Tracks {
        ids: &tracks.ids,
        classes: &tracks.classes,
        confidences: &tracks.confidences,
        states: &tracks.states,
        boxes: &tracks.boxes,
        ground: &[],
        ground_sigma: &[],
        first_seen_us: &tracks.first_seen_us,
        embeddings: &tracks.embeddings,
        embedding_size: tracks.embedding_size,
        embedding_rows: &tracks.embedding_rows,
        readings: &[],
    }
}
