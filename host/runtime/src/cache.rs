//! Compiled components on disk.
//!
//! A file is named after the component's digest and the engine's version and settings, so a stale one is
//! never found. Loading compiled code is as trusting as running a program, so the folder must be ours alone
//! and each file carries a checksum; a file that does not hold is removed and compiled again. The cache is
//! never needed: whatever fails here costs time only.

use std::fs::{self, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::lifecycle::Digest;

/// First bytes of a cache file.
pub(crate) const MAGIC: &[u8; 8] = b"OCELLUS\x01";
const HEADER: usize = MAGIC.len() + 32;
/// Files kept; the oldest go.
const FILES: usize = 128;
/// Bytes of a file that is read; a compiled interpreter has some tens of millions.
const FILE_BYTES: u64 = 512 << 20;

pub(crate) struct Cache {
    dir: PathBuf,
    engine: String,
}

impl Cache {
    /// Opens or makes the folder; `None`, with the reason logged, when it cannot serve.
    pub(crate) fn open(dir: &Path, engine: &Engine) -> Option<Cache> {
        if let Err(error) = make_private(dir) {
            tracing::warn!(dir = %dir.display(), %error, "compiled plugins are not cached");
            return None;
        }
        let engine = engine_digest(engine).to_string()[..16].to_owned();
        let cache = Cache { dir: dir.to_owned(), engine };
        if let Err(error) = cache.prune() {
            tracing::debug!(dir = %dir.display(), %error, "cannot prune the cache of compiled plugins");
        }
        Some(cache)
    }

    /// The compiled form of the component with this digest, if there is a sound one.
    pub(crate) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let path = self.path(digest);
        let size = fs::metadata(&path).ok()?.len();
        let loaded = if size <= FILE_BYTES {
            fs::read(&path).map_err(|error| error.to_string()).and_then(|file| read(engine, &file))
        } else {
            Err(format!("{size} bytes"))
        };
        match loaded {
            Ok(component) => Some(component),
            Err(reason) => {
                tracing::warn!(path = %path.display(), reason, "damaged compiled plugin; compiling it again");
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps the compiled form, whole or not at all.
    pub(crate) fn store(&self, digest: &Digest, component: &Component) {
        let path = self.path(digest);
        let stored = component
            .serialize()
            .map_err(|error| error.to_string())
            .and_then(|code| self.write(&path, &code).map_err(|error| error.to_string()));
        if let Err(reason) = stored {
            tracing::warn!(path = %path.display(), reason, "cannot keep a compiled plugin");
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(format!("{digest}-{}.cwasm", self.engine))
    }

    fn write(&self, path: &Path, code: &[u8]) -> std::io::Result<()> {
        // One name a process and file: two threads that compile the same component write the same bytes,
        // and the later rename wins.
        let temporary =
            path.with_extension(format!("{}-{:?}.tmp", std::process::id(), std::thread::current().id()));
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(MAGIC)?;
                file.write_all(&Sha256::digest(code))?;
                file.write_all(code)?;
                file.sync_data()
            })
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Removes what a crash left half written, and the oldest files beyond [`FILES`].
    fn prune(&self) -> std::io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("tmp") if is_abandoned(&path) => fs::remove_file(&path)?,
                Some("cwasm") => {
                    let modified = fs::metadata(&path)?.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                    files.push((modified, path));
                }
                _ => {}
            }
        }
        files.sort();
        let excess = files.len().saturating_sub(FILES);
        files.iter().take(excess).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

/// Another process may be writing a young one.
fn is_abandoned(path: &Path) -> bool {
    let age = fs::metadata(path).and_then(|file| file.modified()).ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_secs(3600))
}

fn read(engine: &Engine, file: &[u8]) -> Result<Component, String> {
    let (header, code) = file.split_at_checked(HEADER).ok_or("it is too short")?;
    let (magic, checksum) = header.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err("it does not start as one".to_owned());
    }
    if Sha256::digest(code).as_slice() != checksum {
        return Err("its checksum is wrong".to_owned());
    }
    #[expect(
        unsafe_code,
        reason = "the code was written by this engine's version (name and wasmtime's own header) into a folder \
                  that only this user can write, and its checksum holds"
    )]
    let component = unsafe { Component::deserialize(engine, code) };
    component.map_err(|error| format!("{error:#}"))
}

/// The same for engines whose code runs in each other.
pub(crate) fn engine_digest(engine: &Engine) -> Digest {
    let mut hasher = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Digest::of(&hasher.0.finalize())
}

/// Makes `dir` for this user alone, or checks that it is.
#[cfg(unix)]
fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};

    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let found = fs::metadata(dir)?;
    if found.permissions().mode() & 0o022 != 0 {
        return Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            "others can write to the folder; remove their permission with `chmod go-w`",
        ));
    }
    // A file made now carries the owner that this process writes as.
    let mark = dir.join(format!(".owner-{}-{:?}", std::process::id(), std::thread::current().id()));
    let owner = fs::File::create(&mark).and_then(|file| file.metadata()).map(|metadata| metadata.uid());
    let _ = fs::remove_file(&mark);
    if owner? == found.uid() {
        return Ok(());
    }
    Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, "the folder belongs to another user"))
}

#[cfg(not(unix))]
fn make_private(dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(dir)
}

/// Feeds what is hashed into SHA-256, since the standard hasher's result may change with the compiler.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        u64::from_le_bytes(std::array::from_fn(|index| digest[index]))
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}
