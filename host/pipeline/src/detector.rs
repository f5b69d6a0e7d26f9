//! The seam to the model, and the one thread that owns it.
//!
//! The worker takes the newest picture of every camera that has one and whose lane has room, runs
//! them as one batch, and hands each camera its detections. It never waits for one camera: a lane
//! that is busy only loses frames of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ocellus_core::{Detection, Embedding, Picture};
use ocellus_inference::{DetectRequest, Session};

use crate::camera::feed::{Detected, Feed, Waiting};
use crate::camera::region::{Region, Shown};
use crate::embedder::{LiveEmbedder, Rounds};
use crate::reader::{LiveReader, PlateLooks, ReadRounds};

/// Finds objects in pictures. One thread owns it.
pub trait Detector: Send {
    /// Names of the classes; detections index it.
    fn classes(&self) -> &[String];

    /// Finds objects in a batch of pictures; one list a request, in the same order.
    ///
    /// # Errors
    /// [`DetectorError`] when the batch could not be run; no camera gets detections then.
    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError>;
}

/// Why a batch failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DetectorError(pub String);

impl Detector for Session {
    fn classes(&self) -> &[String] {
        Session::classes(self)
    }

    fn detect(&mut self, batch: &[DetectRequest<'_>]) -> Result<Vec<Vec<Detection>>, DetectorError> {
        Session::detect(self, batch).map_err(|error| DetectorError(error.to_string()))
    }
}

/// Wakes the detector thread: a picture arrived, or a lane has room again.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    ringing: Condvar,
}

impl Bell {
    pub(crate) fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ringing.notify_one();
    }

    /// Waits until rung, or `patience` has passed.
    fn wait(&self, patience: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .ringing
            .wait_timeout_while(rung, patience, |rung| !*rung)
            .unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }
}

/// The cameras that the detector serves, and its doorbell.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    pub(crate) bell: Bell,
    feeds: Mutex<Vec<Arc<Feed>>>,
    stopped: AtomicBool,
    failure: Mutex<Option<String>>,
    embedder_failure: Mutex<Option<String>>,
    reader_failure: Mutex<Option<String>>,
}

impl Roster {
    pub(crate) fn add(&self, feed: Arc<Feed>) {
        self.lock().push(feed);
        self.bell.ring();
    }

