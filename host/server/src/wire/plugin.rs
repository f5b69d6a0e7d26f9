//! Plugins: uploaded components.

use ocellus_core::Name;
use ocellus_pipeline::PluginStatus;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::raw;

/// All plugin versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginList {
    pub(crate) plugins: Vec<Plugin>,
}

/// One version of a plugin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plugin {
    /// SHA-256 of the component, in hexadecimal: its identity.
    digest: String,
    /// The name it gives itself.
    name: String,
    /// Its semantic version.
    version: String,
    /// What it does, in one sentence.
    summary: String,
    /// The contract it was built against.
    #[schema(example = "0.1")]
    abi: String,
    /// Size of the component in bytes.
    size_bytes: u64,
    /// `camera`: one instance a camera; `site`: one for all cameras of a rule.
    scope: String,
    /// What it asks for; nothing is granted by that.
    powers: Vec<String>,
    /// JSON Schema of its settings.
    #[schema(value_type = Object)]
    settings_schema: Box<RawValue>,
    /// When it was uploaded, microseconds since the Unix epoch.
    uploaded_us: u64,
    /// Id of the key that signed it: the first 16 hexadecimal digits of the SHA-256 of the public key; null for a
    /// plugin that is unsigned.
    #[schema(example = "0f1e2d3c4b5a6978")]
    signer: Option<String>,
    /// Rules that run it.
    used_by: Vec<String>,
}

impl Plugin {
    /// Its digest.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }
}

impl From<PluginStatus> for Plugin {
    fn from(status: PluginStatus) -> Plugin {
        Plugin {
            digest: status.digest,
            name: status.name.to_string(),
            version: status.version,
            summary: status.summary,
            abi: status.abi,
            size_bytes: status.size,
            scope: status.scope,
            powers: status.powers,
            settings_schema: raw(status.settings_schema),
            uploaded_us: status.uploaded.0,
            signer: status.signer,
            used_by: status.used_by.iter().map(Name::to_string).collect(),
        }
    }
}
