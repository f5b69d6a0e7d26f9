//! A camera's settings as the database keeps them.

use ocellus_core::Name;
use ocellus_core::tracker::{Association, ByteTrackSettings, ClassMatching};
use ocellus_media::SourceSpec;
use serde::{Deserialize, Serialize};

use crate::camera::{CalibrationSpec, CameraSettings};

/// The stored row; fields added later need a default, so that older rows stay readable.
#[derive(Debug, Serialize, Deserialize)]
struct StoredCamera {
    confidence: f32,
    iou: f32,
    classes: Option<Vec<String>>,
    frame_rate: Option<f32>,
    tracker: StoredTracker,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calibration: Option<CalibrationSpec>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredTracker {
    track_high_thresh: f32,
    track_low_thresh: f32,
    new_track_thresh: f32,
    track_buffer: u32,
    match_thresh: f32,
    last_box: bool,
    class_aware: bool,
}

/// The row of `settings`, without name and source, which stand beside it.
pub(crate) fn to_json(settings: &CameraSettings) -> String {
    let tracker = &settings.tracker;
    let row = StoredCamera {
        confidence: settings.confidence,
        iou: settings.iou,
        classes: settings.classes.clone(),
        frame_rate: settings.frame_rate,
        calibration: settings.calibration.clone(),
        tracker: StoredTracker {
            track_high_thresh: tracker.track_high_thresh,
            track_low_thresh: tracker.track_low_thresh,
            new_track_thresh: tracker.new_track_thresh,
            track_buffer: tracker.track_buffer,
            match_thresh: tracker.match_thresh,
            last_box: tracker.association == Association::LastBox,
            class_aware: tracker.class_aware == ClassMatching::Require,
        },
    };
    // Plain numbers and texts: writing them cannot fail.
    serde_json::to_string(&row).unwrap_or_default()
}

/// Reads a row back.
pub(crate) fn from_json(name: Name, source: &str, text: &str) -> Result<CameraSettings, String> {
    let row: StoredCamera = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let source = SourceSpec::parse(source).map_err(|error| error.to_string())?;
    let tracker = ByteTrackSettings {
        track_high_thresh: row.tracker.track_high_thresh,
        track_low_thresh: row.tracker.track_low_thresh,
        new_track_thresh: row.tracker.new_track_thresh,
        track_buffer: row.tracker.track_buffer,
        match_thresh: row.tracker.match_thresh,
        association: if row.tracker.last_box { Association::LastBox } else { Association::Predicted },
        class_aware: if row.tracker.class_aware { ClassMatching::Require } else { ClassMatching::Ignore },
        ..ByteTrackSettings::default()
    };
    Ok(CameraSettings {
        name,
        source,
        confidence: row.confidence,
        iou: row.iou,
        classes: row.classes,
        tracker,
        frame_rate: row.frame_rate,
        calibration: row.calibration,
    })
}
