//! Which of a rule's events is which of what happened, by time.

use crate::tracker::assignment::{Assigner, Pair};

/// The most pairs that are looked at; more come of a tolerance that is out of all proportion.
const MOST_PAIRS: usize = 5_000_000;
/// What a pair is worth before how close it is: as many pairs as possible come first, then the closest.
const A_PAIR: i64 = 1 << 44;

/// What happened beside what a rule said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pairing {
    /// Indices of the truth and of the events, by truth.
    pub pairs: Vec<(usize, usize)>,
    /// What happened and was not said.
    pub missed: usize,
    /// What was said and did not happen.
    pub invented: usize,
}

/// Too many moments lie within the tolerance of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_PAIRS} pairs lie within the tolerance; use a smaller one")]
pub struct TooClose;

impl Pairing {
    /// Pairs moments of the truth with those of the events that are at most `tolerance_s` apart: as many pairs as
    /// possible, and of these the closest. Times in seconds, in any order.
    ///
    /// # Errors
    /// [`TooClose`] where the tolerance is out of all proportion.
    pub fn of(truth: &[f64], events: &[f64], tolerance_s: f64) -> Result<Pairing, TooClose> {
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by(|&a, &b| events[a].total_cmp(&events[b]));
        let mut pairs = Vec::new();
        for (row, &time) in truth.iter().enumerate() {
            let first = order.partition_point(|&event| events[event] < time - tolerance_s);
            let near = order[first..].iter().enumerate();
            for (offset, &event) in near.take_while(|(_, event)| events[**event] <= time + tolerance_s) {
                if pairs.len() >= MOST_PAIRS {
                    return Err(TooClose);
                }
                // A microsecond's difference is told apart; the worth of being close never outweighs a pair.
                let apart = ((events[event] - time).abs() * 1e6).min(A_PAIR as f64 / 16.0);
                pairs.push(Pair {
                    row: row as u32,
                    column: (first + offset) as u32,
                    gain: A_PAIR - apart as i64,
                });
            }
        }
        let mut assigner = Assigner::default();
        let matched = assigner.solve(truth.len(), events.len(), &pairs).enumerate();
        let pairs: Vec<(usize, usize)> =
            matched.filter_map(|(row, column)| Some((row, order[column?]))).collect();
        Ok(Pairing { missed: truth.len() - pairs.len(), invented: events.len() - pairs.len(), pairs })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_possible_are_paired_before_the_closest() {
        // The event at 1.9 is closest to 2.0, but then 1.0 would have none.
        let pairing = Pairing::of(&[2.0, 1.0], &[1.9, 2.9], 1.0).unwrap();
        assert_eq!(pairing, Pairing { pairs: vec![(0, 1), (1, 0)], missed: 0, invented: 0 });
        let pairing = Pairing::of(&[2.0], &[1.2, 2.1], 1.0).unwrap();
        assert_eq!(pairing, Pairing { pairs: vec![(0, 1)], missed: 0, invented: 1 });
    }

    #[test]
    fn what_is_further_apart_than_the_tolerance_is_missed_and_invented() {
        let pairing = Pairing::of(&[10.0], &[11.01], 1.0).unwrap();
        assert_eq!(pairing, Pairing { pairs: Vec::new(), missed: 1, invented: 1 });
        assert_eq!(Pairing::of(&[], &[], 1.0).unwrap(), Pairing::default());
    }

    #[test]
    fn a_tolerance_out_of_all_proportion_is_refused() {
        let many: Vec<f64> = (0..3000).map(f64::from).collect();
        assert_eq!(Pairing::of(&many, &many, 1e9), Err(TooClose));
    }
}
