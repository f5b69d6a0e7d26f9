//! Seeded random numbers: PCG-XSH-RR 64/32 (O'Neill 2014), integer arithmetic only, so that every
//! machine draws the same.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Rng {
    state: u64,
    increment: u64,
}

/// Spreads `value` over all 64 bits (the finaliser of `SplitMix64`).
pub(super) fn hash(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Rng {
    /// The stream of `seed`; `stream` tells independent uses of one seed apart.
    pub(super) fn new(seed: u64, stream: u64) -> Rng {
        let mut rng = Rng { state: hash(seed), increment: hash(stream) | 1 };
        rng.next();
        rng
    }

    /// 32 uniform bits.
    pub(super) fn next(&mut self) -> u32 {
        let old = self.state;
        self.state = old.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(self.increment);
        let shifted = (((old >> 18) ^ old) >> 27) as u32;
        shifted.rotate_right((old >> 59) as u32)
    }

    /// Uniform in `low..high`.
    pub(super) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (f64::from(self.next()) / 4_294_967_296.0)
    }

    /// Uniform in `0..count`; 0 when `count` is 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((u64::from(self.next()) * count as u64) >> 32) as usize
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.range(0.0, 1.0) < probability
    }

    /// One of `choices`, which is not empty.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, choices: &[T; N]) -> T {
        choices[self.below(N)]
    }
}
