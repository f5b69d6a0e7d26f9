//! What must last: events, cameras, plugin versions, rules and their state.
//!
//! Everything lives in one folder: a sled database (`sled/`), the uploaded plugins (`plugins/`), rule states too
//! large for the database (`states/`), the mark of what was acknowledged (`mark`) and a lock. This crate is the
//! only user of sled and does not trust it: every value carries a format version and a checksum, each change and
//! its indexes are one atomic batch, an acknowledged change is flushed first, room on the disk is set aside before
//! sled needs it, and a panic inside sled becomes an error. A damaged database is moved aside and reported.
//!
//! All calls are synchronous and never read a clock. A [`Database`] is a cheap, thread-safe handle.

mod ballast;
mod cameras;
mod damage;
mod database;
mod digest;
mod engine;
mod error;
mod events;
mod folder;
mod keys;
mod mark;
mod open;
mod plugins;
mod room;
mod rules;
mod start;
mod states;
mod tail;
mod transitions;
mod value;
mod values;
mod writer;

pub use cameras::{CameraDeclaration, CameraRecord};
pub use damage::Damage;
pub use database::{Database, Statistics};
pub use digest::{Digest, DigestError};
pub use error::StoreError;
pub use events::{APPEND_LIMIT, EventPage, EventQuery, Expired, NewEvent, Order, PAGE_LIMIT, Retention};
pub use open::{DatabaseSettings, Durability, Opened};
pub use plugins::{NewPlugin, PluginFacts, PluginRecord};
pub use rules::{QuarantinedVersion, RuleRecord};
pub use states::{MemoryRecord, STATE_LIMIT, StateKey, StatePlace, StateRecord};
pub use transitions::{NewTransition, TransitionQuery, TransitionRecord};
pub use values::{ValueChange, Values};
pub use writer::{EventQueue, EventWriter, EventWriterSettings, Overflow, WriterCounters};
