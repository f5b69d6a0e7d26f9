//! Giving out a recording's pictures at the speed at which they were taken.

use std::time::{Duration, Instant};

/// A picture this late is not made up for by giving the following ones faster: the pace starts anew.
const TOLERATED_LAG: Duration = Duration::from_secs(1);

/// Says how long to wait before a picture is due. Reads no clock.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// A wall-clock moment and the media time that was due then.
    anchor: Option<(Instant, Duration)>,
}

impl Pacer {
    /// Time from `now` until the picture of media time `time` is due; zero if it is late.
    pub(crate) fn delay(&mut self, now: Instant, time: Duration) -> Duration {
        let (started, first) = *self.anchor.get_or_insert((now, time));
        let due = started + time.saturating_sub(first);
        if now.saturating_duration_since(due) > TOLERATED_LAG {
            self.anchor = Some((now, time));
            return Duration::ZERO;
        }
        due.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_first_picture_is_due_at_once_and_others_by_their_time() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        assert_eq!(pacer.delay(start, 500 * MS), Duration::ZERO);
        assert_eq!(pacer.delay(start + 10 * MS, 600 * MS), 90 * MS);
    }

    #[test]
    fn a_small_lag_is_made_up_for_and_a_long_one_is_not() {
        let (mut pacer, start) = (Pacer::default(), Instant::now());
        pacer.delay(start, Duration::ZERO);
        assert_eq!(pacer.delay(start + 300 * MS, 100 * MS), Duration::ZERO);
        assert_eq!(pacer.delay(start + 310 * MS, 400 * MS), 90 * MS);
        // 5 s of silence, as after a suspended machine: no burst of 50 pictures.
        assert_eq!(pacer.delay(start + 5400 * MS, 500 * MS), Duration::ZERO);
        assert_eq!(pacer.delay(start + 5401 * MS, 600 * MS), 99 * MS);
    }
}
