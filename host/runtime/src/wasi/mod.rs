//! The WASI that a rule sees: empty, deterministic and never waiting.
//!
//! No files, environment, arguments, sockets or HTTP. Clocks show the frame's time, which stands still
//! during a call; random numbers follow from the binding; standard output and error go to the rule's log.
//! `wasmtime-wasi` serves what cannot wait; whatever could wait on the host ([`io`], [`clocks`]) is served
//! here, because a time limit stops guest code and not host code.

mod clocks;
mod io;
mod output;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings;
use wasmtime_wasi::random::{WasiRandom, WasiRandomView};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder};

pub(crate) use self::io::Waited;
pub(crate) use self::output::{LastWords, LogOutput};
use crate::host_state::{FrameClock, HostState};

/// Random bytes a guest may ask for in one call; more traps.
const RANDOM_BYTES: u64 = 64 << 10;

/// The interfaces of WASI 0.2 that a component may import, without versions.
///
/// The file system is among them, since every Rust program imports it; it has no directory.
pub(crate) const INTERFACES: [&str; 20] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

/// Adds [`INTERFACES`] and nothing else.
///
/// # Errors
/// The linker's, when an interface is defined twice.
pub(crate) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    use bindings::{cli, clocks as wasi_clocks, filesystem, random};

    let l = linker;
    cli::environment::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::exit::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::stdin::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::terminal_input::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::terminal_output::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::terminal_stderr::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::terminal_stdin::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    cli::terminal_stdout::add_to_linker::<HostState, WasiCli>(l, HostState::cli)?;
    wasi_clocks::wall_clock::add_to_linker::<HostState, WasiClocks>(l, HostState::clocks)?;
    filesystem::preopens::add_to_linker::<HostState, WasiFilesystem>(l, HostState::filesystem)?;
    bindings::sync::filesystem::types::add_to_linker::<HostState, WasiFilesystem>(l, HostState::filesystem)?;
    random::insecure_seed::add_to_linker::<HostState, WasiRandom>(l, HostState::random)?;
    random::random::add_to_linker::<HostState, WasiRandom>(l, HostState::random)?;
    random::insecure::add_to_linker::<HostState, WasiRandom>(l, HostState::random)?;
    clocks::add_to_linker(l)?;
    output::add_to_linker(l)?;
    io::add_to_linker(l)
}

/// The empty context of one instance.
pub(crate) fn context(seed: [u8; 32], clock: &FrameClock) -> WasiCtx {
    let insecure_seed = derive(seed, 3);
    let mut builder = WasiCtxBuilder::new();
    builder
        .secure_random(ChaCha8Rng::from_seed(derive(seed, 1)))
        .insecure_random(ChaCha8Rng::from_seed(derive(seed, 2)))
        .insecure_random_seed(u128::from_le_bytes(std::array::from_fn(|i| insecure_seed[i])))
        .max_random_size(RANDOM_BYTES)
        .wall_clock(clocks::FrameWallClock(clock.clone()))
        .monotonic_clock(clocks::FrameMonotonicClock(clock.clone()));
    builder.build()
}

/// A seed of its own for each use, so that no two generators run in step.
fn derive(mut seed: [u8; 32], purpose: u8) -> [u8; 32] {
    seed[0] ^= purpose;
    seed
}
