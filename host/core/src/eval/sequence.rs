//! The boxes of a sequence, made ready for the measures.

use std::collections::{BTreeMap, BTreeSet};

use super::boxes::{LabelledBox, Role, TruthBox};
use super::overlap::{Matcher, Overlap, overlaps, reaches};

/// The most boxes of either side: an hour of a crowd of fifty at 25 frames a second.
pub const MOST_BOXES: usize = 5_000_000;
/// The most boxes of either side in one frame.
pub const MOST_IN_FRAME: usize = 1_000;
/// The most pairs of identities that overlap at some time.
const MOST_PAIRS: usize = 10_000_000;
/// The overlap from which a track stands on a distractor.
const ON_DISTRACTOR: f64 = 0.5;

/// Which of the two inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The ground truth.
    Truth,
    /// The tracks.
    Tracks,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Side::Truth => "the truth",
            Side::Tracks => "the tracks",
        })
    }
}

/// Why boxes cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// Nothing is to be found.
    #[error("the truth has no box that is to be found; name a ground truth with boxes marked 1 of class 1")]
    EmptyTruth,
    /// The two are of different frames.
    #[error(
        "no frame has boxes of both: the truth has frames {} to {}, the tracks have {} to {}; name files of the same \
         sequence",
        truth.0, truth.1, tracks.0, tracks.1
    )]
    NoCommonFrame {
        /// First and last frame of the truth.
        truth: (u32, u32),
        /// First and last frame of the tracks.
        tracks: (u32, u32),
    },
    /// An identity is in two places at once.
    #[error("{side}: frame {frame} has id {id} twice; an id is one object, at most once a frame")]
    DuplicateId {
        /// Where.
        side: Side,
        /// Counts from 1.
        frame: u32,
        /// The identity.
        id: u64,
    },
    /// There are more boxes than are taken.
    #[error("{side}: more than {MOST_BOXES} boxes; evaluate the sequence in parts")]
    TooManyBoxes {
        /// Where.
        side: Side,
    },
    /// There are more boxes in a frame than are taken.
    #[error("{side}: frame {frame} has more than {MOST_IN_FRAME} boxes; is it a file of tracks?")]
    CrowdedFrame {
        /// Where.
        side: Side,
        /// Counts from 1.
        frame: u32,
    },
    /// More identities overlap than are taken.
    #[error(
        "more than {MOST_PAIRS} pairs of identities overlap; is it a file of tracks, with an id for each object?"
    )]
    TooManyPairs,
}

/// The boxes of a sequence that are scored, by frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    truth: Boxes,
    tracks: Boxes,
}

/// The boxes of one side, by frame; identities are numbered from 0.
#[derive(Debug, Clone, PartialEq, Default)]
struct Boxes {
    rows: Vec<LabelledBox>,
    /// How often each identity occurs.
    counts: Vec<u32>,
}

/// One frame of both sides. Identities are indices, from 0.
#[derive(Debug)]
pub(super) struct FramePair<'a> {
    pub(super) truth: &'a [LabelledBox],
    pub(super) tracks: &'a [LabelledBox],
    pub(super) overlaps: &'a [Overlap],
}

impl FramePair<'_> {
    /// The identities of an overlap: truth, track.
    pub(super) fn ids(&self, overlap: &Overlap) -> (u32, u32) {
        let (truth, track) = (&self.truth[overlap.truth as usize], &self.tracks[overlap.track as usize]);
        (truth.id as u32, track.id as u32)
    }
}

impl Sequence {
    /// Prepares boxes as MOTChallenge does: tracks that stand on a distractor (best matching over all boxes of the
    /// truth with an overlap of at least a half) are left out, then all of the truth that is not to be found.
    /// Rows may come in any order.
    ///
    /// # Errors
    /// [`EvalError`] where the boxes make no sense, or there are too many.
    pub fn new(mut truth: Vec<TruthBox>, mut tracks: Vec<LabelledBox>) -> Result<Sequence, EvalError> {
        truth.sort_by_key(|row| (row.label.frame, row.label.id));
        tracks.sort_by_key(|row| (row.frame, row.id));
        check(Side::Truth, truth.iter().map(|row| &row.label))?;
        check(Side::Tracks, tracks.iter())?;
        if !truth.iter().any(|row| row.role == Role::Counted) {
            return Err(EvalError::EmptyTruth);
        }
        check_common(&truth, &tracks)?;
        let tracks = without_distractors(&truth, &tracks);
        truth.retain(|row| row.role == Role::Counted);
        let truth = truth.into_iter().map(|row| row.label).collect();
        Ok(Sequence { truth: Boxes::new(truth), tracks: Boxes::new(tracks) })
    }

    /// How many boxes of the truth are to be found.
    #[must_use]
    pub fn truth_boxes(&self) -> usize {
        self.truth.rows.len()
    }

    /// How many boxes of the tracks are scored.
    #[must_use]
    pub fn track_boxes(&self) -> usize {
        self.tracks.rows.len()
    }

    /// In how many boxes of the truth each identity occurs.
    pub(super) fn truth_counts(&self) -> &[u32] {
        &self.truth.counts
    }

    /// In how many boxes of the tracks each identity occurs.
    pub(super) fn track_counts(&self) -> &[u32] {
        &self.tracks.counts
    }

