//! Models on this machine: where they lie, which are known, and which one a name means.

mod catalogue;
mod download;
mod entry;
mod licence;
mod shelf;

pub(crate) use self::catalogue::Catalogue;
pub(crate) use self::download::{Fetched, Wanted, check_url, fetch};
pub(crate) use self::entry::{Entry, is_digest, with_values};
pub(crate) use self::licence::{is_agpl, warn_of};
pub(crate) use self::shelf::{Shelf, relative_to};

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use sha2::{Digest, Sha256};

/// The model that is part of the program.
pub(crate) const BUNDLED: &str = "scene-nano";
/// The largest model that is taken, as anywhere.
pub(crate) const MOST_BYTES: u64 = 1 << 30;

/// SHA-256 of a file, 64 hexadecimal digits.
pub(crate) fn digest(path: &Path) -> anyhow::Result<String> {
    let about = || format!("model {} cannot be read", path.display());
    let mut file = File::open(path).with_context(about)?;
    let mut hash = Sha256::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).with_context(about)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hash.update(&piece[..read]),
        }
    }
}

/// Bytes for people.
pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
