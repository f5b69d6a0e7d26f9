//! A camera's tracker, as an operator writes it.

use ocellus_core::tracker::{
    Association, BotSortSettings, ByteTrackSettings, ClassMatching, DeepSortSettings, MotionModel,
    SettingsError, TrackerKind, TrackerSettings,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which tracker follows a camera's objects, with what differs from its paper's values.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrackerSpec {
    /// bytetrack, botsort or deepsort.
    pub kind: TrackerName,
    /// Confidence from which a detection takes part in the first association (0.6); bytetrack and botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_high_thresh: Option<f32>,
    /// Confidence from which a detection takes part in the second association (0.1); bytetrack and botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_low_thresh: Option<f32>,
    /// Confidence from which a detection starts a new track (0.7); bytetrack and botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_track_thresh: Option<f32>,
    /// How long a lost track is kept, in frames of 30 a second (30).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_buffer: Option<u32>,
    /// Highest cost of the first association (0.8): 1 - overlap, or with looks the smaller of that and half the cosine
    /// distance; bytetrack and botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub match_thresh: Option<f32>,
    /// Which box of a track is compared: predicted or last-box; bytetrack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub association: Option<AssociationName>,
    /// Where the motion model's numbers come from: learnt (default) or paper; bytetrack, with last-box always paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motion: Option<MotionName>,
    /// Looks count only where 1 - overlap is at most this (0.5); botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proximity_thresh: Option<f32>,
    /// Looks count only where half the cosine distance is at most this (0.25); botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appearance_thresh: Option<f32>,
    /// Share of a track's earlier looks that a sighting leaves (0.9); botsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appearance_memory: Option<f32>,
    /// Confidence from which a detection is looked at (0.3); deepsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_confidence: Option<f32>,
    /// Sightings in a row that make a track believed (2); deepsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_init: Option<u32>,
    /// Highest cosine distance of two pictures of one object (0.2); deepsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cosine_distance: Option<f32>,
    /// Highest 1 - overlap at which boxes match where looks did not decide (0.7); deepsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_iou_distance: Option<f32>,
    /// Embeddings kept of a track (100); deepsort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gallery: Option<u32>,
    /// Frames a second that the motion model counts in, where the source does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f32>,
    /// Only join boxes of the same class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_aware: Option<bool>,
}

/// A tracker's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrackerName {
    /// By overlap, every detection counts.
    #[default]
    ByteTrack,
    /// ByteTrack with looks and a filter of widths.
    BotSort,
    /// By looks within reach of the motion.
    DeepSort,
}

/// Which box of a track is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AssociationName {
    /// Where the object should be now, as in the paper.
    Predicted,
    /// Where it was last seen, as in the reference port.
    LastBox,
}

/// Where the numbers of a motion model come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MotionName {
    /// From the boxes: how much they tremble, how objects turn, how the camera moves.
    Learnt,
    /// The constants of the paper.
    Paper,
}

/// Why a tracker cannot be made of what was written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrackerSpecError {
    /// A setting of another tracker.
    #[error("{key} is no setting of {kind}; leave it out, or use {owners}")]
    Foreign {
        /// The setting.
        key: &'static str,
        /// The tracker that was chosen.
        kind: TrackerKind,
        /// The trackers that have it.
        owners: String,
    },
    /// A value out of its range.
    #[error(transparent)]
    Value(#[from] SettingsError),
}

impl From<TrackerName> for TrackerKind {
    fn from(name: TrackerName) -> TrackerKind {
        match name {
            TrackerName::ByteTrack => TrackerKind::ByteTrack,
            TrackerName::BotSort => TrackerKind::BotSort,
            TrackerName::DeepSort => TrackerKind::DeepSort,
        }
    }
}

impl TrackerSpec {
    /// The settings that it stands for.
    ///
    /// # Errors
    /// [`TrackerSpecError`] for a setting that the chosen tracker does not have, or a value out of its range.
    pub fn settings(&self) -> Result<TrackerSettings, TrackerSpecError> {
        self.refuse_foreign()?;
        let settings: TrackerSettings = match self.kind {
            TrackerName::ByteTrack => self.bytetrack().into(),
            TrackerName::BotSort => self.botsort().into(),
            TrackerName::DeepSort => self.deepsort().into(),
        };
        settings.validate()?;
        Ok(settings)
    }

