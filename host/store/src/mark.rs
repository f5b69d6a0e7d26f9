//! A mark outside the database of how far changes have been acknowledged.
//!
//! sled repairs a damaged log by cutting it at the damage, in silence. The mark tells the loss afterwards, and keeps
//! sequences and handles from being given out twice. It is written after each flush without a sync of its own: a
//! killed process loses nothing of it, and a power cut leaves at worst an older mark, which claims less.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::tail::Tail;
use crate::value;

const KEY: &[u8] = b"mark";

#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    file: File,
}

impl Mark {
    /// Opens the mark and reads it; `None` when there is none or it is unreadable.
    pub(crate) fn open(path: &Path) -> Result<(Mark, Option<Tail>), StoreError> {
        let failed = |error| StoreError::io("opening the mark", path, error);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        // A mark is far smaller; a longer file is not one of ours.
        let mut bytes = vec![0; usize::try_from(length.min(1024)).unwrap_or(0)];
        file.read_exact_at(&mut bytes, 0).map_err(failed)?;
        let tail = match value::open(KEY, &bytes).map(Tail::decode) {
            Ok(Some(tail)) => Some(tail),
            _ if length == 0 => None,
            _ => {
                tracing::warn!(file = %path.display(), "the mark of acknowledged changes is unreadable and ignored");
                None
            }
        };
        Ok((Mark { path: path.to_owned(), file }, tail))
    }

    /// Records that everything up to `tail` was acknowledged.
    pub(crate) fn set(&self, tail: &Tail) -> Result<(), StoreError> {
        self.file
            .write_all_at(&value::seal(KEY, &tail.encode()), 0)
            .map_err(|error| StoreError::io("writing the mark", &self.path, error))
    }
}
