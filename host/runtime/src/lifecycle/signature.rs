//! Who vouches for a component: Ed25519 signatures over its bytes, by keys that the operator trusts.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::pkcs8::DecodePublicKey;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH, Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

/// What names a key: the first eight bytes of the SHA-256 of its 32 bytes, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    fn of(key: &VerifyingKey) -> KeyId {
        let digest = Sha256::digest(key.as_bytes());
        KeyId(std::array::from_fn(|index| digest[index]))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A public key whose signatures are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    key: VerifyingKey,
}

/// A text that is no key, or a key that vouches for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Neither form.
    #[error(
        "it is not a public key: give the PEM text that starts with -----BEGIN PUBLIC KEY-----, or the key's 32 \
         bytes in base64; `ocellus plugin keygen` makes a pair of keys"
    )]
    Form,
    /// The wrong half.
    #[error(
        "it is a private key, which belongs to whoever signs; give the public one, the file that ends in .pub"
    )]
    Private,
    /// Not an Ed25519 key.
    #[error("it is not an Ed25519 public key: {reason}; make one with `ocellus plugin keygen`")]
    Algorithm {
        /// The parser's words.
        reason: String,
    },
    /// One of the few keys under which almost anything counts as signed.
    #[error(
        "it is a weak key, under which almost any signature holds; make one with `ocellus plugin keygen`"
    )]
    Weak,
}

impl TrustedKey {
    /// What names it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.key)
    }
}

impl FromStr for TrustedKey {
    type Err = KeyError;

    /// Reads the PEM form (`SubjectPublicKeyInfo`) or the 32 bytes in base64; white space around either is left out.
    fn from_str(text: &str) -> Result<TrustedKey, KeyError> {
        let text = text.trim();
        let algorithm = |error: &dyn fmt::Display| KeyError::Algorithm { reason: error.to_string() };
        let key = if text.starts_with("-----BEGIN ") {
            if text.lines().next().is_some_and(|line| line.contains("PRIVATE")) {
                return Err(KeyError::Private);
            }
            VerifyingKey::from_public_key_pem(text).map_err(|error| algorithm(&error))?
        } else {
            let bytes = STANDARD.decode(text).map_err(|_| KeyError::Form)?;
            let bytes = <[u8; PUBLIC_KEY_LENGTH]>::try_from(bytes).map_err(|_| KeyError::Form)?;
            VerifyingKey::from_bytes(&bytes).map_err(|error| algorithm(&error))?
        };
        match key.is_weak() {
            true => Err(KeyError::Weak),
            false => Ok(TrustedKey { key }),
        }
    }
}

/// The keys whose signatures are taken. With none of them, nothing needs a signature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedKeys(Vec<TrustedKey>);

/// Why nobody vouches for a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No signature.
    #[error(
        "it is not signed, and this host takes only plugins that are; sign it with `ocellus plugin sign FILE.wasm \
         --key KEY` and send the text of FILE.wasm.sig with it"
    )]
    Missing,
    /// Not base64.
    #[error(
        "its signature is not base64 ({reason}); send the text of FILE.wasm.sig, which `ocellus plugin sign \
         FILE.wasm --key KEY` writes"
    )]
    Encoding {
        /// The decoder's words.
        reason: String,
    },
    /// Base64 of something else.
    #[error(
        "its signature has {found} bytes, an Ed25519 signature has 64; send the text of FILE.wasm.sig, which \
         `ocellus plugin sign FILE.wasm --key KEY` writes"
    )]
    Length {
        /// Bytes found.
        found: usize,
    },
    /// A signature of other bytes or by another key; nobody can tell which.
    #[error(
        "its signature is not one of a trusted key over these bytes: the file was changed after it was signed, or \
         another key signed it (trusted are {}); sign it again with `ocellus plugin sign FILE.wasm --key KEY`",
        list(.trusted)
    )]
    NoMatch {
        /// The keys that were tried.
        trusted: Vec<KeyId>,
    },
}

fn list(keys: &[KeyId]) -> String {
    keys.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", ")
}

impl TrustedKeys {
    /// Whether nothing needs a signature.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the key of this name is among them.
    #[must_use]
    pub fn contains(&self, id: KeyId) -> bool {
        self.0.iter().any(|key| key.id() == id)
    }

    /// Checks a detached signature, base64 of 64 bytes, over a component's bytes.
    ///
    /// Returns the key that signed; `None` where no key is configured, whatever `signature` is.
    ///
    /// # Errors
    /// [`SignatureError`] says what is missing or wrong, and how to sign.
    pub fn check(&self, bytes: &[u8], signature: Option<&str>) -> Result<Option<KeyId>, SignatureError> {
        if self.is_empty() {
            return Ok(None);
        }
        let signature = signature.map(str::trim).filter(|text| !text.is_empty());
        let signature = decode(signature.ok_or(SignatureError::Missing)?)?;
        // Strict: refuses forms of a key and of a signature that others may read differently.
        let signer = self.0.iter().find(|trusted| trusted.key.verify_strict(bytes, &signature).is_ok());
        match signer {
            Some(signer) => Ok(Some(signer.id())),
            None => Err(SignatureError::NoMatch { trusted: self.0.iter().map(TrustedKey::id).collect() }),
        }
    }
}

impl FromIterator<TrustedKey> for TrustedKeys {
    fn from_iter<I: IntoIterator<Item = TrustedKey>>(keys: I) -> TrustedKeys {
        let mut distinct: Vec<TrustedKey> = Vec::new();
        for key in keys {
            if !distinct.contains(&key) {
                distinct.push(key);
            }
        }
        TrustedKeys(distinct)
    }
}

fn decode(text: &str) -> Result<Signature, SignatureError> {
    let bytes =
        STANDARD.decode(text).map_err(|error| SignatureError::Encoding { reason: error.to_string() })?;
    let found = bytes.len();
    let bytes = <[u8; SIGNATURE_LENGTH]>::try_from(bytes).map_err(|_| SignatureError::Length { found })?;
    Ok(Signature::from_bytes(&bytes))
}

/// A text that is not the name of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not the id of a key: it has 16 digits out of 0-9 and a-f")]
pub struct KeyIdError {
    /// The text, cut after 40 characters.
    pub found: String,
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<KeyId, KeyIdError> {
        let wrong = || KeyIdError { found: text.chars().take(40).collect() };
        if text.len() != 16 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        u64::from_str_radix(text, 16).map(|id| KeyId(id.to_be_bytes())).map_err(|_| wrong())
    }
}