    fn refuse_foreign(&self) -> Result<(), TrackerSpecError> {
        use TrackerKind::{BotSort, ByteTrack, DeepSort};
        const BYTE: &[TrackerKind] = &[ByteTrack, BotSort];
        let keys = [
            ("track_high_thresh", self.track_high_thresh.is_some(), BYTE),
            ("track_low_thresh", self.track_low_thresh.is_some(), BYTE),
            ("new_track_thresh", self.new_track_thresh.is_some(), BYTE),
            ("match_thresh", self.match_thresh.is_some(), BYTE),
            ("association", self.association.is_some(), &[ByteTrack]),
            ("motion", self.motion.is_some(), &[ByteTrack]),
            ("proximity_thresh", self.proximity_thresh.is_some(), &[BotSort]),
            ("appearance_thresh", self.appearance_thresh.is_some(), &[BotSort]),
            ("appearance_memory", self.appearance_memory.is_some(), &[BotSort]),
            ("min_confidence", self.min_confidence.is_some(), &[DeepSort]),
            ("n_init", self.n_init.is_some(), &[DeepSort]),
            ("max_cosine_distance", self.max_cosine_distance.is_some(), &[DeepSort]),
            ("max_iou_distance", self.max_iou_distance.is_some(), &[DeepSort]),
            ("gallery", self.gallery.is_some(), &[DeepSort]),
        ];
        let kind = TrackerKind::from(self.kind);
        match keys.into_iter().find(|(_, is_given, owners)| *is_given && !owners.contains(&kind)) {
            None => Ok(()),
            Some((key, _, owners)) => {
                let owners: Vec<&str> = owners.iter().map(|owner| owner.as_str()).collect();
                Err(TrackerSpecError::Foreign { key, kind, owners: owners.join(" or ") })
            }
        }
    }

    fn bytetrack(&self) -> ByteTrackSettings {
        let default = ByteTrackSettings::default();
        ByteTrackSettings {
            track_high_thresh: self.track_high_thresh.unwrap_or(default.track_high_thresh),
            track_low_thresh: self.track_low_thresh.unwrap_or(default.track_low_thresh),
            new_track_thresh: self.new_track_thresh.unwrap_or(default.new_track_thresh),
            track_buffer: self.track_buffer.unwrap_or(default.track_buffer),
            match_thresh: self.match_thresh.unwrap_or(default.match_thresh),
            association: match self.association {
                Some(AssociationName::LastBox) => Association::LastBox,
                Some(AssociationName::Predicted) | None => Association::Predicted,
            },
            motion: match self.motion {
                Some(MotionName::Paper) => MotionModel::Paper,
                Some(MotionName::Learnt) | None => MotionModel::Learnt,
            },
            frame_rate: self.frame_rate.unwrap_or(default.frame_rate),
            class_aware: self.class_matching(),
            max_tracks: default.max_tracks,
        }
    }

    fn botsort(&self) -> BotSortSettings {
        let default = BotSortSettings::default();
        BotSortSettings {
            track_high_thresh: self.track_high_thresh.unwrap_or(default.track_high_thresh),
            track_low_thresh: self.track_low_thresh.unwrap_or(default.track_low_thresh),
            new_track_thresh: self.new_track_thresh.unwrap_or(default.new_track_thresh),
            track_buffer: self.track_buffer.unwrap_or(default.track_buffer),
            match_thresh: self.match_thresh.unwrap_or(default.match_thresh),
            proximity_thresh: self.proximity_thresh.unwrap_or(default.proximity_thresh),
            appearance_thresh: self.appearance_thresh.unwrap_or(default.appearance_thresh),
            appearance_memory: self.appearance_memory.unwrap_or(default.appearance_memory),
            frame_rate: self.frame_rate.unwrap_or(default.frame_rate),
            class_aware: self.class_matching(),
            max_tracks: default.max_tracks,
        }
    }

    fn deepsort(&self) -> DeepSortSettings {
        let default = DeepSortSettings::default();
        DeepSortSettings {
            min_confidence: self.min_confidence.unwrap_or(default.min_confidence),
            n_init: self.n_init.unwrap_or(default.n_init),
            track_buffer: self.track_buffer.unwrap_or(default.track_buffer),
            max_cosine_distance: self.max_cosine_distance.unwrap_or(default.max_cosine_distance),
            max_iou_distance: self.max_iou_distance.unwrap_or(default.max_iou_distance),
            gallery: self.gallery.unwrap_or(default.gallery),
            frame_rate: self.frame_rate.unwrap_or(default.frame_rate),
            class_aware: self.class_matching(),
            max_tracks: default.max_tracks,
        }
    }

