//! How long to wait before trying a failed source again.

use std::time::Duration;

/// Capped exponential back-off with jitter, as a pure state machine: it neither sleeps nor reads a clock.
///
/// Delay `n` is drawn from half to all of `first × 2ⁿ`, at most `longest`, so that many cameras behind
/// one failed switch do not come back in the same instant, and none waits less than half of what the
/// doubling asks ("equal jitter", AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    random: u64,
}

impl Backoff {
    /// From 1 s to 30 s. Equal seeds give equal delays.
    #[must_use]
    pub fn new(seed: u64) -> Backoff {
        Backoff::between(Duration::from_secs(1), Duration::from_secs(30), seed)
    }

    /// From `first` to `longest`.
    #[must_use]
    pub fn between(first: Duration, longest: Duration, seed: u64) -> Backoff {
        Backoff { first, longest: longest.max(first), failures: 0, random: seed }
    }

    /// Records a failure; the time to wait before the next attempt.
    pub fn fail(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.longest).mul_f64(0.5 + 0.5 * self.next_share())
    }

    /// Records a success: the next failure starts from the shortest delay again.
    pub fn succeed(&mut self) {
        self.failures = 0;
    }

    /// Failures since the last success.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Uniform in 0..1 (splitmix64, Steele, Lea and Flood 2014).
    fn next_share(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap_and_stay_within_the_jitter() {
        let mut backoff = Backoff::new(7);
        for expected in [1_u64, 2, 4, 8, 16, 30, 30, 30] {
            let delay = backoff.fail();
            let whole = Duration::from_secs(expected);
            assert!(delay >= whole / 2 && delay <= whole, "{delay:?} for {whole:?}");
        }
    }

    #[test]
    fn a_thousand_failures_neither_overflow_nor_exceed_the_cap() {
        let mut backoff = Backoff::new(1);
        for _ in 0..1000 {
            assert!(backoff.fail() <= Duration::from_secs(30));
        }
        assert_eq!(backoff.failures(), 1000);
    }

    #[test]
    fn a_success_starts_over() {
        let mut backoff = Backoff::new(1);
        for _ in 0..6 {
            backoff.fail();
        }
        backoff.succeed();
        assert!(backoff.fail() <= Duration::from_secs(1));
    }

    #[test]
    fn equal_seeds_agree_and_different_seeds_spread() {
        let delays = |seed| {
            let mut backoff = Backoff::new(seed);
            [backoff.fail(), backoff.fail(), backoff.fail()]
        };
        assert_eq!(delays(5), delays(5));
        assert_ne!(delays(5), delays(6));
    }
}