    pub(crate) fn remove(&self, feed: &Arc<Feed>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, feed));
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.bell.ring();
    }

    /// Why the last batch failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why the last looks failed, if they did.
    pub(crate) fn embedder_failure(&self) -> Option<String> {
        self.embedder_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how the last looks went, and logs it where that is news.
    fn note_embedder(&self, outcome: Option<String>) {
        let mut failure = self.embedder_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = outcome.as_ref().filter(|reason| failure.as_ref() != Some(reason)) {
            tracing::error!(%reason, "the embedder failed; frames go on without");
        }
        *failure = outcome;
    }

    /// Why plates could not be read in the last looks, if they could not.
    pub(crate) fn reader_failure(&self) -> Option<String> {
        self.reader_failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes how the last looks for plates went, and logs it where that is news.
    fn note_reader(&self, outcome: Option<String>) {
        let mut failure = self.reader_failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = outcome.as_ref().filter(|reason| failure.as_ref() != Some(reason)) {
            tracing::error!(%reason, "the reader of plates failed; frames go on without");
        }
        *failure = outcome;
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    fn feeds(&self) -> Vec<Arc<Feed>> {
        self.lock().clone()
    }

    fn note(&self, outcome: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Feed>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// At most this many pictures a batch: one that is larger only adds latency on a CPU.
const MAX_BATCH: usize = 8;

/// The models of a host.
pub(crate) struct LiveModels {
    pub(crate) detector: Box<dyn Detector>,
    pub(crate) embedder: Option<LiveEmbedder>,
    pub(crate) reader: Option<LiveReader>,
}

/// What else is asked about detections.
struct Extra {
    looks: Option<Rounds>,
    reads: Option<ReadRounds>,
}

/// Serves the roster until it is stopped.
pub(crate) fn run(roster: &Roster, mut models: LiveModels) {
    let mut rounds =
        Extra { looks: models.embedder.map(Rounds::new), reads: models.reader.map(ReadRounds::new) };
    let mut turn = 0;
    while !roster.is_stopped() {
        let batch = take_batch(&roster.feeds(), &mut turn);
        if batch.is_empty() {
            roster.bell.wait(Duration::from_millis(200));
            continue;
        }
        run_batch(roster, (models.detector.as_mut(), &mut rounds), batch);
    }
}

/// One waiting picture a camera, beginning with another camera each time so that none is favoured.
fn take_batch(feeds: &[Arc<Feed>], turn: &mut usize) -> Vec<(Arc<Feed>, Waiting)> {
    *turn = turn.wrapping_add(1);
    let start = *turn % feeds.len().max(1);
    let (later, first) = feeds.split_at(start.min(feeds.len()));
    first
        .iter()
        .chain(later)
        .filter_map(|feed| feed.take_for_detection().map(|waiting| (Arc::clone(feed), waiting)))
        .take(MAX_BATCH)
        .collect()
}

fn run_batch(
    roster: &Roster,
    (detector, rounds): (&mut dyn Detector, &mut Extra),
    batch: Vec<(Arc<Feed>, Waiting)>,
) {
    let started = Instant::now();
    let shown: Vec<Seen> = batch.iter().map(|(feed, waiting)| Seen::new(feed, &waiting.picture)).collect();
    let results = {
        let requests: Vec<DetectRequest<'_>> =
            batch.iter().zip(&shown).map(|((feed, _), seen)| feed.request(seen.picture())).collect();
        detector.detect(&requests)
    };
    let elapsed = started.elapsed() / u32::try_from(batch.len()).unwrap_or(1);
    match results {
        Ok(mut results) => {
            roster.note(None);
            for (((feed, waiting), seen), found) in batch.iter().zip(&shown).zip(&mut results) {
                seen.judge(feed, waiting, found);
            }
            let bare: Vec<Picture> =
                batch.iter().zip(&shown).map(|((_, waiting), seen)| seen.bare(&waiting.picture)).collect();
            let mut looks = look(roster, rounds.looks.as_mut(), (&batch, &bare), &results).into_iter();
            let mut plates = read(roster, rounds.reads.as_mut(), (&batch, &bare), &results).into_iter();
            for ((feed, waiting), detections) in batch.into_iter().zip(results) {
                let looks = looks.next().unwrap_or_default();
                let plates = plates.next().unwrap_or_default();
                feed.deliver(Detected { waiting, detections, looks, plates }, elapsed);
            }
        }
        Err(error) => {
            if roster.failure().as_deref() != Some(&error.0) {
                tracing::error!(%error, "the detector failed; its cameras lose these frames");
            }
            roster.note(Some(error.0));
            for (feed, _) in batch {
                feed.lost();
            }
        }
    }
}

/// What the detector sees of a picture, and the region by which that was chosen: another may be set meanwhile.
enum Seen {
    All(Picture),
    Part(Arc<Region>, Shown),
}

impl Seen {
    fn new(feed: &Feed, picture: &Picture) -> Seen {
        match feed.region() {
            Some(region) => {
                let shown = region.show(picture);
                Seen::Part(region, shown)
            }
            None => Seen::All(picture.clone()),
        }
    }

    fn picture(&self) -> &Picture {
        match self {
            Seen::All(picture) => picture,
            Seen::Part(_, shown) => &shown.picture,
        }
    }

    /// The whole picture without what is masked.
    fn bare(&self, picture: &Picture) -> Picture {
        match self {
            Seen::All(picture) => picture.clone(),
            Seen::Part(region, shown) => region.blanked(picture, shown),
        }
    }

    /// Keeps of what was found what counts.
    fn judge(&self, feed: &Feed, waiting: &Waiting, found: &mut Vec<Detection>) {
        if let Seen::Part(region, shown) = self {
            feed.count_ignored(region.judge(shown, waiting.picture.size(), found));
        }
    }
}

/// What the detections of each camera look like, where anybody wants to know.
fn look(
    roster: &Roster,
    rounds: Option<&mut Rounds>,
    (batch, bare): (&[(Arc<Feed>, Waiting)], &[Picture]),
    found: &[Vec<Detection>],
) -> Vec<Vec<Option<Embedding>>> {
    let Some(rounds) = rounds.filter(|_| batch.iter().any(|(feed, _)| feed.has_plan())) else {
        return Vec::new();
    };
    let looks = rounds.look((batch, bare), found);
    roster.note_embedder(looks.as_ref().err().map(|error| error.0.clone()));
    looks.unwrap_or_default()
}

/// What the plates of each camera's detections say, where they are read.
fn read(
    roster: &Roster,
    rounds: Option<&mut ReadRounds>,
    (batch, bare): (&[(Arc<Feed>, Waiting)], &[Picture]),
    found: &[Vec<Detection>],
) -> Vec<PlateLooks> {
    let Some(rounds) = rounds.filter(|_| batch.iter().any(|(feed, _)| feed.reads_plates())) else {
        return Vec::new();
    };
    let looks = rounds.look((batch, bare), found);
    roster.note_reader(looks.as_ref().err().map(|error| error.0.clone()));
    looks.unwrap_or_default()
}
