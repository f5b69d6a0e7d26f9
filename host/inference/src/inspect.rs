//! A model of any task, told apart by what it says and by its shapes.

use std::fmt;
use std::path::{Path, PathBuf};

use ort::value::ValueType;

use crate::embed::EmbeddingModel;
use crate::error::ModelError;
use crate::info::ExecutionProvider;
use crate::manifest::Task;
use crate::model::{Model, Opened, open};
use crate::options::ModelOptions;
use crate::read::ReaderModel;

/// A model of any task.
#[derive(Debug)]
pub enum AnyModel {
    /// It finds objects.
    Detector(Model),
    /// It says what they look like.
    Embedder(EmbeddingModel),
    /// It reads number plates.
    Reader(ReaderModel),
}

impl AnyModel {
    /// Loads the ONNX model at `path` as what its `model.toml` says that it is, else as what its output looks like: one
    /// row of numbers a picture is an embedding. A model whose characters are named there reads.
    ///
    /// # Errors
    /// [`ModelError`] as from [`Model::load`], [`EmbeddingModel::load`] or [`ReaderModel::load`].
    pub fn load(path: impl AsRef<Path>, options: &ModelOptions) -> Result<AnyModel, ModelError> {
        let path = path.as_ref();
        let opened = open(path, options)?;
        let task = opened.manifest.model.task.unwrap_or_else(|| by_shape(&opened));
        match task {
            Task::Detect => Model::judge(path, opened).map(AnyModel::Detector),
            Task::Embed => EmbeddingModel::judge(path, opened).map(AnyModel::Embedder),
            Task::Read => ReaderModel::judge(path, opened).map(AnyModel::Reader),
        }
    }
}

/// What there is to know of any model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts<'m> {
    /// As a `model.toml` names it.
    pub task: &'static str,
    /// From `model.toml`, else the file's name without extension.
    pub name: &'m str,
    /// SHA-256 of the file, 64 hexadecimal digits.
    pub sha256: &'m str,
    /// The licence that it, or its `model.toml`, states.
    pub licence: Option<&'m str>,
    /// The `model.toml` that was used.
    pub manifest: Option<&'m Path>,
}

impl AnyModel {
    /// What there is to know of it, whatever its task.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        match self {
            AnyModel::Detector(model) => {
                let info = model.info();
                Facts {
                    task: "detect",
                    name: &info.name,
                    sha256: &info.sha256,
                    licence: info.licence.as_deref(),
                    manifest: info.manifest.as_deref(),
                }
            }
            AnyModel::Embedder(model) => model.info().file.facts("embed"),
            AnyModel::Reader(model) => model.info().file.facts("read"),
        }
    }
}

fn by_shape(opened: &Opened) -> Task {
    if opened.manifest.output.alphabet.is_some() {
        return Task::Read;
    }
    match opened.session.outputs() {
        [output] => match output.dtype() {
            ValueType::Tensor { shape, .. } if shape.len() == 2 => Task::Embed,
            ValueType::Tensor { shape, .. } if shape.len() == 4 && shape[2..] == [1, 1] => Task::Embed,
            _ => Task::Detect,
        },
        _ => Task::Detect,
    }
}

impl fmt::Display for AnyModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnyModel::Detector(model) => model.info().fmt(f),
            AnyModel::Embedder(model) => model.info().fmt(f),
            AnyModel::Reader(model) => model.info().fmt(f),
        }
    }
}

/// The file of a loaded model, and what ONNX Runtime runs it on.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFile {
    /// From `model.toml`, else the file's name without extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 of it, 64 hexadecimal digits.
    pub sha256: String,
    /// What computes.
    pub provider: ExecutionProvider,
    /// Version of the ONNX operators that it uses.
    pub opset: Option<u32>,
    /// The program that wrote it.
    pub producer: Option<String>,
    /// As it describes itself.
    pub description: Option<String>,
    /// The licence that it, or its `model.toml`, states.
    pub licence: Option<String>,
    /// Where it is from, according to its `model.toml`.
    pub source: Option<String>,
    /// The `model.toml` that was used.
    pub manifest: Option<PathBuf>,
    /// The ONNX Runtime library.
    pub library: PathBuf,
}

impl ModelFile {
    pub(crate) fn of(path: &Path, opened: &Opened) -> ModelFile {
        let metadata = &opened.metadata;
        ModelFile {
            name: opened.name(path),
            path: path.to_owned(),
            bytes: opened.bytes,
            sha256: opened.sha256.clone(),
            provider: opened.provider.clone(),
            opset: metadata.opset,
            producer: metadata.producer.clone(),
            description: metadata.description.clone(),
            licence: opened.licence(),
            source: opened.manifest.model.source.clone(),
            manifest: opened.manifest_path.clone(),
            library: opened.library.clone(),
        }
    }

    pub(crate) fn facts(&self, task: &'static str) -> Facts<'_> {
        Facts {
            task,
            name: &self.name,
            sha256: &self.sha256,
            licence: self.licence.as_deref(),
            manifest: self.manifest.as_deref(),
        }
    }

    /// The lines before those on input and output.
    pub(crate) fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {}", "model", self.name)?;
        writeln!(f, "{:<12} {} ({} bytes)", "file", self.path.display(), self.bytes)?;
        writeln!(f, "{:<12} {}", "sha256", self.sha256)
    }

    /// The lines after them, the last one without its end.
    pub(crate) fn tail(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {}", "runs on", self.provider)?;
        writeln!(f, "{:<12} {}", "licence", self.licence.as_deref().unwrap_or("not stated"))?;
        for (key, value) in
            [("source", &self.source), ("description", &self.description), ("written by", &self.producer)]
        {
            if let Some(value) = value {
                writeln!(f, "{key:<12} {value}")?;
            }
        }
        if let Some(opset) = self.opset {
            writeln!(f, "{:<12} {opset}", "opset")?;
        }
        if let Some(manifest) = &self.manifest {
            writeln!(f, "{:<12} {}", "model.toml", manifest.display())?;
        }
        write!(f, "{:<12} {}", "library", self.library.display())
    }
}
