//! From a source's media time to the time that rules see.

use std::time::Duration;

use ocellus_core::TimeUs;

/// Drift between media time and the wall clock that is bridged by a new anchor.
const MAX_DRIFT: Duration = Duration::from_secs(1);

/// Maps media time to microseconds since the Unix epoch, strictly increasing across loops,
/// reconnects, and steps of the wall clock.
#[derive(Debug, Default)]
pub(crate) struct LiveClock {
    anchor: Option<Anchor>,
    last: Option<TimeUs>,
    /// How far the camera's time runs ahead of a wall clock that was set back; frames keep their
    /// distance in time instead of crowding until the wall clock has caught up.
    ahead: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    wall: TimeUs,
    media: Duration,
}

impl LiveClock {
    /// The source was opened anew: its media time starts over.
    pub(crate) fn reopened(&mut self) {
        self.anchor = None;
    }

    /// The time of a picture with media time `media` that arrived at wall time `wall`.
    pub(crate) fn map(&mut self, media: Duration, wall: TimeUs) -> TimeUs {
        let mapped = self.anchor.map(|anchor| anchor.time_of(media));
        let drift = mapped.map(|time| self.drift(time, wall));
        let time = match mapped {
            Some(time) if drift.is_some_and(|drift| drift <= MAX_DRIFT) => time,
            _ => self.anchor_at(media, wall),
        };
        let time = self.last.map_or(time, |last| time.max(TimeUs(last.0 + 1)));
        self.last = Some(time);
        time
    }

    fn drift(&self, time: TimeUs, wall: TimeUs) -> Duration {
        let wall = wall + self.ahead;
        time.since(wall).max(wall.since(time))
    }

    fn anchor_at(&mut self, media: Duration, wall: TimeUs) -> TimeUs {
        if let Some(last) = self.last
            && wall + self.ahead <= last
        {
            self.ahead = TimeUs(last.0 + 1).since(wall);
        }
        let wall = wall + self.ahead;
        self.anchor = Some(Anchor { wall, media });
        wall
    }
}

impl Anchor {
    fn time_of(self, media: Duration) -> TimeUs {
        if media >= self.media { self.wall + (media - self.media) } else { self.wall - (self.media - media) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: TimeUs = TimeUs(1_700_000_000_000_000);

    #[test]
    fn jitter_of_arrival_does_not_reach_the_frame_time() {
        let mut clock = LiveClock::default();
        let first = clock.map(Duration::ZERO, START);
        let second = clock.map(Duration::from_millis(100), START + Duration::from_millis(180));
        assert_eq!(second.since(first), Duration::from_millis(100));
    }

    #[test]
    fn time_increases_across_a_reconnect_and_a_wall_clock_that_steps_back() {
        let mut clock = LiveClock::default();
        let before = clock.map(Duration::from_secs(9), START);
        clock.reopened();
        let after = clock.map(Duration::ZERO, START - Duration::from_secs(60));
        assert_eq!(after, TimeUs(before.0 + 1));
        let next = clock.map(Duration::from_millis(100), START - Duration::from_millis(59_900));
        assert_eq!(next.since(after), Duration::from_millis(100));
    }

    #[test]
    fn drift_over_a_second_is_bridged() {
        let mut clock = LiveClock::default();
        clock.map(Duration::ZERO, START);
        let wall = START + Duration::from_secs(100);
        assert_eq!(clock.map(Duration::from_secs(95), wall), wall);
    }
}
