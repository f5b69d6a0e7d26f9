//! A scene as a camera.

use std::time::{Duration, Instant};

use crate::error::SourceError;
use crate::pace::Pacer;
use crate::scene::{Scene, SceneSettings, SceneSettingsError};
use crate::source::{OpenOptions, Pace, Source, SourceInfo, SourceKind, SourcePicture};
use crate::spec::SceneAddress;
use crate::stop::{Stop, Stopped};

/// A scene that is drawn as it is read. It never ends.
pub(crate) struct SceneSource {
    name: String,
    stop: Stop,
    scene: Scene,
    info: SourceInfo,
    pacer: Option<Pacer>,
    next: u64,
}

impl SceneSource {
    pub(crate) fn open(
        address: &SceneAddress,
        options: &OpenOptions,
        stop: &Stop,
    ) -> Result<SceneSource, SourceError> {
        let name = format!("scene:{}", address.scene);
        let refused = |error: SceneSettingsError| SourceError::Open {
            source_text: name.clone(),
            reason: error.to_string(),
        };
        let settings: SceneSettings = address.scene.parse().map_err(refused)?;
        let scene = Scene::new(settings).map_err(refused)?;
        let pace = address.pace.unwrap_or(options.pace);
        let info = SourceInfo {
            size: settings.size,
            frame_rate: Some(settings.frame_rate),
            duration: None,
            frames: None,
            kind: if pace == Pace::Realtime { SourceKind::Live } else { SourceKind::Recording },
        };
        let pacer = (pace == Pace::Realtime).then(Pacer::default);
        Ok(SceneSource { name, stop: stop.clone(), scene, info, pacer, next: 0 })
    }
}

impl Source for SceneSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self) -> Result<Option<SourcePicture>, SourceError> {
        let frame = self.scene.frame(self.next);
        self.next += 1;
        let time = Duration::from_micros(frame.truth.time_us);
        let delay = self.pacer.as_mut().map_or(Duration::ZERO, |pacer| pacer.delay(Instant::now(), time));
        match self.stop.wait_for(delay) {
            Stopped::Yes => Err(SourceError::Stopped { source_text: self.name.clone() }),
            Stopped::No => Ok(Some(SourcePicture { time, picture: frame.picture })),
        }
    }
}
