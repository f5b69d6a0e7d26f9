//! Models that predict a set (the DETR family): a row a query, with its box in shares of the input and a score a class.
//!
//! As `PostProcess` of these models does it, but for one thing: a query is reported once, as its best class.

use ocellus_core::Size;

use super::{Candidate, Output, centred};
use crate::classes::Columns;

/// What the numbers of a row are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meaning {
    pub(super) input: Size,
    pub(super) scores: Scores,
    pub(super) columns: Columns,
}

/// What the scores are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scores {
    /// 0..1.
    Shares,
    /// To be put through a sigmoid.
    Logits,
}

impl Scores {
    /// What a score must be so that it becomes `confidence`.
    fn least(self, confidence: f32) -> f32 {
        match self {
            Scores::Shares => confidence,
            Scores::Logits => {
                let share = confidence.clamp(0.0, 1.0);
                (share / (1.0 - share)).ln()
            }
        }
    }

    fn share(self, score: f32) -> f32 {
        match self {
            Scores::Shares => score,
            Scores::Logits => 1.0 / (1.0 + (-score).exp()),
        }
    }
}

pub(super) fn scan(output: Output<'_>, confidence: f32, meaning: Meaning, candidates: &mut Vec<Candidate>) {
    let least = meaning.scores.least(confidence);
    let (width, height) = (meaning.input.width as f32, meaning.input.height as f32);
    for (index, row) in output.values.chunks_exact(output.columns.max(1)).enumerate() {
        let Some(([x, y, w, h], scores)) = row.split_first_chunk::<4>() else { return };
        let Some((class, score)) = best(scores, least, meaning.columns) else { continue };
        let score = meaning.scores.share(score);
        // Written so that NaN passes here and is refused, and counted, with the other nonsense.
        if score < confidence {
            continue;
        }
        let rect = centred(x * width, y * height, w * width, h * height);
        candidates.push(Candidate { rect, class, score, row: u32::try_from(index).unwrap_or(u32::MAX) });
    }
}

/// The first of the highest scores that are not below `least`, or the last that is not a number.
fn best(scores: &[f32], least: f32, columns: Columns) -> Option<(u32, f32)> {
    let mut best: Option<(usize, f32)> = None;
    for (column, score) in scores[..columns.used(scores.len())].iter().enumerate() {
        if *score < least || best.is_some_and(|(_, highest)| *score <= highest) {
            continue;
        }
        if columns.class(column).is_some() {
            best = Some((column, *score));
        }
    }
    best.and_then(|(column, score)| Some((columns.class(column)?, score)))
}

/// A list has a row for every class of a query that scored well; the box is the same to the last bit, and the best row
/// stays.
pub(super) fn keep_each_box_once(from: usize, candidates: &mut Vec<Candidate>) {
    let mut kept = from;
    for index in from..candidates.len() {
        let candidate = candidates[index];
        match candidates[from..kept].iter_mut().find(|other| other.rect == candidate.rect) {
            Some(other) if candidate.score > other.score => *other = candidate,
            Some(_) => {}
            None => {
                candidates[kept] = candidate;
                kept += 1;
            }
        }
    }
    candidates.truncate(kept);
}
