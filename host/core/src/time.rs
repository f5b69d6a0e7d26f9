//! Time as the product knows it: microseconds, always handed in, never read here.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment in microseconds.
///
/// Live cameras count from the Unix epoch; a recording under analysis counts media time from 0. The
/// value strictly increases per camera, across loops and reconnects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimeUs(pub u64);

impl TimeUs {
    /// Seconds since the clock's origin.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The time that passed since `earlier`, or zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: TimeUs) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for TimeUs {
    type Output = TimeUs;

    /// Saturates at the end of time.
    fn add(self, duration: Duration) -> TimeUs {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        TimeUs(self.0.saturating_add(micros))
    }
}

impl Sub<Duration> for TimeUs {
    type Output = TimeUs;

    /// Saturates at the clock's origin.
    fn sub(self, duration: Duration) -> TimeUs {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        TimeUs(self.0.saturating_sub(micros))
    }
}

impl fmt::Display for TimeUs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06} s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}
