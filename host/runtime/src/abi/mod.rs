//! The versions of the contract that this host speaks.
//!
//! Each released `wit/vX.Y` has one module here with its bindings and an adapter to the one shape that the
//! rest of the crate knows ([`Guest`]), which is that of the newest. A released version is never edited; a new one
//! adds a module and an arm to each `match`.

pub(crate) mod v0_1;
pub(crate) mod v0_2;

use std::fmt;

use ocellus_core::{FrameInfo, Powers, RuleOutput};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::host_state::HostState;
use crate::lifecycle::BoundCamera;
use crate::limits::Terms;
use crate::shown::{Moment, Shown};

/// A version of the `ocellus:plugin` package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AbiVersion {
    /// `ocellus:plugin@0.1.x`
    V0_1,
    /// `ocellus:plugin@0.2.x`
    V0_2,
}

impl AbiVersion {
    /// All versions that this host speaks, oldest first.
    pub const ALL: [AbiVersion; 2] = [AbiVersion::V0_1, AbiVersion::V0_2];

    /// The version that speaks `major.minor` of the package, if this host knows it.
    pub(crate) fn of(version: &semver::Version) -> Option<AbiVersion> {
        match (version.major, version.minor) {
            (0, 1) => Some(AbiVersion::V0_1),
            (0, 2) => Some(AbiVersion::V0_2),
            _ => None,
        }
    }

    /// The released world as a binary, for comparison of types.
    pub(crate) fn world(self) -> &'static [u8] {
        match self {
            AbiVersion::V0_1 => v0_1::WORLD,
            AbiVersion::V0_2 => v0_2::WORLD,
        }
    }
}

impl fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AbiVersion::V0_1 => "0.1",
            AbiVersion::V0_2 => "0.2",
        })
    }
}

/// What `configure` is given.
pub(crate) struct Configuring<'a> {
    pub(crate) settings: &'a str,
    pub(crate) cameras: &'a [&'a BoundCamera],
    pub(crate) granted: Powers,
}

/// What `describe` said, unchecked.
pub(crate) struct RawDescription {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) settings_schema: String,
    pub(crate) site_scope: bool,
    pub(crate) powers: Powers,
    /// Names that mean nothing to this host.
    pub(crate) unknown_powers: Vec<String>,
}

/// An output that was checked, and how many of its parts were left out.
pub(crate) struct CheckedOutput {
    pub(crate) output: RuleOutput,
    pub(crate) left_out: u64,
    /// What was left out for want of a power, in words.
    pub(crate) refused: Option<String>,
}

/// What is wrong with an output.
#[derive(Debug)]
pub(crate) enum OutputFlaw {
    TooMany { what: &'static str, count: usize, limit: usize },
    Invalid(String),
}

/// What a call of the guest that did not trap came to: its result, or its own error.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, String>>;

/// A checked output, or what is wrong with it.
pub(crate) type Output = Result<CheckedOutput, OutputFlaw>;

/// A linked component that instances are made from.
#[derive(Clone)]
pub(crate) enum GuestPre {
    V0_1(v0_1::Pre),
    V0_2(v0_2::Pre),
}

impl GuestPre {
    /// Links `component`, which checks the types of its imports and exports.
    pub(crate) fn link(
        abi: AbiVersion,
        linker: &Linker<HostState>,
        component: &Component,
    ) -> wasmtime::Result<GuestPre> {
        match abi {
            AbiVersion::V0_1 => v0_1::Pre::link(linker, component).map(GuestPre::V0_1),
            AbiVersion::V0_2 => v0_2::Pre::link(linker, component).map(GuestPre::V0_2),
        }
    }

    pub(crate) fn engine(&self) -> &Engine {
        match self {
            GuestPre::V0_1(pre) => pre.engine(),
            GuestPre::V0_2(pre) => pre.engine(),
        }
    }

    pub(crate) fn instantiate(&self, store: &mut Store<HostState>) -> wasmtime::Result<Guest> {
        match self {
            GuestPre::V0_1(pre) => pre.instantiate(store).map(Guest::V0_1),
            GuestPre::V0_2(pre) => pre.instantiate(store).map(Guest::V0_2),
        }
    }
}

/// The exports of an instance.
pub(crate) enum Guest {
    V0_1(v0_1::Guest),
    V0_2(v0_2::Guest),
}

impl Guest {
    pub(crate) fn describe(&self, store: &mut Store<HostState>) -> wasmtime::Result<RawDescription> {
        match self {
            Guest::V0_1(guest) => guest.describe(store),
            Guest::V0_2(guest) => guest.describe(store),
        }
    }

    pub(crate) fn configure(
        &self,
        store: &mut Store<HostState>,
        with: &Configuring<'_>,
    ) -> Answer<Vec<String>> {
        match self {
            Guest::V0_1(guest) => guest.configure(store, with),
            Guest::V0_2(guest) => guest.configure(store, with),
        }
    }

    pub(crate) fn process(
        &self,
        store: &mut Store<HostState>,
        frame: &FrameInfo,
        (shown, terms): (&Shown<'_>, &Terms),
    ) -> Answer<Output> {
        match self {
            Guest::V0_1(guest) => guest.process(store, frame, (shown, terms)),
            Guest::V0_2(guest) => guest.process(store, frame, (shown, terms)),
        }
    }

    pub(crate) fn finish(&self, store: &mut Store<HostState>, at: Moment, terms: &Terms) -> Answer<Output> {
        match self {
            Guest::V0_1(guest) => guest.finish(store, at, terms),
            Guest::V0_2(guest) => guest.finish(store, at, terms),
        }
    }

    pub(crate) fn save(&self, store: &mut Store<HostState>) -> wasmtime::Result<Vec<u8>> {
        match self {
            Guest::V0_1(guest) => guest.save(store),
            Guest::V0_2(guest) => guest.save(store),
        }
    }

    pub(crate) fn restore(&self, store: &mut Store<HostState>, state: &[u8], version: &str) -> Answer<()> {
        match self {
            Guest::V0_1(guest) => guest.restore(store, state, version),
            Guest::V0_2(guest) => guest.restore(store, state, version),
        }
    }

    pub(crate) fn query(&self, store: &mut Store<HostState>, request: &str) -> Answer<String> {
        match self {
            Guest::V0_1(guest) => guest.query(store, request),
            Guest::V0_2(guest) => guest.query(store, request),
        }
    }

    pub(crate) fn command(
        &self,
        store: &mut Store<HostState>,
        (at, request): (Moment, &str),
        terms: &Terms,
    ) -> Answer<Output> {
        match self {
            Guest::V0_1(guest) => guest.command(store, (at, request), terms),
            Guest::V0_2(guest) => guest.command(store, (at, request), terms),
        }
    }
}
