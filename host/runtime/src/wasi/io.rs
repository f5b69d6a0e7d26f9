//! `wasi:io` without a runtime: everything is ready at once or traps.
//!
//! `wasmtime-wasi` serves blocking calls by blocking on tokio, which would let a guest hold a worker for as
//! long as it likes and panics on a thread that belongs to an async runtime. Here each operation is polled
//! once. Streams are always ready; a clock in the future never comes, since time stands still in a call.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::sync::io::{poll, streams};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamError, StreamResult};
use wasmtime_wasi_io::bindings::wasi::io::error;
use wasmtime_wasi_io::bindings::wasi::io::poll::HostPollable as Pollable;
use wasmtime_wasi_io::bindings::wasi::io::streams::{
    Host as Streams, HostInputStream as Input, HostOutputStream as Output,
};

use crate::host_state::HostState;

/// The guest waited for what cannot happen during a call.
#[derive(Debug, thiserror::Error)]
#[error(
    "it waited (slept or polled) inside a call; a rule's only clock is the frame's time, which stands still"
)]
pub(crate) struct Waited;

pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    error::add_to_linker::<HostState, HasIo>(linker, io)?;
    poll::add_to_linker::<HostState, HasIo>(linker, io)?;
    streams::add_to_linker::<HostState, HasIo>(linker, io)
}

fn io(state: &mut HostState) -> Io<'_> {
    Io(&mut state.table)
}

struct HasIo;

impl HasData for HasIo {
    type Data<'a> = Io<'a>;
}

struct Io<'a>(&'a mut ResourceTable);

/// The result of a future that does not wait.
fn at_once<F: Future>(future: F) -> Result<F::Output, Waited> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Ok(output),
        Poll::Pending => Err(Waited),
    }
}

fn stream_at_once<T>(future: impl Future<Output = StreamResult<T>>) -> StreamResult<T> {
    at_once(future).unwrap_or_else(|waited| Err(StreamError::Trap(waited.into())))
}

impl error::Host for Io<'_> {}

impl error::HostError for Io<'_> {
    fn to_debug_string(&mut self, this: Resource<error::Error>) -> wasmtime::Result<String> {
        error::HostError::to_debug_string(self.0, this)
    }

    fn drop(&mut self, this: Resource<error::Error>) -> wasmtime::Result<()> {
        error::HostError::drop(self.0, this)
    }
}

impl poll::Host for Io<'_> {
    fn poll(&mut self, pollables: Vec<Resource<DynPollable>>) -> wasmtime::Result<Vec<u32>> {
        let mut ready = Vec::new();
        for (index, pollable) in (0u32..).zip(&pollables) {
            let pollable = Resource::new_borrow(pollable.rep());
            if at_once(Pollable::ready(self.0, pollable))?? {
                ready.push(index);
            }
        }
        if ready.is_empty() { Err(Waited.into()) } else { Ok(ready) }
    }
}

impl poll::HostPollable for Io<'_> {
    fn ready(&mut self, this: Resource<DynPollable>) -> wasmtime::Result<bool> {
        at_once(Pollable::ready(self.0, this))?
    }

    fn block(&mut self, this: Resource<DynPollable>) -> wasmtime::Result<()> {
        at_once(Pollable::block(self.0, this))?
    }

    fn drop(&mut self, this: Resource<DynPollable>) -> wasmtime::Result<()> {
        Pollable::drop(self.0, this)
    }
}

impl streams::Host for Io<'_> {
    fn convert_stream_error(&mut self, error: StreamError) -> wasmtime::Result<streams::StreamError> {
        Ok(Streams::convert_stream_error(self.0, error)?.into())
    }
}

impl streams::HostInputStream for Io<'_> {
    fn read(&mut self, this: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        Input::read(self.0, this, len)
    }

    fn blocking_read(&mut self, this: Resource<DynInputStream>, len: u64) -> StreamResult<Vec<u8>> {
        stream_at_once(Input::blocking_read(self.0, this, len))
    }

    fn skip(&mut self, this: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        Input::skip(self.0, this, len)
    }

    fn blocking_skip(&mut self, this: Resource<DynInputStream>, len: u64) -> StreamResult<u64> {
        stream_at_once(Input::blocking_skip(self.0, this, len))
    }

    fn subscribe(&mut self, this: Resource<DynInputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        Input::subscribe(self.0, this)
    }

    fn drop(&mut self, this: Resource<DynInputStream>) -> wasmtime::Result<()> {
        at_once(Input::drop(self.0, this))?
    }
}

impl streams::HostOutputStream for Io<'_> {
    fn check_write(&mut self, this: Resource<DynOutputStream>) -> StreamResult<u64> {
        Output::check_write(self.0, this)
    }

    fn write(&mut self, this: Resource<DynOutputStream>, contents: Vec<u8>) -> StreamResult<()> {
        Output::write(self.0, this, contents)
    }

    fn blocking_write_and_flush(
        &mut self,
        this: Resource<DynOutputStream>,
        contents: Vec<u8>,
    ) -> StreamResult<()> {
        stream_at_once(Output::blocking_write_and_flush(self.0, this, contents))
    }

    fn flush(&mut self, this: Resource<DynOutputStream>) -> StreamResult<()> {
        Output::flush(self.0, this)
    }

    fn blocking_flush(&mut self, this: Resource<DynOutputStream>) -> StreamResult<()> {
        stream_at_once(Output::blocking_flush(self.0, this))
    }

    fn subscribe(&mut self, this: Resource<DynOutputStream>) -> wasmtime::Result<Resource<DynPollable>> {
        Output::subscribe(self.0, this)
    }

    fn write_zeroes(&mut self, this: Resource<DynOutputStream>, len: u64) -> StreamResult<()> {
        Output::write_zeroes(self.0, this, len)
    }

    fn blocking_write_zeroes_and_flush(
        &mut self,
        this: Resource<DynOutputStream>,
        len: u64,
    ) -> StreamResult<()> {
        stream_at_once(Output::blocking_write_zeroes_and_flush(self.0, this, len))
    }

    fn splice(
        &mut self,
        this: Resource<DynOutputStream>,
        src: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        Output::splice(self.0, this, src, len)
    }

    fn blocking_splice(
        &mut self,
        this: Resource<DynOutputStream>,
        src: Resource<DynInputStream>,
        len: u64,
    ) -> StreamResult<u64> {
        stream_at_once(Output::blocking_splice(self.0, this, src, len))
    }

    fn drop(&mut self, this: Resource<DynOutputStream>) -> wasmtime::Result<()> {
        at_once(Output::drop(self.0, this))?
    }
}
