//! Which events of a block have something in common.

use super::block::BLOCK;

const WORDS: usize = (BLOCK / 64) as usize;
/// Bytes of a written bitmap; a shorter payload is a list of places, two bytes each.
const BITMAP_BYTES: usize = WORDS * 8;

/// A set of places in a block, 0 to 1,023.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Postings([u64; WORDS]);

impl Postings {
    pub(super) const NONE: Postings = Postings([0; WORDS]);
    pub(super) const ALL: Postings = Postings([u64::MAX; WORDS]);

    /// The place of a sequence in its block.
    fn place(sequence: u64) -> (usize, u64) {
        let place = sequence % BLOCK;
        ((place / 64) as usize, 1 << (place % 64))
    }

    pub(super) fn insert(&mut self, sequence: u64) {
        let (word, bit) = Postings::place(sequence);
        self.0[word] |= bit;
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        let (word, bit) = Postings::place(sequence);
        self.0[word] & bit != 0
    }

    /// The places in both.
    pub(super) fn and(self, other: Postings) -> Postings {
        Postings(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }

    /// The places as they are written: a list while that is shorter, else a bitmap.
    pub(super) fn encode(&self) -> Vec<u8> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        if (count as usize) * 2 < BITMAP_BYTES {
            let places = (0..BLOCK).filter(|place| self.contains(*place));
            places.flat_map(|place| (place as u16).to_le_bytes()).collect()
        } else {
            self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
        }
    }

    pub(super) fn decode(payload: &[u8]) -> Option<Postings> {
        let mut postings = Postings::NONE;
        if payload.len() == BITMAP_BYTES {
            for (word, bytes) in postings.0.iter_mut().zip(payload.chunks_exact(8)) {
                *word = u64::from_le_bytes(bytes.try_into().ok()?);
            }
        } else {
            for bytes in payload.chunks(2) {
                postings.insert(u64::from(u16::from_le_bytes(bytes.try_into().ok()?)));
            }
        }
        Some(postings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_any_size_come_back_as_they_were() {
        for count in [0, 1, 63, 64, 65, 500, BLOCK] {
            let mut postings = Postings::NONE;
            (0..count).for_each(|n| postings.insert(5 * BLOCK + n * 7 % BLOCK));
            let encoded = postings.encode();
            assert!(encoded.len() <= BITMAP_BYTES);
            assert_eq!(Postings::decode(&encoded), Some(postings), "{count} places");
            let held = (0..BLOCK).filter(|place| postings.contains(*place)).count() as u64;
            assert_eq!(held, count);
        }
        assert_eq!(Postings::decode(&[1, 2, 3]), None);
    }
}
