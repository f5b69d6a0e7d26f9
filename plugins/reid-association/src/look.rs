//! What a track looks like, in a byte a number.

use ocellus_sdk::core::Embedding;
use ocellus_sdk::prelude::*;
use serde::{Deserializer, Serializer, de};

/// Looks of a mean at most.
const MOST_OF_MEAN: usize = 12;
/// What a unit vector is long while it is added to a mean, in whole numbers.
const UNIT: f32 = 65_536.0;
/// Bits that a mean has less.
const SHORTENED: u32 = 5;

/// An embedding as it is kept: packed ([`Embedding::pack`]), so that a state holds it without loss.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Look {
    numbers: Box<[i8]>,
    /// Length of the vector of these numbers.
    length: f32,
}

impl Look {
    /// Packs an embedding; none where it has no direction.
    pub(crate) fn of(values: &[f32]) -> Option<Look> {
        Look::read(&Embedding::new(values)?.pack())
    }

    fn read(bytes: &[u8]) -> Option<Look> {
        let numbers: Box<[i8]> = bytes.iter().map(|byte| byte.cast_signed()).collect();
        let square = dot(&numbers, &numbers);
        (square > 0).then(|| Look { numbers, length: (square as f32).sqrt() })
    }

    /// Numbers that it has; as many bytes of memory.
    pub(crate) fn size(&self) -> usize {
        self.numbers.len()
    }

    /// Cosine of the angle between two; none where they are of different models.
    pub(crate) fn cosine(&self, other: &Look) -> Option<f32> {
        let is_same_size = self.numbers.len() == other.numbers.len();
        is_same_size.then(|| dot(&self.numbers, &other.numbers) as f32 / (self.length * other.length))
    }
}

/// What several looks have in common: their mean, each with the same weight.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mean {
    numbers: Box<[i16]>,
    length: f32,
}

impl Mean {
    /// Of at most [`MOST_OF_MEAN`] looks; those of another model than the first are left out.
    pub(crate) fn of<'a>(looks: impl Iterator<Item = &'a Look>) -> Option<Mean> {
        let mut sums: Vec<i32> = Vec::new();
        for look in looks.take(MOST_OF_MEAN) {
            if sums.is_empty() {
                sums.resize(look.numbers.len(), 0);
            }
            if look.numbers.len() == sums.len() {
                add(&mut sums, &look.numbers, (UNIT / look.length).round() as i32);
            }
        }
        // Each is at most the unit a look, so that all of them fit.
        let numbers: Box<[i16]> = sums.iter().map(|sum| (sum >> SHORTENED) as i16).collect();
        let square: i32 = numbers.iter().map(|number| i32::from(*number) * i32::from(*number)).sum();
        (square > 0).then(|| Mean { numbers, length: (square as f32).sqrt() })
    }

    /// Cosine of the angle to a look; none where it is of another model.
    pub(crate) fn cosine(&self, look: &Look) -> Option<f32> {
        let is_same_size = self.numbers.len() == look.numbers.len();
        is_same_size.then(|| dot_wide(&look.numbers, &self.numbers) as f32 / (self.length * look.length))
    }
}

/// Whether an embedding is the one of before, told by 16 of its numbers: a further picture changes nearly all.
pub(crate) fn print(values: &[f32]) -> u32 {
    let step = (values.len() / 16).max(1);
    values.iter().step_by(step).fold(1, |print: u32, value| print.rotate_left(5) ^ value.to_bits())
}

/// Whole numbers, so that the sum is the same in whatever order it is made.
#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
}

#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn dot_wide(a: &[i8], b: &[i16]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a)) * i32::from(*b)).sum()
}

