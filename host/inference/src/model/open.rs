//! Opening a model file: read, checked, and taken by ONNX Runtime.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ort::session::Session as OrtSession;
use sha2::{Digest, Sha256};

use super::build;
use crate::error::ModelError;
use crate::info::ExecutionProvider;
use crate::library::library;
use crate::manifest::{Manifest, Task};
use crate::metadata::{Metadata, describe_ports};
use crate::options::ModelOptions;

/// The largest file that is read.
const MAX_BYTES: u64 = 1 << 30;

/// A model that ONNX Runtime has taken, before it is known whether it is of any use.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) session: OrtSession,
    pub(crate) provider: ExecutionProvider,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_path: Option<PathBuf>,
    pub(crate) metadata: Metadata,
    /// Bytes of the file.
    pub(crate) bytes: u64,
    /// Of the file, 64 hexadecimal digits.
    pub(crate) sha256: String,
    /// Its inputs and outputs, for messages.
    pub(crate) ports: String,
    pub(crate) library: PathBuf,
}

/// Opens the file at `path`, with the `model.toml` beside it.
pub(crate) fn open(path: &Path, options: &ModelOptions) -> Result<Opened, ModelError> {
    let library = library()?;
    let bytes = read(path)?;
    refuse_other_files(path, &bytes)?;
    let (manifest_path, manifest) = match Manifest::beside(path)? {
        Some((found, manifest)) => (Some(found), manifest),
        None => (None, Manifest::default()),
    };
    let sha256 = check_sum(path, &bytes, manifest_path.as_deref(), &manifest)?;
    let (session, provider) = build::build(&library.environment, path, &bytes, options)?;
    Ok(Opened {
        provider,
        metadata: Metadata::of(&session),
        ports: describe_ports(&session),
        session,
        manifest,
        manifest_path,
        bytes: bytes.len() as u64,
        sha256,
        library: library.path.clone(),
    })
}

impl Opened {
    /// Refuses what `model.toml` says and only makes sense for another task, or that it is for another task.
    pub(crate) fn check_task(&self, task: Task) -> Result<(), ModelError> {
        match &self.manifest_path {
            Some(path) => Ok(self.manifest.check_task(path, task)?),
            None => Ok(()),
        }
    }

    /// From `model.toml`, else the file's name without extension.
    pub(crate) fn name(&self, path: &Path) -> String {
        self.manifest.model.name.clone().unwrap_or_else(|| stem(path))
    }

    /// What it or its `model.toml` states.
    pub(crate) fn licence(&self) -> Option<String> {
        self.manifest.model.licence.clone().or_else(|| self.metadata.licence.clone())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    let failed = |cause| ModelError::Read { path: path.to_owned(), cause };
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let mut content = Vec::new();
    if bytes <= MAX_BYTES {
        // The size may lie (a pipe has none), so reading is bounded too.
        file.take(MAX_BYTES + 1).read_to_end(&mut content).map_err(failed)?;
    }
    let bytes = bytes.max(content.len() as u64);
    if bytes > MAX_BYTES {
        return Err(ModelError::TooLarge { path: path.to_owned(), bytes, limit: MAX_BYTES });
    }
    Ok(content)
}

/// Files that are often taken for a model. Everything else is left for ONNX Runtime to judge.
fn refuse_other_files(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let start = bytes.get(..bytes.len().min(64)).unwrap_or_default().trim_ascii_start().to_ascii_lowercase();
    let found = if bytes.is_empty() {
        "it is empty"
    } else if start.starts_with(b"version https://git-lfs") {
        "it is a pointer to a file in Git LFS; fetch it with `git lfs pull`"
    } else if start.starts_with(b"<!doctype") || start.starts_with(b"<html") {
        "it is a web page; the download went wrong"
    } else if start.starts_with(b"pk\x03\x04") {
        "it is a zip archive, perhaps of PyTorch weights; export the model to ONNX"
    } else if bytes.get(4..8) == Some(b"ORTM") {
        "it is in ONNX Runtime's own format"
    } else if bytes.get(4..8) == Some(b"TFL3") {
        "it is a TensorFlow Lite model; export the model to ONNX"
    } else {
        return Ok(());
    };
    Err(ModelError::NotOnnx { path: path.to_owned(), found: found.to_owned() })
}

fn check_sum(
    path: &Path,
    bytes: &[u8],
    manifest_path: Option<&Path>,
    manifest: &Manifest,
) -> Result<String, ModelError> {
    let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    match (&manifest.model.sha256, manifest_path) {
        (Some(expected), Some(manifest)) if !expected.eq_ignore_ascii_case(&found) => {
            Err(ModelError::Checksum {
                path: path.to_owned(),
                manifest: manifest.to_owned(),
                stem: stem(path),
                expected: expected.to_ascii_lowercase(),
                found,
            })
        }
        _ => Ok(found),
    }
}

pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
}
