//! A recording through detector, tracker and rules, as fast as the machine allows.
//!
//! Three threads in a row with bounded queues: decode, detect, and track-decide-write. Every queue
//! waits, nothing is dropped, and only the middle one uses the model.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ocellus_core::calibration::{Calibration, GroundTracks};
use ocellus_core::tracker::{Observed, TrackerSettings};
use ocellus_core::{
    Detection, Embedding, Name, Picture, Size, TimeUs, Track, TrackEmbeddings, TrackReadings,
};
use ocellus_inference::{ClassFilter, Crop, DetectRequest, Thresholds};
use ocellus_media::{Source, SourceError, SourcePicture};

use super::Ending;
use super::decide::{DecideError, Decider, RecordedRule};
use crate::camera::appearance::{Appearance, Choice, Plan, Sighting, Wish};
use crate::camera::follow::Follower;
use crate::camera::plates::{PlateChoice, PlatePlan, PlateSighting, PlateWish, Plates};
use crate::camera::{EmbeddingSpec, IgnoredCounts, Mount, PlatesSpec, Region};
use crate::detector::{Detector, DetectorError};
use crate::embedder::{Embedder, EmbedderError, LookCounts};
use crate::reader::{self, PlateLooks, ReadCounts, Reader, ReaderError};
use crate::record::{Facts, RecordHeader, RecordWriter};

/// How a recording is analysed.
#[derive(Debug, Clone)]
pub struct AnalysisSettings {
    /// The camera's name in events and tracks.
    pub camera: Name,
    /// What the detector is asked for.
    pub thresholds: Thresholds,
    /// Classes to keep; all where `None`.
    pub classes: Option<ClassFilter>,
    /// The tracker.
    pub tracker: TrackerSettings,
    /// How the camera stood.
    pub mount: Mount,
    /// Which part of the picture counts; all of it where `None`.
    pub region: Option<Arc<Region>>,
    /// How the picture lies on the ground, where that is known.
    pub calibration: Option<Arc<Calibration>>,
    /// How tracks are looked at, where there is an embedder.
    pub embedding: EmbeddingSpec,
    /// How number plates are read, where there is a reader.
    pub plates: PlatesSpec,
    /// End after this many frames.
    pub max_frames: Option<u64>,
}

/// What an analysis came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisReport {
    /// Frames that the rules saw.
    pub frames: u64,
    /// Events written.
    pub events: u64,
    /// Calls that a rule answered with an error of its own.
    pub refusals: u64,
    /// Frames that could not be decoded and were skipped.
    pub damaged: u64,
    /// Detections that the region kept from the tracker; none without a region.
    pub ignored: Option<IgnoredCounts>,
    /// What became of detections that were worth a look; none without an embedder.
    pub looks: Option<LookCounts>,
    /// What became of looks for number plates; none without a reader.
    pub reads: Option<ReadCounts>,
    /// Whether these were all.
    pub ending: Ending,
}

/// Why an analysis ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The input broke.
    #[error(transparent)]
    Source(SourceError),
    /// The model failed.
    #[error("the model failed at frame {frame}: {error}")]
    Detector {
        /// Sequence of the frame.
        frame: u64,
        /// What happened.
        error: DetectorError,
    },
    /// The embedder failed.
    #[error("the embedder failed at frame {frame}: {error}")]
    Embedder {
        /// Sequence of the frame.
        frame: u64,
        /// What happened.
        error: EmbedderError,
    },
    /// The reader of plates failed.
    #[error("the reader of plates failed at frame {frame}: {error}")]
    Reader {
        /// Sequence of the frame.
        frame: u64,
        /// What happened.
        error: ReaderError,
    },
    /// The tracker's settings.
    #[error("{0}")]
    Tracker(String),
    /// A rule failed, or events could not be written.
    #[error(transparent)]
    Decide(#[from] DecideError),
    /// Tracks could not be written.
    #[error("tracks cannot be written: {0}")]
    Tracks(io::Error),
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(io::Error),
}

/// What looks at the pictures.
pub struct Models<'a> {
    /// It finds objects.
    pub detector: &'a mut dyn Detector,
    /// It says what they look like, where that is wanted.
    pub embedder: Option<&'a mut dyn Embedder>,
    /// It reads their number plates, where that is wanted.
    pub reader: Option<&'a mut dyn Reader>,
}

