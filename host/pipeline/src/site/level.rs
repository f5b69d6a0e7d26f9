//! The service level that a version must keep after it was activated: its predecessor's and its own limits.
//!
//! Pure: figures in, verdict out.

use std::time::Duration;

use ocellus_runtime::{Limits, RuleHealth, RuleState};

/// How long a version is watched, by the wall clock.
pub(super) const WATCHED: Duration = Duration::from_secs(60);

/// Deadline misses that count: fewer may be the machine's fault.
const MISSES: u64 = 3;
/// Calls before times and error rates are compared.
const CALLS: u64 = 50;
/// A version may take so many times its predecessor's median.
const SLOWER: u32 = 4;
/// Medians below this are never too slow, whatever the predecessor's: they do not matter to a frame.
const HARMLESS: Duration = Duration::from_micros(200);
/// The share of calls that a version may answer with errors, where its predecessor did not.
const REFUSALS: f64 = 0.1;

/// A version's figures over all cameras of its rule.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Level {
    pub(super) calls: u64,
    pub(super) traps: u64,
    pub(super) limit_breaches: u64,
    pub(super) deadline_misses: u64,
    pub(super) refusals: u64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) quarantined: bool,
}

impl Level {
    pub(super) fn over(healths: impl IntoIterator<Item = RuleHealth>) -> Level {
        healths.into_iter().fold(Level::default(), |level, health| Level {
            calls: level.calls + health.calls,
            traps: level.traps + health.traps,
            limit_breaches: level.limit_breaches + health.limit_breaches,
            deadline_misses: level.deadline_misses + health.deadline_misses,
            refusals: level.refusals + health.refusals,
            p50: level.p50.max(health.call_time.p50),
            p99: level.p99.max(health.call_time.p99),
            quarantined: level.quarantined || health.state == RuleState::Quarantined,
        })
    }

    fn rate(&self, count: u64) -> f64 {
        if self.calls == 0 { 0.0 } else { count as f64 / self.calls as f64 }
    }

    /// Why a version with these figures must go, if it must; `before` are its predecessor's.
    pub(super) fn breach(&self, before: &Level, limits: &Limits) -> Option<String> {
        let worse = |now: u64, then: u64| now > 0 && self.rate(now) > 2.0 * before.rate(then);
        if self.quarantined {
            return Some("it failed too often and was quarantined".into());
        }
        if worse(self.traps, before.traps) {
            return Some(format!("{} of {} calls trapped", self.traps, self.calls));
        }
        if worse(self.limit_breaches, before.limit_breaches) {
            return Some(format!("{} of {} calls broke a limit", self.limit_breaches, self.calls));
        }
        if self.deadline_misses >= MISSES && worse(self.deadline_misses, before.deadline_misses) {
            let (misses, calls) = (self.deadline_misses, self.calls);
            return Some(format!(
                "{misses} of {calls} calls took longer than {} ms",
                limits.call.as_millis()
            ));
        }
        if self.calls < CALLS {
            return None;
        }
        if self.rate(self.refusals) > REFUSALS && worse(self.refusals, before.refusals) {
            return Some(format!("{} of {} calls were answered with an error", self.refusals, self.calls));
        }
        if before.calls >= CALLS && self.p50 > HARMLESS && self.p50 > before.p50 * SLOWER {
            let (now, then) = (self.p50.as_micros(), before.p50.as_micros());
            return Some(format!(
                "half of its calls take {now} µs or more, its predecessor's took {then} µs"
            ));
        }
        (self.p99 > limits.call / 2 && self.p99 > before.p99 * 2).then(|| {
            let (now, limit) = (self.p99.as_micros(), limits.call.as_micros());
            format!("one call in a hundred takes {now} µs or more, beyond half its limit of {limit} µs")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Level = Level {
        calls: 1000,
        traps: 0,
        limit_breaches: 0,
        deadline_misses: 0,
        refusals: 0,
        p50: Duration::from_micros(60),
        p99: Duration::from_micros(150),
        quarantined: false,
    };

    fn breach(level: Level) -> Option<String> {
        level.breach(&GOOD, &Limits::default())
    }

    #[test]
    fn a_version_as_good_as_the_one_before_stays() {
        assert_eq!(breach(GOOD), None);
        assert_eq!(breach(Level::default()), None, "nothing is known yet");
        assert_eq!(breach(Level { deadline_misses: 2, ..GOOD }), None, "two may be the machine's fault");
        assert_eq!(breach(Level { p50: Duration::from_micros(190), ..GOOD }), None, "slower, but harmless");
    }

    #[test]
    fn what_is_worse_goes_and_the_reason_has_figures() {
        let faults = [
            (Level { traps: 1, ..GOOD }, "1 of 1000 calls trapped"),
            (Level { limit_breaches: 2, ..GOOD }, "2 of 1000 calls broke a limit"),
            (Level { deadline_misses: 3, ..GOOD }, "3 of 1000 calls took longer than 10 ms"),
            (Level { refusals: 200, ..GOOD }, "200 of 1000 calls were answered"),
            (
                Level { p50: Duration::from_micros(600), ..GOOD },
                "take 600 µs or more, its predecessor's took 60",
            ),
            (Level { p99: Duration::from_millis(6), ..GOOD }, "one call in a hundred takes 6000 µs"),
            (Level { quarantined: true, ..GOOD }, "quarantined"),
        ];
        for (level, expected) in faults {
            let reason = breach(level).unwrap_or_else(|| panic!("{expected}: stays"));
            assert!(reason.contains(expected), "{reason}");
        }
    }

    #[test]
    fn a_fault_that_the_predecessor_had_too_is_no_reason() {
        let before = Level { traps: 10, refusals: 500, ..GOOD };
        let level = Level { traps: 12, refusals: 600, ..GOOD };
        assert_eq!(level.breach(&before, &Limits::default()), None);
    }
}