#[cfg_attr(target_family = "wasm", target_feature(enable = "simd128"))]
fn add(sums: &mut [i32], numbers: &[i8], scale: i32) {
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum += i32::from(*number) * scale;
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Serialize for Look {
    /// Base64 of the bytes, the last group filled up with zeros.
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(self.numbers.len().div_ceil(3) * 4 + 5);
        text.push_str(&self.numbers.len().to_string());
        text.push(':');
        for group in self.numbers.chunks(3) {
            let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0).cast_unsigned());
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for shift in [18, 12, 6, 0] {
                text.push(char::from(LETTERS[(bits >> shift) as usize & 63]));
            }
        }
        to.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Look {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Look, D::Error> {
        let text = String::deserialize(from)?;
        decoded(&text)
            .and_then(|bytes| Look::read(&bytes))
            .ok_or_else(|| de::Error::custom("this is no look"))
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let (size, letters) = text.split_once(':')?;
    let size: usize = size.parse().ok()?;
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::with_capacity(letters.len() / 4 * 3);
    for group in letters.as_bytes().chunks(4) {
        let bits =
            group.iter().try_fold(0_u32, |bits, letter| Some(bits << 6 | u32::from(value(*letter)?)))?;
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    bytes.truncate(size);
    (bytes.len() == size && letters.len().is_multiple_of(4)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(step: f32, size: u16) -> Vec<f32> {
        (0..size).map(|index| (f32::from(index) * step).sin()).collect()
    }

    #[test]
    fn a_look_is_the_same_after_a_state_was_read() {
        for size in [8, 64, 511, 512, 4096] {
            let look = Look::of(&wave(0.37, size)).unwrap();
            let text = serde_json::to_string(&look).unwrap();
            assert_eq!(serde_json::from_str::<Look>(&text).unwrap(), look, "{size}");
        }
    }

    #[test]
    fn what_no_state_holds_is_no_look() {
        for text in ["", "8", "8:", "x:AAAA", "8:!!!!", "0:", "3:AAAA", "4:AQEB", "99999999999999999999:AQEB"]
        {
            assert!(serde_json::from_value::<Look>(Json::from(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn packed_looks_have_the_cosines_of_embeddings() {
        let (a, b) = (wave(0.37, 512), wave(0.372, 512));
        let exact = Embedding::new(&a).unwrap().cosine(&Embedding::new(&b).unwrap()).unwrap();
        let (a, b) = (Look::of(&a).unwrap(), Look::of(&b).unwrap());
        assert!((a.cosine(&b).unwrap() - exact).abs() < 0.005);
        assert!((a.cosine(&a).unwrap() - 1.0).abs() < 1e-6);
        assert_eq!(a.cosine(&Look::of(&wave(0.37, 64)).unwrap()), None);
    }

    #[test]
    fn a_mean_is_between_its_looks_and_a_mean_of_one_is_that_one() {
        for size in [8, 64, 512, 4096] {
            let (a, b) = (Look::of(&wave(0.37, size)).unwrap(), Look::of(&wave(0.9, size)).unwrap());
            let one = Mean::of([&a].into_iter()).unwrap();
            assert!((one.cosine(&a).unwrap() - 1.0).abs() < 0.003, "{size}");
            assert!((one.cosine(&b).unwrap() - a.cosine(&b).unwrap()).abs() < 0.005, "{size}");
            let many = Mean::of([&a, &b].into_iter().cycle().take(1000)).unwrap();
            let half = ((1.0 + a.cosine(&b).unwrap()) / 2.0).sqrt();
            for look in [&a, &b] {
                assert!((many.cosine(look).unwrap() - half).abs() < 0.005, "{size}");
            }
        }
        let (long, short) = (Look::of(&wave(0.37, 512)).unwrap(), Look::of(&wave(0.37, 64)).unwrap());
        let mean = Mean::of([&long, &short].into_iter()).unwrap();
        assert_eq!((mean.cosine(&short), mean.cosine(&long).is_some()), (None, true));
        assert_eq!(Mean::of(std::iter::empty()), None);
    }

    #[test]
    fn another_picture_leaves_another_print() {
        assert_eq!(print(&wave(0.37, 512)), print(&wave(0.37, 512)));
        assert_ne!(print(&wave(0.37, 512)), print(&wave(0.3701, 512)));
    }
}
