//! What can be seen of a camera.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ocellus_core::{CameraHandle, Name, Size};

use super::calibration::{CalibrationSpec, SolvedCalibration};
use super::meter::StageTimes;
use super::region::{IgnoredCounts, RegionSpec};
use crate::embedder::LookCounts;
use crate::reader::ReadCounts;
use crate::recordings::RecordingStatus;

/// Who said that a camera or a rule exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// The config file: read-only over REST.
    Config,
    /// REST: kept in the database.
    Rest,
}

/// How a camera's source is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceState {
    /// Being opened, or opened and no picture yet.
    Connecting,
    /// Pictures arrive.
    Live,
    /// Open, but no picture for two seconds or three frame intervals, whichever is longer.
    Stalled,
    /// Closed after an error; opened again after a pause.
    Failed {
        /// What went wrong, without credentials.
        reason: String,
        /// The pause.
        retry_in: Duration,
    },
    /// A recording that is not repeated came to its end.
    Ended {
        /// What was unusual about the end, if anything.
        note: Option<String>,
    },
}

/// All that can be seen of a camera.
#[derive(Debug, Clone)]
pub struct CameraStatus {
    /// Its name.
    pub name: Name,
    /// Its stable number.
    pub handle: CameraHandle,
    /// Its source, credentials redacted.
    pub source: String,
    /// Who said that it exists.
    pub declared: Declared,
    /// How the source is doing.
    pub state: SourceState,
    /// Picture size, once known.
    pub size: Option<Size>,
    /// Frames a second that rules saw, over the last seconds.
    pub frame_rate: f32,
    /// Frames that rules saw.
    pub frames: u64,
    /// Frames that were dropped because a newer one was there, or because the detector failed.
    pub dropped: u64,
    /// Events that its rules reported.
    pub events: u64,
    /// Time since the last picture arrived.
    pub last_frame_age: Option<Duration>,
    /// Viewers of pictures now.
    pub viewers: usize,
    /// Pictures encoded so far.
    pub encoded: u64,
    /// Rules bound to it.
    pub rules: Vec<Name>,
    /// Names of the model's classes.
    pub classes: Vec<String>,
    /// Where its time goes.
    pub stages: StageTimes,
    /// Which part of its picture counts, where that is not all of it.
    pub region: Option<RegionSpec>,
    /// Detections that the region kept from the tracker; none where there is no region.
    pub ignored: Option<IgnoredCounts>,
    /// How its picture lies on the ground, where that is known.
    pub calibration: Option<SolvedCalibration>,
    /// What that was made of.
    pub calibration_spec: Option<CalibrationSpec>,
    /// How its recording does; none on a host that keeps no recordings.
    pub recording: Option<RecordingStatus>,
    /// What became of detections that were worth a look; none where nothing is looked at.
    pub looks: Option<LookCounts>,
    /// What became of looks for number plates; none where none are read.
    pub reads: Option<ReadCounts>,
}

/// The source's state as its ingest thread tells it.
#[derive(Debug)]
pub(crate) struct SourceCell(Mutex<SourceView>);

#[derive(Debug, Clone)]
struct SourceView {
    state: SourceState,
    size: Option<Size>,
    frame_rate: Option<f64>,
    last_picture: Option<Instant>,
    patience: Duration,
}

impl SourceCell {
    pub(crate) fn new() -> SourceCell {
        SourceCell(Mutex::new(SourceView {
            state: SourceState::Connecting,
            size: None,
            frame_rate: None,
            last_picture: None,
            patience: Duration::from_secs(2),
        }))
    }

    pub(crate) fn set(&self, state: SourceState) {
        self.lock().state = state;
    }

    pub(crate) fn opened(&self, size: Size, frame_rate: Option<f64>) {
        let mut view = self.lock();
        view.size = Some(size);
        view.frame_rate = frame_rate;
        let interval = frame_rate.filter(|rate| *rate > 0.01).map_or(0.0, |rate| 3.0 / rate);
        view.patience = Duration::from_secs_f64(interval.max(2.0));
    }

    /// Pictures a second, as the source declares it.
    pub(crate) fn frame_rate(&self) -> Option<f64> {
        self.lock().frame_rate
    }

    pub(crate) fn picture_arrived(&self, now: Instant) {
        let mut view = self.lock();
        view.state = SourceState::Live;
        view.last_picture = Some(now);
    }

    /// State, picture size, and age of the last picture.
    pub(crate) fn view(&self, now: Instant) -> (SourceState, Option<Size>, Option<Duration>) {
        let view = self.lock().clone();
        let age = view.last_picture.map(|at| now.saturating_duration_since(at));
        let stalled = view.state == SourceState::Live && age.is_some_and(|age| age > view.patience);
        (if stalled { SourceState::Stalled } else { view.state }, view.size, age)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, SourceView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_source_without_pictures_is_stalled() {
        let cell = SourceCell::new();
        let start = Instant::now();
        cell.opened(Size::new(640, 384), Some(10.0));
        cell.picture_arrived(start);
        assert_eq!(cell.view(start + Duration::from_secs(1)).0, SourceState::Live);
        assert_eq!(cell.view(start + Duration::from_secs(3)).0, SourceState::Stalled);
    }

    #[test]
    fn a_slow_source_has_three_intervals_before_it_is_stalled() {
        let cell = SourceCell::new();
        let start = Instant::now();
        cell.opened(Size::new(640, 384), Some(0.5));
        cell.picture_arrived(start);
        assert_eq!(cell.view(start + Duration::from_secs(5)).0, SourceState::Live);
    }
}
