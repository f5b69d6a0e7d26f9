//! The child's side: gives up what it does not need, compiles, ends.

use std::io::{Read, Write};

use rustix::process::{Resource, Rlimit, Signal, getppid, getrlimit, nice, setrlimit};

use super::{Order, REFUSED, UNABLE};
use crate::cache::engine_digest;
use crate::engine;

/// How much less urgent than cameras: about a tenth of the processor on a machine that has no time to spare.
const NICE: i32 = 10;

/// Why a child has compiled nothing.
#[derive(Debug, thiserror::Error)]
pub enum ChildFailure {
    /// The compiler refused the component; its words.
    #[error("{0}")]
    Refused(String),
    /// It could not begin, or hand over its work.
    #[error("{0}")]
    Unable(String),
}

impl ChildFailure {
    /// The exit status by which the host tells them apart.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            ChildFailure::Refused(_) => REFUSED,
            ChildFailure::Unable(_) => UNABLE,
        }
    }
}

/// The whole life of a [`super::CompilerProcess`]: limits this very process for good, compiles the component that it
/// reads from `input`, and writes to `output` the 32 bytes that name the engine and its settings, then the code. `order` is the last argument, as the host gave it.
/// The program ends after it, with [`ChildFailure::exit_status`] and the failure's text on standard error.
///
/// # Errors
/// [`ChildFailure`]. A limit that is reached ends the process instead.
pub fn compile_as_child(
    order: &str,
    mut input: impl Read,
    mut output: impl Write,
) -> Result<(), ChildFailure> {
    let unable = |what: &str, error: &dyn std::fmt::Display| ChildFailure::Unable(format!("{what}: {error}"));
    let order: Order =
        serde_json::from_str(order).map_err(|error| unable("the order cannot be read", &error))?;
    restrict(&order).map_err(|error| unable("the limits cannot be set", &error))?;
    // The host may have gone before this process asked to be told.
    if getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs()) != Some(order.host) {
        return Err(ChildFailure::Unable("the host is gone".to_owned()));
    }
    let mut component = Vec::new();
    input.read_to_end(&mut component).map_err(|error| unable("the component cannot be read", &error))?;
    let compiler =
        engine::compiler(order.addresses).map_err(|error| unable("the engine does not start", &error))?;
    let code = compiler
        .precompile_component(&component)
        .map_err(|error| ChildFailure::Refused(format!("{error:#}")))?;
    output
        .write_all(engine_digest(&compiler).as_bytes())
        .and_then(|()| output.write_all(&code))
        .and_then(|()| output.flush())
        .map_err(|error| unable("the code cannot be written", &error))
}

fn restrict(order: &Order) -> std::io::Result<()> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // Told at the first limit, killed at the second.
    lower(Resource::Cpu, order.cpu_s, order.cpu_s.saturating_add(1))?;
    // What it writes to, not what it reserves: an engine reserves far more addresses than it uses.
    lower(Resource::Data, order.memory, order.memory)?;
    lower(Resource::Fsize, order.code, order.code)?;
    lower(Resource::Core, 0, 0)?;
    // Both only help others; without them the limits still hold.
    let _ = nice(NICE);
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    Ok(())
}

/// Sets a limit, or keeps the one of the host where that is lower.
fn lower(resource: Resource, soft: u64, hard: u64) -> std::io::Result<()> {
    let now = getrlimit(resource);
    let least = |wanted: u64, now: Option<u64>| Some(now.map_or(wanted, |now| now.min(wanted)));
    let (current, maximum) = (least(soft, now.current), least(hard, now.maximum));
    Ok(setrlimit(resource, Rlimit { current, maximum })?)
}
