//! Between a camera's source, the detector and the camera's lane: the newest picture only.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ocellus_core::{Detection, Embedding, Picture, Size, TimeUs};
use ocellus_inference::{ClassFilter, DetectRequest, ReadPlate, Thresholds};

use super::appearance::{Choice, Plan, Wish};
use super::lane::LaneMessage;
use super::meter::{Meter, Stage};
use super::plates::{PlateChoice, PlatePart, PlatePlan, PlateWish};
use super::region::{IgnoredCounts, Region};
use crate::reader::PlateLooks;

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
    /// What they look like: one entry a detection, or none at all.
    pub(crate) looks: Vec<Option<Embedding>>,
    /// What their plates say: one entry a detection, or none at all.
    pub(crate) plates: PlateLooks,
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
    region: Mutex<Option<Arc<Region>>>,
    plan: Option<Plan>,
    /// What the lane would like to know of the next picture.
    wishes: Mutex<Arc<[Wish]>>,
    plates: Option<PlatePlan>,
    plate_wishes: Mutex<Arc<[PlateWish]>>,
}

/// What is looked for in a camera's pictures.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) thresholds: Thresholds,
    pub(crate) classes: Option<ClassFilter>,
    /// Which part of them counts.
    pub(crate) region: Option<Arc<Region>>,
    /// What is looked at; none without an embedder.
    pub(crate) plan: Option<Plan>,
    /// What is read; none without a reader of plates.
    pub(crate) plates: Option<PlatePlan>,
}

impl Feed {
    pub(crate) fn new(lane: SyncSender<LaneMessage>, meter: Arc<Meter>, orders: Orders) -> Feed {
        let Orders { thresholds, classes, region, plan, plates } = orders;
        Feed {
            newest: Mutex::new(None),
            in_flight: AtomicUsize::new(0),
            lane,
            closed: AtomicBool::new(false),
            meter,
            thresholds,
            classes,
            region: Mutex::new(region),
            plan,
            wishes: Mutex::new(Arc::new([])),
            plates,
            plate_wishes: Mutex::new(Arc::new([])),
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

    /// Which part of the pictures counts now.
    pub(crate) fn region(&self) -> Option<Arc<Region>> {
        self.region.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From the next picture on another part counts.
    pub(crate) fn set_region(&self, region: Option<Arc<Region>>) {
        *self.region.lock().unwrap_or_else(PoisonError::into_inner) = region;
    }

    pub(crate) fn count_ignored(&self, ignored: IgnoredCounts) {
        self.meter.count_ignored(ignored);
    }

    /// Whether anything is looked at here.
    pub(crate) fn has_plan(&self) -> bool {
        self.plan.is_some()
    }

    /// The lane leaves what it would like to know of the next picture.
    pub(crate) fn leave(&self, wishes: Arc<[Wish]>) {
        *self.wishes.lock().unwrap_or_else(PoisonError::into_inner) = wishes;
    }

    /// The detections that are worth a look, the most pressing first.
    pub(crate) fn wanted(&self, waiting: &Waiting, detections: &[Detection]) -> Vec<usize> {
        let Some(plan) = &self.plan else { return Vec::new() };
        let wishes = Arc::clone(&self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        let size = waiting.picture.size();
        plan.choose(Choice { time: waiting.time, size, detections, wishes: &wishes })
    }

    /// Detections of a frame that may be looked at.
    pub(crate) fn budget(&self) -> usize {
        self.plan.as_ref().map_or(0, Plan::budget)
    }

    /// Counts what became of a frame's wishes, and the time that it took.
    pub(crate) fn count_looks(&self, wanted: usize, embedded: usize, elapsed: Duration) {
        self.meter.count_looks(wanted as u64, embedded as u64);
        if embedded > 0 {
            self.meter.add(Stage::Embed, elapsed);
        }
    }

    /// Whether plates are read here.
    pub(crate) fn reads_plates(&self) -> bool {
        self.plates.is_some()
    }

    /// The lane leaves what it would like to know of the next picture's plates.
    pub(crate) fn leave_plates(&self, wishes: Arc<[PlateWish]>) {
        *self.plate_wishes.lock().unwrap_or_else(PoisonError::into_inner) = wishes;
    }

    /// The parts of the picture that are worth a look for plates, the most pressing first.
    pub(crate) fn wanted_plates(
        &self,
        waiting: &Waiting,
        detections: &[Detection],
        input: Size,
    ) -> Vec<PlatePart> {
        let Some(plan) = &self.plates else { return Vec::new() };
        let wishes = Arc::clone(&self.plate_wishes.lock().unwrap_or_else(PoisonError::into_inner));
        let size = waiting.picture.size();
        plan.parts(PlateChoice { time: waiting.time, size, detections, wishes: &wishes }, input)
    }

    /// Looks for plates that may be made in a frame.
    pub(crate) fn plate_budget(&self) -> usize {
        self.plates.as_ref().map_or(0, PlatePlan::budget)
    }

    /// What became of the looks that were made, of so many that were wanted: one entry a detection, or none at all.
    pub(crate) fn take_in_plates(
        &self,
        (wanted, elapsed): (usize, Duration),
        detections: &[Detection],
        made: &[(PlatePart, Vec<ReadPlate>)],
    ) -> PlateLooks {
        let Some(plan) = &self.plates else { return Vec::new() };
        let plates: usize = made.iter().map(|(_, plates)| plates.len()).sum();
        self.meter.count_reads([wanted as u64, made.len() as u64, plates as u64]);
        if made.is_empty() {
            return Vec::new();
        }
        self.meter.add(Stage::Read, elapsed);
        plan.assign(detections, made)
    }

    /// Hands the lane a frame. The lane's queue has a place for each frame in flight.
    pub(crate) fn deliver(&self, detected: Detected, elapsed: Duration) {
        self.meter.add(Stage::Detect, elapsed);
        let message = LaneMessage::Frame(Box::new(detected));
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
