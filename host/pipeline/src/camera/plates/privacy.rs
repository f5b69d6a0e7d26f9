//! What becomes of a plate's text before anybody sees it.

use sha2::{Digest, Sha256};

use super::settings::PlatePrivacy;

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Bytes of a fingerprint: 16 letters and digits, as long as a plate may be.
const FINGERPRINT: usize = 8;

impl PlatePrivacy {
    /// Whether texts are shown as they were read.
    pub(super) fn keeps(&self) -> bool {
        matches!(self, PlatePrivacy::Keep {})
    }

    /// What is shown in place of `text`.
    pub(super) fn shown(&self, text: &str) -> String {
        match self {
            PlatePrivacy::Keep {} => text.to_owned(),
            PlatePrivacy::Mask { shown } => {
                let mask = |(place, c): (usize, char)| if place < usize::from(*shown) { c } else { '*' };
                text.chars().enumerate().map(mask).collect()
            }
            PlatePrivacy::Hash { key } => {
                let code = hmac(key.as_bytes(), text.as_bytes());
                code.iter().take(FINGERPRINT).map(|byte| format!("{byte:02X}")).collect()
            }
        }
    }
}

/// HMAC with SHA-256, RFC 2104.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_leaves_the_first_characters_and_the_length() {
        assert_eq!(PlatePrivacy::Mask { shown: 2 }.shown("粤B123"), "粤B***");
        assert_eq!(PlatePrivacy::Mask { shown: 0 }.shown("AB1"), "***");
    }

    #[test]
    fn a_fingerprint_is_that_of_plate_and_key() {
        let hashed = |key: &str, text: &str| PlatePrivacy::Hash { key: key.repeat(16) }.shown(text);
        assert_eq!(hashed("k", "AB123"), hashed("k", "AB123"));
        assert_ne!(hashed("k", "AB123"), hashed("k", "AB124"));
        assert_ne!(hashed("k", "AB123"), hashed("l", "AB123"));
        assert!(hashed("k", "AB123").len() == 16);
    }

    #[test]
    fn the_code_is_that_of_the_standard() {
        // RFC 4231, test cases 2 and 6.
        let hex = |code: [u8; 32]| code.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            hex(hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
