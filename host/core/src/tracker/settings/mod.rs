//! The settings of the trackers.

mod botsort;
mod bytetrack;
mod deepsort;
mod range;

pub use self::botsort::BotSortSettings;
pub use self::bytetrack::{Association, ByteTrackSettings, MotionModel};
pub use self::deepsort::DeepSortSettings;
use self::range::check;

/// Whether a detection may continue a track of another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ClassMatching {
    /// It may: models waver between car and truck. The track reports the class it was seen as most.
    #[default]
    Ignore,
    /// It may not.
    Require,
}

/// Which tracker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TrackerKind {
    /// Every detection counts, by overlap alone (Zhang et al. 2022).
    #[default]
    ByteTrack,
    /// The same with looks, camera motion and a filter of widths (Aharon et al. 2022).
    BotSort,
    /// By looks within reach of the motion, those seen last first (Wojke et al. 2017).
    DeepSort,
}

impl TrackerKind {
    /// All of them.
    pub const ALL: [TrackerKind; 3] = [TrackerKind::ByteTrack, TrackerKind::BotSort, TrackerKind::DeepSort];

    /// The name in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            TrackerKind::ByteTrack => "bytetrack",
            TrackerKind::BotSort => "botsort",
            TrackerKind::DeepSort => "deepsort",
        }
    }
}

impl std::fmt::Display for TrackerKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which tracker follows the objects of a camera, with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum TrackerSettings {
    /// ByteTrack.
    ByteTrack(ByteTrackSettings),
    /// BoT-SORT.
    BotSort(BotSortSettings),
    /// DeepSORT.
    DeepSort(DeepSortSettings),
}

impl Default for TrackerSettings {
    fn default() -> TrackerSettings {
        TrackerSettings::default_of(TrackerKind::default())
    }
}

impl From<ByteTrackSettings> for TrackerSettings {
    fn from(settings: ByteTrackSettings) -> TrackerSettings {
        TrackerSettings::ByteTrack(settings)
    }
}

impl From<BotSortSettings> for TrackerSettings {
    fn from(settings: BotSortSettings) -> TrackerSettings {
        TrackerSettings::BotSort(settings)
    }
}

impl From<DeepSortSettings> for TrackerSettings {
    fn from(settings: DeepSortSettings) -> TrackerSettings {
        TrackerSettings::DeepSort(settings)
    }
}

impl TrackerSettings {
    /// A tracker with the values of its paper, but for what else was measured to be better: the motion model of
    /// ByteTrack and `n_init` of DeepSORT.
    #[must_use]
    pub fn default_of(kind: TrackerKind) -> TrackerSettings {
        match kind {
            TrackerKind::ByteTrack => ByteTrackSettings::default().into(),
            TrackerKind::BotSort => BotSortSettings::default().into(),
            TrackerKind::DeepSort => DeepSortSettings::default().into(),
        }
    }

    /// Which tracker it is.
    #[must_use]
    pub fn kind(&self) -> TrackerKind {
        match self {
            TrackerSettings::ByteTrack(_) => TrackerKind::ByteTrack,
            TrackerSettings::BotSort(_) => TrackerKind::BotSort,
            TrackerSettings::DeepSort(_) => TrackerKind::DeepSort,
        }
    }

    /// Checks every value.
    ///
    /// # Errors
    /// [`SettingsError`] for the first value out of its range.
    pub fn validate(&self) -> Result<(), SettingsError> {
        match self {
            TrackerSettings::ByteTrack(settings) => settings.validate(),
            TrackerSettings::BotSort(settings) => settings.validate(),
            TrackerSettings::DeepSort(settings) => settings.validate(),
        }
    }

    /// The nominal frames a second.
    #[must_use]
    pub fn frame_rate(&self) -> f32 {
        match self {
            TrackerSettings::ByteTrack(settings) => settings.frame_rate,
            TrackerSettings::BotSort(settings) => settings.frame_rate,
            TrackerSettings::DeepSort(settings) => settings.frame_rate,
        }
    }

    /// The same at another nominal rate.
    #[must_use]
    pub fn at_rate(mut self, frame_rate: f32) -> TrackerSettings {
        match &mut self {
            TrackerSettings::ByteTrack(settings) => settings.frame_rate = frame_rate,
            TrackerSettings::BotSort(settings) => settings.frame_rate = frame_rate,
            TrackerSettings::DeepSort(settings) => settings.frame_rate = frame_rate,
        }
        self
    }

    /// The most tracks alive at once.
    #[must_use]
    pub fn max_tracks(&self) -> u32 {
        match self {
            TrackerSettings::ByteTrack(settings) => settings.max_tracks,
            TrackerSettings::BotSort(settings) => settings.max_tracks,
            TrackerSettings::DeepSort(settings) => settings.max_tracks,
        }
    }

    /// The confidence below which detections are of no use to it, 0..1.
    #[must_use]
    pub fn lowest_confidence(&self) -> f32 {
        match self {
            TrackerSettings::ByteTrack(settings) => settings.track_low_thresh,
            TrackerSettings::BotSort(settings) => settings.track_low_thresh,
            TrackerSettings::DeepSort(settings) => settings.min_confidence,
        }
    }

    /// Whether classes must agree.
    #[must_use]
    pub fn class_aware(&self) -> ClassMatching {
        match self {
            TrackerSettings::ByteTrack(settings) => settings.class_aware,
            TrackerSettings::BotSort(settings) => settings.class_aware,
            TrackerSettings::DeepSort(settings) => settings.class_aware,
        }
    }

    /// How long a track out of sight is kept, in seconds.
    #[must_use]
    pub fn buffer_seconds(&self) -> f64 {
        let buffer = match self {
            TrackerSettings::ByteTrack(settings) => settings.track_buffer,
            TrackerSettings::BotSort(settings) => settings.track_buffer,
            TrackerSettings::DeepSort(settings) => settings.track_buffer,
        };
        f64::from(buffer) / 30.0
    }
}

/// A setting out of its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{key} is {value}: {remedy}")]
pub struct SettingsError {
    /// The setting's name.
    pub key: &'static str,
    /// What it was set to.
    pub value: String,
    /// What would be right.
    pub remedy: String,
}

/// Checks what all trackers have: the nominal rate, the buffer, the most tracks.
fn check_limits(frame_rate: f32, track_buffer: u32, max_tracks: u32) -> Result<(), SettingsError> {
    check("frame_rate", frame_rate, 0.001..=1000.0)?;
    check("track_buffer", track_buffer, 0..=108_000)?;
    check("max_tracks", max_tracks, 1..=10_000)
}

/// Checks that the unsure detections are below the sure ones.
fn check_order(low: f32, high: f32) -> Result<(), SettingsError> {
    if low <= high {
        return Ok(());
    }
    Err(SettingsError {
        key: "track_low_thresh",
        value: low.to_string(),
        remedy: format!("use at most track_high_thresh, which is {high}"),
    })
}
