//! Loading a detection model, the bundled one included.

use std::path::Path;

use anyhow::Context;
use ocellus_inference::{Model, ModelOptions, Session};

use super::files;

/// The bundled detector. It knows the synthetic scenes and not the world.
const BUNDLED: &[(&str, &[u8])] = &[
    ("scene-nano.onnx", include_bytes!("../../../../models/scene-nano/scene-nano.onnx")),
    ("model.toml", include_bytes!("../../../../models/scene-nano/model.toml")),
];

/// The model in `file`, or the bundled one.
pub(crate) fn load(file: Option<&Path>, options: &ModelOptions) -> anyhow::Result<Session> {
    match file {
        Some(file) => {
            files::expect_regular("model", file)?;
            Ok(Model::load(file, options)?.into_session())
        }
        None => bundled(options).context("the bundled model"),
    }
}

fn bundled(options: &ModelOptions) -> anyhow::Result<Session> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    for (name, bytes) in BUNDLED {
        std::fs::write(folder.path().join(name), bytes).context("a temporary folder")?;
    }
    Ok(Model::load(folder.path().join(BUNDLED[0].0), options)?.into_session())
}
