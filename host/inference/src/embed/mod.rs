//! Models that say what an object looks like: loading, checking, running.

mod info;
mod ports;
mod probe;
mod session;

use std::path::Path;
use std::sync::Arc;

use ort::session::Session as OrtSession;

pub use self::info::EmbedderInfo;
pub use self::session::{Crop, EmbeddingSession};

use self::ports::Ports;
use crate::error::ModelError;
use crate::inspect::ModelFile;
use crate::manifest::{ColourOrder, Fit, Input, Scale, Task};
use crate::model::{Opened, open};
use crate::options::ModelOptions;
use crate::preprocess::{Shift, Wish};

/// An embedding model that has been loaded, tried, and found usable.
#[derive(Debug)]
pub struct EmbeddingModel {
    session: OrtSession,
    info: Arc<EmbedderInfo>,
}

impl EmbeddingModel {
    /// Loads the ONNX model at `path` and everything that there is to know about it.
    ///
    /// What is not in a `model.toml` beside it is taken as models of people and vehicles are commonly exported: input
    /// `[N, 3, height, width]`, red before blue, 0..1 less the mean of ImageNet over its deviation, the part of the
    /// picture stretched over the whole input. Size, layout and dimension are the model's own.
    ///
    /// The model is run on two pictures, alone and in a batch where it takes batches: it must tell them apart, and must
    /// say the same of a picture in a batch.
    ///
    /// # Errors
    /// [`ModelError`]: as for [`Model::load`](crate::Model::load), or the model gives no embeddings; the message says
    /// what was found and what to do.
    pub fn load(path: impl AsRef<Path>, options: &ModelOptions) -> Result<EmbeddingModel, ModelError> {
        let path = path.as_ref();
        EmbeddingModel::judge(path, open(path, options)?)
    }

    /// What a model that was opened is, as an embedder.
    pub(crate) fn judge(path: &Path, mut opened: Opened) -> Result<EmbeddingModel, ModelError> {
        opened.check_task(Task::Embed)?;
        let refused = |reason: String, found: &str| ModelError::NoEmbedder {
            path: path.to_owned(),
            reason,
            found: found.to_owned(),
        };
        let unfit = |reason| refused(reason, &opened.ports);
        check_metadata(&opened).map_err(unfit)?;
        let ports = Ports::of(&opened.session, &opened.manifest.input).map_err(unfit)?;
        let probe =
            probe::probe(&mut opened.session, &ports).map_err(|reason| refused(reason, &opened.ports))?;
        let unfit = |reason| refused(reason, &opened.ports);
        check_dimension(&opened, probe.dimension).map_err(unfit)?;
        let (wish, shift) = expected(&opened.manifest.input, &ports);
        let info = EmbedderInfo {
            input: wish.input,
            layout: ports.layout,
            colour: wish.colour,
            scale: wish.scale,
            mean: shift.mean,
            std: shift.std,
            fit: wish.fit,
            pad: wish.pad,
            batch: probe.batch,
            dimension: probe.dimension,
            file: ModelFile::of(path, &opened),
        };
        tracing::debug!(model = %info.file.name, dimension = info.dimension, input = %info.input, "loaded an embedder");
        Ok(EmbeddingModel { session: opened.session, info: Arc::new(info) })
    }

    /// What is known about it.
    #[must_use]
    pub fn info(&self) -> &EmbedderInfo {
        &self.info
    }

    /// The embedder that runs it; one thread owns it.
    #[must_use]
    pub fn into_session(self) -> EmbeddingSession {
        EmbeddingSession::new(self.session, self.info)
    }
}

/// A classifier has the shapes of an embedder; its metadata may tell.
fn check_metadata(opened: &Opened) -> Result<(), String> {
    if opened.manifest.model.task == Some(Task::Embed) {
        return Ok(());
    }
    let metadata = &opened.metadata;
    if let Some(task) = &metadata.task {
        return Err(format!("its metadata says that its task is {task:?}"));
    }
    if let Some(Ok(names)) = &metadata.names {
        return Err(format!(
            "its metadata names {} classes, as that of a detector or classifier does; if it is an embedder, say task = \
             \"embed\" in [model] of a model.toml beside it",
            names.len()
        ));
    }
    Ok(())
}

fn check_dimension(opened: &Opened, found: usize) -> Result<(), String> {
    match opened.manifest.output.dimension {
        Some(said) if said != found => {
            Err(format!("its model.toml says that output.dimension is {said}, and it gives {found} numbers"))
        }
        _ => Ok(()),
    }
}

fn expected(said: &Input, ports: &Ports) -> (Wish, Shift) {
    let scale = said.scale.unwrap_or(Scale::Unit);
    let shift = said.shift(scale).unwrap_or(Shift::IMAGENET.in_units_of(scale));
    let wish = Wish {
        input: ports.input,
        colour: said.colour.unwrap_or(ColourOrder::Rgb),
        scale,
        fit: said.fit.unwrap_or(Fit::Stretch),
        pad: said.pad.unwrap_or(0),
    };
    (wish, shift)
}
