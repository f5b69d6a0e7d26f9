//! Room on the disk, set aside before sled needs it.
//!
//! A full disk in the middle of a write leaves sled 0.34 unusable. So blocks beyond the end of its file are allocated
//! ahead (`fallocate` with `KEEP_SIZE`): sled's next writes cannot run out of room, and a change that would need more
//! than can be set aside is refused before sled hears of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use crate::engine::lock;
use crate::error::StoreError;

/// Room that stays set aside for changes that free room, and for sled's own housekeeping.
const FOR_FREEING: u64 = 1 << 20;
/// Room that stays set aside while new rows take the place of removed ones.
const FOR_REUSE: u64 = 4 << 20;
/// Room that must be there, on top of a change's own, before it is applied.
const FOR_CHANGES: u64 = 8 << 20;
/// Set aside at once, so that most changes find it done.
const AHEAD: u64 = 16 << 20;

/// What a change is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It adds about so many bytes.
    Adding(usize),
    /// It removes rows, and may use room that is kept from others.
    Freeing,
}

#[derive(Debug)]
pub(crate) struct Room {
    path: PathBuf,
    file: File,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Length of the file when last seen.
    length: u64,
    /// Up to this offset blocks are allocated.
    allocated: u64,
    /// Bytes of removed rows whose room has not been counted as used again.
    freed: u64,
}

impl State {
    fn has(&self, needed: u64) -> bool {
        self.allocated >= self.length.saturating_add(needed)
    }
}

impl Room {
    /// Watches over the room of sled's log file.
    pub(crate) fn open(path: &Path) -> Result<Room, StoreError> {
        let file = File::options()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| StoreError::io("opening the log", path, error))?;
        let state = Mutex::new(State { length: 0, allocated: 0, freed: 0 });
        Ok(Room { path: path.to_owned(), file, state })
    }

    /// Has the room for a change, or refuses it.
    pub(crate) fn ensure(&self, doing: &'static str, purpose: Purpose) -> Result<(), StoreError> {
        let failed = |error| StoreError::io(doing, &self.path, error);
        let length = self.file.metadata().map_err(failed)?.len();
        let mut state = lock(&self.state);
        if length < state.length {
            // sled cut the file, which gave the blocks beyond back.
            state.allocated = length;
        }
        state.length = length;
        let (needed, added) = match purpose {
            // Rows are written once, then moved along with their neighbours when a page is rewritten.
            Purpose::Adding(bytes) => (4 * bytes as u64, bytes as u64),
            Purpose::Freeing => (0, 0),
        };
        let floor = if purpose == Purpose::Freeing { FOR_FREEING } else { FOR_CHANGES };
        if state.has(floor + needed) {
            return Ok(());
        }
        for wanted in [floor + needed + AHEAD, floor + needed, FOR_REUSE + needed, FOR_FREEING] {
            match rustix::fs::fallocate(&self.file, FallocateFlags::KEEP_SIZE, length, wanted) {
                Ok(()) => {
                    state.allocated = state.allocated.max(length.saturating_add(wanted));
                    break;
                }
                Err(Errno::OPNOTSUPP | Errno::NOSYS) => return self.ask_for(doing, wanted),
                Err(Errno::NOSPC | Errno::DQUOT) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
        if state.has(floor + needed) {
            return Ok(());
        }
        // sled uses the room of removed rows again, inside its file.
        if state.freed >= added && state.has(FOR_REUSE + needed) {
            state.freed -= added;
            return Ok(());
        }
        Err(StoreError::DiskFull { path: self.path.clone(), doing })
    }

    /// Notes that rows of so many bytes were removed.
    pub(crate) fn note_freed(&self, bytes: u64) {
        let mut state = lock(&self.state);
        state.freed = state.freed.saturating_add(bytes);
    }

    /// The weaker way, on file systems that cannot set room aside: look whether it is there.
    fn ask_for(&self, doing: &'static str, wanted: u64) -> Result<(), StoreError> {
        let about = rustix::fs::fstatvfs(&self.file)
            .map_err(|error| StoreError::io(doing, &self.path, error.into()))?;
        if about.f_bavail.saturating_mul(about.f_frsize) >= wanted {
            Ok(())
        } else {
            Err(StoreError::DiskFull { path: self.path.clone(), doing })
        }
    }

    /// Has what was written survive a power cut; sled's own flush stops at the drive's cache.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|error| StoreError::io("syncing the log", &self.path, error))
    }
}
