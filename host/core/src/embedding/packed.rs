//! An embedding in one byte a number, and back without a further loss.

use super::{Embedding, LEAST_DIMENSION, MOST_DIMENSION};

/// What the largest number becomes.
const LARGEST: u8 = 127;
/// The same to calculate with.
const MOST: f64 = 127.0;

impl Embedding {
    /// One signed byte a number: each is its share of the largest one, in 127ths.
    ///
    /// A number of the embedding that [`Embedding::unpack`] makes of it differs by little more than half a 127th of
    /// the largest number. Of 512 numbers as models of people give them that is a cosine of 0.9999 with the original.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let most = self.as_slice().iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let steps = MOST / f64::from(most);
        self.as_slice().iter().map(|value| step(*value, steps).to_le_bytes()[0]).collect()
    }

    /// What [`Embedding::pack`] wrote; none for bytes that it never writes: of an impossible length, or without a number
    /// that is 127 or -127, as the largest one always is.
    #[must_use]
    pub fn unpack(bytes: &[u8]) -> Option<Embedding> {
        if !(LEAST_DIMENSION..=MOST_DIMENSION).contains(&bytes.len()) {
            return None;
        }
        if bytes.iter().map(|byte| signed(*byte).unsigned_abs()).max() != Some(LARGEST) {
            return None;
        }
        // Whole numbers, so that the length is the same on every machine.
        let square: i64 = bytes.iter().map(|byte| i64::from(signed(*byte)).pow(2)).sum();
        let scale = 1.0 / (square as f64).sqrt();
        Some(Embedding(bytes.iter().map(|byte| (f64::from(signed(*byte)) * scale) as f32).collect()))
    }

    /// The nearest embedding that packing does not change: what is shown to rules, so that a recording holds
    /// exactly what they saw.
    #[must_use]
    pub fn rounded(&self) -> Embedding {
        // A vector of length one has a largest number, and that becomes 127.
        Embedding::unpack(&self.pack()).unwrap_or_else(|| self.clone())
    }
}

fn step(value: f32, steps: f64) -> i8 {
    (f64::from(value) * steps).round().clamp(-MOST, MOST) as i8
}

fn signed(byte: u8) -> i8 {
    i8::from_le_bytes([byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(step: f32) -> Embedding {
        let values: Vec<f32> = (0..512_u16).map(|index| (f32::from(index) * step).sin()).collect();
        Embedding::new(&values).unwrap()
    }

    #[test]
    fn packing_what_was_unpacked_changes_nothing() {
        for step in [0.01, 0.37, 1.9] {
            let rounded = wave(step).rounded();
            assert_eq!(Embedding::unpack(&rounded.pack()), Some(rounded.clone()));
            assert_eq!(rounded.rounded(), rounded);
        }
    }

    #[test]
    fn the_error_is_within_what_is_promised() {
        for step in [0.01, 0.37, 1.9] {
            let (original, rounded) = (wave(step), wave(step).rounded());
            let largest = original.as_slice().iter().fold(0.0_f32, |most, value| most.max(value.abs()));
            for (a, b) in original.as_slice().iter().zip(rounded.as_slice()) {
                assert!((a - b).abs() <= largest / 127.0 * 0.6, "{a} {b}");
            }
            assert!(original.cosine(&rounded).unwrap() > 0.9999);
        }
    }

    #[test]
    fn bytes_that_no_embedding_has_are_refused() {
        for bytes in [vec![], vec![1; LEAST_DIMENSION - 1], vec![0; 64], vec![1; MOST_DIMENSION + 1]] {
            assert_eq!(Embedding::unpack(&bytes), None);
        }
        assert_eq!(Embedding::unpack(&[0x80; 16]), None, "-128 is never written");
        assert_eq!(Embedding::unpack(&[126; 16]), None, "nor is a largest number below 127");
    }
}
