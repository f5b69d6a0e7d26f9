//! The rule that benches run twice: here as a component, and natively beside it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// One multiplication; ids are dense and nobody attacks this map.
#[derive(Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// Remembers on which side of x = 0.5 each track's foot was, and counts the changes.
#[derive(Default)]
pub(crate) struct Line {
    sides: HashMap<u64, bool, BuildHasherDefault<IdHasher>>,
    pub(crate) crossings: u64,
}

impl Line {
    /// Takes one frame's tracks, `boxes` with four numbers a track; returns the tracks that crossed.
    pub(crate) fn frame(&mut self, ids: &[u64], boxes: &[f32]) -> Vec<u64> {
        let mut crossed = Vec::new();
        for (&id, rect) in ids.iter().zip(boxes.chunks_exact(4)) {
            let side = rect[0] + rect[2] / 2.0 > 0.5;
            if self.sides.insert(id, side).is_some_and(|before| before != side) {
                crossed.push(id);
                self.crossings += 1;
            }
        }
        crossed
    }
}
