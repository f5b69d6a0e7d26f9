//! A camera's life: source → decode → detect → track → rules → events → fan-out.
//!
//! The only place where media, inference, rules and the store meet. [`Site`] runs live cameras;
//! [`recorded`] does the same for recordings, waiting where a live camera would drop.

pub mod camera;
pub mod detector;
mod embedder;
mod embeddings;
pub mod journal;
mod reader;
mod readings;
pub mod record;
pub mod recorded;
mod recordings;
pub mod site;
pub mod wire;

pub use camera::{
    AssociationName, CalibrationError, CalibrationSpec, CalibrationTrial, CameraSettings,
    CameraSettingsError, CameraStatus, Declared, Draw, EmbeddingError, EmbeddingSpec, IgnoredCounts,
    KnownPoint, Live, LiveFrame, MotionName, Mount, OnMap, PlatePrivacy, PlatesError, PlatesSpec, Region,
    RegionError, RegionSpec, SeenPlate, SolvedCalibration, SourceState, StageTime, StageTimes, TrackPlate,
    TrackerName, TrackerSpec, TrackerSpecError, View, ViewFrame, ViewSettings, ViewSettingsError,
};
pub use detector::{Detector, DetectorError};
pub use embedder::{Embedder, EmbedderError, LiveEmbedder, LookCounts};
pub use ocellus_store::{
    EventPage, EventQuery, NewTransition, Order, TransitionQuery, TransitionRecord, WriterCounters,
};
pub use reader::{LiveReader, ReadCounts, Reader, ReaderError};
pub use recordings::{RecordingFile, RecordingSettings, RecordingStatus};
pub use site::{
    Activation, Comparison, ComponentHealth, DeclaredRule, Difference, HandedOver, Health, HealthState,
    NotKept, PluginStatus, PolicyError, RuleCameraStatus, RuleJournal, RuleLogLine, RulePolicy, RuleSettings,
    RuleStatus, ShadowStatus, ShutdownReport, Side, Site, SiteError, SiteErrorKind, SiteParts, SiteSettings,
    SwappedCamera, WebhookCounts,
};
