//! The vocabulary of Ocellus and its pure computation.
//!
//! Nothing here does I/O, reads a clock, spawns a task or calls a third-party engine, so every other
//! crate may depend on this one and a rule compiled to WebAssembly may too.

#[cfg(feature = "calibration")]
pub mod calibration;
pub mod detection;
pub mod embedding;
pub mod eval;
pub mod event;
pub mod frame;
pub mod geometry;
mod lifecycle;
mod message;
pub mod mot;
pub mod name;
pub mod picture;
pub mod plate;
mod power;
pub mod reading;
pub mod time;
pub mod track;
pub mod tracker;
mod value;

pub use detection::Detection;
pub use embedding::{Embedding, TrackEmbeddings};
pub use event::{Event, EventRecord, Measurement, Overlay, RuleOutput, Value};
pub use frame::{CameraHandle, Frame, FrameInfo};
pub use geometry::{GroundPoint, Point, Polygon, Rect, Segment, Size};
pub use lifecycle::{Cause, VersionState};
pub use message::{Message, Publication, WebhookCall};
pub use name::Name;
pub use picture::Picture;
pub use power::{Power, Powers};
pub use reading::{TrackReading, TrackReadings};
pub use time::TimeUs;
pub use track::{Ground, Track, TrackState};
