//! How a call into a rule can end other than well.

use std::fmt;
use std::time::Duration;

/// A function of the contract, or the start of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// The instance's own start: initialisers and start functions.
    Start,
    /// `describe`
    Describe,
    /// `configure`
    Configure,
    /// `process`
    Process,
    /// `finish`
    Finish,
    /// `save`
    Save,
    /// `restore`
    Restore,
    /// `query`
    Query,
    /// `command`
    Command,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Call::Start => "start",
            Call::Describe => "describe",
            Call::Configure => "configure",
            Call::Process => "process",
            Call::Finish => "finish",
            Call::Save => "save",
            Call::Restore => "restore",
            Call::Query => "query",
            Call::Command => "command",
        })
    }
}

/// Why a call gave no result.
///
/// After a fatal one ([`CallError::is_fatal`]) the instance is dead and must be replaced.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CallError {
    /// The rule itself returned an error; it goes on.
    #[error("{call}: the rule answered with an error: {message}")]
    Refused {
        /// The function.
        call: Call,
        /// The rule's own words.
        message: String,
    },
    /// What the rule returned breaks the contract in a way that leaves the rule itself usable.
    #[error("{call}: the rule's output was refused: {what}")]
    InvalidOutput {
        /// The function.
        call: Call,
        /// What is wrong with it.
        what: String,
    },
    /// State beyond [`crate::Limits::state`]; the rule goes on without a snapshot.
    #[error("save: the rule's state has {size} bytes, the limit is {limit}; let it keep less")]
    StateTooLarge {
        /// Bytes, where known; otherwise what was allowed to be looked at.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More events, overlays or measurements in one call than allowed.
    #[error("{call}: the rule returned {count} {what}, the limit is {limit} a call; let it report fewer")]
    TooMany {
        /// The function.
        call: Call,
        /// `events`, `overlays` or `measurements`.
        what: &'static str,
        /// How many came.
        count: usize,
        /// How many may.
        limit: usize,
    },
    /// More bytes for the host in one piece than allowed.
    #[error("{call}: the rule handed the host more than {limit} bytes at once; let it return less")]
    OutputTooLarge {
        /// The function.
        call: Call,
        /// Bytes allowed.
        limit: usize,
    },
    /// Stopped at the time limit.
    #[error("{call}: stopped after its time limit of {} ms{}", .limit.as_millis(), InFunctions(.backtrace))]
    Deadline {
        /// The function.
        call: Call,
        /// The limit.
        limit: Duration,
        /// Where it was then: as in [`Trap::backtrace`].
        backtrace: Vec<String>,
    },
    /// Stopped when it asked for more memory than allowed.
    #[error("{call}: the rule asked for {wanted} bytes of memory, the limit is {limit}")]
    Memory {
        /// The function.
        call: Call,
        /// Bytes it would have had.
        wanted: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Trapped: a panic, an arithmetic error, a bad pointer, a stack overflow, a broken value.
    #[error("{call}: {0}", call = .0.call)]
    Trap(Box<Trap>),
    /// The host has no room for another instance; not the rule's fault.
    #[error(
        "start: the host has no room for another rule instance; raise its limit on instances, or unbind a rule"
    )]
    NoRoom,
    /// An earlier call killed the instance, and there is no new one yet.
    #[error("the rule is not running, since an earlier call failed")]
    Dead,
}

/// All that is known of a trap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// The function of the contract.
    pub call: Call,
    /// The engine's reason.
    pub message: String,
    /// The last that the rule wrote to standard error in this call, such as a panic's message.
    pub said: Option<String>,
    /// The guest's functions, innermost first, as far as names are known; `NAME (FILE:LINE)` where the engine
    /// was asked for lines and the component has them.
    pub backtrace: Vec<String>,
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the rule trapped: {}", self.message)?;
        if let Some(said) = &self.said {
            write!(f, "; it said: {said}")?;
        }
        InFunctions(&self.backtrace).fmt(f)
    }
}

/// The innermost functions of a backtrace, behind what happened there.
struct InFunctions<'b>(&'b [String]);

impl fmt::Display for InFunctions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, frame) in self.0.iter().take(8).enumerate() {
            write!(f, "{}{frame}", if index == 0 { "; in " } else { " < " })?;
        }
        Ok(())
    }
}

impl CallError {
    /// Whether the instance is dead after it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        match self {
            CallError::Refused { .. } | CallError::InvalidOutput { .. } | CallError::StateTooLarge { .. } => {
                false
            }
            CallError::TooMany { .. }
            | CallError::OutputTooLarge { .. }
            | CallError::Deadline { .. }
            | CallError::Memory { .. }
            | CallError::Trap(_)
            | CallError::NoRoom
            | CallError::Dead => true,
        }
    }

    /// Whether a run over a recording must end with it: its events would depend on how busy the machine is.
    #[must_use]
    pub fn ends_recording(&self) -> bool {
        matches!(self, CallError::Deadline { .. })
    }
}
