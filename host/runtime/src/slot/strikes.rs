//! How often a rule may fail, and how long it rests.

use std::collections::VecDeque;
use std::time::Duration;

use ocellus_core::TimeUs;

/// Back-off, quarantine and snapshots of a slot, all in frame time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotPolicy {
    /// Pause after the first strike; it doubles with each further one.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// Strikes within [`SlotPolicy::window`] that put the rule into quarantine.
    pub strikes: usize,
    /// Strikes older than this are forgotten.
    pub window: Duration,
    /// Time between two snapshots of the state.
    pub snapshot_every: Duration,
}

/// What becomes of a rule after a fatal failure of its instance. Video goes on in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum OnFailure {
    /// A new instance with the last state after a pause that doubles from 1 to 60 s; quarantine after five
    /// failures in ten minutes.
    #[default]
    Reload,
    /// A new instance with the last state at once, and never quarantine: the frames in between are missed.
    Skip,
    /// Quarantine at the first failure.
    Disable,
}

impl From<OnFailure> for SlotPolicy {
    fn from(on_failure: OnFailure) -> SlotPolicy {
        let usual = SlotPolicy::default();
        match on_failure {
            OnFailure::Reload => usual,
            OnFailure::Skip => SlotPolicy {
                first_pause: Duration::ZERO,
                longest_pause: Duration::ZERO,
                strikes: usize::MAX,
                // Strikes that lead to nothing need not be remembered.
                window: Duration::from_secs(1),
                ..usual
            },
            OnFailure::Disable => SlotPolicy { strikes: 1, ..usual },
        }
    }
}

impl Default for SlotPolicy {
    fn default() -> SlotPolicy {
        SlotPolicy {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            strikes: 5,
            window: Duration::from_secs(600),
            snapshot_every: Duration::from_secs(1),
        }
    }
}

/// The strikes that still count.
#[derive(Debug, Default)]
pub(super) struct Strikes {
    times: VecDeque<TimeUs>,
}

/// What follows from a strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pause { until: TimeUs },
    Quarantine,
}

impl Verdict {
    /// In words.
    pub(super) fn told(self, now: TimeUs) -> String {
        match self {
            Verdict::Pause { until } => format!("a new instance in {:?}", until.since(now)),
            Verdict::Quarantine => "quarantine".to_owned(),
        }
    }
}

impl Strikes {
    pub(super) fn strike(&mut self, now: TimeUs, policy: &SlotPolicy) -> Verdict {
        self.times.retain(|&time| now.since(time) < policy.window);
        self.times.push_back(now);
        if self.times.len() >= policy.strikes.max(1) {
            return Verdict::Quarantine;
        }
        let doublings = u32::try_from(self.times.len() - 1).unwrap_or(u32::MAX);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let pause = policy.first_pause.saturating_mul(factor).min(policy.longest_pause);
        Verdict::Pause { until: now + pause }
    }

    pub(super) fn count(&self) -> usize {
        self.times.len()
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(policy: &SlotPolicy, times: &[u64]) -> Vec<Option<u64>> {
        let mut strikes = Strikes::default();
        times
            .iter()
            .map(|&second| {
                let now = TimeUs(second * 1_000_000);
                match strikes.strike(now, policy) {
                    Verdict::Pause { until } => Some(until.since(now).as_secs()),
                    Verdict::Quarantine => None,
                }
            })
            .collect()
    }

    #[test]
    fn pauses_double_up_to_a_minute() {
        let policy = SlotPolicy { strikes: 100, window: Duration::MAX, ..SlotPolicy::default() };
        let found = pauses(&policy, &[0, 10, 20, 30, 40, 50, 60, 70]);
        assert_eq!(found, [1, 2, 4, 8, 16, 32, 60, 60].map(Some));
    }

    #[test]
    fn the_fifth_strike_within_the_window_is_quarantine_and_old_ones_are_forgotten() {
        let policy = SlotPolicy::default();
        assert_eq!(pauses(&policy, &[0, 1, 2, 3, 4])[4], None);
        assert_eq!(pauses(&policy, &[0, 1, 2, 3, 700])[4], Some(1));
    }
}
