//! A camera's settings as the database keeps them.

use ocellus_core::Name;
use ocellus_core::tracker::TrackerSettings;
use ocellus_media::SourceSpec;
use serde::{Deserialize, Serialize};

use crate::camera::{
    AssociationName, CalibrationSpec, CameraSettings, EmbeddingSpec, Mount, PlatesSpec, RegionSpec,
    TrackerSpec, TrackerSpecError,
};

/// The stored row; fields added later need a default, so that older rows stay readable.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCamera {
    confidence: f32,
    iou: f32,
    classes: Option<Vec<String>>,
    frame_rate: Option<f32>,
    tracker: StoredTracker,
    #[serde(default)]
    mount: Mount,
    #[serde(default)]
    record: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<RegionSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calibration: Option<CalibrationSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    embedding: Option<EmbeddingSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    plates: Option<PlatesSpec>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum StoredTracker {
    Spec(TrackerSpec),
    Older(OlderTracker),
}

/// A row of the time when there was one tracker.
#[derive(Debug, Serialize, Deserialize)]
struct OlderTracker {
    track_high_thresh: f32,
    track_low_thresh: f32,
    new_track_thresh: f32,
    track_buffer: u32,
    match_thresh: f32,
    last_box: bool,
    class_aware: bool,
}

impl StoredTracker {
    fn settings(self) -> Result<TrackerSettings, TrackerSpecError> {
        match self {
            StoredTracker::Spec(spec) => spec.settings(),
            StoredTracker::Older(older) => TrackerSpec {
                track_high_thresh: Some(older.track_high_thresh),
                track_low_thresh: Some(older.track_low_thresh),
                new_track_thresh: Some(older.new_track_thresh),
                track_buffer: Some(older.track_buffer),
                match_thresh: Some(older.match_thresh),
                association: older.last_box.then_some(AssociationName::LastBox),
                class_aware: Some(older.class_aware),
                ..TrackerSpec::default()
            }
            .settings(),
        }
    }
}

/// The row of `settings`, without name and source, which stand beside it.
pub(crate) fn to_json(settings: &CameraSettings) -> String {
    let row = StoredCamera {
        confidence: settings.confidence,
        iou: settings.iou,
        classes: settings.classes.clone(),
        frame_rate: settings.frame_rate,
        record: settings.record,
        region: settings.region.clone(),
        calibration: settings.calibration.clone(),
        mount: settings.mount,
        embedding: settings.embedding.clone(),
        plates: settings.plates.clone(),
        tracker: StoredTracker::Spec(TrackerSpec::from(&settings.tracker)),
    };
    // Plain numbers and texts: writing them cannot fail.
    serde_json::to_string(&row).unwrap_or_default()
}

/// Reads a row back.
pub(crate) fn from_json(name: Name, source: &str, text: &str) -> Result<CameraSettings, String> {
    let row: StoredCamera = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let source = SourceSpec::parse(source).map_err(|error| error.to_string())?;
    let tracker = row.tracker.settings().map_err(|error| error.to_string())?;
    Ok(CameraSettings {
        name,
        source,
        confidence: row.confidence,
        iou: row.iou,
        classes: row.classes,
        tracker,
        frame_rate: row.frame_rate,
        record: row.record,
        region: row.region,
        calibration: row.calibration,
        mount: row.mount,
        embedding: row.embedding,
        plates: row.plates,
    })
}

#[cfg(test)]
mod tests {
    use ocellus_core::tracker::{Association, ByteTrackSettings, TrackerKind};

    use super::*;

    #[test]
    fn a_row_of_the_time_with_one_tracker_is_still_read() {
        let row = r#"{"confidence":0.1,"iou":0.45,"classes":null,"frame_rate":null,"tracker":{"track_high_thresh":0.5,
            "track_low_thresh":0.2,"new_track_thresh":0.6,"track_buffer":60,"match_thresh":0.9,"last_box":true,
            "class_aware":true}}"#;
        let settings = from_json(Name::new("gate").unwrap(), "scene:road", row).unwrap();
        let TrackerSettings::ByteTrack(tracker) = settings.tracker else { panic!("{settings:?}") };
        let expected = ByteTrackSettings {
            track_high_thresh: 0.5,
            track_low_thresh: 0.2,
            new_track_thresh: 0.6,
            track_buffer: 60,
            match_thresh: 0.9,
            association: Association::LastBox,
            class_aware: ocellus_core::tracker::ClassMatching::Require,
            ..ByteTrackSettings::default()
        };
        assert_eq!(tracker, expected);
    }

    #[test]
    fn every_tracker_comes_back_from_its_row() {
        for kind in TrackerKind::ALL {
            let name = Name::new("gate").unwrap();
            let mut settings = CameraSettings::new(name.clone(), SourceSpec::parse("scene:road").unwrap());
            settings.tracker = TrackerSettings::default_of(kind);
            settings.mount = Mount::Moving;
            settings.plates = Some(PlatesSpec { budget: 3, ..PlatesSpec::default() });
            let read = from_json(name, "scene:road", &to_json(&settings)).unwrap();
            assert_eq!((read.tracker, read.mount), (settings.tracker, settings.mount));
            assert_eq!(read.plates, settings.plates);
        }
    }
}
