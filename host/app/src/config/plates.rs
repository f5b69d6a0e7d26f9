//! The models of a config file that read number plates.

use std::path::{Path, PathBuf};

use anyhow::Context;
use ocellus_inference::ModelOptions;
use ocellus_pipeline::LiveReader;
use schemars::JsonSchema;
use serde::Deserialize;

use super::second::Second;
use crate::commands::reader;
use crate::models::{self, Shelf};

/// The models that find number plates and read them, shared by all cameras that say how in [camera.plates].
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlatesConfig {
    /// An ONNX file of a detector of plates: one of its classes has "plate" in its name.
    pub(crate) detector: PathBuf,
    /// An ONNX file of a reader, with a model.toml beside it that names its characters.
    pub(crate) reader: PathBuf,
    /// What may be read, such as A-Z0-9; all that the reader knows where not given.
    pub(crate) characters: Option<String>,
    /// Threads that share one inference, at most 4 a core or 64; 0, which is the default, takes one a core.
    #[serde(default)]
    pub(crate) threads: usize,
    /// What computes: cpu, cuda or cuda:1; that of the detection model where not given.
    pub(crate) device: Option<String>,
    /// Milliseconds that they may take of a round of all cameras, 1 to 1000, though one look is always made; what there is no time
    /// for is left out and counted.
    #[serde(default = "round_ms")]
    pub(crate) round_ms: u64,
}

/// A look takes longer than one for an embedding, and is made less often.
fn round_ms() -> u64 {
    100
}

impl PlatesConfig {
    /// The models' paths are relative to the file, in `folder`.
    pub(crate) fn resolve(&mut self, folder: &Path) {
        self.detector = models::relative_to(folder, &self.detector);
        self.reader = models::relative_to(folder, &self.reader);
    }

    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.second().check()
    }

    fn second(&self) -> Second<'_> {
        let device = self.device.as_deref();
        Second { section: "plates", threads: self.threads, device, round_ms: self.round_ms }
    }

    /// Loads the models, which may be those of the shelf; `detector` says what runs the detection model.
    pub(crate) fn live(&self, detector: &ModelOptions, shelf: &Shelf) -> anyhow::Result<LiveReader> {
        let options = self.second().options(detector)?;
        let reader =
            reader::load((&self.detector, &self.reader), self.characters.as_deref(), shelf, &options);
        Ok(LiveReader { reader: Box::new(reader.context("[plates]")?), round: self.second().round() })
    }
}
