//! The one seam behind which every kind of camera and recording stands.

use std::time::Duration;

use ocellus_core::{Picture, Size};

use crate::error::SourceError;
use crate::packets::PacketFeed;
use crate::spec::{Address, SourceSpec};
use crate::stop::Stop;

/// Something that gives pictures in order.
pub trait Source: Send {
    /// What is known about it; fixed from opening on.
    fn info(&self) -> &SourceInfo;

    /// The next picture, waiting for it; `None` once a recording has ended as it should.
    ///
    /// # Errors
    /// [`SourceError::Stalled`] when none came within the read timeout, [`SourceError::Lost`] when the
    /// source broke, [`SourceError::EndedEarly`] after the last picture of a cut-off recording,
    /// [`SourceError::Stopped`] within about 100 ms of a stop. After an error the source gives no more.
    fn read(&mut self) -> Result<Option<SourcePicture>, SourceError>;

    /// Frames that could not be decoded so far. They are skipped.
    fn damaged(&self) -> u64 {
        0
    }

    /// The encoded packets, where the source has them and they are worth passing on.
    fn packets(&self) -> Option<PacketFeed> {
        None
    }
}

/// What is known about a source once it is open.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// Size of every picture it gives, in pixels.
    pub size: Size,
    /// Pictures a second, where the source says.
    pub frame_rate: Option<f64>,
    /// Length of a recording, where it says.
    pub duration: Option<Duration>,
    /// Number of pictures of a recording, where it says. Fewer may be decodable.
    pub frames: Option<u64>,
    /// Live or recorded.
    pub kind: SourceKind,
}

/// Whether time runs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// Pictures come when they are taken; what is not read is lost.
    Live,
    /// Pictures wait to be read.
    Recording,
}

/// A picture and when it was taken.
#[derive(Debug, Clone)]
pub struct SourcePicture {
    /// Media time since the source's first picture; strictly increases, across loops too.
    pub time: Duration,
    /// The pixels, always of [`SourceInfo::size`].
    pub picture: Picture,
}

/// How to open a source. What the source's own text says goes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// How fast a recording or a scene is given.
    pub pace: Pace,
    /// What a recording does at its end.
    pub repeat: Repeat,
    /// Patience for connecting and describing.
    pub open_timeout: Duration,
    /// Patience for the next picture.
    pub read_timeout: Duration,
    /// Threads that decode; 1 costs the least CPU a frame. Every number gives the same pictures.
    pub threads: usize,
}

impl Default for OpenOptions {
    /// Paced, once, 5 s of patience, one thread.
    fn default() -> OpenOptions {
        OpenOptions {
            pace: Pace::Realtime,
            repeat: Repeat::Once,
            open_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(5),
            threads: 1,
        }
    }
}

/// How fast a recording or a scene is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pace {
    /// By presentation time, like a camera.
    Realtime,
    /// As fast as it is read.
    Unpaced,
}

/// What a recording does at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// It ends.
    Once,
    /// It starts again; time goes on.
    Loop,
}

/// Opens a source and waits until its size is known.
///
/// This and the reading block: call them on a thread of their own, never inside an asynchronous task.
///
/// # Errors
/// [`SourceError::Open`] and [`SourceError::OpenTimeout`] name the source (redacted) and the remedy;
/// [`SourceError::Stopped`] when `stop` was called meanwhile.
pub fn open(spec: &SourceSpec, options: &OpenOptions, stop: &Stop) -> Result<Box<dyn Source>, SourceError> {
    crate::ffmpeg::init();
    match spec.address() {
        Address::File(file) => Ok(Box::new(crate::file::FileSource::open(file, options, stop)?)),
        Address::Rtsp(rtsp) => Ok(Box::new(crate::rtsp::RtspSource::open(rtsp, options, stop)?)),
        Address::Http(http) => Ok(Box::new(crate::http::HttpSource::open(http, options, stop)?)),
        Address::Device(device) => Ok(Box::new(crate::device::DeviceSource::open(device, options, stop)?)),
        Address::Scene(scene) => Ok(Box::new(crate::synthetic::SceneSource::open(scene, options, stop)?)),
    }
}
