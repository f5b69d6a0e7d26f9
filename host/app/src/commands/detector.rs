//! Loading a detection model, the bundled one included.

use std::path::Path;

use anyhow::Context;
use ocellus_inference::{Model, ModelOptions, Session};

use super::files;
use crate::models::{self, Shelf};

/// The bundled detector. It knows the synthetic scenes and not the world.
const BUNDLED: &[(&str, &[u8])] = &[
    ("scene-nano.onnx", include_bytes!("../../../../models/scene-nano/scene-nano.onnx")),
    ("model.toml", include_bytes!("../../../../models/scene-nano/model.toml")),
];

/// Bytes of the bundled model.
pub(crate) const BUNDLED_BYTES: usize = BUNDLED[0].1.len();

/// The model that is named, by its file or as one of the shelf, or the bundled one.
pub(crate) fn load(named: Option<&Path>, shelf: &Shelf, options: &ModelOptions) -> anyhow::Result<Session> {
    let is_bundled = |named: &Path| named == Path::new(models::BUNDLED) && !named.exists();
    let Some(named) = named.filter(|named| !is_bundled(named)) else {
        return bundled(options).context("the bundled model");
    };
    let file = shelf.find(named)?;
    files::expect_regular("model", &file)?;
    let model = Model::load(&file, options)?;
    models::warn_of(&model.info().name, model.info().licence.as_deref());
    Ok(model.into_session())
}

fn bundled(options: &ModelOptions) -> anyhow::Result<Session> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    for (name, bytes) in BUNDLED {
        std::fs::write(folder.path().join(name), bytes).context("a temporary folder")?;
    }
    Ok(Model::load(folder.path().join(BUNDLED[0].0), options)?.into_session())
}
