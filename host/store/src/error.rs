//! What can go wrong with stored things.

use std::io;
use std::path::{Path, PathBuf};

/// Why a stored thing could not be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the data folder open.
    #[error(
        "the data folder {} is in use by another ocellus ({holder}): stop it, or choose another data folder",
        folder.display()
    )]
    Locked {
        /// The data folder.
        folder: PathBuf,
        /// What the lock says about its holder, such as `process 4711`.
        holder: String,
    },
    /// The data was written by a newer release; it is left untouched.
    #[error(
        "the data folder {} has format {found}, this release knows formats up to {known}: use the newer release, \
         or another data folder",
        folder.display()
    )]
    Newer {
        /// The data folder.
        folder: PathBuf,
        /// The format found.
        found: u32,
        /// The newest format that this release reads.
        known: u32,
    },
    /// The disk has no room left; nothing of the change was kept.
    #[error("no room left on the disk of {} while {doing}: free some space or lower the retention", path.display())]
    DiskFull {
        /// Where room was needed.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
    },
    /// The file system refused.
    #[error("{doing} failed at {}: {cause}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A stored value does not match its checksum or cannot be understood.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// The thing concerned.
        what: String,
        /// What was found.
        why: String,
    },
    /// The database engine failed while running; it accepts no more changes until it is opened anew.
    #[error("the database failed while {doing}: {cause}; restart ocellus once the disk is in order")]
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What the engine said.
        cause: String,
    },
    /// The thing to store is over its limit.
    #[error("{what} has {size} bytes, the limit is {limit}")]
    TooLarge {
        /// The thing concerned.
        what: String,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A page of events must have 1 to [`crate::PAGE_LIMIT`] rows.
    #[error("limit {found} is out of range: ask for 1 to {} events a page", crate::PAGE_LIMIT)]
    BadLimit {
        /// The refused number.
        found: usize,
    },
    /// The thing to change does not exist.
    #[error("there is no {what} {name:?}")]
    NoSuch {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl StoreError {
    /// Wraps what the system said, telling a full disk apart from other trouble.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> StoreError {
        if is_full(&source) {
            StoreError::DiskFull { path: path.to_owned(), doing }
        } else {
            StoreError::Io { doing, path: path.to_owned(), cause: source }
        }
    }

    /// A [`StoreError::Damaged`].
    pub(crate) fn damaged(what: impl Into<String>, why: impl Into<String>) -> StoreError {
        StoreError::Damaged { what: what.into(), why: why.into() }
    }
}

/// Whether the system says that the disk, or the user's share of it, is used up.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
