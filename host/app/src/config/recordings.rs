//! `[recordings]`: where cameras' tracks are recorded, and how much of them is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::ensure;
use ocellus_pipeline::RecordingSettings;
use schemars::JsonSchema;
use serde::Deserialize;

/// Recordings of cameras with `record`: their tracks as rules see them, for replays and tests.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RecordingsConfig {
    /// The folder; `recordings` in the store's folder where not given.
    pub(crate) folder: Option<PathBuf>,
    /// A file ends after this many minutes, 1 to 1440.
    #[schemars(range(min = 1, max = 1440))]
    pub(crate) file_minutes: u64,
    /// A file ends when it has so many mebibytes, 1 to 4096.
    #[schemars(range(min = 1, max = 4096))]
    pub(crate) file_mib: u64,
    /// When all files take more mebibytes than this, 1 to 1048576, the oldest are removed.
    #[schemars(range(min = 1, max = 1_048_576))]
    pub(crate) max_size_mib: u64,
    /// Recording pauses while fewer mebibytes than this, at most 1048576, are free on the disk.
    #[schemars(range(max = 1_048_576))]
    pub(crate) keep_free_mib: u64,
}

impl Default for RecordingsConfig {
    fn default() -> RecordingsConfig {
        RecordingsConfig {
            folder: None,
            file_minutes: 10,
            file_mib: 64,
            max_size_mib: 4096,
            keep_free_mib: 512,
        }
    }
}

impl RecordingsConfig {
    /// The folder is relative to the file, in `base`.
    pub(super) fn resolve(&mut self, base: &Path) {
        if let Some(folder) = &mut self.folder {
            *folder = base.join(&*folder);
        }
    }

    pub(super) fn check(&self) -> anyhow::Result<()> {
        for (key, value, range) in [
            ("file_minutes", self.file_minutes, 1..=1440),
            ("file_mib", self.file_mib, 1..=4096),
            ("max_size_mib", self.max_size_mib, 1..=1 << 20),
            ("keep_free_mib", self.keep_free_mib, 0..=1 << 20),
        ] {
            ensure!(
                range.contains(&value),
                "recordings.{key} is {value}, it must be from {} to {}",
                range.start(),
                range.end()
            );
        }
        Ok(())
    }

    /// As the pipeline takes it; `store` is the store's folder.
    pub(crate) fn settings(&self, store: &Path) -> RecordingSettings {
        let mib = |count: u64| count.saturating_mul(1 << 20);
        RecordingSettings {
            folder: self.folder.clone().unwrap_or_else(|| store.join("recordings")),
            file_span: Duration::from_secs(self.file_minutes.saturating_mul(60)),
            file_bytes: mib(self.file_mib),
            max_bytes: mib(self.max_size_mib),
            keep_free_bytes: mib(self.keep_free_mib),
        }
    }
}
