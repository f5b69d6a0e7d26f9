//! Recordings of live cameras: what there is, and whether they are written.

use std::fs::File;

use ocellus_core::Name;

use super::health::ComponentHealth;
use super::{Inner, Site, SiteError};
use crate::camera::{CameraSettings, CameraStatus};
use crate::recordings::{RecordingFile, Shelf};

impl Site {
    /// The files of recordings, the oldest first: of one camera, or of all; those of removed cameras too.
    ///
    /// # Errors
    /// [`SiteError::Recordings`] where the folder cannot be read.
    pub fn recordings(&self, camera: Option<&Name>) -> Result<Vec<RecordingFile>, SiteError> {
        let Some(shelf) = self.0.shelf() else { return Ok(Vec::new()) };
        let mut files = shelf.files().map_err(SiteError::Recordings)?;
        files.retain(|file| camera.is_none_or(|camera| file.camera == *camera));
        Ok(files)
    }

    /// A file of a recording to be read, and its bytes so far.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], or [`SiteError::Recordings`] where it cannot be read.
    pub fn open_recording(&self, camera: &Name, file: &str) -> Result<(File, u64), SiteError> {
        let none = || SiteError::NotFound { what: "recording", name: format!("{camera}/{file}") };
        let shelf = self.0.shelf().ok_or_else(none)?;
        shelf.read(camera, file).map_err(SiteError::Recordings)?.ok_or_else(none)
    }

    /// None where no camera is recorded.
    pub(super) fn recordings_health(&self, cameras: &[CameraStatus]) -> Option<ComponentHealth> {
        let shelf = self.0.shelf()?;
        let recorded =
            cameras.iter().filter(|camera| camera.recording.is_some_and(|status| status.is_on)).count();
        let pause = shelf.pause.reason();
        (recorded > 0).then(|| ComponentHealth {
            name: "recordings".into(),
            ready: pause.is_none(),
            detail: pause
                .unwrap_or_else(|| format!("of {recorded} cameras, in {}", shelf.folder().display())),
        })
    }
}

impl Inner {
    /// Refuses to record where no recordings are kept.
    pub(super) fn expect_recordings(&self, settings: &CameraSettings) -> Result<(), SiteError> {
        if !settings.record || self.wiring.recorder.is_some() {
            return Ok(());
        }
        let name = &settings.name;
        Err(SiteError::Invalid(format!("camera {name} is not recorded: this host keeps no recordings")))
    }

    fn shelf(&self) -> Option<&Shelf> {
        self.wiring.recorder.as_ref().map(|recorder| &**recorder.shelf())
    }
}
