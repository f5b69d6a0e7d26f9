//! Rotating recordings of live cameras: their tracks as rules see them, in tracks files.
//!
//! A lane hands a frame over and never waits; one thread writes for all cameras. A file holds frames without a gap, so that a
//! replay of it comes to the same: where frames were missed, another file begins.

mod desk;
mod shelf;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ocellus_core::{FrameInfo, Name, Track, TrackEmbeddings, TrackReadings};

use self::desk::Desk;
pub use self::shelf::RecordingFile;
pub(crate) use self::shelf::Shelf;

/// Frames of all cameras that may wait for the writer: some seconds of a busy site.
const QUEUE: usize = 1024;
/// What was handed over stands on the disk after this time.
const FLUSH: Duration = Duration::from_secs(1);

/// How live cameras are recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingSettings {
    /// Where files go, in a folder a camera.
    pub folder: PathBuf,
    /// A file ends when its frames span so much time.
    pub file_span: Duration,
    /// A file ends when it has so many bytes.
    pub file_bytes: u64,
    /// When all files have more bytes, the oldest go.
    pub max_bytes: u64,
    /// Recording pauses while fewer bytes are free on the disk.
    pub keep_free_bytes: u64,
}

/// How a camera's recording does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecordingStatus {
    /// Whether it is recorded.
    pub is_on: bool,
    /// Frames written since the start.
    pub frames: u64,
    /// Frames that were not, because the writer was behind or recording paused.
    pub missed: u64,
}

/// The way to the writer's thread.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    sender: SyncSender<Told>,
    shelf: Arc<Shelf>,
}

/// What reaches the writer.
#[derive(Debug)]
pub(crate) enum Told {
    Frame(Box<RecordedSight>),
    /// A camera is recorded no more.
    End(Name),
    /// Nothing more comes.
    Stop,
}

/// A frame of a camera as rules see it, and who counts it.
#[derive(Debug)]
pub(crate) struct RecordedSight {
    pub(crate) camera: Name,
    pub(crate) classes: Arc<[String]>,
    pub(crate) info: FrameInfo,
    pub(crate) tracks: Vec<Track>,
    pub(crate) embeddings: TrackEmbeddings,
    pub(crate) readings: TrackReadings,
    pub(crate) holds: Holds,
    pub(crate) counts: Arc<Counts>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    frames: AtomicU64,
    missed: AtomicU64,
}

impl Counts {
    fn write(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    fn miss(&self) {
        self.missed.fetch_add(1, Ordering::Relaxed);
    }
}

/// How a camera is to be recorded.
#[derive(Debug)]
pub(crate) struct RecordingOrders {
    /// None on a host that keeps no recordings.
    pub(crate) recorder: Option<Recorder>,
    pub(crate) is_on: bool,
    pub(crate) holds: Holds,
}

/// What a camera's tracks may have besides boxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Holds {
    pub(crate) embeddings: bool,
    pub(crate) readings: bool,
}

/// A camera's switch, and its way to the writer.
#[derive(Debug)]
pub(crate) struct RecordingCell {
    recorder: Option<Recorder>,
    holds: Holds,
    is_on: AtomicBool,
    counts: Arc<Counts>,
}

impl Recorder {
    pub(crate) fn new(settings: &RecordingSettings) -> (Recorder, Receiver<Told>) {
        let (sender, inbox) = sync_channel(QUEUE);
        (Recorder { sender, shelf: Arc::new(Shelf::new(settings.folder.clone())) }, inbox)
    }

    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// Ends all files once what waits is written.
    pub(crate) fn stop(&self) {
        let _ = self.sender.send(Told::Stop);
    }
}

impl RecordingCell {
    pub(crate) fn new(orders: RecordingOrders) -> RecordingCell {
        let RecordingOrders { recorder, is_on, holds } = orders;
        RecordingCell { recorder, holds, is_on: AtomicBool::new(is_on), counts: Arc::default() }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.recorder.is_some() && self.is_on.load(Ordering::Acquire)
    }

    /// Records from the next frame on, or no more.
    pub(crate) fn switch(&self, camera: &Name, is_on: bool) {
        self.is_on.store(is_on, Ordering::Release);
        if !is_on {
            self.end(camera);
        }
    }

    /// The camera's file ends here.
    pub(crate) fn end(&self, camera: &Name) {
        if let Some(recorder) = &self.recorder {
            // The writer waits for nobody, so there is room soon.
            let _ = recorder.sender.send(Told::End(camera.clone()));
        }
    }

    /// Hands a frame over, or counts that there was no room.
    pub(crate) fn tell(
        &self,
        (camera, classes): (&Name, &Arc<[String]>),
        info: &FrameInfo,
        tracks: &[Track],
        (embeddings, readings): (&TrackEmbeddings, &TrackReadings),
    ) {
        let Some(recorder) = self.recorder.as_ref().filter(|_| self.is_on()) else { return };
        let sight = RecordedSight {
            camera: camera.clone(),
            classes: Arc::clone(classes),
            info: *info,
            tracks: tracks.to_vec(),
            embeddings: Arc::clone(embeddings),
            readings: Arc::clone(readings),
            holds: self.holds,
            counts: Arc::clone(&self.counts),
        };
        if recorder.sender.try_send(Told::Frame(Box::new(sight))).is_err() {
            self.counts.miss();
        }
    }

    /// None on a host that keeps no recordings.
    pub(crate) fn status(&self) -> Option<RecordingStatus> {
        self.recorder.as_ref().map(|_| RecordingStatus {
            is_on: self.is_on(),
            frames: self.counts.frames.load(Ordering::Relaxed),
            missed: self.counts.missed.load(Ordering::Relaxed),
        })
    }
}

/// Writes what it is told until it is told to stop.
pub(crate) fn run(inbox: &Receiver<Told>, shelf: &Arc<Shelf>, settings: RecordingSettings) {
    let mut desk = Desk::new(settings, Arc::clone(shelf));
    let mut next_flush = Instant::now() + FLUSH;
    loop {
        match inbox.recv_timeout(next_flush.saturating_duration_since(Instant::now())) {
            Ok(Told::Frame(sight)) => desk.frame(&sight, Instant::now()),
            Ok(Told::End(camera)) => desk.end(&camera),
            Ok(Told::Stop) | Err(RecvTimeoutError::Disconnected) => return desk.end_all(),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let now = Instant::now();
        if now >= next_flush {
            desk.flush(now);
            next_flush = now + FLUSH;
        }
    }
}

/// Why recording pauses, if it does.
#[derive(Debug, Default)]
pub(crate) struct Pause(Mutex<Option<String>>);

impl Pause {
    pub(crate) fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Logs what is new.
    fn set(&self, reason: Option<String>) {
        let mut pause = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*pause, &reason) {
            (None, Some(reason)) => tracing::error!(%reason, "recording pauses; cameras go on"),
            (Some(_), None) => tracing::info!("recording goes on"),
            _ => {}
        }
        *pause = reason;
    }
}
