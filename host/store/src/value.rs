//! The envelope of every stored value: format version, checksum, payload.
//!
//! Layout: one byte of format version, four bytes of CRC-32 (little endian) over key, version and payload, then the
//! payload. The key is part of the checksum, so that a value found under another key counts as damaged.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format version of every payload kind so far.
const VERSION: u8 = 1;
const HEADER: usize = 5;

/// Wraps `payload` for storage under `key`.
pub(crate) fn seal(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HEADER + payload.len());
    value.push(VERSION);
    value.extend_from_slice(&checksum(key, VERSION, payload).to_le_bytes());
    value.extend_from_slice(payload);
    value
}

/// Unwraps what [`seal`] wrote.
///
/// # Errors
/// A text that says what is wrong with the value.
pub(crate) fn open<'a>(key: &[u8], value: &'a [u8]) -> Result<&'a [u8], String> {
    let Some((header, payload)) = value.split_first_chunk::<HEADER>() else {
        return Err(format!("it has {} bytes, fewer than its header", value.len()));
    };
    let [version, crc @ ..] = *header;
    let (found, right) = (u32::from_le_bytes(crc), checksum(key, version, payload));
    if found != right {
        return Err(format!("its checksum is {found:08x}, its content gives {right:08x}"));
    }
    if version != VERSION {
        return Err(format!("its format version {version} is unknown, this release knows {VERSION}"));
    }
    Ok(payload)
}

/// Seals a seldom-written row as JSON, which may grow fields later.
pub(crate) fn seal_row<T: Serialize>(key: &[u8], row: &T) -> Result<Vec<u8>, String> {
    serde_json::to_vec(row).map(|payload| seal(key, &payload)).map_err(|error| error.to_string())
}

/// Opens what [`seal_row`] sealed.
pub(crate) fn open_row<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, String> {
    serde_json::from_slice(open(key, value)?).map_err(|error| error.to_string())
}

fn checksum(key: &[u8], version: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(&[version]);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_any_cut_and_a_foreign_key_are_noticed() {
        let value = seal(b"key", b"payload");
        assert_eq!(open(b"key", &value).unwrap(), b"payload");
        assert!(open(b"kez", &value).is_err());
        for cut in 0..value.len() {
            assert!(open(b"key", &value[..cut]).is_err(), "cut at {cut}");
        }
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(open(b"key", &flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_sound_value_of_a_later_format_is_refused_by_its_version() {
        let mut value = seal(b"key", b"payload");
        value[0] = VERSION + 1;
        let crc = checksum(b"key", VERSION + 1, b"payload");
        value[1..5].copy_from_slice(&crc.to_le_bytes());
        assert!(open(b"key", &value).unwrap_err().contains("format version 2"));
    }
}
