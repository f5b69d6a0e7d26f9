//! Loading an embedding model.

use std::path::Path;

use ocellus_inference::{EmbeddingModel, EmbeddingSession, ModelOptions};

use super::files;

/// The model in `file`. None is bundled.
pub(crate) fn load(file: &Path, options: &ModelOptions) -> anyhow::Result<EmbeddingSession> {
    files::expect_regular("embedding model", file)?;
    Ok(EmbeddingModel::load(file, options)?.into_session())
}
