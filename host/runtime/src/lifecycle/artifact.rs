//! What is known of a component without running it.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::signature::KeyId;
use crate::abi::AbiVersion;

/// SHA-256 of a component's bytes; its identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Sha256::digest(bytes).into())
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a digest: it has 64 digits out of 0-9 and a-f")]
pub struct DigestError {
    /// The text, cut after 80 characters.
    pub found: String,
}

impl std::str::FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let wrong = || DigestError { found: text.chars().take(80).collect() };
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(index * 2..index * 2 + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Digest(bytes))
    }
}

/// A component that passed verification.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// The component.
    pub bytes: Arc<[u8]>,
    /// Its identity.
    pub digest: Digest,
    /// The version of the contract it speaks.
    pub abi: AbiVersion,
    /// Names of the interfaces it imports, sorted.
    pub imports: Vec<String>,
    /// The trusted key that signed it, if one did when it was uploaded.
    pub signer: Option<KeyId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_survives_its_text_and_other_texts_are_refused() {
        let digest = Digest::of(b"ocellus");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        for bad in ["", "00", &"G".repeat(64), &"ä".repeat(32), &"+1".repeat(32)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
