//! Cameras.

use ocellus_core::Name;
use ocellus_media::SourceSpec;
use ocellus_pipeline::{
    CalibrationSpec, CameraSettings, CameraStatus, EmbeddingSpec, IgnoredCounts, LookCounts, Mount,
    PlatesSpec, ReadCounts, RegionSpec, SourceState, StageTime, StageTimes, TrackerSpec,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::recording::CameraRecording;
use super::{Declared, micros, millis};
use crate::extract::name;
use crate::problem::Problem;

/// All cameras, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraList {
    pub(crate) cameras: Vec<Camera>,
}

/// A camera and how it does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Camera {
    /// Its name.
    name: String,
    /// Its stable number, as rules see it.
    handle: u32,
    /// Its source; credentials are shown as `***`.
    source: String,
    declared: Declared,
    state: CameraState,
    /// Width of the source picture in pixels, once known.
    width: Option<u32>,
    /// Height of the source picture in pixels, once known.
    height: Option<u32>,
    /// Frames a second that rules saw, over the last seconds.
    frame_rate: f32,
    /// Frames that rules saw.
    frames: u64,
    /// Frames dropped because a newer one was there, or because the detector failed.
    dropped: u64,
    /// Milliseconds since the last picture arrived.
    last_frame_age_ms: Option<u64>,
    /// Viewers of pictures now.
    viewers: usize,
    /// Pictures encoded so far; it stands still while nobody looks.
    encoded: u64,
    /// Rules bound to it.
    rules: Vec<String>,
    /// Names of the model's classes.
    classes: Vec<String>,
    stages: Stages,
    /// Which part of its picture counts: `areas`, `masks` and `crop`; null where all of it does.
    #[schema(value_type = Option<Object>)]
    region: Option<RegionSpec>,
    /// Detections that the region kept from the tracker; null where there is no region.
    ignored: Option<Ignored>,
    /// How its picture lies on the ground, where that is known.
    calibration: Option<CalibrationReport>,
    /// How its recording does; null on a host that keeps no recordings.
    recording: Option<CameraRecording>,
    /// What became of detections that were worth a look; null where nothing is looked at.
    looks: Option<Looks>,
    /// What became of looks for number plates; null where none are read.
    plates: Option<Reads>,
}

/// What became of detections that were worth a look, since the camera was added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Looks {
    /// All of them.
    wanted: u64,
    /// Those that were looked at.
    embedded: u64,
    /// Those for which the camera's budget or the round's time was too short, or the embedder failed.
    skipped: u64,
}

/// What became of looks for number plates, since the camera was added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reads {
    /// Looks that were worth it: at a vehicle, or at a small picture as a whole.
    wanted: u64,
    /// Those that were made.
    made: u64,
    /// Those for which the camera's budget or the round's time was too short, or the reader failed.
    skipped: u64,
    /// Plates that were read in them.
    read: u64,
}

/// Detections that a camera's region kept from the tracker, since the camera was added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ignored {
    /// Those that stood in none of the areas.
    outside: u64,
    /// Those in a mask.
    masked: u64,
}

/// How well a camera's calibration holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalibrationReport {
    /// Root mean square of what the points leave, in metres; null where there is none to spare to tell it by.
    residual_m: Option<f64>,
    /// Points that the others contradict and that were left out, counted from 0.
    left_out: Vec<usize>,
    /// The calibration as it was given.
    #[schema(value_type = Object)]
    given: CalibrationSpec,
}

/// How a camera's source does.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum CameraState {
    /// Being opened.
    Connecting,
    /// Pictures arrive.
    Live,
    /// Open, but no picture for a while.
    Stalled,
    /// Closed after an error; opened again after a pause.
    Failed {
        /// What went wrong.
        reason: String,
        /// The pause in milliseconds.
        retry_in_ms: u64,
    },
    /// A recording that is not repeated came to its end.
    Ended {
        /// What was unusual about the end.
        note: Option<String>,
    },
}

