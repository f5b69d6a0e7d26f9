//! The data folder: its layout, its lock, and file writes that survive a power cut.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::StoreError;

/// An open data folder; locked against other processes while it lives.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    /// Held for its lock alone.
    _lock: File,
}

impl Folder {
    /// Creates the folder when missing, readable by its owner only since source URLs hold passwords, and locks it.
    pub(crate) fn open(root: &Path) -> Result<Folder, StoreError> {
        make(root)?;
        let path = root.join("lock");
        let failed = |error| StoreError::io("locking the data folder", &path, error);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match take(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The text only makes the message better: a holder that wrote none is unknown, not an error.
                let read = (&mut lock).take(80).read_to_string(&mut holder);
                let holder =
                    if read.is_ok() && !holder.trim().is_empty() { holder.trim() } else { "unknown" };
                return Err(StoreError::Locked { folder: root.to_owned(), holder: holder.to_owned() });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        lock.set_len(0).map_err(failed)?;
        // On a full disk the lock holds without its text.
        if let Err(error) = writeln!(lock, "process {}", std::process::id()) {
            tracing::debug!(%error, "the lock of the data folder names no process");
        }
        for part in ["plugins", "states"] {
            make(&root.join(part))?;
        }
        Ok(Folder { root: root.to_owned(), _lock: lock })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn sled(&self) -> PathBuf {
        self.root.join("sled")
    }

    pub(crate) fn mark(&self) -> PathBuf {
        self.root.join("mark")
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.root.join("plugins")
    }

    pub(crate) fn states(&self) -> PathBuf {
        self.root.join("states")
    }

    /// Leaves word for the next start that a change failed on damaged content.
    pub(crate) fn suspect(&self, why: &str) {
        let path = self.suspicion();
        if let Err(error) = fs::write(&path, why) {
            tracing::error!(%error, file = %path.display(), "the next start will not know of the damage");
        }
    }

    /// What an earlier run suspected.
    pub(crate) fn suspected(&self) -> Option<String> {
        fs::read(self.suspicion()).ok().map(|why| String::from_utf8_lossy(&why).into_owned())
    }

    /// Forgets what was suspected, once the database has been moved aside.
    pub(crate) fn forget_suspicion(&self) -> Result<(), StoreError> {
        let path = self.suspicion();
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("removing a file", &path, error))
            }
            _ => Ok(()),
        }
    }

    fn suspicion(&self) -> PathBuf {
        self.root.join("suspect")
    }

    /// The first name `sled.damaged-<n>` that nothing has yet.
    pub(crate) fn place_for_damaged(&self) -> PathBuf {
        (1_u32..)
            .map(|n| self.root.join(format!("sled.damaged-{n}")))
            .find(|path| !path.exists())
            .unwrap_or_else(|| self.root.join("sled.damaged"))
    }
}

/// Takes the lock, with a second's patience: a holder may be on its way out, and a process that starts another one
/// shares its locks with it for a moment.
fn take(lock: &File) -> Result<(), TryLockError> {
    const TRIES: u32 = 20;
    for _ in 1..TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
            taken => return taken,
        }
    }
    lock.try_lock()
}

/// Creates a folder that only its owner may read, with its parents, unless it is there.
pub(crate) fn make(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| StoreError::io("creating a folder", path, error))
}

/// How much a written file must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survives {
    /// The end of this process.
    ProcessKill,
    /// The end of power.
    PowerLoss,
}

/// Replaces or creates a file so that at any moment it has its old or its new content, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], survives: Survives) -> Result<(), StoreError> {
    let temporary = temporary_name(path);
    let written = write_new(&temporary, bytes, survives)
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| if survives == Survives::PowerLoss { sync_parent(path) } else { Ok(()) });
    written.map_err(|error| {
        // What remains of a failed write is swept at the next start, should this fail as well.
        fs::remove_file(&temporary).unwrap_or_default();
        StoreError::io("writing a file", path, error)
    })
}

fn write_new(path: &Path, bytes: &[u8], survives: Survives) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    if survives == Survives::PowerLoss { file.sync_all() } else { Ok(()) }
}

/// Makes renames and removals in the folder of `path` last.
pub(crate) fn sync_parent(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}

const TEMPORARY: &str = "tmp";

fn temporary_name(path: &Path) -> PathBuf {
    use std::sync::atomic::{AtomicU64, Ordering};
    // Two writers of the same file must not share a temporary one.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{TEMPORARY}", COUNT.fetch_add(1, Ordering::Relaxed)));
    path.with_file_name(name)
}

/// The files in `folder`; temporary ones that a killed process left are removed instead.
pub(crate) fn files_without_leftovers(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error| StoreError::io("listing a folder", folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == TEMPORARY) {
            tracing::info!(file = %path.display(), "removing what an interrupted write left");
            fs::remove_file(&path).map_err(|error| StoreError::io("removing a file", &path, error))?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
