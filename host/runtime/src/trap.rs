//! Puts the engine's errors into words.

use std::time::Duration;

use wasmtime::{FrameInfo, FrameSymbol, PoolConcurrencyLimitError, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use crate::error::{Call, CallError, Trap};
use crate::host_state::MemoryExceeded;
use crate::log::cut;
use crate::wasi::Waited;

/// Frames of a backtrace that are kept.
const FRAMES: usize = 16;
/// Bytes of one frame's name and of the engine's message.
const TEXT_BYTES: usize = 512;

/// What held during the call that failed.
pub(crate) struct Circumstances {
    pub(crate) call: Call,
    pub(crate) time_limit: Duration,
    pub(crate) output_limit: usize,
    pub(crate) said: Option<String>,
}

/// Why the engine ended the call.
pub(crate) fn explain(error: &wasmtime::Error, at: Circumstances) -> CallError {
    let call = at.call;
    if let Some(wasmtime::Trap::Interrupt) = error.downcast_ref() {
        return CallError::Deadline { call, limit: at.time_limit, backtrace: backtrace(error) };
    }
    if let Some(&MemoryExceeded { wanted, limit }) = error.downcast_ref() {
        return CallError::Memory { call, wanted, limit };
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return CallError::NoRoom;
    }
    let reason = error.root_cause().to_string();
    // The engine's type for this is private; its words are fixed by a test.
    if reason.contains("fuel allocated for hostcalls") {
        return CallError::OutputTooLarge { call, limit: at.output_limit };
    }
    let message = if let Some(&wasmtime::Trap::StackOverflow) = error.downcast_ref() {
        "its call stack is exhausted (endless recursion?)".to_owned()
    } else if let Some(Waited) = error.downcast_ref() {
        Waited.to_string()
    } else if let Some(I32Exit(code)) = error.downcast_ref() {
        format!("it called exit({code})")
    } else {
        cut(&reason, TEXT_BYTES).to_owned()
    };
    CallError::Trap(Box::new(Trap { call, message, said: at.said, backtrace: backtrace(error) }))
}

/// The guest's functions, innermost first, without those that only carry out a panic.
fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    let names: Vec<String> = trace.frames().iter().flat_map(functions).collect();
    let blameless =
        names.iter().rposition(|name| name.starts_with("core::panicking::")).map_or(0, |last| last + 1);
    names.into_iter().skip(blameless).take(FRAMES).collect()
}

/// The function of a frame, or all that were inlined into it, innermost first.
fn functions(frame: &FrameInfo) -> Vec<String> {
    if frame.symbols().is_empty() {
        return vec![match frame.func_name() {
            Some(name) => plain(name),
            None => format!("function {}", frame.func_index()),
        }];
    }
    let function = |symbol: &FrameSymbol| {
        let name = symbol.name().or(frame.func_name()).map_or_else(|| "a function".to_owned(), plain);
        match (symbol.file(), symbol.line()) {
            (Some(file), Some(line)) => cut(&format!("{name} ({file}:{line})"), TEXT_BYTES).to_owned(),
            _ => name,
        }
    };
    frame.symbols().iter().map(function).collect()
}

/// A name as its author wrote it.
fn plain(name: &str) -> String {
    cut(&format!("{:#}", rustc_demangle::demangle(name)), TEXT_BYTES).to_owned()
}
