//! sled, contained: atomic changes, durable when acknowledged, and no panic gets out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use sled::{Batch, IVec};

use crate::error::{StoreError, is_full};
use crate::folder::Folder;
use crate::keys;
use crate::mark::Mark;
use crate::open::Durability;
use crate::room::{Purpose, Room};
use crate::tail::Tail;
use crate::value;

/// Bytes of the disk that files beside the database leave alone.
const FOR_OTHERS: u64 = 16 << 20;

/// The running database.
#[derive(Debug)]
pub(crate) struct Engine {
    /// `None` only while it is dropped.
    db: Option<sled::Db>,
    pub(crate) folder: Folder,
    room: Room,
    mark: Mark,
    durability: Durability,
    /// What the next change starts from. Its lock puts changes in order.
    latest: Mutex<Tail>,
    /// The revision up to which changes are durable. Its lock makes flushes shared: who waits finds it done.
    durable: Mutex<u64>,
    damaged: AtomicU64,
    /// Why no further change is accepted.
    broken: OnceLock<String>,
}

/// The parts an engine is put together from.
pub(crate) struct Parts {
    pub(crate) db: sled::Db,
    pub(crate) folder: Folder,
    pub(crate) room: Room,
    pub(crate) mark: Mark,
    pub(crate) durability: Durability,
    pub(crate) tail: Tail,
}

/// A change while it is put together.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) tail: Tail,
    pub(crate) batch: Batch,
}

/// Names a change; hand it to [`Engine::make_durable`] before it is acknowledged.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Revision(u64);

impl Engine {
    pub(crate) fn new(parts: Parts) -> Engine {
        let Parts { db, folder, room, mark, durability, tail } = parts;
        Engine {
            db: Some(db),
            folder,
            room,
            mark,
            durability,
            durable: Mutex::new(tail.revision),
            latest: Mutex::new(tail),
            damaged: AtomicU64::new(0),
            broken: OnceLock::new(),
        }
    }

    /// A copy of the counters as of the last change.
    pub(crate) fn tail(&self) -> Tail {
        lock(&self.latest).clone()
    }

    /// Applies a change as one whole. Changes come one after the other; `put` sees the result of the one before.
    ///
    /// The change is in memory afterwards; [`Engine::make_durable`] puts it on the disk.
    pub(crate) fn commit<R>(
        &self,
        doing: &'static str,
        purpose: Purpose,
        put: impl FnOnce(&mut Draft) -> Result<R, StoreError>,
    ) -> Result<(R, Revision), StoreError> {
        let mut latest = lock(&self.latest);
        self.check(doing)?;
        self.room.ensure(doing, purpose)?;
        let mut draft = Draft { tail: latest.clone(), batch: Batch::default() };
        draft.tail.revision += 1;
        let result = put(&mut draft)?;
        draft.batch.insert(keys::TAIL, value::seal(keys::TAIL, &draft.tail.encode()));
        let revision = Revision(draft.tail.revision);
        self.write(doing, |db| db.apply_batch(draft.batch)).inspect_err(|error| self.give_up(error))?;
        *latest = draft.tail;
        Ok((result, revision))
    }

    /// Returns once the change is on the disk. One flush serves all who wait.
    pub(crate) fn make_durable(&self, revision: Revision) -> Result<(), StoreError> {
        let mut durable = lock(&self.durable);
        if *durable >= revision.0 {
            return Ok(());
        }
        self.check("flushing")?;
        // Taken before the flush: all that it counts has been applied by now, so the flush covers it.
        let reached = self.tail();
        self.write("flushing", |db| db.flush()).inspect_err(|error| self.give_up(error))?;
        if self.durability == Durability::PowerLoss {
            self.room.sync().inspect_err(|error| self.give_up(error))?;
        }
        if let Err(error) = self.mark.set(&reached) {
            // The change itself is safe; without the mark a later loss would go unnoticed.
            tracing::warn!(%error, "the mark of acknowledged changes was not advanced");
        }
        *durable = reached.revision;
        Ok(())
    }

    /// Writes and removes rows as one whole, apart from the log of changes, not flushed.
    pub(crate) fn apply_loose(
        &self,
        doing: &'static str,
        rows: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    ) -> Result<(), StoreError> {
        self.check(doing)?;
        let adding =
            rows.iter().map(|(key, value)| value.as_ref().map_or(0, |value| key.len() + value.len()));
        self.room.ensure(doing, Purpose::Adding(adding.sum()))?;
        let mut batch = Batch::default();
        for (key, value) in rows {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.write(doing, |db| db.apply_batch(batch)).inspect_err(|error| self.give_up(error))?;
        Ok(())
    }

    /// Returns once all that was applied loosely is on the disk.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.check("flushing")?;
        self.write("flushing", |db| db.flush().map(drop)).inspect_err(|error| self.give_up(error))
    }

