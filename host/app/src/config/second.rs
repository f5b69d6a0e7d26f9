//! What the models have in common that run after the detector, on parts of its pictures.

use std::time::Duration;

use anyhow::{Context, ensure};
use ocellus_inference::ModelOptions;

use crate::args::check_threads;

/// Where and for how long a section's models run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Second<'a> {
    /// The section's name, for errors.
    pub(super) section: &'static str,
    pub(super) threads: usize,
    pub(super) device: Option<&'a str>,
    pub(super) round_ms: u64,
}

impl Second<'_> {
    pub(super) fn check(self) -> anyhow::Result<()> {
        let Second { section, threads, round_ms, .. } = self;
        check_threads(&format!("{section}.threads"), threads)?;
        ensure!(
            (1..=1000).contains(&round_ms),
            "{section}.round_ms is {round_ms}, it must be from 1 to 1000 milliseconds"
        );
        Ok(())
    }

    /// What its models are loaded with; `detector` says what runs the detection model.
    pub(super) fn options(self, detector: &ModelOptions) -> anyhow::Result<ModelOptions> {
        let device = match self.device {
            Some(device) => device.parse().with_context(|| format!("{}.device", self.section))?,
            None => detector.device,
        };
        Ok(ModelOptions { threads: self.threads, device, ..ModelOptions::default() })
    }

    pub(super) fn round(self) -> Duration {
        Duration::from_millis(self.round_ms)
    }
}
