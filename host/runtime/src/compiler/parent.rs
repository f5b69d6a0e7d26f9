//! The host's side: starts a child, waits for it, ends it, and says what became of it.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::queue::Queue;
use super::{Addresses, CompilerError, CompilerLimits, CompilerProcess, Order, REFUSED};
use crate::cache::engine_digest;
use crate::log::cut;

/// Bytes that are read of what a child says.
const WORDS_READ: u64 = 4096;
/// Bytes of it that a message shows.
const WORDS: usize = 512;

/// Compiles components in children, one after the other.
pub(crate) struct Compiler {
    process: CompilerProcess,
    addresses: Addresses,
    queue: Queue,
}

/// Why there is no code.
pub(crate) enum NoCode {
    /// The compiler refused the component; its words.
    Refused(String),
    /// The process gave nothing of use.
    Failed(CompilerError),
}

/// What a child left behind.
struct Ended {
    /// `None` where it was killed after [`CompilerLimits::wall`].
    status: Option<ExitStatus>,
    code: File,
    words: String,
}

impl Compiler {
    pub(crate) fn new(process: CompilerProcess, addresses: Addresses) -> Compiler {
        Compiler { process, addresses, queue: Queue::default() }
    }

    /// Compiles a component that was verified, for this engine. Waits for its turn and for the child.
    pub(crate) fn compile(&self, engine: &Engine, component: &[u8]) -> Result<Component, NoCode> {
        let turn = self.queue.enter().map_err(NoCode::Failed)?;
        let ended = self.run(component).map_err(|error| unusable(&error))?;
        drop(turn);
        load(engine, &judge(ended, &self.process.limits)?)
    }

    fn run(&self, component: &[u8]) -> std::io::Result<Ended> {
        let limits = &self.process.limits;
        let order = Order {
            addresses: self.addresses,
            cpu_s: limits.cpu.as_secs().max(1),
            memory: limits.memory,
            code: limits.code,
            host: std::process::id(),
        };
        // Files in memory rather than pipes: nobody has to read or write while the other one works.
        let (mut input, output, mut errors) = (memory_file()?, memory_file()?, memory_file()?);
        input.write_all(component)?;
        input.rewind()?;
        let mut command = Command::new(&self.process.program);
        command
            .args(&self.process.args)
            .arg(serde_json::to_string(&order)?)
            .env_clear()
            // Where the program's own libraries are.
            .envs(std::env::var_os("LD_LIBRARY_PATH").map(|path| ("LD_LIBRARY_PATH", path)))
            // A Ctrl-C is for the host, which ends its children itself.
            .process_group(0)
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::from(errors.try_clone()?));
        let status = Running(command.spawn()?).wait(limits.wall)?;
        errors.rewind()?;
        let mut words = Vec::new();
        errors.take(WORDS_READ).read_to_end(&mut words)?;
        let words = String::from_utf8_lossy(&words).split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Ended { status, code: output, words: cut(&words, WORDS).to_owned() })
    }
}

/// A child that does not outlive this value.
struct Running(Child);

impl Running {
    /// Waits until it ends, or kills it; `None` then.
    fn wait(mut self, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
        let begun = Instant::now();
        let process = pidfd_open(Pid::from_child(&self.0), PidfdFlags::empty())?;
        loop {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let left = Timespec::try_from(left).map_err(std::io::Error::other)?;
            match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither does anything to a child that has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Loads what a child gave: the name of its engine, then the code.
fn load(engine: &Engine, output: &[u8]) -> Result<Component, NoCode> {
    let own = engine_digest(engine);
    let Some((found, code)) = output.split_first_chunk::<32>() else {
        return Err(unusable(&"it gave no code"));
    };
    if found != own.as_bytes() {
        return Err(unusable(&"its code is for another engine than this host's"));
    }
    #[expect(
        unsafe_code,
        reason = "the code was written by a child that is this host's own program, into a file that nobody else \
                  has, from a component that was verified; it is as trusted as the compiler in this process"
    )]
    let component = unsafe { Component::deserialize(engine, code) };
    // Its own code does not fit: the component has more parts than there is room for.
    component.map_err(|error| NoCode::Refused(format!("{error:#}")))
}

fn memory_file() -> std::io::Result<File> {
    Ok(memfd_create("ocellus-compiler", MemfdFlags::CLOEXEC)?.into())
}

fn unusable(error: &dyn std::fmt::Display) -> NoCode {
    NoCode::Failed(CompilerError::Unusable { reason: error.to_string() })
}

/// What a child's end means.
fn judge(ended: Ended, limits: &CompilerLimits) -> Result<Vec<u8>, NoCode> {
    let Ended { status, mut code, words } = ended;
    let failed = |error| Err(NoCode::Failed(error));
    let Some(status) = status else {
        return failed(CompilerError::Late { seconds: limits.wall.as_secs() });
    };
    if status.success() {
        let mut bytes = Vec::new();
        let read =
            code.rewind().and_then(|()| code.take(limits.code.saturating_add(1)).read_to_end(&mut bytes));
        return match read {
            Ok(read) if read as u64 > limits.code => {
                failed(CompilerError::TooLarge { mib: limits.code >> 20 })
            }
            Ok(_) => Ok(bytes),
            Err(error) => Err(unusable(&error)),
        };
    }
    // What the allocator says before it gives up, and the system where there is no room for another thread.
    let no_memory = ["memory allocation of", "Cannot allocate memory", "os error 12", "Resource temporarily"];
    let is = |signal: Signal| status.signal() == Some(signal.as_raw());
    if is(Signal::XCPU) {
        return failed(CompilerError::OutOfTime { seconds: limits.cpu.as_secs().max(1) });
    }
    if is(Signal::XFSZ) {
        return failed(CompilerError::TooLarge { mib: limits.code >> 20 });
    }
    // The host itself kills only what is late, and that has no status.
    if is(Signal::KILL) {
        return failed(CompilerError::Killed);
    }
    if status.code() == Some(REFUSED.into()) {
        return Err(NoCode::Refused(words));
    }
    if no_memory.iter().any(|said| words.contains(said)) {
        return failed(CompilerError::OutOfMemory { mib: limits.memory >> 20 });
    }
    if status.code().is_some_and(|code| code != PANICKED) {
        return Err(unusable(&format!("it ended with {status}: {words}")));
    }
    let how = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
    failed(CompilerError::Crashed { how })
}

/// Exit status of a Rust program that panicked.
const PANICKED: i32 = 101;
