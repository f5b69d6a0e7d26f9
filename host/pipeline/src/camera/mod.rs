//! One camera: its settings, its state, and the threads that carry its frames.

pub(crate) mod appearance;
mod calibration;
pub(crate) mod claim;
pub(crate) mod clock;
pub(crate) mod encode;
pub(crate) mod feed;
pub(crate) mod follow;
mod ground_grid;
pub(crate) mod ingest;
pub(crate) mod lane;
mod live;
mod meter;
pub(crate) mod numbers;
pub(crate) mod plates;
pub(crate) mod region;
mod settings;
mod status;
mod tracker;
mod view;

pub use appearance::{EmbeddingError, EmbeddingSpec};
pub use calibration::{CalibrationError, CalibrationSpec, KnownPoint, OnMap, SolvedCalibration};
pub use follow::Mount;
pub use ground_grid::CalibrationTrial;
pub use live::{Live, LiveFrame};
pub use meter::{StageTime, StageTimes};
pub use plates::{PlatePrivacy, PlatesError, PlatesSpec, SeenPlate, TrackPlate};
pub use region::{IgnoredCounts, Region, RegionError, RegionSpec};
pub use settings::{CameraSettings, CameraSettingsError};
pub use status::{CameraStatus, Declared, SourceState};
pub use tracker::{AssociationName, MotionName, TrackerName, TrackerSpec, TrackerSpecError};
pub use view::{Draw, View, ViewFrame, ViewSettings, ViewSettingsError};

pub(crate) use live::Publisher;
pub(crate) use meter::Meter;
pub(crate) use status::SourceCell;
pub(crate) use view::Views;
