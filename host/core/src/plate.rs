//! The text of a number plate, and the vote over what was read.

/// Letters and digits of a plate.
pub const LONGEST: usize = 16;
/// What stands for a character that a host hides.
pub const HIDDEN: char = '*';
/// Different texts that one vehicle's vote keeps.
const MOST_TEXTS: usize = 8;

/// Letters and digits in capitals, [`HIDDEN`] ones too; nothing where there are none, or more than [`LONGEST`].
#[must_use]
pub fn normalised(text: &str) -> Option<String> {
    let kept = text.chars().filter(|c| c.is_alphanumeric() || *c == HIDDEN).flat_map(char::to_uppercase);
    let kept: String = kept.take(LONGEST + 1).collect();
    (1..=LONGEST).contains(&kept.chars().count()).then_some(kept)
}

/// The same with one letter or digit for all that look like it: O, Q and D like 0, B like 8 and so on.
#[must_use]
pub fn simplified(text: &str) -> String {
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

/// One text, and how often and how surely it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// The text.
    pub text: String,
    /// How often it was read.
    pub times: u32,
    /// All its confidences together, in thousandths.
    pub weight: u32,
}

/// What was read of one vehicle. It keeps few texts, however many there were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Votes(Vec<Tally>);

/// What the votes come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The text.
    pub text: String,
    /// Readings that agree with it but for one character at most.
    pub readings: u32,
    /// Their mean confidence, 0..1.
    pub confidence: f64,
    /// The smallest share of the weight that one of its characters has at its place, 0..1.
    pub agreement: f64,
}

impl Votes {
    /// The votes that [`Votes::tallies`] told of.
    #[must_use]
    pub fn from_tallies(tallies: Vec<Tally>) -> Votes {
        Votes(tallies)
    }

    /// All there is to them.
    #[must_use]
    pub fn tallies(&self) -> &[Tally] {
        &self.0
    }

    /// One more reading.
    pub fn add(&mut self, text: &str, confidence: f32) {
        let weight = (f64::from(confidence).clamp(0.0, 1.0) * 1000.0).round() as u32;
        if let Some(tally) = self.0.iter_mut().find(|tally| tally.text == text) {
            tally.times = tally.times.saturating_add(1);
            tally.weight = tally.weight.saturating_add(weight);
            return;
        }
        if self.0.len() >= MOST_TEXTS {
            // The weakest gives way; of equals the latest.
            let weakest =
                self.0.iter().enumerate().min_by_key(|(place, tally)| (tally.weight, usize::MAX - place));
            match weakest.map(|(place, tally)| (place, tally.weight)) {
                Some((place, least)) if least < weight => {
                    self.0.remove(place);
                }
                _ => return,
            }
        }
        self.0.push(Tally { text: text.to_owned(), times: 1, weight });
    }

    /// The text that most speaks for: of the length that has most weight, character by character. Nothing while
    /// fewer than `least` readings agree with it but for one character.
    #[must_use]
    pub fn verdict(&self, least: u32) -> Option<Verdict> {
        let length = |tally: &Tally| tally.text.chars().count();
        let weight = |wanted: usize| -> u64 {
            self.0.iter().filter(|tally| length(tally) == wanted).map(|tally| u64::from(tally.weight)).sum()
        };
        // Of equals the longer: a character is missed more easily than made up.
        let best = self.0.iter().map(length).max_by_key(|length| (weight(*length), *length))?;
        let of_length: Vec<(Vec<char>, &Tally)> = self
            .0
            .iter()
            .filter(|tally| length(tally) == best)
            .map(|tally| (tally.text.chars().collect(), tally))
            .collect();
        let text: Vec<char> = (0..best).map(|place| elected(&of_length, place)).collect();
        let differs = |read: &[char]| read.iter().zip(&text).filter(|(a, b)| a != b).count();
        let agreeing = of_length.iter().filter(|(read, _)| differs(read) <= 1).map(|(_, tally)| *tally);
        let (readings, sum) = agreeing.fold((0_u32, 0_u64), |(times, sum), tally| {
            (times.saturating_add(tally.times), sum + u64::from(tally.weight))
        });
        let all = self.0.iter().map(|tally| u64::from(tally.weight)).sum::<u64>().max(1) as f64;
        let share = |place: usize| votes_for(&of_length, place, text[place]) as f64 / all;
        let agreement = (0..best).map(share).fold(1.0, f64::min);
        let confidence = sum as f64 / f64::from(readings.max(1)) / 1000.0;
        (readings >= least).then(|| Verdict {
            text: text.into_iter().collect(),
            readings,
            confidence,
            agreement,
        })
    }
}

fn votes_for(texts: &[(Vec<char>, &Tally)], place: usize, wanted: char) -> u64 {
    texts.iter().filter(|(text, _)| text[place] == wanted).map(|(_, tally)| u64::from(tally.weight)).sum()
}

/// The character with most weight at a place; of equals that of the first text.
fn elected(texts: &[(Vec<char>, &Tally)], place: usize) -> char {
    let weight = |wanted: char| votes_for(texts, place, wanted);
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
        assert_eq!(normalised("AB***").as_deref(), Some("AB***"));
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
    fn agreement_is_that_of_the_least_agreed_character_among_all_that_was_read() {
        let mut votes = Votes::default();
        votes.add("AB123", 0.6);
        votes.add("AB128", 0.2);
        votes.add("AB12", 0.2);
        let verdict = votes.verdict(1).unwrap();
        assert_eq!(verdict.text, "AB123");
        assert!((verdict.agreement - 0.6).abs() < 1e-9, "{}", verdict.agreement);
    }

    #[test]
    fn a_flood_of_texts_keeps_the_strongest() {
        let mut votes = Votes::default();
        (0..5).for_each(|_| votes.add("AB123", 0.9));
        (0..500).for_each(|index| votes.add(&format!("X{index:04}"), 0.5));
        assert!(votes.tallies().len() <= MOST_TEXTS);
        assert_eq!(votes.verdict(5).map(|verdict| verdict.text).as_deref(), Some("AB123"));
    }

    #[test]
    fn votes_are_the_same_after_they_were_told_of() {
        let mut votes = Votes::default();
        (0..3).for_each(|_| votes.add("AB123", 0.9));
        assert_eq!(Votes::from_tallies(votes.tallies().to_vec()), votes);
    }

    #[test]
    fn what_looks_alike_is_the_same_where_wanted() {
        assert_eq!(simplified("BOIS5"), simplified("80155"));
        assert_ne!(simplified("AB123"), simplified("AB124"));
    }
}
