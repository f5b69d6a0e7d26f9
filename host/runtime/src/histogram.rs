//! Call times, kept small.

use std::time::Duration;

/// Steps within one doubling: the error of a quantile is at most one eighth.
const STEPS: u32 = 8;
/// Doublings from 64 ns on; the last reaches beyond 60 s.
const DOUBLINGS: u32 = 31;
const FIRST_SHIFT: u32 = 6;

/// Counts of call times in buckets that grow with the time; a kilobyte, however many calls.
#[derive(Debug, Clone)]
pub struct Histogram {
    buckets: Box<[u32]>,
    count: u64,
    max: Duration,
}

/// How long the calls of a rule took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallTimes {
    /// Calls that are counted here.
    pub count: u64,
    /// Half of the calls took at most this; never more than an eighth too high.
    pub p50: Duration,
    /// 99 of 100 calls took at most this; never more than an eighth too high.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::new()
    }
}

impl Histogram {
    /// No calls yet.
    #[must_use]
    pub fn new() -> Histogram {
        let buckets = vec![0; (STEPS * DOUBLINGS) as usize].into_boxed_slice();
        Histogram { buckets, count: 0, max: Duration::ZERO }
    }

    /// Counts a call that took so long.
    pub fn record(&mut self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(index(nanos)) {
            *bucket = bucket.saturating_add(1);
        }
        self.count += 1;
        self.max = self.max.max(took);
    }

    /// How long the calls took so far.
    #[must_use]
    pub fn times(&self) -> CallTimes {
        CallTimes { count: self.count, p50: self.quantile(50), p99: self.quantile(99), max: self.max }
    }

    fn quantile(&self, percent: u64) -> Duration {
        let wanted = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        for (index, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted && seen > 0 {
                return upper_edge(index).min(self.max);
            }
        }
        self.max
    }
}

/// Bucket of a time: its highest bit chooses the doubling, the three bits below it the step.
fn index(nanos: u64) -> usize {
    let nanos = nanos.max(1 << FIRST_SHIFT);
    let doubling = nanos.ilog2() - FIRST_SHIFT;
    let step = (nanos >> (doubling + FIRST_SHIFT - 3)) & 7;
    let index = u64::from(doubling.min(DOUBLINGS - 1) * STEPS) + step;
    index as usize
}

fn upper_edge(index: usize) -> Duration {
    let (doubling, step) = (index as u64 / u64::from(STEPS), index as u64 % u64::from(STEPS));
    Duration::from_nanos((9 + step) << (doubling + u64::from(FIRST_SHIFT) - 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_an_eighth_from_nanoseconds_to_seconds() {
        for nanos in [1u64, 64, 100, 1_000, 1_950, 40_000, 9_999_999, 5_000_000_000] {
            let mut histogram = Histogram::new();
            for _ in 0..99 {
                histogram.record(Duration::from_nanos(nanos));
            }
            histogram.record(Duration::from_secs(50));
            let p50 = histogram.times().p50.as_nanos() as f64;
            assert!(p50 >= nanos as f64 && p50 <= nanos.max(64) as f64 * 1.126, "{nanos}: {p50}");
            assert_eq!(histogram.times().max, Duration::from_secs(50));
        }
    }

    #[test]
    fn no_calls_and_endless_calls_are_no_trouble() {
        assert_eq!(Histogram::new().times(), CallTimes::default());
        let mut histogram = Histogram::new();
        histogram.record(Duration::MAX);
        assert_eq!(histogram.times().max, Duration::MAX);
    }
}
