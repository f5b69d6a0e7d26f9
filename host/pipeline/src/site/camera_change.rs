//! Changes of a camera that goes on meanwhile: its region, its calibration, and whether it is recorded.

use ocellus_core::Name;
use ocellus_store::CameraDeclaration;

use super::{Site, SiteError, now_us, stored};
use crate::camera::lane::LaneMessage;
use crate::camera::{CalibrationSpec, CameraSettings, CameraStatus, Declared, RegionSpec};

/// How far the sides of two pictures of one shape may be from the same ratio: scaling rounds.
const SAME_SHAPE: f64 = 1.02;

impl Site {
    /// Says which part of a camera's picture counts, from its next picture on; all of it where `None`. Kept over
    /// restarts. Tracks go on; those that are now outside end as if they were seen no more.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], [`SiteError::ReadOnly`] for a camera of the config file, [`SiteError::Camera`] for a region
    /// that cannot be used, or the database's.
    pub fn set_region(&self, name: &Name, region: Option<RegionSpec>) -> Result<CameraStatus, SiteError> {
        self.change_camera(name, |settings| settings.region = region)
    }

    /// Says how a camera's picture lies on the ground, from its next frame on; not at all where `None`. Kept over
    /// restarts. Speeds are measured anew.
    ///
    /// # Errors
    /// As those of [`Site::set_region`].
    pub fn set_calibration(
        &self,
        name: &Name,
        calibration: Option<CalibrationSpec>,
    ) -> Result<CameraStatus, SiteError> {
        self.expect_shape(name, calibration.as_ref())?;
        self.change_camera(name, |settings| settings.calibration = calibration)
    }

    /// Refuses the calibration of another camera's pictures, where this one's are known.
    fn expect_shape(&self, name: &Name, calibration: Option<&CalibrationSpec>) -> Result<(), SiteError> {
        let Some([width, height]) = calibration.and_then(|calibration| calibration.size) else {
            return Ok(());
        };
        let Some(size) = self.camera(name)?.size else { return Ok(()) };
        let shape = |width: u32, height: u32| f64::from(width) / f64::from(height.max(1));
        let ratio = shape(width, height) / shape(size.width, size.height);
        if (1.0 / SAME_SHAPE..=SAME_SHAPE).contains(&ratio) {
            return Ok(());
        }
        Err(SiteError::Invalid(format!(
            "calibration.size is {width}x{height}, and the pictures of camera {name} are {size}, which is another shape; give the \
             size of the pictures in which the matrix was measured"
        )))
    }

    /// Records a camera's tracks from its next frame on, or no more. Kept over restarts.
    ///
    /// # Errors
    /// As those of [`Site::set_region`], and [`SiteError::Invalid`] on a host that keeps no recordings.
    pub fn record_camera(&self, name: &Name, is_on: bool) -> Result<CameraStatus, SiteError> {
        self.change_camera(name, |settings| settings.record = is_on)
    }

    fn change_camera(
        &self,
        name: &Name,
        change: impl FnOnce(&mut CameraSettings),
    ) -> Result<CameraStatus, SiteError> {
        let _turn = self.0.take_turn_alone("camera", name)?;
        let found = self.0.cameras().get(name).map(|entry| (entry.declared, entry.settings.clone()));
        let (declared, mut settings) = found.ok_or_else(|| SiteError::no_camera(name))?;
        match declared {
            Declared::Config => return Err(self.0.read_only("camera", name)),
            Declared::Rest => {}
        }
        change(&mut settings);
        settings.validate(&self.0.wiring.classes)?;
        self.0.expect_recordings(&settings)?;
        // Written first: what a restart finds is what was acknowledged.
        let declaration = CameraDeclaration {
            name: name.clone(),
            source: settings.source.expose().to_owned(),
            settings: stored::to_json(&settings),
        };
        self.0.database.put_camera(&declaration, now_us())?;
        let told = match self.0.cameras_mut().get_mut(name) {
            Some(entry) => entry.change(settings)?.map(|command| (entry.lane(), command)),
            None => None,
        };
        if let Some((lane, command)) = told {
            // A full inbox empties with the lane's next frames.
            let _ = lane.send(LaneMessage::Tell(command));
        }
        self.camera(name)
    }
}
