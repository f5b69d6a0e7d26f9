//! What an operator says of a camera.

use ocellus_core::Name;
use ocellus_core::tracker::TrackerSettings;
use ocellus_inference::Thresholds;
use ocellus_media::SourceSpec;

use super::appearance::{EmbeddingError, EmbeddingSpec};
use super::calibration::{CalibrationError, CalibrationSpec};
use super::follow::Mount;
use super::plates::{PlatesError, PlatesSpec};
use super::region::{RegionError, RegionSpec};

/// What an operator says of a camera.
#[derive(Debug, Clone)]
pub struct CameraSettings {
    /// Its name, unique on the site.
    pub name: Name,
    /// Where the pictures come from.
    pub source: SourceSpec,
    /// Lowest confidence of a detection, 0..1. The default is the lowest that the tracker takes:
    /// the second association of ByteTrack and BoT-SORT lives on weak boxes.
    pub confidence: f32,
    /// Overlap above which two boxes of a class are one object (NMS), 0..1.
    pub iou: f32,
    /// Names of the classes to keep; all where `None`.
    pub classes: Option<Vec<String>>,
    /// The tracker.
    pub tracker: TrackerSettings,
    /// How the camera stands.
    pub mount: Mount,
    /// Highest rate at which frames are taken, a second; the source's own where `None`.
    pub frame_rate: Option<f32>,
    /// Whether its tracks are recorded, on a host that keeps recordings.
    pub record: bool,
    /// Which part of its picture counts; all of it where `None`.
    pub region: Option<RegionSpec>,
    /// How its picture lies on the ground, where that is known.
    pub calibration: Option<CalibrationSpec>,
    /// How its tracks are looked at, on a host that has an embedder; the defaults where `None`.
    pub embedding: Option<EmbeddingSpec>,
    /// How number plates are read, on a host that has a reader of plates; none are read where `None`.
    pub plates: Option<PlatesSpec>,
}

/// A value of [`CameraSettings`] that cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CameraSettingsError {
    /// A threshold is not in 0..=1.
    #[error("camera {camera}: {key} is {value}, it must be from 0 to 1")]
    Share {
        /// The camera.
        camera: Name,
        /// The setting.
        key: &'static str,
        /// What was given.
        value: f32,
    },
    /// The rate is not usable.
    #[error("camera {camera}: frame_rate is {value}, it must be from 0.1 to 240 frames a second")]
    FrameRate {
        /// The camera.
        camera: Name,
        /// What was given.
        value: f32,
    },
    /// A class that the model does not know.
    #[error("camera {camera}: the model knows no class {class:?}; it knows {known}")]
    Class {
        /// The camera.
        camera: Name,
        /// What was given.
        class: String,
        /// The model's classes.
        known: String,
    },
    /// The region cannot be used.
    #[error("camera {camera}: {reason}")]
    Region {
        /// The camera.
        camera: Name,
        /// Why.
        reason: RegionError,
    },
    /// The calibration cannot be used.
    #[error("camera {camera}: {reason}")]
    Calibration {
        /// The camera.
        camera: Name,
        /// Why.
        reason: CalibrationError,
    },
    /// How tracks are looked at cannot be used.
    #[error("camera {camera}: {reason}")]
    Embedding {
        /// The camera.
        camera: Name,
        /// Why.
        reason: EmbeddingError,
    },
    /// How number plates are read cannot be used.
    #[error("camera {camera}: {reason}")]
    Plates {
        /// The camera.
        camera: Name,
        /// Why.
        reason: PlatesError,
    },
    /// The tracker refuses its settings.
    #[error("camera {camera}: {reason}")]
    Tracker {
        /// The camera.
        camera: Name,
        /// Why.
        reason: String,
    },
}

impl CameraSettings {
    /// Settings with the defaults of the field: IoU 0.45, ByteTrack's five parameters.
    #[must_use]
    pub fn new(name: Name, source: SourceSpec) -> CameraSettings {
        let tracker = TrackerSettings::default();
        CameraSettings {
            name,
            source,
            confidence: tracker.lowest_confidence(),
            iou: Thresholds::default().iou,
            classes: None,
            tracker,
            mount: Mount::default(),
            frame_rate: None,
            record: false,
            region: None,
            calibration: None,
            embedding: None,
            plates: None,
        }
    }

    /// The thresholds that the detector is asked for.
    pub(crate) fn thresholds(&self) -> Thresholds {
        Thresholds { confidence: self.confidence, iou: self.iou }
    }

    /// Checks every value against its range and the model's classes.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn validate(&self, known: &[String]) -> Result<(), CameraSettingsError> {
        let camera = || self.name.clone();
        for (key, value) in [("confidence", self.confidence), ("iou", self.iou)] {
            if !(0.0..=1.0).contains(&value) {
                return Err(CameraSettingsError::Share { camera: camera(), key, value });
            }
        }
        if let Some(value) = self.frame_rate.filter(|rate| !(0.1..=240.0).contains(rate)) {
            return Err(CameraSettingsError::FrameRate { camera: camera(), value });
        }
        if let Some(class) = self.classes.iter().flatten().find(|class| !known.contains(class)) {
            let known = known.join(", ");
            return Err(CameraSettingsError::Class { camera: camera(), class: class.clone(), known });
        }
        if let Some(Err(reason)) = self.region.as_ref().map(RegionSpec::solve) {
            return Err(CameraSettingsError::Region { camera: camera(), reason });
        }
        if let Some(Err(reason)) = self.calibration.as_ref().map(CalibrationSpec::solve) {
            return Err(CameraSettingsError::Calibration { camera: camera(), reason });
        }
        if let Some(Err(reason)) = self.embedding.as_ref().map(|embedding| embedding.validate(known)) {
            return Err(CameraSettingsError::Embedding { camera: camera(), reason });
        }
        if let Some(Err(reason)) = self.plates.as_ref().map(|plates| plates.validate(known)) {
            return Err(CameraSettingsError::Plates { camera: camera(), reason });
        }
        self.tracker
            .validate()
            .map_err(|error| CameraSettingsError::Tracker { camera: camera(), reason: error.to_string() })
    }
}
