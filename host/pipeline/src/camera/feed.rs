//! Between a camera's source, the detector and the camera's lane: the newest picture only.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ocellus_core::{Detection, Picture, TimeUs};
use ocellus_inference::{ClassFilter, DetectRequest, Thresholds};

use super::lane::LaneMessage;
use super::meter::{Meter, Stage};

/// A picture on its way to the detector.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) picture: Picture,
    pub(crate) time: TimeUs,
    pub(crate) captured: Instant,
}

/// A picture with what the detector found.
#[derive(Debug)]
pub(crate) struct Detected {
    pub(crate) waiting: Waiting,
    pub(crate) detections: Vec<Detection>,
}

/// Frames between detector and lane: one being worked on and one ready, so the lane never idles.
const MAX_IN_FLIGHT: usize = 2;

/// One camera's newest-frame slot and its way on to the lane.
#[derive(Debug)]
pub(crate) struct Feed {
    newest: Mutex<Option<Waiting>>,
    in_flight: AtomicUsize,
    lane: SyncSender<LaneMessage>,
    closed: AtomicBool,
    meter: Arc<Meter>,
    thresholds: Thresholds,
    classes: Option<ClassFilter>,
}

impl Feed {
    pub(crate) fn new(
        lane: SyncSender<LaneMessage>,
        meter: Arc<Meter>,
        thresholds: Thresholds,
        classes: Option<ClassFilter>,
    ) -> Feed {
        Feed {
            newest: Mutex::new(None),
            in_flight: AtomicUsize::new(0),
            lane,
            closed: AtomicBool::new(false),
            meter,
            thresholds,
            classes,
        }
    }

    /// Puts the newest picture in; one that nobody took is dropped and counted.
    pub(crate) fn put(&self, waiting: Waiting) {
        let replaced = self.newest.lock().unwrap_or_else(PoisonError::into_inner).replace(waiting);
        if replaced.is_some() {
            self.meter.drop_frame();
        }
    }

    /// Takes the picture if the lane has room for its result.
    pub(crate) fn take_for_detection(&self) -> Option<Waiting> {
        if self.in_flight.load(Ordering::Acquire) >= MAX_IN_FLIGHT || self.closed.load(Ordering::Acquire) {
            return None;
        }
        let waiting = self.newest.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        self.in_flight.fetch_add(1, Ordering::AcqRel);
        Some(waiting)
    }

    pub(crate) fn request<'a>(&'a self, picture: &'a Picture) -> DetectRequest<'a> {
        DetectRequest { picture, thresholds: self.thresholds, classes: self.classes.clone() }
    }

    /// Hands the lane a frame. The lane's queue has a place for each frame in flight.
    pub(crate) fn deliver(&self, waiting: Waiting, detections: Vec<Detection>, elapsed: Duration) {
        self.meter.add(Stage::Detect, elapsed);
        let message = LaneMessage::Frame(Box::new(Detected { waiting, detections }));
        if self.lane.try_send(message).is_err() {
            self.lost();
        }
    }

    /// A frame that was taken came to nothing.
    pub(crate) fn lost(&self) {
        self.meter.drop_frame();
        self.done();
    }

    /// The lane is done with a frame.
    pub(crate) fn done(&self) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }

    /// Nothing more is taken from this feed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Whether a picture waits or a frame is under way.
    pub(crate) fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Acquire) > 0
            || self.newest.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}