/// Where an analysis writes.
pub struct AnalysisOutputs<'a> {
    /// Event lines.
    pub events: &'a mut (dyn Write + Send),
    /// A tracks file.
    pub tracks: Option<&'a mut (dyn Write + Send)>,
}

/// Frames that wait between two threads.
const AHEAD: usize = 4;

struct Decided {
    picture_time: TimeUs,
    /// For the tracker of a camera that moves; none where nobody looks.
    picture: Option<Picture>,
    /// Without what is masked, for the embedder and the reader of plates; none where nobody looks.
    bare: Option<Picture>,
    detections: Vec<Detection>,
}

/// Analyses a recording. `progress` is told the number of frames done. A source that is stopped ends it in
/// order: what was decoded by then is still looked at.
///
/// # Errors
/// [`AnalysisError`]; events and tracks of the frames before are written.
pub fn analyze(
    mut source: Box<dyn Source>,
    models: Models<'_>,
    rules: Vec<RecordedRule>,
    settings: &AnalysisSettings,
    outputs: AnalysisOutputs<'_>,
    progress: impl FnMut(u64) + Send,
) -> Result<AnalysisReport, AnalysisError> {
    let Models { detector, embedder, reader } = models;
    let size = source.info().size;
    let looking = embedder.and_then(|embedder| Looking::new(embedder, settings, detector.classes()));
    let reading = reader.and_then(|reader| Reading::new(reader, settings, detector.classes()));
    let follower = Follower::new(settings.tracker.clone(), settings.mount)
        .map_err(|error| AnalysisError::Tracker(error.to_string()))?;
    let header = RecordHeader {
        camera: settings.camera.clone(),
        size,
        classes: detector.classes().to_vec(),
        has_embeddings: looking.is_some(),
        has_readings: reading.is_some(),
    };
    let recorder = match outputs.tracks {
        Some(out) => Some(RecordWriter::new(out, &header).map_err(AnalysisError::Tracks)?),
        None => None,
    };
    let decider = Decider::new(settings.camera.clone(), rules, outputs.events)?;
    let ground = settings.calibration.clone().map(|map| GroundTracks::new(map, detector.classes()));
    let looks = looking.is_some() || reading.is_some() || settings.mount == Mount::Moving;
    let consumer = Consumer { follower, looking, reading, ground, decider, recorder, size, progress };
    let limit = settings.max_frames.unwrap_or(u64::MAX);
    thread::scope(|scope| {
        let (pictures, decoded) = sync_channel(AHEAD);
        let (results, detected) = sync_channel(AHEAD);
        let decode = thread::Builder::new()
            .name("decode".into())
            .spawn_scoped(scope, move || (decode(source.as_mut(), limit, &pictures), source.damaged()))
            .map_err(AnalysisError::Thread)?;
        let decide = thread::Builder::new()
            .name("decide".into())
            .spawn_scoped(scope, move || consumer.run(&detected))
            .map_err(AnalysisError::Thread)?;
        let outcome = detect((detector, looks), settings, &decoded, &results);
        // Each neighbour ends when its queue is gone.
        drop((decoded, results));
        let (ended, damaged) = join(decode);
        let report = join(decide)?;
        let ignored = settings.region.is_some().then_some(outcome?);
        let ending = match ended {
            Ok(()) => Ending::Whole,
            Err(error @ SourceError::EndedEarly { .. }) => Ending::Early(error.to_string()),
            Err(error) if error.is_stopped() => Ending::Stopped,
            Err(error) => return Err(AnalysisError::Source(error)),
        };
        Ok(AnalysisReport { damaged, ignored, ending, ..report })
    })
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn decode(
    source: &mut dyn Source,
    limit: u64,
    pictures: &SyncSender<SourcePicture>,
) -> Result<(), SourceError> {
    for _ in 0..limit {
        match source.read()? {
            Some(picture) => {
                if pictures.send(picture).is_err() {
                    return Ok(());
                }
            }
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Hands detections on, with the picture where somebody will look at it.
fn detect(
    (detector, looks): (&mut dyn Detector, bool),
    settings: &AnalysisSettings,
    decoded: &Receiver<SourcePicture>,
    results: &SyncSender<Decided>,
) -> Result<IgnoredCounts, AnalysisError> {
    let mut last: Option<TimeUs> = None;
    let mut ignored = IgnoredCounts::default();
    for (frame, SourcePicture { time, picture }) in (0_u64..).zip(decoded.iter()) {
        let shown = settings.region.as_ref().map(|region| (region, region.show(&picture)));
        let request = DetectRequest {
            picture: shown.as_ref().map_or(&picture, |(_, shown)| &shown.picture),
            thresholds: settings.thresholds,
            classes: settings.classes.clone(),
        };
        let lists = detector.detect(&[request]).map_err(|error| AnalysisError::Detector { frame, error })?;
        let time = TimeUs(0) + time;
        let picture_time = last.map_or(time, |last| time.max(TimeUs(last.0 + 1)));
        last = Some(picture_time);
        let mut detections: Vec<Detection> = lists.into_iter().flatten().collect();
        if let Some((region, shown)) = &shown {
            let IgnoredCounts { outside, masked } = region.judge(shown, picture.size(), &mut detections);
            ignored.outside += outside;
            ignored.masked += masked;
        }
        let bare = looks.then(|| match &shown {
            Some((region, shown)) => region.blanked(&picture, shown),
            None => picture.clone(),
        });
        let decided = Decided { picture_time, picture: looks.then_some(picture), bare, detections };
        if results.send(decided).is_err() {
            break;
        }
    }
    Ok(ignored)
}

/// Looks at the detections of a recording, one frame after the other, so that the same recording gives the same.
struct Looking<'a> {
    embedder: &'a mut dyn Embedder,
    plan: Plan,
    appearance: Appearance,
    wishes: Arc<[Wish]>,
    counts: LookCounts,
}

impl<'a> Looking<'a> {
    /// None where the settings want nothing looked at.
    fn new(
        embedder: &'a mut dyn Embedder,
        settings: &AnalysisSettings,
        classes: &[String],
    ) -> Option<Looking<'a>> {
        let plan = Plan::new(&settings.embedding, &settings.tracker, classes)?;
        let appearance = Appearance::default();
        Some(Looking { embedder, plan, appearance, wishes: Arc::new([]), counts: LookCounts::default() })
    }

    /// What the detections look like: one entry a detection, or none at all.
    fn look(
        &mut self,
        picture: &Picture,
        time: TimeUs,
        detections: &[Detection],
    ) -> Result<Vec<Option<Embedding>>, EmbedderError> {
        let choice = Choice { time, size: picture.size(), detections, wishes: &self.wishes };
        let wanted = self.plan.choose(choice);
        let chosen = &wanted[..wanted.len().min(self.plan.budget())];
        self.counts.wanted += wanted.len() as u64;
        self.counts.embedded += chosen.len() as u64;
        self.counts.skipped += (wanted.len() - chosen.len()) as u64;
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let crops: Vec<_> =
            chosen.iter().map(|index| Crop { picture, rect: detections[*index].rect }).collect();
        let mut looks = vec![None; detections.len()];
        for (index, look) in chosen.iter().zip(self.embedder.embed(&crops)?) {
            looks[*index] = look;
        }
        Ok(looks)
    }
}

/// Reads the plates of a recording, one frame after the other, so that the same recording gives the same.
struct Reading<'a> {
    reader: &'a mut dyn Reader,
    plan: PlatePlan,
    plates: Plates,
    wishes: Arc<[PlateWish]>,
    counts: ReadCounts,
}

impl<'a> Reading<'a> {
    /// None where nothing is to be read.
    fn new(
        reader: &'a mut dyn Reader,
        settings: &AnalysisSettings,
        classes: &[String],
    ) -> Option<Reading<'a>> {
        let plan = PlatePlan::new(&settings.plates, &settings.tracker, classes)?;
        let plates = Plates::new(settings.plates.privacy.clone());
        Some(Reading { reader, plan, plates, wishes: Arc::new([]), counts: ReadCounts::default() })
    }

    /// What became of the looks at the detections: one entry a detection, or none at all.
    fn look(
        &mut self,
        picture: &Picture,
        time: TimeUs,
        detections: &[Detection],
    ) -> Result<PlateLooks, ReaderError> {
        let choice = PlateChoice { time, size: picture.size(), detections, wishes: &self.wishes };
        let mut parts = self.plan.parts(choice, self.reader.input());
        let wanted = parts.len();
        parts.truncate(self.plan.budget());
        self.counts.wanted += wanted as u64;
        self.counts.made += parts.len() as u64;
        self.counts.skipped += (wanted - parts.len()) as u64;
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let looks = reader::look(self.reader, picture, parts)?;
        self.counts.plates += looks.iter().map(|(_, plates)| plates.len() as u64).sum::<u64>();
        Ok(self.plan.assign(detections, &looks))
    }
}

