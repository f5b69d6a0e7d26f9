//! Why a model cannot be loaded or run.

use std::path::PathBuf;

use ocellus_core::embedding::{LEAST_DIMENSION, MOST_DIMENSION};

use crate::layout::SUPPORTED;
use crate::library::LibraryError;
use crate::manifest::ManifestError;

/// Why a model is refused.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// ONNX Runtime is not at hand.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The file beside the model is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The file cannot be read.
    #[error("model {path} cannot be read: {cause}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The file is larger than any model of this kind.
    #[error("model {path} has {bytes} bytes and may have at most {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The file is not the one that its `model.toml` describes.
    #[error(
        "model {path} is not the file that {manifest} describes: its sha256 is {found}, expected {expected}; get \
         the right file, or give this one a {stem}.toml of its own"
    )]
    Checksum {
        /// The model.
        path: PathBuf,
        /// The file that says what to expect.
        manifest: PathBuf,
        /// Its file name without extension.
        stem: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The file is no ONNX model, or a part of one.
    #[error("model {path} is not an ONNX model: {found}; give the .onnx file of a model")]
    NotOnnx {
        /// The file.
        path: PathBuf,
        /// What it is instead, as far as can be told.
        found: String,
    },
    /// ONNX Runtime refuses the model.
    #[error("model {path} cannot be loaded by ONNX Runtime: {reason}")]
    Load {
        /// The file.
        path: PathBuf,
        /// What ONNX Runtime says.
        reason: String,
    },
    /// The device is not at hand. It is never replaced by another one in silence.
    #[error("model {path} cannot run on {device}: {reason}")]
    Device {
        /// The file.
        path: PathBuf,
        /// The device asked for.
        device: String,
        /// What is missing and how to get it.
        reason: String,
    },
    /// It is a model, and none that this product can use.
    #[error(
        "model {path} cannot be used as a detector: {reason}; found {found}; supported: {SUPPORTED}. A model that reads texts or \
         says what objects look like needs a model.toml beside it whose [model] has the task read or embed"
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
        /// Its inputs and outputs.
        found: String,
    },
    /// It is a model, and none that gives embeddings.
    #[error(
        "model {path} cannot be used as an embedder: {reason}; found {found}; supported: one f32 input [N, 3, height, \
         width] or [N, height, width, 3] and one f32 output [N, D] with D from {LEAST_DIMENSION} to {MOST_DIMENSION}"
    )]
    NoEmbedder {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
        /// Its inputs and outputs.
        found: String,
    },
    /// It is a model, and none that reads plates.
    #[error(
        "model {path} cannot be used as a reader of plates: {reason}; found {found}; supported: one f32 or u8 input [N, 3 or \
         1, height, width] or [N, height, width, 3 or 1] and an f32 output [N, columns, characters]"
    )]
    NoReader {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
        /// Its inputs and outputs.
        found: String,
    },
    /// It is a detector, and none of number plates.
    #[error("model {path} finds no number plates: {reason}")]
    NoPlates {
        /// The file.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// Its classes are not those that it, or the `model.toml`, claims.
    #[error("model {path} has the wrong classes: {reason}")]
    Classes {
        /// The file.
        path: PathBuf,
        /// The two claims, and what to do.
        reason: String,
    },
}

/// Why a loaded model could not be run on a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InferenceError {
    /// ONNX Runtime failed.
    #[error("model {model} failed: {reason}")]
    Run {
        /// The model's name.
        model: String,
        /// What ONNX Runtime says.
        reason: String,
    },
    /// The output is not what it was when the model was loaded.
    #[error(
        "model {model} gave an output of shape {found:?}, expected {expected:?}; its shape must not change"
    )]
    Shape {
        /// The model's name.
        model: String,
        /// The shape of this run.
        found: Vec<i64>,
        /// The shape that the model had when it was loaded; -1 where it may vary.
        expected: Vec<i64>,
    },
}