    /// Refuses a file of `bytes` that would leave the database too little room.
    pub(crate) fn leave_room(&self, folder: &Path, bytes: usize) -> Result<(), StoreError> {
        const DOING: &str = "storing a plugin";
        let about =
            rustix::fs::statvfs(folder).map_err(|error| StoreError::io(DOING, folder, error.into()))?;
        if about.f_bavail.saturating_mul(about.f_frsize) < bytes as u64 + FOR_OTHERS {
            return Err(StoreError::DiskFull { path: folder.to_owned(), doing: DOING });
        }
        Ok(())
    }

    /// One stored value, still sealed.
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.read(|db| db.get(key))
    }

    /// All rows that start with `prefix`, up to `limit`; still sealed.
    pub(crate) fn rows(&self, prefix: &[u8], limit: usize) -> Result<Vec<(IVec, IVec)>, StoreError> {
        self.read(|db| db.scan_prefix(prefix).take(limit).collect())
    }

    /// The last key that starts with `prefix`.
    pub(crate) fn last_key(&self, prefix: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.read(|db| db.scan_prefix(prefix).keys().next_back().transpose())
    }

    /// Counts a value that was found damaged, and says so.
    pub(crate) fn report_damaged(&self, what: &str, why: &str) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
        tracing::error!(what, why, folder = %self.folder.root().display(), "a stored value is damaged and skipped");
    }

    /// Notes that rows of so many bytes were removed, whose room will be used again.
    pub(crate) fn note_freed(&self, bytes: u64) {
        self.room.note_freed(bytes);
    }

    /// Damaged values found since the start.
    pub(crate) fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Bytes of the database's files, or 0 when the system does not say.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.contained(sled::Db::size_on_disk).unwrap_or(0)
    }

    /// Why the database accepts no more changes, if so.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.broken.get().map(String::as_str)
    }

    fn check(&self, doing: &'static str) -> Result<(), StoreError> {
        match self.broken.get() {
            Some(cause) => Err(StoreError::Failed { doing, cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// After a failed write sled's memory and its log differ: no change is accepted any more.
    fn give_up(&self, error: &StoreError) {
        if self.broken.set(error.to_string()).is_ok() {
            tracing::error!(%error, folder = %self.folder.root().display(), "the database accepts no more changes");
        }
    }

    /// Calls sled to change something.
    fn write<T>(
        &self,
        doing: &'static str,
        call: impl FnOnce(&sled::Db) -> sled::Result<T>,
    ) -> Result<T, StoreError> {
        self.contained(call).map_err(|fault| match fault {
            Fault::Engine(sled::Error::Io(error)) if is_full(&error) => {
                StoreError::DiskFull { path: self.folder.sled(), doing }
            }
            fault => {
                let cause = fault.to_string();
                if fault.speaks_of_damage() {
                    self.folder.suspect(&cause);
                }
                StoreError::Failed { doing, cause }
            }
        })
    }

    /// Calls sled to read something. What it cannot read is damage, which is counted and told.
    fn read<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        self.contained(call).map_err(|fault| match fault {
            Fault::Engine(sled::Error::Io(error)) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
                StoreError::io("reading the database", &self.folder.sled(), error)
            }
            fault => {
                let (what, why) = ("a page of the database", fault.to_string());
                self.report_damaged(what, &why);
                StoreError::damaged(what, why)
            }
        })
    }

    fn contained<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Fault> {
        let db = self.db.as_ref().ok_or(Fault::Closed)?;
        match catch_unwind(AssertUnwindSafe(|| call(db))) {
            Ok(result) => result.map_err(Fault::Engine),
            Err(panic) => Err(Fault::Panic(panic_text(&*panic))),
        }
    }
}

/// How a call of sled can fail.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Engine(sled::Error),
    #[error("{0}")]
    Panic(String),
    #[error("the database is closed")]
    Closed,
}

impl Fault {
    /// Whether the content is to blame, rather than the disk it is on.
    fn speaks_of_damage(&self) -> bool {
        match self {
            Fault::Engine(error) => !matches!(error, sled::Error::Io(_)),
            // sled unwraps some errors of the system.
            Fault::Panic(text) => !text.contains("Os {") && !text.contains("Io("),
            Fault::Closed => false,
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // sled's last flush may panic on a failing disk.
        let db = self.db.take();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(db))) {
            tracing::error!(cause = panic_text(&*panic), "the database did not close in order");
        }
    }
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a text"))
}

/// Locks; what a panicking holder left is whole, since every guarded value is replaced in one assignment.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