    /// Shows each frame that has boxes of either side, in order.
    pub(super) fn each_frame(&self, mut look: impl FnMut(&FramePair<'_>)) {
        let mut found = Vec::new();
        for (truth, tracks) in frames(&self.truth.rows, &self.tracks.rows, |row| row.frame, |row| row.frame) {
            overlaps(truth.iter(), tracks, &mut found);
            look(&FramePair { truth, tracks, overlaps: &found });
        }
    }

    /// Sums something up over the pairs of identities that overlap: `part` says what an overlap adds, 0 for nothing.
    pub(super) fn sum_pairs(
        &self,
        mut part: impl FnMut(&FramePair<'_>, &mut dyn FnMut(&Overlap, f64)),
    ) -> Result<BTreeMap<(u32, u32), f64>, EvalError> {
        let mut sums = BTreeMap::new();
        self.each_frame(|frame| {
            if sums.len() <= MOST_PAIRS {
                part(frame, &mut |overlap, value| *sums.entry(frame.ids(overlap)).or_default() += value);
            }
        });
        if sums.len() > MOST_PAIRS { Err(EvalError::TooManyPairs) } else { Ok(sums) }
    }
}

impl Boxes {
    fn new(mut rows: Vec<LabelledBox>) -> Boxes {
        let mut ids: Vec<u64> = rows.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut counts = vec![0; ids.len()];
        for row in &mut rows {
            // Every id is in the list; the alternative is never taken.
            let index = ids.binary_search(&row.id).unwrap_or_default();
            counts[index] += 1;
            row.id = index as u64;
        }
        Boxes { rows, counts }
    }
}

/// Sizes and identities; `rows` are by frame, then id.
fn check<'a>(side: Side, rows: impl Iterator<Item = &'a LabelledBox>) -> Result<(), EvalError> {
    let (mut count, mut in_frame) = (0, 0);
    let mut last: Option<&LabelledBox> = None;
    for row in rows {
        count += 1;
        in_frame = if last.is_some_and(|last| last.frame == row.frame) { in_frame + 1 } else { 1 };
        if count > MOST_BOXES {
            return Err(EvalError::TooManyBoxes { side });
        }
        if in_frame > MOST_IN_FRAME {
            return Err(EvalError::CrowdedFrame { side, frame: row.frame });
        }
        if last.is_some_and(|last| (last.frame, last.id) == (row.frame, row.id)) {
            return Err(EvalError::DuplicateId { side, frame: row.frame, id: row.id });
        }
        last = Some(row);
    }
    Ok(())
}

/// Refuses files of different sequences. No tracks at all is a result, if a poor one.
fn check_common(truth: &[TruthBox], tracks: &[LabelledBox]) -> Result<(), EvalError> {
    let (Some(first), Some(last)) = (tracks.first(), tracks.last()) else { return Ok(()) };
    let frames: BTreeSet<u32> = truth.iter().map(|row| row.label.frame).collect();
    if tracks.iter().any(|row| frames.contains(&row.frame)) {
        return Ok(());
    }
    let truth = (frames.first().copied().unwrap_or_default(), frames.last().copied().unwrap_or_default());
    Err(EvalError::NoCommonFrame { truth, tracks: (first.frame, last.frame) })
}

fn without_distractors(truth: &[TruthBox], tracks: &[LabelledBox]) -> Vec<LabelledBox> {
    let mut kept = Vec::with_capacity(tracks.len());
    let (mut matcher, mut found) = (Matcher::default(), Vec::new());
    for (truth, tracks) in frames(truth, tracks, |row| row.label.frame, |row| row.frame) {
        if truth.iter().all(|row| row.role != Role::Distractor) {
            kept.extend_from_slice(tracks);
            continue;
        }
        overlaps(truth.iter().map(|row| &row.label), tracks, &mut found);
        let worth = |overlap: &Overlap| if reaches(overlap.iou, ON_DISTRACTOR) { overlap.iou } else { 0.0 };
        let matched = matcher.best(&found, worth).iter();
        let on_distractor: BTreeSet<u32> = matched
            .filter(|overlap| truth[overlap.truth as usize].role == Role::Distractor)
            .map(|overlap| overlap.track)
            .collect();
        let keeps = |(_, index): &(&LabelledBox, u32)| !on_distractor.contains(index);
        kept.extend(tracks.iter().zip(0..).filter(keeps).map(|(row, _)| *row));
    }
    kept
}

/// Cuts two lists that are sorted by frame into the parts of each frame that either has.
fn frames<'a, A, B>(
    mut a: &'a [A],
    mut b: &'a [B],
    frame_of_a: impl Fn(&A) -> u32,
    frame_of_b: impl Fn(&B) -> u32,
) -> impl Iterator<Item = (&'a [A], &'a [B])> {
    std::iter::from_fn(move || {
        let next_a = a.first().map(&frame_of_a);
        let next_b = b.first().map(&frame_of_b);
        let frame = next_a.into_iter().chain(next_b).min()?;
        let (first_a, rest_a) = a.split_at(a.iter().take_while(|row| frame_of_a(row) == frame).count());
        let (first_b, rest_b) = b.split_at(b.iter().take_while(|row| frame_of_b(row) == frame).count());
        (a, b) = (rest_a, rest_b);
        Some((first_a, first_b))
    })
}
