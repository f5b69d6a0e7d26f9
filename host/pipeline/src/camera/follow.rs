//! A camera's tracker, with what measures the camera's own motion.

use ocellus_core::tracker::{Observed, SettingsError, Tracked, Tracker, TrackerSettings};
use ocellus_core::{Picture, Rect};
use ocellus_media::CameraMotionFlow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a camera stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mount {
    /// It looks at the same place all the time.
    #[default]
    Fixed,
    /// It pans, zooms, or is carried: its motion is measured in the picture and taken out of the tracks' motion.
    Moving,
}

/// Follows the objects of one camera.
#[derive(Debug)]
pub(crate) struct Follower {
    tracker: Tracker,
    flow: Option<CameraMotionFlow>,
    /// Where the last picture shows what may move by itself.
    objects: Vec<Rect>,
}

impl Follower {
    pub(crate) fn new(settings: TrackerSettings, mount: Mount) -> Result<Follower, SettingsError> {
        let flow = match mount {
            Mount::Fixed => None,
            Mount::Moving => Some(CameraMotionFlow::new()),
        };
        Ok(Follower { tracker: Tracker::new(settings)?, flow, objects: Vec::new() })
    }

    /// Numbers tracks from `first` on.
    pub(crate) fn numbered_from(self, first: u64) -> Follower {
        Follower { tracker: self.tracker.numbered_from(first), ..self }
    }

    /// The highest track number given so far; 0 before the first.
    pub(crate) fn last_id(&self) -> u64 {
        self.tracker.last_id()
    }

    /// Takes a frame in. The picture is only looked at where the camera moves.
    pub(crate) fn update(&mut self, picture: Option<&Picture>, observed: &Observed<'_>) -> Tracked<'_> {
        let motion = match (&mut self.flow, picture) {
            (Some(flow), Some(picture)) => flow.measure(picture, &self.objects),
            _ => None,
        };
        if self.flow.is_some() {
            self.objects.clear();
            self.objects.extend(observed.detections.iter().map(|detection| detection.rect));
        }
        self.tracker.update(&observed.with_camera_motion(motion))
    }
}