    fn class_matching(&self) -> ClassMatching {
        if self.class_aware == Some(true) { ClassMatching::Require } else { ClassMatching::Ignore }
    }
}

/// All values written out, so that a later default changes nothing.
impl From<&TrackerSettings> for TrackerSpec {
    fn from(settings: &TrackerSettings) -> TrackerSpec {
        let common = TrackerSpec {
            frame_rate: Some(settings.frame_rate()),
            class_aware: Some(settings.class_aware() == ClassMatching::Require),
            ..TrackerSpec::default()
        };
        match settings {
            TrackerSettings::ByteTrack(settings) => TrackerSpec {
                kind: TrackerName::ByteTrack,
                track_high_thresh: Some(settings.track_high_thresh),
                track_low_thresh: Some(settings.track_low_thresh),
                new_track_thresh: Some(settings.new_track_thresh),
                track_buffer: Some(settings.track_buffer),
                match_thresh: Some(settings.match_thresh),
                association: Some(match settings.association {
                    Association::Predicted => AssociationName::Predicted,
                    Association::LastBox => AssociationName::LastBox,
                }),
                motion: Some(match settings.motion {
                    MotionModel::Learnt => MotionName::Learnt,
                    MotionModel::Paper => MotionName::Paper,
                }),
                ..common
            },
            TrackerSettings::BotSort(settings) => TrackerSpec {
                kind: TrackerName::BotSort,
                track_high_thresh: Some(settings.track_high_thresh),
                track_low_thresh: Some(settings.track_low_thresh),
                new_track_thresh: Some(settings.new_track_thresh),
                track_buffer: Some(settings.track_buffer),
                match_thresh: Some(settings.match_thresh),
                proximity_thresh: Some(settings.proximity_thresh),
                appearance_thresh: Some(settings.appearance_thresh),
                appearance_memory: Some(settings.appearance_memory),
                ..common
            },
            TrackerSettings::DeepSort(settings) => TrackerSpec {
                kind: TrackerName::DeepSort,
                min_confidence: Some(settings.min_confidence),
                n_init: Some(settings.n_init),
                track_buffer: Some(settings.track_buffer),
                max_cosine_distance: Some(settings.max_cosine_distance),
                max_iou_distance: Some(settings.max_iou_distance),
                gallery: Some(settings.gallery),
                ..common
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_of_another_tracker_is_refused_by_its_name() {
        let spec: TrackerSpec = serde_json::from_str(r#"{"kind":"deepsort","match_thresh":0.8}"#).unwrap();
        assert_eq!(
            spec.settings().unwrap_err().to_string(),
            "match_thresh is no setting of deepsort; leave it out, or use bytetrack or botsort"
        );
        let spec: TrackerSpec = serde_json::from_str(r#"{"kind":"botsort","motion":"paper"}"#).unwrap();
        assert_eq!(
            spec.settings().unwrap_err().to_string(),
            "motion is no setting of botsort; leave it out, or use bytetrack"
        );
        let spec = TrackerSpec { gallery: Some(5), ..TrackerSpec::default() };
        assert_eq!(
            spec.settings().unwrap_err().to_string(),
            "gallery is no setting of bytetrack; leave it out, or use deepsort"
        );
        let spec = TrackerSpec { track_high_thresh: Some(60.0), ..TrackerSpec::default() };
        assert_eq!(
            spec.settings().unwrap_err().to_string(),
            "track_high_thresh is 60: use a number from 0 to 1"
        );
    }

    #[test]
    fn every_tracker_comes_back_from_what_it_was_written_as() {
        for kind in TrackerKind::ALL {
            let settings = TrackerSettings::default_of(kind).at_rate(12.0);
            let text = serde_json::to_string(&TrackerSpec::from(&settings)).unwrap();
            let read: TrackerSpec = serde_json::from_str(&text).unwrap();
            assert_eq!(read.settings().unwrap(), settings, "{text}");
            assert!(text.contains(&format!("\"kind\":\"{kind}\"")), "{text}");
        }
        let by_the_paper = ByteTrackSettings { motion: MotionModel::Paper, ..ByteTrackSettings::default() };
        let spec = TrackerSpec::from(&TrackerSettings::from(by_the_paper.clone()));
        assert_eq!(spec.settings().unwrap(), by_the_paper.into());
    }
}
