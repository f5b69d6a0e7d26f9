//! Puts the engine's errors into words.

use std::time::Duration;

use wasmtime::WasmBacktrace;
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
        return CallError::Deadline { call, limit: at.time_limit };
    }
    if let Some(&MemoryExceeded { wanted, limit }) = error.downcast_ref() {
        return CallError::Memory { call, wanted, limit };
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

fn backtrace(error: &wasmtime::Error) -> Vec<String> {
    let Some(trace) = error.downcast_ref::<WasmBacktrace>() else {
        return Vec::new();
    };
    trace
        .frames()
        .iter()
        .take(FRAMES)
        .map(|frame| {
            let symbol = frame.symbols().first().and_then(|symbol| symbol.name());
            match symbol.or_else(|| frame.func_name()) {
                Some(name) => cut(&rustc_free_of_hash(name), TEXT_BYTES).to_owned(),
                None => format!("function {}", frame.func_index()),
            }
        })
        .collect()
}

/// `module::function::h0123456789abcdef` without the compiler's hash.
fn rustc_free_of_hash(name: &str) -> String {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            path.to_owned()
        }
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_hash_is_left_out_of_function_names() {
        assert_eq!(rustc_free_of_hash("rule::process::h0123456789abcdef"), "rule::process");
        assert_eq!(rustc_free_of_hash("rule::hello"), "rule::hello");
    }
}
