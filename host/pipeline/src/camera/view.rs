//! Views: pictures encoded once for all viewers that want the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use super::live::{LiveFrame, skipped_between};

/// Whether boxes, trails and overlays are drawn into the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Draw {
    /// The picture as it came.
    Plain,
    /// With boxes, labels, trails and overlays.
    Annotated,
}

/// How a viewer wants pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewSettings {
    height: Option<u32>,
    quality: u8,
    draw: Draw,
}

/// A value of [`ViewSettings`] that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewSettingsError {
    /// The height is out of range.
    #[error("height is {0}, it must be from 16 to 4320 pixels")]
    Height(u32),
    /// The quality is out of range.
    #[error("quality is {0}, it must be from 1 to 95")]
    Quality(u8),
}

impl ViewSettings {
    /// Checks and takes the values: height in pixels (aspect kept, never enlarged; the source's where
    /// `None`) and JPEG quality.
    ///
    /// # Errors
    /// [`ViewSettingsError`] for a height outside 16..=4320 or a quality outside 1..=95.
    pub fn new(height: Option<u32>, quality: u8, draw: Draw) -> Result<ViewSettings, ViewSettingsError> {
        if let Some(height) = height.filter(|height| !(16..=4320).contains(height)) {
            return Err(ViewSettingsError::Height(height));
        }
        if !(1..=95).contains(&quality) {
            return Err(ViewSettingsError::Quality(quality));
        }
        Ok(ViewSettings { height, quality, draw })
    }

    /// Height in pixels; the source's where `None`.
    #[must_use]
    pub fn height(&self) -> Option<u32> {
        self.height
    }

    /// JPEG quality.
    #[must_use]
    pub fn quality(&self) -> u8 {
        self.quality
    }

    /// Whether to draw into the picture.
    #[must_use]
    pub fn draw(&self) -> Draw {
        self.draw
    }
}

impl Default for ViewSettings {
    fn default() -> ViewSettings {
        ViewSettings { height: None, quality: 80, draw: Draw::Plain }
    }
}

/// A picture and the frame it shows.
#[derive(Debug)]
pub(crate) struct Encoded {
    frame: Arc<LiveFrame>,
    jpeg: Bytes,
}

impl Encoded {
    pub(crate) fn new(frame: Arc<LiveFrame>, jpeg: Bytes) -> Encoded {
        Encoded { frame, jpeg }
    }
}

type Channel = watch::Sender<Option<Arc<Encoded>>>;

/// Distinct views of a camera; each one costs an encoding a frame.
const MAX_VIEWS: usize = 16;

/// The views of one camera that somebody looks at.
#[derive(Debug, Default)]
pub(crate) struct Views {
    channels: Mutex<HashMap<ViewSettings, Channel>>,
    pub(crate) encoded: AtomicU64,
}

/// Too many distinct views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyViews;

impl Views {
    pub(crate) fn open(&self, settings: ViewSettings) -> Result<View, TooManyViews> {
        let mut channels = self.lock();
        channels.retain(|_, channel| channel.receiver_count() > 0);
        if channels.len() >= MAX_VIEWS && !channels.contains_key(&settings) {
            return Err(TooManyViews);
        }
        let channel = channels.entry(settings).or_insert_with(|| watch::Sender::new(None));
        let mut receiver = channel.subscribe();
        receiver.mark_changed();
        Ok(View { receiver, last: None })
    }

    /// What has to be encoded now.
    pub(crate) fn wanted(&self) -> Vec<ViewSettings> {
        let mut channels = self.lock();
        channels.retain(|_, channel| channel.receiver_count() > 0);
        channels.keys().copied().collect()
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.viewers() > 0
    }

    pub(crate) fn viewers(&self) -> usize {
        self.lock().values().map(watch::Sender::receiver_count).sum()
    }

    pub(crate) fn publish(&self, settings: &ViewSettings, encoded: Encoded) {
        self.encoded.fetch_add(1, Ordering::Relaxed);
        if let Some(channel) = self.lock().get(settings) {
            channel.send_replace(Some(Arc::new(encoded)));
        }
    }

    /// Ends every view: the camera is gone.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<ViewSettings, Channel>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame with its picture.
#[derive(Debug, Clone)]
pub struct ViewFrame {
    /// The frame.
    pub frame: Arc<LiveFrame>,
    /// Its JPEG, shared by all viewers of the view.
    pub jpeg: Bytes,
    /// Frames since the last one given that this viewer did not get.
    pub skipped: u64,
}

/// One viewer's look at a camera. Dropping it ends the look; the last one ends the encoding.
#[derive(Debug)]
pub struct View {
    receiver: watch::Receiver<Option<Arc<Encoded>>>,
    last: Option<u64>,
}

impl View {
    /// The newest picture that was not given yet; `None` once the camera is gone.
    pub async fn next(&mut self) -> Option<ViewFrame> {
        loop {
            self.receiver.changed().await.ok()?;
            let newest = self.receiver.borrow_and_update().clone();
            if let Some(encoded) = newest {
                let sequence = encoded.frame.info.sequence;
                if self.last == Some(sequence) {
                    continue;
                }
                let skipped = skipped_between(self.last, sequence);
                self.last = Some(sequence);
                let frame = Arc::clone(&encoded.frame);
                return Some(ViewFrame { frame, jpeg: encoded.jpeg.clone(), skipped });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_named() {
        assert_eq!(ViewSettings::new(Some(8), 80, Draw::Plain), Err(ViewSettingsError::Height(8)));
        assert_eq!(ViewSettings::new(None, 0, Draw::Plain), Err(ViewSettingsError::Quality(0)));
    }

    #[test]
    fn viewers_of_one_view_share_it_and_the_last_one_ends_it() {
        let views = Views::default();
        let (first, second) = (views.open(ViewSettings::default()), views.open(ViewSettings::default()));
        assert_eq!((views.wanted().len(), views.viewers()), (1, 2));
        drop((first, second));
        assert_eq!((views.wanted().len(), views.viewers()), (0, 0));
    }

    #[test]
    fn distinct_views_are_limited() {
        let views = Views::default();
        let open = |height| views.open(ViewSettings::new(Some(height), 80, Draw::Plain).unwrap());
        let kept: Vec<_> = (0..16).map(|step| open(100 + step).unwrap()).collect();
        assert!(open(500).is_err());
        assert!(open(100).is_ok());
        drop(kept);
    }
}
