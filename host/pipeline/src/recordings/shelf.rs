//! The files of recordings on the disk: what they are called, which there are, and which go.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use ocellus_core::{Name, TimeUs};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::Pause;

/// Digits of a file's name: enough for any time, so that names sort as times do.
const DIGITS: usize = 20;
/// Files are packed; what an earlier version left is not.
const ENDINGS: [&str; 2] = [".jsonl.gz", ".jsonl"];
/// A packed file in which nothing stands has its own header at most.
const EMPTY: u64 = 20;

/// A file of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingFile {
    /// The camera.
    pub camera: Name,
    /// The file's name in the camera's folder.
    pub file: String,
    /// Time of its first frame.
    pub from: TimeUs,
    /// When it was last written to, by the disk's clock.
    pub written: TimeUs,
    /// Its bytes.
    pub bytes: u64,
    /// Whether it is being written.
    pub is_open: bool,
}

/// Where recordings are.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    open: Mutex<BTreeSet<PathBuf>>,
    pub(crate) pause: Pause,
}

impl Shelf {
    pub(crate) fn new(folder: PathBuf) -> Shelf {
        Shelf { folder, open: Mutex::default(), pause: Pause::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file for a camera; its folder is made where it is missing.
    pub(super) fn create(&self, camera: &Name, from: TimeUs) -> io::Result<(PathBuf, File)> {
        let folder = self.folder.join(camera.as_str());
        fs::create_dir_all(&folder)?;
        let path = folder.join(file_name(from));
        let file = File::create_new(&path)?;
        self.open().insert(path.clone());
        Ok((path, file))
    }

    /// A file is written to no more; one in which nothing stands goes.
    pub(super) fn close(&self, path: &Path) {
        self.open().remove(path);
        if fs::metadata(path).is_ok_and(|facts| facts.len() < EMPTY) {
            // What does not go now is the oldest some time.
            let _ = fs::remove_file(path);
        }
    }

    /// All files, the oldest first. Files that are not ours are left out.
    pub(crate) fn files(&self) -> io::Result<Vec<RecordingFile>> {
        let mut files = Vec::new();
        let folders = match fs::read_dir(&self.folder) {
            Ok(folders) => folders,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            Err(error) => return Err(error),
        };
        for folder in folders {
            let folder = folder?;
            let camera = folder.file_name().to_str().and_then(|name| Name::new(name).ok());
            let Some(camera) = camera.filter(|_| folder.path().is_dir()) else { continue };
            for entry in fs::read_dir(folder.path())? {
                files.extend(self.file(&camera, &entry?));
            }
        }
        files.sort_by(|a, b| (a.from, &a.camera).cmp(&(b.from, &b.camera)));
        Ok(files)
    }

    /// None for what is not ours, or has just gone.
    fn file(&self, camera: &Name, entry: &fs::DirEntry) -> Option<RecordingFile> {
        let file = entry.file_name().to_str()?.to_owned();
        let from = start_of(&file)?;
        let facts = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        let written = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let is_open = self.open().contains(&entry.path());
        Some(RecordingFile {
            camera: camera.clone(),
            file,
            from,
            written: TimeUs(0) + written,
            bytes: facts.len(),
            is_open,
        })
    }

    /// Opens a file to be read; none where there is no such recording.
    pub(crate) fn read(&self, camera: &Name, file: &str) -> io::Result<Option<(File, u64)>> {
        if start_of(file).is_none() {
            return Ok(None);
        }
        let path = self.folder.join(camera.as_str()).join(file);
        // What is listed, and nothing that a link leads to, or that would be waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::RDONLY;
        let file = match rustix::fs::open(&path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let facts = file.metadata()?;
        Ok(facts.is_file().then_some((file, facts.len())))
    }

    /// Removes files in which nothing stands: those of a host that was killed before it wrote.
    pub(super) fn clear(&self) -> io::Result<()> {
        for RecordingFile { camera, file, .. } in
            self.files()?.iter().filter(|file| file.bytes < EMPTY && !file.is_open)
        {
            fs::remove_file(self.folder.join(camera.as_str()).join(file))?;
        }
        Ok(())
    }

    /// Removes the oldest files until all together have at most `most` bytes; those that are being written stay.
    pub(super) fn trim(&self, most: u64) -> io::Result<()> {
        let files = self.files()?;
        let mut total: u64 = files.iter().map(|file| file.bytes).sum();
        for RecordingFile { camera, file, bytes, .. } in files.iter().filter(|file| !file.is_open) {
            if total <= most {
                break;
            }
            let path = self.folder.join(camera.as_str()).join(file);
            match fs::remove_file(&path) {
                Ok(()) => tracing::debug!(%camera, %file, "an old recording was removed"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            total = total.saturating_sub(*bytes);
        }
        Ok(())
    }

    fn open(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(from: TimeUs) -> String {
    format!("{:0DIGITS$}{}", from.0, ENDINGS[0])
}

/// The time of a file's first frame; none where no recording is called so.
fn start_of(file: &str) -> Option<TimeUs> {
    let digits = ENDINGS.iter().find_map(|ending| file.strip_suffix(ending))?;
    let is_time = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_time.then(|| digits.parse().ok().map(TimeUs)).flatten()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn camera() -> Name {
        Name::new("gate").unwrap()
    }

    fn write(shelf: &Shelf, from: u64, bytes: usize) -> PathBuf {
        let (path, mut file) = shelf.create(&camera(), TimeUs(from)).unwrap();
        file.write_all(&vec![b'x'; bytes]).unwrap();
        path
    }

    #[test]
    fn the_oldest_go_and_what_is_being_written_or_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("recordings"));
        assert_eq!(shelf.files().unwrap(), []);
        let first = write(&shelf, 7, 100);
        for from in [1_000, 900] {
            let path = write(&shelf, from, 100);
            shelf.close(&path);
        }
        fs::write(first.with_file_name("notes.txt"), [0; 500]).unwrap();
        shelf.trim(250).unwrap();
        let left: Vec<u64> = shelf.files().unwrap().iter().map(|file| file.from.0).collect();
        assert_eq!(left, [7, 1_000]);
        shelf.trim(0).unwrap();
        let left = shelf.files().unwrap();
        assert!(left.len() == 1 && left[0].is_open && left[0].bytes == 100, "{left:?}");
        assert!(first.with_file_name("notes.txt").is_file());
    }

    #[test]
    fn only_what_is_called_as_a_recording_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("recordings"));
        write(&shelf, 7, 100);
        fs::write(folder.path().join("secret"), "x").unwrap();
        let (_, bytes) = shelf.read(&camera(), "00000000000000000007.jsonl.gz").unwrap().unwrap();
        assert_eq!(bytes, 100);
        for name in [
            "../../secret",
            "7.jsonl",
            "00000000000000000008.jsonl",
            "0000000000000000000a.jsonl.gz",
            "00000000000000000007.gz",
            "",
        ] {
            assert!(shelf.read(&camera(), name).unwrap().is_none(), "{name}");
        }
        let folder = folder.path().join("recordings/gate");
        std::os::unix::fs::symlink("/etc/passwd", folder.join("00000000000000000009.jsonl.gz")).unwrap();
        fs::create_dir(folder.join("00000000000000000010.jsonl.gz")).unwrap();
        for name in ["00000000000000000009.jsonl.gz", "00000000000000000010.jsonl.gz"] {
            assert!(shelf.read(&camera(), name).unwrap().is_none(), "{name}");
        }
    }

    #[test]
    fn files_in_which_nothing_stands_are_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(folder.path().join("recordings"));
        shelf.clear().unwrap();
        for (from, bytes) in [(1, 0), (2, 10), (3, 500), (4, 0)] {
            let path = write(&shelf, from, bytes);
            if from < 4 {
                shelf.open().remove(&path);
            }
        }
        shelf.clear().unwrap();
        let left: Vec<u64> = shelf.files().unwrap().iter().map(|file| file.from.0).collect();
        assert_eq!(left, [3, 4], "one that is being written stays");
    }
}