/// Where a camera's time goes, since it was added.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stages {
    /// Reading and decoding, waiting for the source included.
    decode: Stage,
    /// Inference, a frame's share of its batch.
    detect: Stage,
    /// Looking at detections, a frame's share of its round; only frames in which something was looked at.
    embed: Stage,
    /// Looking for number plates and reading them; only frames with a look.
    read: Stage,
    /// Tracking.
    track: Stage,
    /// All rules.
    rules: Stage,
    /// Drawing and encoding.
    encode: Stage,
}

/// Time spent in a stage.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stage {
    /// Frames that went through.
    count: u64,
    /// Mean time in microseconds; 0 where none went through.
    mean_us: f64,
    /// Longest time in microseconds.
    max_us: f64,
}

impl From<StageTime> for Stage {
    fn from(time: StageTime) -> Stage {
        let mean_us = if time.count == 0 { 0.0 } else { micros(time.total) / time.count as f64 };
        Stage { count: time.count, mean_us, max_us: micros(time.max) }
    }
}

impl From<StageTimes> for Stages {
    fn from(times: StageTimes) -> Stages {
        Stages {
            decode: times.decode.into(),
            detect: times.detect.into(),
            embed: times.embed.into(),
            read: times.read.into(),
            track: times.track.into(),
            rules: times.rules.into(),
            encode: times.encode.into(),
        }
    }
}

impl From<SourceState> for CameraState {
    fn from(state: SourceState) -> CameraState {
        match state {
            SourceState::Connecting => CameraState::Connecting,
            SourceState::Live => CameraState::Live,
            SourceState::Stalled => CameraState::Stalled,
            SourceState::Failed { reason, retry_in } => {
                CameraState::Failed { reason, retry_in_ms: millis(retry_in) }
            }
            SourceState::Ended { note } => CameraState::Ended { note },
        }
    }
}

impl From<CameraStatus> for Camera {
    fn from(status: CameraStatus) -> Camera {
        Camera {
            name: status.name.to_string(),
            handle: status.handle.0,
            source: status.source,
            declared: status.declared.into(),
            state: status.state.into(),
            width: status.size.map(|size| size.width),
            height: status.size.map(|size| size.height),
            frame_rate: status.frame_rate,
            frames: status.frames,
            dropped: status.dropped,
            last_frame_age_ms: status.last_frame_age.map(millis),
            viewers: status.viewers,
            encoded: status.encoded,
            rules: status.rules.iter().map(Name::to_string).collect(),
            classes: status.classes,
            stages: status.stages.into(),
            region: status.region,
            ignored: status.ignored.map(|IgnoredCounts { outside, masked }| Ignored { outside, masked }),
            calibration: status.calibration.zip(status.calibration_spec).map(|(solved, given)| {
                CalibrationReport { residual_m: solved.residual_m, left_out: solved.left_out, given }
            }),
            recording: status.recording.map(CameraRecording::from),
            looks: status.looks.map(|LookCounts { wanted, embedded, skipped }| Looks {
                wanted,
                embedded,
                skipped,
            }),
            plates: status.reads.map(|ReadCounts { wanted, made, skipped, plates }| Reads {
                wanted,
                made,
                skipped,
                read: plates,
            }),
        }
    }
}

