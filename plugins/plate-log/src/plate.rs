//! The vote over what was read of a vehicle, as it is saved.

pub(crate) use ocellus_sdk::core::plate::{LONGEST, Tally, Verdict, Votes, normalised, simplified};

/// Saves votes as a list of text, number of readings, and weight in thousandths.
pub(crate) mod saved {
    use ocellus_sdk::prelude::*;
    use serde::{Deserializer, Serializer};

    use super::{Tally, Votes};

    pub(crate) fn serialize<S: Serializer>(votes: &Votes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(votes.tallies().iter().map(|tally| (&tally.text, tally.times, tally.weight)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Votes, D::Error> {
        let saved: Vec<(String, u32, u32)> = Deserialize::deserialize(deserializer)?;
        let tallies = saved.into_iter().map(|(text, times, weight)| Tally { text, times, weight });
        Ok(Votes::from_tallies(tallies.collect()))
    }
}
