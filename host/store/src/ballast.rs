//! Room that is given up so that a host starts on a full disk: sled writes while it opens.

use std::fs::{self, File};
use std::path::PathBuf;

use rustix::fs::FallocateFlags;

use crate::folder::Folder;

/// Bytes kept for that; sled's snapshot and its log's next segments fit.
const SIZE: u64 = 24 << 20;

fn path(folder: &Folder) -> PathBuf {
    folder.root().join("ballast")
}

/// Sets the room aside, where there is plenty besides.
pub(crate) fn take(folder: &Folder) {
    let path = path(folder);
    if fs::metadata(&path).is_ok_and(|file| file.len() >= SIZE) {
        return;
    }
    let filled = File::create(&path).and_then(|file| {
        let about = rustix::fs::fstatvfs(&file)?;
        if about.f_bavail.saturating_mul(about.f_frsize) < 4 * SIZE {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        Ok(rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, SIZE)?)
    });
    if let Err(error) = filled {
        tracing::debug!(%error, file = %path.display(), "no room set aside for a start on a full disk");
        let _ = fs::remove_file(&path);
    }
}

/// Gives it up; whether there was any.
pub(crate) fn drop(folder: &Folder) -> bool {
    let path = path(folder);
    let dropped = fs::remove_file(&path).is_ok();
    if dropped {
        tracing::warn!(file = %path.display(), "the disk is full; starting on the room kept for that, so free some space");
    }
    dropped
}
