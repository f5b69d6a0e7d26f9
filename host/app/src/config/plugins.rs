//! `[plugins]`: whose plugins are taken, and what compiling one may use.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use ocellus_runtime::{CompilerLimits, KeyError, TrustedKey, TrustedKeys};
use schemars::JsonSchema;
use serde::Deserialize;

/// Whose plugins are taken, and what compiling one may use.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct PluginsConfig {
    /// Ed25519 public keys: files that `ocellus plugin keygen` wrote (FILE.pub), PEM texts, or 32 bytes in base64.
    /// With any here, a plugin is only taken with a signature by one of them: over REST in the header
    /// Ocellus-Signature, for a rule's .wasm file as FILE.wasm.sig beside it.
    pub(crate) trusted_keys: Vec<String>,
    /// Processor time that compiling a plugin may take, 1 to 3600 seconds.
    #[schemars(range(min = 1, max = 3600))]
    pub(crate) compile_seconds: u64,
    /// Memory that compiling a plugin may take, 64 to 65536 mebibytes.
    #[schemars(range(min = 64, max = 65536))]
    pub(crate) compile_memory_mib: u64,
}

impl Default for PluginsConfig {
    fn default() -> PluginsConfig {
        PluginsConfig { trusted_keys: Vec::new(), compile_seconds: 60, compile_memory_mib: 2048 }
    }
}

/// Bytes of a key's file; one has a hundred.
const KEY_BYTES: u64 = 16 << 10;
/// How much longer than its processor time compiling may take by the clock, beside busy cameras.
const WALL_TIMES: u32 = 5;

impl PluginsConfig {
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let PluginsConfig { compile_seconds: seconds, compile_memory_mib: mib, .. } = self;
        ensure!(
            (1..=3600).contains(seconds),
            "plugins.compile_seconds is {seconds}, it must be from 1 to 3600"
        );
        ensure!(
            (64..=65536).contains(mib),
            "plugins.compile_memory_mib is {mib}, it must be from 64 to 65536"
        );
        Ok(())
    }

    /// Puts the contents of key files in place of their names, which are relative to `folder`.
    pub(super) fn read_keys(&mut self, folder: &Path) -> anyhow::Result<()> {
        for (index, key) in self.trusted_keys.iter_mut().enumerate() {
            // A key that cannot be used is told of with the others.
            if !matches!(key.parse::<TrustedKey>(), Err(KeyError::Form)) {
                continue;
            }
            let path = folder.join(key.trim());
            let about = || {
                format!(
                    "plugins.trusted_keys[{index}] is neither a key nor a file that can be read: {}",
                    path.display()
                )
            };
            let text = read_small(&path, KEY_BYTES).with_context(about)?;
            text.parse::<TrustedKey>()
                .with_context(|| format!("plugins.trusted_keys[{index}], file {}", path.display()))?;
            *key = text;
        }
        Ok(())
    }

    /// The keys. Their files have been read.
    pub(crate) fn trusted_keys(&self) -> anyhow::Result<TrustedKeys> {
        let key = |(index, text): (usize, &String)| {
            text.parse::<TrustedKey>().with_context(|| format!("plugins.trusted_keys[{index}]"))
        };
        self.trusted_keys.iter().enumerate().map(key).collect()
    }

    /// What the compiler may use. The configuration has been checked.
    pub(crate) fn compiler_limits(&self) -> CompilerLimits {
        let cpu = Duration::from_secs(self.compile_seconds);
        let memory = self.compile_memory_mib.saturating_mul(1 << 20);
        CompilerLimits { cpu, wall: cpu * WALL_TIMES, memory, ..CompilerLimits::default() }
    }
}

/// A small text file; more than `most` bytes are refused.
pub(crate) fn read_small(path: &Path, most: u64) -> anyhow::Result<String> {
    let found = std::fs::metadata(path)?;
    ensure!(found.is_file(), "it is not a regular file");
    ensure!(found.len() <= most, "it has {} bytes, the limit is {most}", found.len());
    Ok(std::fs::read_to_string(path)?)
}
