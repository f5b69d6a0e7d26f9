//! A rule's share of the processor, so that one over its share delays itself and not others.

use std::time::Duration;

use ocellus_core::TimeUs;

/// Call time that a rule may still use; frame time refills it.
#[derive(Debug)]
pub(super) struct Budget {
    /// In nanoseconds; below zero after a call that took more than was left.
    left: i64,
    at: Option<TimeUs>,
}

/// How much is refilled in a second of frame time, and how much may be saved up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) per_second: Duration,
    pub(super) burst: Duration,
}

impl Budget {
    pub(super) fn new() -> Budget {
        Budget { left: 0, at: None }
    }

    /// Whether a call may begin at frame time `now`.
    pub(super) fn admits(&mut self, now: TimeUs, rate: Rate) -> bool {
        let refill = match self.at {
            None => rate.burst,
            Some(at) => rate.per_second.mul_f64(now.since(at).as_secs_f64().min(60.0)),
        };
        // A time that goes back would be refilled again on its way forward.
        self.at = Some(self.at.map_or(now, |at| at.max(now)));
        self.left = self.left.saturating_add(nanos(refill)).min(nanos(rate.burst));
        self.left > 0
    }

    pub(super) fn spend(&mut self, took: Duration) {
        self.left = self.left.saturating_sub(nanos(took));
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { per_second: Duration::from_millis(100), burst: Duration::from_millis(100) };

    /// Calls made in ten seconds at 25 frames a second.
    fn calls(took: Duration) -> usize {
        let mut budget = Budget::new();
        (0..250)
            .filter(|frame| {
                let admitted = budget.admits(TimeUs(1_000_000 + frame * 40_000), RATE);
                if admitted {
                    budget.spend(took);
                }
                admitted
            })
            .count()
    }

    #[test]
    fn a_rule_within_its_share_sees_every_frame_and_one_over_it_gets_its_share() {
        assert_eq!(calls(Duration::from_micros(3_900)), 250);
        let slow = calls(Duration::from_millis(10));
        assert!((100..=125).contains(&slow), "10 ms a call, 100 ms a second: {slow} of 250 frames");
    }

    #[test]
    fn a_time_that_goes_back_and_forth_refills_nothing_twice() {
        let mut budget = Budget::new();
        let admitted = (0..200).filter(|frame| {
            // Two cameras, 0.2 s apart.
            let behind = if frame % 2 == 0 { 0 } else { 200_000 };
            let admitted = budget.admits(TimeUs(1_000_000 + frame * 1_000 - behind), RATE);
            if admitted {
                budget.spend(Duration::from_millis(50));
            }
            admitted
        });
        // The burst, and what 0.2 s of frame time bring.
        assert!((2..=4).contains(&admitted.count()));
    }
}
