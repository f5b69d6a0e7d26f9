//! The vocabulary of Ocellus and its pure computation.
//!
//! Nothing here does I/O, reads a clock, spawns a task or calls a third-party engine, so every other
//! crate may depend on this one and a rule compiled to WebAssembly may too.

pub mod detection;
pub mod event;
pub mod frame;
pub mod geometry;
mod lifecycle;
pub mod mot;
pub mod name;
pub mod picture;
pub mod time;
pub mod track;
pub mod tracker;
mod value;

pub use detection::Detection;
pub use event::{Event, EventRecord, Measurement, Overlay, RuleOutput, Value};
pub use frame::{CameraHandle, Frame, FrameInfo};
pub use geometry::{Point, Polygon, Rect, Segment, Size};
pub use lifecycle::{Cause, VersionState};
pub use name::Name;
pub use picture::Picture;
pub use time::TimeUs;
pub use track::{Track, TrackState};
