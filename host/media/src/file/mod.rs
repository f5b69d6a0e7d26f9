//! Video files.
//!
//! Rotation metadata is ignored: pictures come as they are stored, so a phone's upright clip may lie on
//! its side. Pixels are taken as square.

mod recording;

use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::SourceError;
use crate::ffmpeg::Guard;
use crate::pace::Pacer;
use crate::source::{OpenOptions, Pace, Repeat, Source, SourceInfo, SourcePicture};
use crate::spec::FileAddress;
use crate::stop::{Stop, Stopped};
use recording::{Recording, Shot};

/// A recording ends as it should if no more than this is missing of its declared length.
const TOLERATED_GAP: Duration = Duration::from_secs(1);

/// A video file, once or in a loop, paced or not.
pub(crate) struct FileSource {
    name: String,
    guard: Guard,
    options: OpenOptions,
    recording: Recording,
    info: SourceInfo,
    first: Option<Shot>,
    pacer: Option<Pacer>,
    /// Media time at which the current pass through the file began.
    pass_start: Duration,
    last_time: Option<Duration>,
    damaged_before: u64,
    is_over: bool,
}

impl FileSource {
    pub(crate) fn open(
        file: &FileAddress,
        options: &OpenOptions,
        stop: &Stop,
    ) -> Result<FileSource, SourceError> {
        let name = file.path.display().to_string();
        let mut options = options.clone();
        options.pace = file.pace.unwrap_or(options.pace);
        options.repeat = file.repeat.unwrap_or(options.repeat);
        check(&file.path).map_err(|reason| SourceError::Open { source_text: name.clone(), reason })?;
        let guard = Guard::new(stop);
        guard.arm(options.open_timeout);
        let mut recording = Recording::open(&file.path, &guard, options.threads).map_err(|reason| {
            if stop.is_stopped() {
                SourceError::Stopped { source_text: name.clone() }
            } else {
                SourceError::Open { source_text: name.clone(), reason }
            }
        })?;
        let no_picture = |reason: String| SourceError::Open { source_text: name.clone(), reason };
        let first = recording.next().map_err(no_picture)?.ok_or_else(|| {
            no_picture(format!(
                "none of its frames could be decoded ({} damaged, codec {})",
                recording.damaged(),
                recording.codec()
            ))
        })?;
        let pacer = (options.pace == Pace::Realtime).then(Pacer::default);
        Ok(FileSource {
            info: recording.info(first.picture.size()),
            name,
            guard,
            options,
            recording,
            first: Some(first),
            pacer,
            pass_start: Duration::ZERO,
            last_time: None,
            damaged_before: 0,
            is_over: false,
        })
    }

    fn next_shot(&mut self) -> Result<Option<Shot>, SourceError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        self.guard.arm(self.options.read_timeout);
        let shot = self.recording.next().map_err(|reason| self.lost(reason))?;
        if shot.is_some() || self.guard.stop().is_stopped() {
            return Ok(shot);
        }
        if self.options.repeat == Repeat::Once {
            self.check_end()?;
            return Ok(None);
        }
        if let Err(error) = self.check_end() {
            tracing::debug!(%error, "the loop starts again");
        }
        self.start_again()
    }

    fn start_again(&mut self) -> Result<Option<Shot>, SourceError> {
        // A fresh start gives the same pictures in every pass, which seeking does not promise.
        self.guard.arm(self.options.open_timeout);
        let mut again = Recording::open_path(&self.recording, &self.guard, self.options.threads)
            .map_err(|reason| self.lost(reason))?;
        self.damaged_before += self.recording.damaged();
        self.pass_start += self.recording.reached();
        let first = again.next().map_err(|reason| self.lost(reason))?;
        self.recording = again;
        match first {
            Some(first) if first.picture.size() == self.info.size => Ok(Some(first)),
            Some(_) => Err(self.lost("the file was replaced by one of another size".to_owned())),
            None => Err(self.lost("no frame could be decoded any more".to_owned())),
        }
    }

    fn check_end(&self) -> Result<(), SourceError> {
        if let Some((declared, reached)) = self.recording.shortfall(TOLERATED_GAP) {
            return Err(SourceError::EndedEarly { source_text: self.name.clone(), declared, reached });
        }
        match self.recording.failure() {
            Some(failure) if self.info.duration.is_none() => Err(self.lost(failure.to_owned())),
            _ => Ok(()),
        }
    }

    fn lost(&self, reason: String) -> SourceError {
        SourceError::Lost { source_text: self.name.clone(), reason }
    }

    fn stopped(&self) -> SourceError {
        SourceError::Stopped { source_text: self.name.clone() }
    }

    fn wait_until_due(&mut self, time: Duration) -> Result<(), SourceError> {
        let Some(pacer) = &mut self.pacer else { return Ok(()) };
        let delay = pacer.delay(Instant::now(), time);
        match self.guard.stop().wait_for(delay) {
            Stopped::Yes => Err(self.stopped()),
            Stopped::No => Ok(()),
        }
    }
}

impl Source for FileSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn read(&mut self) -> Result<Option<SourcePicture>, SourceError> {
        if self.is_over {
            return Ok(None);
        }
        if self.guard.stop().is_stopped() {
            return Err(self.stopped());
        }
        let shot = self.next_shot();
        self.is_over = !matches!(shot, Ok(Some(_)));
        if self.is_over && self.guard.stop().is_stopped() {
            return Err(self.stopped());
        }
        let Some(shot) = shot? else { return Ok(None) };
        let mut time = self.pass_start + shot.time;
        if let Some(last) = self.last_time {
            time = time.max(last + Duration::from_micros(1));
        }
        self.wait_until_due(time)?;
        self.last_time = Some(time);
        Ok(Some(SourcePicture { time, picture: shot.picture }))
    }

    fn damaged(&self) -> u64 {
        self.damaged_before + self.recording.damaged()
    }
}

/// What the file system can tell before FFmpeg says "invalid data" to everything.
fn check(path: &Path) -> Result<(), String> {
    let found = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound if path.is_absolute() => {
            "there is no such file; check the path".to_owned()
        }
        std::io::ErrorKind::NotFound => {
            let folder = std::env::current_dir()
                .map_or_else(|_| ".".to_owned(), |folder| folder.display().to_string());
            format!("there is no such file in {folder}; check the path")
        }
        std::io::ErrorKind::PermissionDenied => {
            "this user may not read it; change its permissions".to_owned()
        }
        _ => error.to_string(),
    })?;
    if found.is_dir() {
        return Err("it is a folder; name a video file in it".to_owned());
    }
    if !found.is_file() {
        return Err("it is not a regular file; name a video file, or usb:0 for a camera".to_owned());
    }
    if found.len() == 0 {
        return Err("the file is empty; it may not have been copied completely".to_owned());
    }
    std::fs::File::open(path).map(drop).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "this user may not read it; change its permissions".to_owned()
        }
        _ => error.to_string(),
    })
}
