//! For how long a rule was wrong about a space.

/// What is said of a space over time: nothing until the first change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// By time, in seconds; of two at the same moment the later in the list holds.
    changes: Vec<(f64, bool)>,
}

/// Two timelines of a space beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SpaceError {
    /// How long the space was looked at, in seconds.
    pub seconds: f64,
    /// Of these, for how long the rule said it was free and it was not.
    pub missed: f64,
    /// For how long it said that it was occupied and it was not.
    pub invented: f64,
    /// For how long it had not said anything.
    pub unknown: f64,
}

impl Timeline {
    /// From (seconds, occupied), in any order; at the same moment the last one holds.
    #[must_use]
    pub fn new(mut changes: Vec<(f64, bool)>) -> Timeline {
        changes.sort_by(|a, b| a.0.total_cmp(&b.0));
        Timeline { changes }
    }

    /// Occupied in these spans of seconds, and free otherwise.
    #[must_use]
    pub fn occupied_in(spans: &[(f64, f64)]) -> Timeline {
        let mut spans = spans.to_vec();
        spans.sort_by(|a, b| a.0.total_cmp(&b.0));
        let spans = spans.iter().flat_map(|&(from, to)| [(from, true), (to, false)]);
        Timeline { changes: [(f64::NEG_INFINITY, false)].into_iter().chain(spans).collect() }
    }

    /// How often the state changes between two moments, the first statement and a change at `from_s` itself apart.
    #[must_use]
    pub fn turns(&self, from_s: f64, to_s: f64) -> usize {
        let differs =
            |pair: &&[(f64, bool)]| pair[0].1 != pair[1].1 && from_s < pair[1].0 && pair[1].0 < to_s;
        self.changes.windows(2).filter(differs).count()
    }

    /// What holds at a moment.
    fn at(&self, time: f64) -> Option<bool> {
        let next = self.changes.partition_point(|change| change.0 <= time);
        Some(self.changes.get(next.checked_sub(1)?)?.1)
    }

    /// How wrong `said` is about this, between two moments.
    #[must_use]
    pub fn error_of(&self, said: &Timeline, (from_s, to_s): (f64, f64)) -> SpaceError {
        let both = self.changes.iter().chain(&said.changes).map(|change| change.0);
        let mut cuts: Vec<f64> = both.filter(|time| (from_s..to_s).contains(time)).collect();
        cuts.extend([from_s, to_s]);
        cuts.sort_by(f64::total_cmp);
        let mut error = SpaceError::default();
        for pair in cuts.windows(2) {
            let span = pair[1] - pair[0];
            error.seconds += span;
            match (self.at(pair[0]), said.at(pair[0])) {
                (Some(true), Some(false)) => error.missed += span,
                (Some(false), Some(true)) => error.invented += span,
                (Some(_), None) => error.unknown += span,
                _ => {}
            }
        }
        error
    }
}

impl SpaceError {
    /// Takes in another space.
    pub fn add(&mut self, other: &SpaceError) {
        self.seconds += other.seconds;
        self.missed += other.missed;
        self.invented += other.invented;
        self.unknown += other.unknown;
    }

    /// The share of time in which what was said was wrong, or nothing was said; 0..1.
    #[must_use]
    pub fn wrong(&self) -> f64 {
        let wrong = self.missed + self.invented + self.unknown;
        if self.seconds > 0.0 { wrong / self.seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_told_apart_by_what_was_wrong_with_them() {
        let truth = Timeline::occupied_in(&[(10.0, 20.0), (0.0, 4.0)]);
        let said = Timeline::new(vec![(12.0, true), (1.0, true), (5.0, false), (21.0, false)]);
        let error = truth.error_of(&said, (0.0, 30.0));
        assert_eq!(error, SpaceError { seconds: 30.0, missed: 2.0, invented: 2.0, unknown: 1.0 });
        assert!((error.wrong() - 5.0 / 30.0).abs() < 1e-12);
        assert_eq!((truth.turns(0.0, 30.0), said.turns(0.0, 30.0)), (3, 3));
    }

    #[test]
    fn a_rule_that_says_nothing_is_wrong_all_the_time() {
        let truth = Timeline::occupied_in(&[]);
        let error = truth.error_of(&Timeline::default(), (5.0, 15.0));
        assert_eq!((error.unknown, error.wrong()), (10.0, 1.0));
    }

    #[test]
    fn no_time_at_all_is_no_error() {
        let error = Timeline::default().error_of(&Timeline::default(), (3.0, 3.0));
        assert_eq!((error.seconds, error.wrong()), (0.0, 0.0));
    }
}
