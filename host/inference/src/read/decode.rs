//! From a reader's numbers to a text.

use super::alphabet::{Alphabet, TextLayout};

/// A text, and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadText {
    /// The text; empty where nothing was read.
    pub text: String,
    /// The probability that all of it is right, if its places do not depend on each other: the product of those of the
    /// most likely class of every column, of what stands for no character too. 0..1.
    pub confidence: f32,
}

/// What a reader's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scores {
    /// 0..1, one together.
    Shares,
    /// Their logarithms, but for an addend.
    Logits,
}

/// Reads one picture's columns, each with a number a class: of every column the most likely class that may be read.
pub(crate) fn decode(columns: &[f32], alphabet: &Alphabet, scores: Scores) -> ReadText {
    let mut text = String::new();
    let mut confidence = 1.0;
    let mut former = alphabet.silent;
    for column in columns.chunks_exact(alphabet.characters.len()) {
        let Some((class, share)) = best(column, alphabet, scores) else {
            return ReadText { text: String::new(), confidence: 0.0 };
        };
        confidence *= share;
        let repeats = alphabet.layout == TextLayout::Ctc && class == former;
        if class != alphabet.silent && !repeats {
            text.push(alphabet.characters[class]);
        }
        former = class;
    }
    ReadText { text, confidence: if columns.is_empty() { 0.0 } else { confidence } }
}

/// The most likely class that may be read, and its share among those; none where a number makes no sense.
fn best(column: &[f32], alphabet: &Alphabet, scores: Scores) -> Option<(usize, f32)> {
    let allowed = || column.iter().zip(&alphabet.allowed).enumerate().filter(|(_, (_, allowed))| **allowed);
    let (class, most) =
        allowed().map(|(class, (score, _))| (class, *score)).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let sum: f32 = match scores {
        Scores::Shares => allowed().map(|(_, (score, _))| *score).sum::<f32>() / most,
        Scores::Logits => allowed().map(|(_, (score, _))| (score - most).exp()).sum(),
    };
    let share = 1.0 / sum;
    (share.is_finite() && most.is_finite()).then_some((class, share.clamp(0.0, 1.0)))
}

/// What the columns hold: shares where every column has numbers of 0 to 1 that make one together.
pub(crate) fn kind(columns: &[f32], classes: usize) -> Scores {
    let is_shares = |column: &[f32]| {
        column.iter().all(|share| (-1e-4..=1.000_1).contains(share))
            && (column.iter().sum::<f32>() - 1.0).abs() < 0.01
    };
    if columns.chunks_exact(classes.max(1)).all(is_shares) { Scores::Shares } else { Scores::Logits }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Output;

    fn alphabet(layout: TextLayout) -> Alphabet {
        let said = Output { alphabet: Some("#AB1".into()), ..Output::default() };
        Alphabet::of(&match layout {
            TextLayout::Ctc => Output { blank: Some('#'), ..said },
            TextLayout::Slots => Output { pad: Some('#'), ..said },
        })
        .unwrap()
    }

    /// Columns in which one class has `share` and the others the rest.
    fn columns(classes: &[usize], share: f32) -> Vec<f32> {
        let of =
            |class: &usize| (0..4).map(|at| if at == *class { share } else { (1.0 - share) / 3.0 }).collect();
        classes.iter().flat_map(|class| -> Vec<f32> { of(class) }).collect()
    }

    #[test]
    fn what_repeats_is_one_character_unless_a_blank_stands_between() {
        let read =
            decode(&columns(&[1, 1, 0, 1, 2, 2, 0, 0], 0.9), &alphabet(TextLayout::Ctc), Scores::Shares);
        assert_eq!(read.text, "AAB");
        assert!((read.confidence - 0.9_f32.powi(8)).abs() < 1e-5, "{}", read.confidence);
    }

    #[test]
    fn every_slot_is_a_character_of_its_own_until_they_are_filled_up() {
        let read = decode(&columns(&[1, 1, 3, 0, 0], 1.0), &alphabet(TextLayout::Slots), Scores::Shares);
        assert_eq!((read.text.as_str(), read.confidence), ("AA1", 1.0));
    }

    #[test]
    fn logarithms_say_the_same_as_shares() {
        let shares = columns(&[1, 0, 3], 0.7);
        let logits: Vec<f32> = shares.iter().map(|share| share.ln() + 3.0).collect();
        assert_eq!((kind(&shares, 4), kind(&logits, 4)), (Scores::Shares, Scores::Logits));
        let alphabet = alphabet(TextLayout::Ctc);
        let [one, other] = [(&shares, Scores::Shares), (&logits, Scores::Logits)]
            .map(|(columns, scores)| decode(columns, &alphabet, scores));
        assert_eq!((&*one.text, &*other.text), ("A1", "A1"));
        assert!((one.confidence - other.confidence).abs() < 1e-5);
    }

    #[test]
    fn what_may_not_be_read_leaves_its_place_to_the_next_best() {
        let mut alphabet = alphabet(TextLayout::Ctc);
        alphabet.restrict("B1").unwrap();
        let read = decode(&[0.1, 0.6, 0.2, 0.1], &alphabet, Scores::Shares);
        assert_eq!(read.text, "B");
        assert!((read.confidence - 0.5).abs() < 1e-5, "its share among those left: {}", read.confidence);
    }

    #[test]
    fn numbers_that_are_none_read_nothing() {
        let alphabet = alphabet(TextLayout::Ctc);
        for columns in [&[f32::NAN; 4][..], &[f32::INFINITY, 0.0, 0.0, 0.0], &[0.0; 4], &[]] {
            let read = decode(columns, &alphabet, Scores::Shares);
            assert_eq!((read.text.as_str(), read.confidence), ("", 0.0), "{columns:?}");
        }
    }
}
