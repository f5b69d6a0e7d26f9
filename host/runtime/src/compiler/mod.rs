//! The compiler as a process of its own, so that a component that is a bomb to it costs one upload and no camera.
//!
//! A compiler cannot be interrupted and takes what memory it wants. As a child it has limits that the system keeps,
//! it is less urgent than frames, and it can be killed. The child decides nothing: the host has verified the
//! component and taken its digest before, and the child's answer is code that the host's own compiler would have
//! made, checked by the engine for version and settings.

mod child;
mod parent;
mod queue;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::child::{ChildFailure, compile_as_child};
pub(crate) use self::parent::{Compiler, NoCode};

/// A program that compiles one component and ends: it hands its last argument, its standard input and its standard
/// output to [`compile_as_child`]. It must be of the same build as the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilerProcess {
    /// The program.
    pub program: PathBuf,
    /// Arguments before the one that the host adds.
    pub args: Vec<OsString>,
    /// What a child may use.
    pub limits: CompilerLimits,
}

/// What compiling one component may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompilerLimits {
    /// Processor time, over all its threads; whole seconds, at least one.
    pub cpu: Duration,
    /// Time by the clock, which is longer on a machine that is busy with cameras.
    pub wall: Duration,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of compiled code.
    pub code: u64,
}

impl Default for CompilerLimits {
    fn default() -> CompilerLimits {
        CompilerLimits {
            cpu: Duration::from_secs(60),
            wall: Duration::from_secs(300),
            memory: 2 << 30,
            code: 512 << 20,
        }
    }
}

/// How the engine that compiles lays out memory; code for one does not run in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Addresses {
    /// Gigabytes of addresses for each memory, which save bounds checks.
    Ample,
    /// Where the address space is limited.
    Scarce,
}

/// What a host tells its child, as the last argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    addresses: Addresses,
    cpu_s: u64,
    memory: u64,
    code: u64,
    /// The host's process number: a child whose host is gone ends.
    host: u32,
}

/// Exit status of a child whose component the compiler refused.
const REFUSED: u8 = 65;
/// Exit status of a child that could not begin or could not hand over its work.
const UNABLE: u8 = 71;

/// Why the compiler's process gave nothing of use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompilerError {
    /// Over [`CompilerLimits::cpu`].
    #[error(
        "compiling the component took more than {seconds} s of processor time; make the component smaller, or raise \
         plugins.compile_seconds"
    )]
    OutOfTime {
        /// The limit.
        seconds: u64,
    },
    /// Over [`CompilerLimits::memory`].
    #[error(
        "compiling the component took more than {mib} MiB of memory; make the component smaller, or raise \
         plugins.compile_memory_mib"
    )]
    OutOfMemory {
        /// The limit.
        mib: u64,
    },
    /// Over [`CompilerLimits::code`].
    #[error("the component has more than {mib} MiB when it is compiled; make it smaller")]
    TooLarge {
        /// The limit.
        mib: u64,
    },
    /// It was killed by a signal, or it panicked.
    #[error(
        "the compiler crashed on the component ({how}); build the component anew, or with another compiler"
    )]
    Crashed {
        /// The signal or the last words.
        how: String,
    },
    /// Over [`CompilerLimits::wall`].
    #[error("the component was not compiled after {seconds} s; try again when the machine is less busy")]
    Late {
        /// The limit.
        seconds: u64,
    },
    /// Somebody else killed it: the system, which takes a compiler first where memory is short.
    #[error(
        "the compiler was killed from outside, most likely since the machine is short of memory; free some and try again"
    )]
    Killed,
    /// Others wait already.
    #[error("{waiting} components wait already to be compiled; try again when they are done")]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// It could not be started, or what it gave is of no use to this host.
    #[error(
        "the compiler's process is of no use: {reason}; where the program was replaced while it ran, restart it"
    )]
    Unusable {
        /// Why.
        reason: String,
    },
}

impl CompilerError {
    /// Whether the component is to blame, so that trying again does not help.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            CompilerError::OutOfTime { .. }
            | CompilerError::OutOfMemory { .. }
            | CompilerError::TooLarge { .. }
            | CompilerError::Crashed { .. } => true,
            CompilerError::Late { .. }
            | CompilerError::Killed
            | CompilerError::Busy { .. }
            | CompilerError::Unusable { .. } => false,
        }
    }
}
