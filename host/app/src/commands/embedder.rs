//! Loading an embedding model.

use std::path::Path;

use ocellus_inference::{EmbeddingModel, EmbeddingSession, ModelOptions};

use super::files;
use crate::models::{self, Shelf};

/// The model that is named, by its file or as one of the shelf. None is bundled.
pub(crate) fn load(named: &Path, shelf: &Shelf, options: &ModelOptions) -> anyhow::Result<EmbeddingSession> {
    let file = shelf.find(named)?;
    files::expect_regular("embedding model", &file)?;
    let model = EmbeddingModel::load(&file, options)?;
    let facts = &model.info().file;
    models::warn_of(&facts.name, facts.licence.as_deref());
    Ok(model.into_session())
}
