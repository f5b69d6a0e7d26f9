//! The vote over what was read of a vehicle, as it is saved.

pub(crate) use ocellus_sdk::core::plate::{LONGEST, Tally, Verdict, Votes, normalised, simplified};

/// Whether two texts may be one plate that was read twice: at most half of the longer one's characters were misread,
/// missed or made up (Levenshtein distance).
pub(crate) fn alike(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (line, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (place, y) in b.iter().enumerate() {
            let kept = diagonal + usize::from(x != y);
            diagonal = row[place + 1];
            row[place + 1] = kept.min(diagonal + 1).min(row[place] + 1);
        }
    }
    2 * row[b.len()] <= a.len().max(b.len())
}

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

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn misread_missed_and_made_up_characters_leave_texts_alike() {
        for (a, b) in
            [("AB123", "AB123"), ("AB123", "A8128"), ("AB1234", "B123"), ("AB123", "MAB123"), ("", "")]
        {
            assert!(alike(a, b) && alike(b, a), "{a} {b}");
        }
        for (a, b) in [("AB123", "XY987"), ("HC353YS", "GD514KR"), ("AB123", ""), ("AB123", "CD1")] {
            assert!(!alike(a, b) && !alike(b, a), "{a} {b}");
        }
    }
}
