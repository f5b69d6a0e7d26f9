//! What a camera shows now: the newest frame, its tracks, and what rules say of it.

use std::sync::Arc;
use std::time::Instant;

use ocellus_core::{FrameInfo, Measurement, Name, Overlay, Picture, Track};
use tokio::sync::watch;

use super::plates::TrackPlate;

/// A frame after tracking and rules.
#[derive(Debug)]
pub struct LiveFrame {
    /// Camera, sequence, time and size.
    pub info: FrameInfo,
    /// Camera's name.
    pub camera: Name,
    /// Names of the classes.
    pub classes: Arc<[String]>,
    /// The pixels.
    pub picture: Picture,
    /// All tracks; boxes in pixels.
    pub tracks: Vec<Track>,
    /// What their number plates say, as far as that is known.
    pub plates: Arc<[Arc<TrackPlate>]>,
    /// What each rule wants drawn.
    pub overlays: Vec<(Name, Arc<[Overlay]>)>,
    /// What each rule measured.
    pub measurements: Vec<(Name, Arc<[Measurement]>)>,
    /// When the picture arrived.
    pub captured: Instant,
}

/// Hands the newest frame to whoever looks. Nobody looking costs nothing.
#[derive(Debug, Clone)]
pub(crate) struct Publisher(watch::Sender<Option<Arc<LiveFrame>>>);

impl Publisher {
    pub(crate) fn new() -> Publisher {
        Publisher(watch::Sender::new(None))
    }

    pub(crate) fn publish(&self, frame: Arc<LiveFrame>) {
        self.0.send_replace(Some(frame));
    }

    pub(crate) fn newest(&self) -> Option<Arc<LiveFrame>> {
        self.0.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> Live {
        let mut receiver = self.0.subscribe();
        receiver.mark_changed();
        Live { receiver, last: None }
    }
}

/// A look at a camera's tracks, without pictures.
#[derive(Debug)]
pub struct Live {
    receiver: watch::Receiver<Option<Arc<LiveFrame>>>,
    last: Option<u64>,
}

impl Live {
    /// The newest frame that was not given yet, and how many were passed over before it; `None` once
    /// the camera is gone.
    pub async fn next(&mut self) -> Option<(Arc<LiveFrame>, u64)> {
        loop {
            self.receiver.changed().await.ok()?;
            let newest = self.receiver.borrow_and_update().clone();
            if let Some(frame) = newest {
                let skipped = skipped_between(self.last, frame.info.sequence);
                self.last = Some(frame.info.sequence);
                return Some((frame, skipped));
            }
        }
    }
}

/// Frames between the last one given and `now`.
pub(super) fn skipped_between(last: Option<u64>, now: u64) -> u64 {
    last.map_or(0, |last| now.saturating_sub(last + 1))
}