/// The tracks of a frame, and what is known of them.
struct Followed {
    tracks: Vec<Track>,
    embeddings: TrackEmbeddings,
    readings: TrackReadings,
}

struct Consumer<'a, 'm, P> {
    follower: Follower,
    looking: Option<Looking<'m>>,
    reading: Option<Reading<'m>>,
    ground: Option<GroundTracks>,
    decider: Decider<'a>,
    recorder: Option<RecordWriter<&'a mut (dyn Write + Send)>>,
    size: Size,
    progress: P,
}

impl<P: FnMut(u64)> Consumer<'_, '_, P> {
    fn run(mut self, detected: &Receiver<Decided>) -> Result<AnalysisReport, AnalysisError> {
        let mut frames = 0;
        let mut last = TimeUs(0);
        for decided in detected {
            let picture_time = decided.picture_time;
            let Followed { mut tracks, embeddings, readings } = self.track(&decided, frames)?;
            if let Some(ground) = &mut self.ground {
                ground.place(picture_time, self.size, &mut tracks);
            }
            let tracks = &tracks;
            let facts = Facts { embeddings: &embeddings, readings: &readings };
            if let Some(recorder) = &mut self.recorder {
                recorder.frame(frames, picture_time, tracks, facts).map_err(AnalysisError::Tracks)?;
            }
            self.decider.frame((frames, picture_time), self.size, tracks, facts)?;
            last = picture_time;
            frames += 1;
            (self.progress)(frames);
        }
        let last_frame: u64 = frames.saturating_sub(1);
        self.decider.finish(last_frame, last)?;
        if let Some(recorder) = self.recorder {
            recorder.finish().map_err(AnalysisError::Tracks)?;
        }
        let (events, refusals) = self.decider.counts();
        let looks = self.looking.map(|looking| looking.counts);
        let reads = self.reading.map(|reading| reading.counts);
        Ok(AnalysisReport {
            frames,
            events,
            refusals,
            damaged: 0,
            ignored: None,
            looks,
            reads,
            ending: Ending::Whole,
        })
    }

