//! A plugin's way from bytes to a rule that is ready to run, one type a step.
//!
//! [`Upload`] → [`Verified`] → [`Compiled`] → [`Bound`] → [`Probed`] → [`crate::Instance`]. Each step takes the
//! one before it, so none can be left out; boot and upload go the same way.

mod artifact;
mod bound;
mod compiled;
mod contract;
mod effort;
mod schema;
mod signature;
mod upload;

pub use self::artifact::{Artifact, Digest, DigestError};
pub use self::bound::{BindError, Binding, Bound, BoundCamera, ProbeError, Probed, Share};
pub use self::compiled::{CompileError, Compiled, Description, Scope};
pub(crate) use self::contract::features;
pub use self::signature::{KeyError, KeyId, KeyIdError, SignatureError, TrustedKey, TrustedKeys};
pub use self::upload::{Upload, Verified, VerifyError};

use crate::Runtime;

/// Bytes that do not become a plugin.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PluginError {
    /// Refused before anything was compiled.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Refused while it was compiled, or by what it says of itself.
    #[error(transparent)]
    Compile(#[from] CompileError),
}

impl Runtime {
    /// The steps from bytes to [`Compiled`] in one go: all that `plugin inspect` and an upload need.
    ///
    /// # Errors
    /// [`PluginError`], in words for the one who uploads.
    pub fn load(&self, upload: impl Into<Upload>) -> Result<Compiled, PluginError> {
        Ok(upload.into().verify(self)?.compile(self)?)
    }
}