/// A camera to add. What is left out has the host's default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCamera {
    /// 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit.
    #[schema(example = "gate")]
    name: String,
    /// A file, `rtsp://…`, `http://…` (MJPEG), `usb:0` or `scene:crossing?seed=3`.
    #[schema(example = "rtsp://camera.local/stream")]
    source: String,
    /// Lowest confidence of a detection that reaches the tracker, 0..1.
    confidence: Option<f32>,
    /// Overlap above which two boxes of a class are one object, 0..1.
    iou: Option<f32>,
    /// Names of the classes to keep; all of the model's where left out.
    classes: Option<Vec<String>>,
    /// Highest rate at which frames are taken, a second.
    frame_rate: Option<f32>,
    /// How it stands: `fixed`, or `moving` (it pans, zooms, or is carried), so that its motion is measured.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "fixed")]
    mount: Mount,
    /// Its tracker: `kind` is `bytetrack`, `botsort` or `deepsort`, and what else is given differs from the values of its
    /// paper. `track_buffer` (30 is one second, whatever the frame rate), `class_aware` and `frame_rate` are settings of
    /// all; `track_high_thresh`, `track_low_thresh`, `new_track_thresh` and `match_thresh` of bytetrack and botsort;
    /// `association` (`predicted` or `last-box`) and `motion` (`learnt` or `paper`) of bytetrack; `proximity_thresh`, `appearance_thresh` and
    /// `appearance_memory` of botsort; `min_confidence`, `n_init`, `max_cosine_distance`, `max_iou_distance` and
    /// `gallery` of deepsort.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"kind": "botsort", "track_buffer": 60}))]
    tracker: TrackerSpec,
    /// Whether its tracks are recorded.
    #[serde(default)]
    record: bool,
    /// Which part of its picture counts: `areas` (outlines of three or more corners, 0..1), `masks` (outlines that the
    /// detector does not see), and `crop` (show the detector the rectangle around the areas only).
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"areas": [[[0.1, 0.4], [0.9, 0.4], [1.0, 1.0], [0.0, 1.0]]]}))]
    region: Option<RegionSpec>,
    /// How its picture lies on the ground: `points`, each with `picture` (0..1) and `ground` (metres), or `homography`
    /// with `size`; at will the lens's `camera_matrix` and `distortion`.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"points": [
        {"picture": [0.2, 0.9], "ground": [0.0, 0.0]}, {"picture": [0.8, 0.9], "ground": [6.0, 0.0]},
        {"picture": [0.6, 0.3], "ground": [6.0, 30.0]}, {"picture": [0.4, 0.3], "ground": [0.0, 30.0]}]}))]
    calibration: Option<CalibrationSpec>,
    /// How its tracks are looked at, on a host that has an embedder: `budget` (detections a frame, 4), `refresh_seconds`
    /// (0.5) and `classes`.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"budget": 4, "classes": ["person"]}))]
    embedding: Option<EmbeddingSpec>,
    /// How number plates are read, on a host with models for it: `budget` (looks a frame, 1), `refresh_seconds` (0.1),
    /// `min_width` (of a vehicle in pixels, 80), `classes`, and `privacy`, whose `mode` is `keep`, `mask` (`shown`: characters
    /// that stay) or `hash` (`key`). None are read where this is left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>, example = json!({"budget": 1, "privacy": {"mode": "mask", "shown": 2}}))]
    plates: Option<PlatesSpec>,
}

impl NewCamera {
    pub(crate) fn into_settings(self) -> Result<CameraSettings, Problem> {
        let source = SourceSpec::parse(&self.source).map_err(|error| {
            Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
                .sort("bad-source", "Not a source")
                .field("source")
        })?;
        let tracker = self.tracker.settings().map_err(|error| {
            Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
                .sort("bad-tracker", "Not a tracker")
                .field("tracker")
        })?;
        let mut settings = CameraSettings::new(name(&self.name, "name")?, source);
        settings.confidence = self.confidence.unwrap_or(tracker.lowest_confidence());
        settings.tracker = tracker;
        set(&mut settings.iou, self.iou);
        settings.classes = self.classes;
        settings.frame_rate = self.frame_rate;
        settings.mount = self.mount;
        settings.record = self.record;
        settings.region = self.region;
        settings.calibration = self.calibration;
        settings.embedding = self.embedding;
        settings.plates = self.plates;
        Ok(settings)
    }
}

fn set<T>(slot: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *slot = value;
    }
}
