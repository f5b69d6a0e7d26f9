//! `ocellus plugin keygen`, and reading its keys: Ed25519, in PEM.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{SECRET_KEY_LENGTH, SigningKey, VerifyingKey};

use super::words::quoted;
use crate::args::plugin::KeygenArgs;
use crate::commands::files;
use crate::exit::Outcome;

/// For its owner alone.
const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;
/// A key file is far smaller.
const KEY_BYTES: u64 = 16 << 10;

pub(crate) fn generate(args: &KeygenArgs) -> anyhow::Result<Outcome> {
    let public = beside(&args.out, "pub");
    ensure!(!public.exists(), "{} is there already; name another file with --out", public.display());
    let mut secret = [0; SECRET_KEY_LENGTH];
    getrandom::fill(&mut secret).map_err(|error| anyhow!("no random numbers for a key: {error}"))?;
    let key = SigningKey::from_bytes(&secret);
    // Without the public half, which older tools cannot read there.
    let pair = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let private_pem = pair.to_pkcs8_pem(LineEnding::LF).map_err(|error| anyhow!("the key: {error}"))?;
    let public_pem =
        key.verifying_key().to_public_key_pem(LineEnding::LF).map_err(|error| anyhow!("the key: {error}"))?;
    write_new(&args.out, private_pem.as_bytes(), PRIVATE)?;
    write_new(&public, public_pem.as_bytes(), PUBLIC)?;
    let mut out = std::io::stdout();
    writeln!(out, "private key  {}  keep it to yourself", args.out.display())?;
    writeln!(out, "public key   {}  for the hosts that are to trust it", public.display())?;
    writeln!(out, "next: ocellus plugin sign FILE.wasm --key {}", quoted(&args.out.to_string_lossy()))?;
    Ok(Outcome::Done)
}

/// `path` with `.extension` behind its whole name.
pub(super) fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

/// Reads a private key.
pub(super) fn private(path: &Path) -> anyhow::Result<SigningKey> {
    let text = read(path)?;
    let mode = std::fs::metadata(path).map_or(PRIVATE, |file| file.permissions().mode());
    if mode & 0o077 != 0 {
        eprintln!("warning: others can read {0}; keep it to yourself with `chmod 600 {0}`", path.display());
    }
    SigningKey::from_pkcs8_pem(&text).map_err(|error| {
        let hint =
            if text.contains("PUBLIC KEY") { "; it is a public key, sign with the private one" } else { "" };
        anyhow!("{} is not a private Ed25519 key in PEM ({error}){hint}", path.display())
    })
}

/// Reads a public key.
pub(super) fn public(path: &Path) -> anyhow::Result<VerifyingKey> {
    let text = read(path)?;
    VerifyingKey::from_public_key_pem(&text).map_err(|error| {
        let hint = if text.contains("PRIVATE KEY") { "; it is a private key, name its .pub" } else { "" };
        anyhow!("{} is not a public Ed25519 key in PEM ({error}){hint}", path.display())
    })
}

fn read(path: &Path) -> anyhow::Result<String> {
    files::read_text("key", path, KEY_BYTES)
}

/// Writes a file that is not there yet: a key that is written over is lost.
fn write_new(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let about = || format!("{} cannot be written", path.display());
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(anyhow!("{} is there already; name another file with --out", path.display()));
        }
        opened => opened.with_context(about)?,
    };
    file.write_all(content).and_then(|()| file.sync_all()).with_context(about)
}
