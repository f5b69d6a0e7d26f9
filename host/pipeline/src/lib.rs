//! A camera's life: source → decode → detect → track → rules → events → fan-out.
//!
//! The only place where media, inference, rules and the store meet. [`Site`] runs live cameras;
//! [`analyze`] and [`replay`] do the same for recordings, waiting where a live camera would drop.

pub mod analyze;
pub mod camera;
pub mod detector;
pub mod record;
pub mod site;
pub mod wire;

pub use camera::{
    CameraSettings, CameraStatus, Declared, Draw, Live, LiveFrame, SourceState, StageTime, StageTimes, View,
    ViewFrame, ViewSettings,
};
pub use detector::{Detector, DetectorError};
pub use site::{Site, SiteError, SiteErrorKind, SiteParts};
