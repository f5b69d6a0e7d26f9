//! Pictures: where they come from, and what is made of them for people to look at.
//!
//! The only user of FFmpeg, OpenCV, `retina` and TurboJPEG. Nothing of theirs appears in the public
//! interface, which speaks of [`ocellus_core::Picture`] only.

mod backoff;
mod camera_motion;
mod cutout;
mod device;
pub mod draw;
mod error;
mod ffmpeg;
mod file;
mod http;
pub mod jpeg;
mod network;
mod pace;
mod packets;
mod resize;
mod rtsp;
pub mod scene;
mod source;
pub mod spec;
mod stop;
mod synthetic;
pub mod write;

pub use backoff::Backoff;
pub use camera_motion::CameraMotionFlow;
pub use cutout::Cutout;
pub use error::SourceError;
pub use packets::{CodecParameters, EncodedPacket, PacketFeed, PacketRead, PacketReader, VideoCodec};
pub use resize::{fitted, resize};
pub use source::{OpenOptions, Pace, Repeat, Source, SourceInfo, SourceKind, SourcePicture, open};
pub use spec::{SourceSpec, SpecError};
pub use stop::{Stop, Stopped};