    /// Follows the objects of a frame, and says what they look like and what their plates say.
    fn track(&mut self, decided: &Decided, frame: u64) -> Result<Followed, AnalysisError> {
        let Decided { picture_time: time, picture, bare, detections } = decided;
        let looks = match (&mut self.looking, bare) {
            (Some(looking), Some(picture)) => looking
                .look(picture, *time, detections)
                .map_err(|error| AnalysisError::Embedder { frame, error })?,
            _ => Vec::new(),
        };
        let plates = match (&mut self.reading, bare) {
            (Some(reading), Some(picture)) => reading
                .look(picture, *time, detections)
                .map_err(|error| AnalysisError::Reader { frame, error })?,
            _ => Vec::new(),
        };
        let slices: Vec<Option<&[f32]>> =
            looks.iter().map(|look| look.as_ref().map(Embedding::as_slice)).collect();
        let tracked = self
            .follower
            .update(picture.as_ref(), &Observed::new(*time, detections).with_embeddings(&slices));
        let (time, size) = (*time, self.size);
        let tracks = tracked.tracks.to_vec();
        let mut followed = Followed { tracks, embeddings: Arc::new([]), readings: Arc::new([]) };
        if let Some(looking) = &mut self.looking {
            let sighting = Sighting { time, size, tracked, detections, looks: &looks };
            followed.embeddings = looking.appearance.see(sighting);
            looking.wishes = looking.appearance.wishes();
        }
        if let (Some(reading), Some(picture)) = (&mut self.reading, picture) {
            let sighting = PlateSighting { time, picture, tracked, looks: &plates };
            followed.readings = reading.plates.see(sighting);
            reading.wishes = reading.plates.wishes();
        }
        Ok(followed)
    }
}
