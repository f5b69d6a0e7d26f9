//! Changes of a camera that goes on meanwhile: its region, its calibration, and whether it is recorded.

use ocellus_core::Name;
use ocellus_store::CameraDeclaration;

use super::turn::Subject;
use super::{Site, SiteError, now_us, stored};
use crate::camera::lane::LaneMessage;
use crate::camera::{
    CalibrationSpec, CameraSettings, CameraSettingsError, CameraStatus, Declared, RegionSpec,
};

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
        calibration.as_ref().map_or(Ok(()), |calibration| self.expect_shape(name, calibration))?;
        self.change_camera(name, |settings| settings.calibration = calibration)
    }

    /// Refuses the calibration of another camera's pictures, where this one's are known.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], or [`SiteError::Camera`].
    pub fn expect_shape(&self, name: &Name, calibration: &CalibrationSpec) -> Result<(), SiteError> {
        let fits = self.camera(name)?.size.map_or(Ok(()), |size| calibration.fits(size));
        let refused = |reason| CameraSettingsError::Calibration { camera: name.clone(), reason };
        fits.map_err(|reason| SiteError::Camera(refused(reason)))
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
        let _turn = self.0.take_turn(Subject::Camera(name.clone()))?;
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
