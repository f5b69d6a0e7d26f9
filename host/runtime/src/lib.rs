//! Rules: WebAssembly components that conclude from tracks, verified, limited and changed while cameras run.
//!
//! [`Upload`] → [`Verified`] → [`Compiled`] → [`Bound`] → [`Probed`] → [`Instance`]: each step takes the one
//! before it. A [`RuleSlot`] keeps one instance at work: it restarts it from its last snapshot after a trap,
//! backs off, quarantines, and swaps it for another version between two frames.
//!
//! Nothing in here is async and nothing waits: calls run on the worker thread that makes them and end within
//! their [`Limits`], whatever the guest does. Nothing but the length of a call is read from a clock.

mod abi;
mod cache;
mod columns;
mod compiler;
mod deadline;
mod engine;
mod error;
mod grants;
mod histogram;
mod host_state;
mod instance;
mod lifecycle;
mod limits;
mod log;
mod shown;
mod slot;
mod ticker;
mod trap;
mod values;
mod wasi;

pub use crate::abi::AbiVersion;
pub use crate::columns::TrackColumns;
pub use crate::compiler::{ChildFailure, CompilerError, CompilerLimits, CompilerProcess, compile_as_child};
pub use crate::engine::{Backtrace, Runtime, RuntimeError, RuntimeOptions};
pub use crate::error::{Call, CallError, Trap};
pub use crate::grants::{GrantError, Grants};
pub use crate::histogram::{CallTimes, Histogram};
pub use crate::instance::Instance;
pub use crate::lifecycle::{
    Artifact, BindError, Binding, Bound, BoundCamera, CompileError, Compiled, Description, Digest,
    DigestError, KeyError, KeyId, KeyIdError, PluginError, ProbeError, Probed, Scope, Share, SignatureError,
    TrustedKey, TrustedKeys, Upload, Verified, VerifyError,
};
pub use crate::limits::{DeadlineMode, Limits, RECORDED_CALL};
pub use crate::log::{LogLevel, LogLine, Logs};
pub use crate::shown::{Moment, Shown};
pub use crate::slot::{
    Checkpoint, Committed, Handover, Memory, OnFailure, OnRefusal, PreparedSwap, Processed, Receipt, Restart,
    Restarted, Retired, RuleHealth, RuleSlot, RuleState, SlotPolicy, Snapshot, StartError, SwapAborted,
    prepare_swap,
};
pub use crate::values::{KeyValues, ValueChange, ValueChanges};
