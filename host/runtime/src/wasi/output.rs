//! Standard output and error, as lines of the rule's log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::bindings::cli::{stderr, stdout};
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamResult};

use crate::host_state::{FrameClock, HostState, SharedLog};
use crate::log::{LogLevel, cut};

/// Bytes a guest may write at once, and the longest line before it is broken.
const CHUNK: usize = 4096;
/// Bytes kept of what a rule said before it trapped.
const LAST_WORDS: usize = 1024;

/// What a rule wrote to standard error in the current call, cut after 1 KiB.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastWords(Arc<Mutex<String>>);

impl LastWords {
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn take(&self) -> Option<String> {
        let said = std::mem::take(&mut *self.lock());
        (!said.is_empty()).then_some(said)
    }

    pub(crate) fn add(&self, line: &str) {
        let mut said = self.lock();
        if said.len() < LAST_WORDS {
            if !said.is_empty() {
                said.push(' ');
            }
            let room = LAST_WORDS.saturating_sub(said.len());
            said.push_str(cut(line, room));
        }
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    stdout::add_to_linker::<HostState, HasSelf<HostState>>(linker, |state| state)?;
    stderr::add_to_linker::<HostState, HasSelf<HostState>>(linker, |state| state)
}

impl stdout::Host for HostState {
    fn get_stdout(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(self.stdout.clone());
        Ok(self.table.push(stream)?)
    }
}

impl stderr::Host for HostState {
    fn get_stderr(&mut self) -> wasmtime::Result<Resource<DynOutputStream>> {
        let stream: DynOutputStream = Box::new(self.stderr.clone());
        Ok(self.table.push(stream)?)
    }
}

/// One of the two streams; all handles of it share the unfinished line.
#[derive(Clone)]
pub(crate) struct LogOutput {
    level: LogLevel,
    clock: FrameClock,
    log: SharedLog,
    said: Option<LastWords>,
    unfinished: Arc<Mutex<Vec<u8>>>,
}

impl LogOutput {
    pub(crate) fn new(
        level: LogLevel,
        clock: &FrameClock,
        log: &SharedLog,
        said: Option<&LastWords>,
    ) -> LogOutput {
        LogOutput {
            level,
            clock: clock.clone(),
            log: log.clone(),
            said: said.cloned(),
            unfinished: Arc::default(),
        }
    }

    fn take(&self, bytes: &[u8]) {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        for part in bytes.split_inclusive(|&byte| byte == b'\n') {
            unfinished.extend_from_slice(part);
            if part.ends_with(b"\n") || unfinished.len() >= CHUNK {
                self.line(&unfinished);
                unfinished.clear();
            }
        }
    }

    fn line(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end();
        if text.is_empty() {
            return;
        }
        if let Some(said) = &self.said {
            said.add(text);
        }
        self.log.lock().write(self.clock.now(), self.level, text);
    }
}

#[async_trait]
impl OutputStream for LogOutput {
    fn write(&mut self, bytes: wasmtime_wasi_io::bytes::Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

#[async_trait]
impl Pollable for LogOutput {
    async fn ready(&mut self) {}
}
