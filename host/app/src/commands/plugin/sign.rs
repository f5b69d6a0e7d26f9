//! `ocellus plugin sign` and `verify`: a detached Ed25519 signature over a component's bytes, in base64.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer};
use ocellus_runtime::Upload;

use super::keys;
use crate::args::plugin::{SignArgs, VerifyArgs};
use crate::commands::{files, rules};
use crate::config::PluginsConfig;
use crate::exit::Outcome;

/// A signature has 88 characters.
const SIGNATURE_BYTES: u64 = 1024;

pub(crate) fn sign(args: &SignArgs) -> anyhow::Result<Outcome> {
    let key = keys::private(&args.key)?;
    let component = rules::read_plugin(&args.file)?;
    // A signature says that somebody stands for a plugin: it must at least be one.
    Upload::new(component.clone())
        .verify(&rules::live_runtime(&PluginsConfig::default())?)
        .with_context(|| format!("{} is not signed, no host would take it", args.file.display()))?;
    let signature = text(&key.sign(&component));
    let path = keys::beside(&args.file, "sig");
    std::fs::write(&path, format!("{signature}\n"))
        .with_context(|| format!("{} cannot be written", path.display()))?;
    writeln!(std::io::stdout(), "signed: {}", path.display())?;
    Ok(Outcome::Done)
}

pub(crate) fn verify(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let key = keys::public(&args.key)?;
    let component = rules::read_plugin(&args.file)?;
    let path = keys::beside(&args.file, "sig");
    let signature = read(&path)?
        .ok_or_else(|| anyhow!("{} is not there; `ocellus plugin sign` writes it", path.display()))?;
    if key.verify_strict(&component, &signature).is_err() {
        eprintln!(
            "refused: {} does not hold for {} and {}; the plugin was changed, or signed with another key",
            path.display(),
            args.file.display(),
            args.key.display()
        );
        return Ok(Outcome::Failed);
    }
    writeln!(std::io::stdout(), "{} is signed with {}", args.file.display(), args.key.display())?;
    Ok(Outcome::Done)
}

/// The signature in a file; `None` where there is no file.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<Signature>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = files::read_text("signature", path, SIGNATURE_BYTES)?;
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| Signature::from_slice(&bytes).ok());
    bytes.map(Some).ok_or_else(|| {
        anyhow!(
            "{} is not 64 bytes in base64; sign the plugin again with `ocellus plugin sign`",
            path.display()
        )
    })
}

/// A signature as it is written and sent.
pub(super) fn text(signature: &Signature) -> String {
    STANDARD.encode(signature.to_bytes())
}
