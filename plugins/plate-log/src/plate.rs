//! The text of a plate, and the vote over what was read.

use ocellus_sdk::prelude::*;

/// Letters and digits of a plate.
pub(crate) const LONGEST: usize = 16;
/// Different texts that one vehicle's vote keeps.
const MOST_TEXTS: usize = 8;

/// Letters and digits in capitals; nothing where there are none, or too many.
pub(crate) fn normalised(text: &str) -> Option<String> {
    let kept = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase);
    let kept: String = kept.take(LONGEST + 1).collect();
    (1..=LONGEST).contains(&kept.chars().count()).then_some(kept)
}

/// The same with one letter or digit for all that look like it.
pub(crate) fn simplified(text: &str) -> String {
    let simple = |c: char| match c {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' => '1',
        'Z' => '2',
        'S' => '5',
        'G' => '6',
        'B' => '8',
        other => other,
    };
    text.chars().map(simple).collect()
}

/// One text, how often it was read, and all its confidences together in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally(String, u32, u32);

/// What was read of one vehicle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Votes(Vec<Tally>);

/// What the votes come to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) text: String,
    /// Readings that agree with it in most places.
    pub(crate) readings: u32,
    /// Their mean confidence.
    pub(crate) confidence: f64,
}

impl Votes {
    /// One more reading.
    pub(crate) fn add(&mut self, text: &str, confidence: f32) {
        let weight = (f64::from(confidence).clamp(0.0, 1.0) * 1000.0).round() as u32;
        if let Some(Tally(_, times, sum)) = self.0.iter_mut().find(|tally| tally.0 == text) {
            (*times, *sum) = (times.saturating_add(1), sum.saturating_add(weight));
            return;
        }
        if self.0.len() >= MOST_TEXTS {
            // The weakest gives way; of equals the latest.
            let weakest =
                self.0.iter().enumerate().min_by_key(|(place, tally)| (tally.2, usize::MAX - place));
            match weakest.map(|(place, tally)| (place, tally.2)) {
                Some((place, sum)) if sum < weight => {
                    self.0.remove(place);
                }
                _ => return,
            }
        }
        self.0.push(Tally(text.to_owned(), 1, weight));
    }

    /// The text that most speaks for: of the length that has most weight, character by character. Nothing while
    /// fewer than `least` readings agree with it but for one character.
    pub(crate) fn verdict(&self, least: u32) -> Option<Verdict> {
        let length = |tally: &Tally| tally.0.chars().count();
        let weight = |wanted: usize| -> u64 {
            self.0.iter().filter(|tally| length(tally) == wanted).map(|tally| u64::from(tally.2)).sum()
        };
        // Of equals the longer: a character is missed more easily than made up.
        let best = self.0.iter().map(length).max_by_key(|length| (weight(*length), *length))?;
        let of_length: Vec<(Vec<char>, &Tally)> = self
            .0
            .iter()
            .filter(|tally| length(tally) == best)
            .map(|tally| (tally.0.chars().collect(), tally))
            .collect();
        let text: Vec<char> = (0..best).map(|place| elected(&of_length, place)).collect();
        let differs = |read: &[char]| read.iter().zip(&text).filter(|(a, b)| a != b).count();
        let agreeing = of_length.iter().filter(|(read, _)| differs(read) <= 1).map(|(_, tally)| *tally);
        let (readings, sum) = agreeing.fold((0_u32, 0_u64), |(times, sum), tally| {
            (times.saturating_add(tally.1), sum + u64::from(tally.2))
        });
        let confidence = sum as f64 / f64::from(readings.max(1)) / 1000.0;
        (readings >= least).then(|| Verdict { text: text.into_iter().collect(), readings, confidence })
    }
}

/// The character with most weight at a place; of equals that of the first text.
fn elected(texts: &[(Vec<char>, &Tally)], place: usize) -> char {
    let weight = |wanted: char| -> u64 {
        texts.iter().filter(|(text, _)| text[place] == wanted).map(|(_, tally)| u64::from(tally.2)).sum()
    };
    let first = texts[0].0[place];
    texts
        .iter()
        .fold(first, |best, (text, _)| if weight(text[place]) > weight(best) { text[place] } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(readings: &[(&str, f32)], least: u32) -> Option<(String, u32)> {
        let mut votes = Votes::default();
        readings.iter().for_each(|(text, confidence)| votes.add(text, *confidence));
        votes.verdict(least).map(|verdict| (verdict.text, verdict.readings))
    }

    fn some(text: &str, readings: u32) -> Option<(String, u32)> {
        Some((text.to_owned(), readings))
    }

    #[test]
    fn blanks_signs_and_small_letters_make_no_difference() {
        assert_eq!(normalised(" b-ab 123 ").as_deref(), Some("BAB123"));
        assert_eq!(normalised("ö 12"), Some("Ö12".to_owned()));
        assert_eq!(normalised("-- "), None);
        assert_eq!(normalised(&"A".repeat(17)), None);
    }

    #[test]
    fn each_character_is_voted_on_its_own() {
        let read = [("AB123", 0.9), ("A8123", 0.6), ("AB12J", 0.6)];
        assert_eq!(verdict(&read, 2), some("AB123", 3));
    }

    #[test]
    fn a_text_with_a_character_missing_does_not_count() {
        assert_eq!(verdict(&[("AB123", 0.7), ("AB12", 0.7), ("AB123", 0.7)], 2), some("AB123", 2));
        assert_eq!(verdict(&[("AB123", 0.7), ("AB12", 0.7)], 1), some("AB123", 1));
    }

    #[test]
    fn too_few_that_agree_are_no_verdict() {
        assert_eq!(verdict(&[("AB123", 0.9)], 2), None);
        assert_eq!(verdict(&[("AB123", 0.9), ("XY987", 0.8)], 2), None);
        assert_eq!(verdict(&[], 1), None);
    }

    #[test]
    fn a_flood_of_texts_keeps_the_strongest() {
        let mut votes = Votes::default();
        (0..5).for_each(|_| votes.add("AB123", 0.9));
        (0..500).for_each(|index| votes.add(&format!("X{index:04}"), 0.5));
        assert!(votes.0.len() <= MOST_TEXTS);
        assert_eq!(votes.verdict(5).map(|verdict| verdict.text).as_deref(), Some("AB123"));
    }

    #[test]
    fn what_looks_alike_is_the_same_where_wanted() {
        assert_eq!(simplified("BOIS5"), simplified("80155"));
        assert_ne!(simplified("AB123"), simplified("AB124"));
    }
}
