//! What becomes of a plate's text before anything of it is told or kept.

use sha2::{Digest, Sha256};

/// Bytes of a fingerprint.
const FINGERPRINT: usize = 16;

/// What becomes of a plate's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Privacy {
    Plain,
    /// So many characters stay.
    Masked(usize),
    /// By a fingerprint with this key.
    Hashed(String),
}

impl Privacy {
    /// What is told and kept in place of `text`.
    pub(crate) fn shown(&self, text: &str) -> String {
        match self {
            Privacy::Plain => text.to_owned(),
            Privacy::Masked(shown) => {
                let mask = |(place, c): (usize, char)| if place < *shown { c } else { '*' };
                text.chars().enumerate().map(mask).collect()
            }
            Privacy::Hashed(key) => {
                // Twice with the key, as HMAC does, so that nothing can be appended.
                let inner = Sha256::new().chain_update(key).chain_update([0]).chain_update(text).finalize();
                let outer = Sha256::new().chain_update(key).chain_update([1]).chain_update(inner).finalize();
                outer.iter().take(FINGERPRINT).map(|byte| format!("{byte:02x}")).collect()
            }
        }
    }

    /// Whether the same shown text means the same plate.
    pub(crate) fn tells_apart(&self) -> bool {
        !matches!(self, Privacy::Masked(_))
    }

    /// Whether texts may be kept as they were read.
    pub(crate) fn keeps_texts(&self) -> bool {
        *self == Privacy::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_leaves_the_first_characters_and_the_length() {
        assert_eq!(Privacy::Masked(2).shown("ÄB123"), "ÄB***");
        assert_eq!(Privacy::Masked(0).shown("AB1"), "***");
        assert!(!Privacy::Masked(2).tells_apart());
    }

    #[test]
    fn a_fingerprint_is_that_of_plate_and_key() {
        let hashed = |key: &str, text: &str| Privacy::Hashed(key.to_owned()).shown(text);
        assert_eq!(hashed("k", "AB123"), hashed("k", "AB123"));
        assert_ne!(hashed("k", "AB123"), hashed("k", "AB124"));
        assert_ne!(hashed("k", "AB123"), hashed("l", "AB123"));
        assert_eq!(hashed("k", "AB123").len(), 32);
    }
}
