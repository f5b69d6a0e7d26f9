//! Where recordings are written: one open file a camera.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use ocellus_core::{Name, Size, TimeUs};

use super::{RecordedSight, RecordingSettings, Shelf};
use crate::record::{Facts, RecordHeader, RecordWriter};

/// How long recording pauses before the disk is tried again.
const PAUSE: Duration = Duration::from_secs(5);
/// How often it is looked whether old files have to go.
const TRIM: Duration = Duration::from_secs(10);
const MIB: u64 = 1 << 20;

pub(super) struct Desk {
    settings: RecordingSettings,
    shelf: Arc<Shelf>,
    open: BTreeMap<Name, OpenFile>,
    /// None while recording goes on.
    retry: Option<Instant>,
    next_trim: Option<Instant>,
}

/// A camera's file that is being written.
struct OpenFile {
    path: PathBuf,
    out: RecordWriter<GzEncoder<Tally>>,
    size: Size,
    first: TimeUs,
    last: u64,
    /// Whether something was written since the last flush, which costs some bytes each.
    is_new: bool,
}

/// A file that knows how much was written to it.
struct Tally {
    file: BufWriter<File>,
    bytes: u64,
}

impl Tally {
    /// All that was written stands on the disk when this returns.
    fn sync(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_data()
    }
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Desk {
    pub(super) fn new(settings: RecordingSettings, shelf: Arc<Shelf>) -> Desk {
        if let Err(error) = shelf.clear() {
            tracing::warn!(%error, "empty recordings were not removed");
        }
        Desk { settings, shelf, open: BTreeMap::new(), retry: None, next_trim: None }
    }

    /// Writes a frame, or counts that it was not.
    pub(super) fn frame(&mut self, sight: &RecordedSight, now: Instant) {
        if self.retry.is_some_and(|retry| now < retry) {
            return sight.counts.miss();
        }
        match self.write(sight) {
            Ok(()) => {
                sight.counts.write();
                self.retry = None;
            }
            Err(error) => {
                sight.counts.miss();
                // What stands in it is read as cut off.
                if let Some(file) = self.open.remove(&sight.camera) {
                    self.shelf.close(&file.path);
                }
                self.pause(&error, now);
            }
        }
    }

    fn write(&mut self, sight: &RecordedSight) -> io::Result<()> {
        if self.retry.is_some() || !self.open.contains_key(&sight.camera) {
            self.expect_room()?;
        }
        let goes_on = self.open.get_mut(&sight.camera).is_some_and(|file| file.takes(sight, &self.settings));
        if !goes_on {
            self.end(&sight.camera);
            let file = OpenFile::create(&self.shelf, sight)?;
            self.open.insert(sight.camera.clone(), file);
        }
        let Some(file) = self.open.get_mut(&sight.camera) else { return Ok(()) };
        (file.last, file.is_new) = (sight.info.sequence, true);
        let facts = Facts { embeddings: &sight.embeddings, readings: &sight.readings };
        file.out.frame(sight.info.sequence, sight.info.time, &sight.tracks, facts)
    }

    /// Whether the disk has as much room as is to be left free.
    fn expect_room(&self) -> io::Result<()> {
        let folder = self.shelf.folder();
        std::fs::create_dir_all(folder).map_err(|error| {
            io::Error::new(error.kind(), format!("the folder {} cannot be made: {error}", folder.display()))
        })?;
        let disk = rustix::fs::statvfs(folder)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let wanted = self.settings.keep_free_bytes;
        if free >= wanted {
            return Ok(());
        }
        let text = format!(
            "{} MiB are free on the disk of {}, and recordings.keep_free_mib leaves {} MiB to others; free some space",
            free / MIB,
            folder.display(),
            wanted / MIB
        );
        Err(io::Error::new(io::ErrorKind::StorageFull, text))
    }

    /// Recording rests for a while; whatever is open ends, since frames will be missing after it.
    fn pause(&mut self, error: &io::Error, now: Instant) {
        self.end_all();
        self.retry = Some(now + PAUSE);
        self.shelf.pause.set(Some(format!("recordings are not written: {error}")));
    }

    /// Everything so far stands on the disk when this returns. Old files go where there are too many.
    pub(super) fn flush(&mut self, now: Instant) {
        let flushed = self.open.values_mut().try_for_each(OpenFile::flush);
        let kept = flushed.and_then(|()| match self.open.is_empty() {
            true => Ok(()),
            false => self.expect_room(),
        });
        match kept {
            Err(error) => self.pause(&error, now),
            // It goes on once something stands on the disk again, and not when it is tried.
            Ok(()) if self.retry.is_none() => self.shelf.pause.set(None),
            Ok(()) => {}
        }
        if self.next_trim.is_none_or(|next| now >= next) {
            self.next_trim = Some(now + TRIM);
            self.trim();
        }
    }

    /// A camera is recorded no more.
    pub(super) fn end(&mut self, camera: &Name) {
        let Some(OpenFile { path, out, .. }) = self.open.remove(camera) else { return };
        if let Err(error) = out.finish().and_then(GzEncoder::finish).and_then(|mut tally| tally.sync()) {
            tracing::warn!(%camera, %error, "a recording was not ended");
        }
        self.shelf.close(&path);
        self.trim();
    }

    pub(super) fn end_all(&mut self) {
        let cameras: Vec<Name> = self.open.keys().cloned().collect();
        cameras.iter().for_each(|camera| self.end(camera));
    }

    fn trim(&self) {
        if let Err(error) = self.shelf.trim(self.settings.max_bytes) {
            tracing::warn!(%error, "old recordings were not removed");
        }
    }
}

impl OpenFile {
    fn create(shelf: &Shelf, sight: &RecordedSight) -> io::Result<OpenFile> {
        let (path, file) = shelf.create(&sight.camera, sight.info.time)?;
        let header = RecordHeader {
            camera: sight.camera.clone(),
            size: sight.info.size,
            classes: sight.classes.to_vec(),
            has_embeddings: sight.holds.embeddings,
            has_readings: sight.holds.readings,
        };
        let tally = Tally { file: BufWriter::with_capacity(1 << 16, file), bytes: 0 };
        let packer = GzEncoder::new(tally, Compression::default());
        let out = RecordWriter::new(packer, &header).inspect_err(|_| shelf.close(&path))?;
        let (size, first, last) = (sight.info.size, sight.info.time, sight.info.sequence);
        Ok(OpenFile { path, out, size, first, last, is_new: true })
    }

    /// Whether a frame goes on where this file stands.
    fn takes(&mut self, sight: &RecordedSight, settings: &RecordingSettings) -> bool {
        sight.info.size == self.size
            && self.last.checked_add(1) == Some(sight.info.sequence)
            && sight.info.time.since(self.first) < settings.file_span
            && self.out.out().get_ref().bytes < settings.file_bytes
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.is_new {
            return Ok(());
        }
        self.out.out().flush()?;
        self.out.out().get_mut().sync()?;
        // What goes into a file without a name is lost.
        if !self.path.exists() {
            let text = format!("{} was removed while it was written", self.path.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        self.is_new = false;
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
