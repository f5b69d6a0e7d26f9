//! The embedding model of a config file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ocellus_inference::ModelOptions;
use ocellus_pipeline::LiveEmbedder;
use schemars::JsonSchema;
use serde::Deserialize;

use super::second::Second;
use crate::commands::embedder;
use crate::models::{self, Shelf};

/// The embedding model, shared by all cameras: what it says of a detection is what that looks like.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbedderConfig {
    /// An ONNX file, or the name of a model that `ocellus model` has put into model.folder.
    pub(crate) model: PathBuf,
    /// Threads that share one inference, at most 4 a core or 64; 0, which is the default, takes one a core.
    #[serde(default)]
    pub(crate) threads: usize,
    /// What computes: cpu, cuda or cuda:1; that of the detection model where not given.
    pub(crate) device: Option<String>,
    /// Milliseconds that it may take of a round of all cameras, 1 to 1000; what it has no time for is left out and counted.
    #[serde(default = "round_ms")]
    pub(crate) round_ms: u64,
}

/// Between two frames of cameras with ten a second there is time for the detector, too.
fn round_ms() -> u64 {
    40
}

impl EmbedderConfig {
    /// The model's path is relative to the file, in `folder`.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        self.model = models::relative_to(folder, &self.model);
    }

    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.second().check()
    }

    fn second(&self) -> Second<'_> {
        let device = self.device.as_deref();
        Second { section: "embedder", threads: self.threads, device, round_ms: self.round_ms }
    }

    /// Loads the model, which may be one of the shelf; `detector` says what runs the detection model.
    pub(crate) fn live(&self, detector: &ModelOptions, shelf: &Shelf) -> anyhow::Result<LiveEmbedder> {
        let options = self.second().options(detector)?;
        let session = embedder::load(&self.model, shelf, &options).context("embedder.model")?;
        Ok(LiveEmbedder { embedder: Box::new(session), round: self.second().round() })
    }
}
