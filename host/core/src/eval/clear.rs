//! CLEAR MOT: what was missed, what was made up, and how often an object changed its identity.

use super::overlap::{Matcher, Overlap, reaches};
use super::sequence::{FramePair, Sequence};
use super::share;

/// The overlap from which a track is on an object.
const THRESHOLD: f64 = 0.5;
/// What it is worth that a match goes on from the frame before: more than any overlap.
const CONTINUED: f64 = 1000.0;
/// An object is mostly tracked where it is found in more than this share of its boxes …
const MOSTLY_TRACKED: f64 = 0.8;
/// … and mostly lost where it is found in less than this.
const MOSTLY_LOST: f64 = 0.2;

/// The CLEAR measures of a sequence, as the sums that they are made of.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Clear {
    /// Boxes found.
    pub true_positives: u64,
    /// Boxes missed.
    pub false_negatives: u64,
    /// Boxes where nothing is.
    pub false_positives: u64,
    /// How often an object was found under another identity than the last time.
    pub identity_switches: u64,
    /// How often an object was found again after frames in which it was not.
    pub fragmentations: u64,
    /// Objects found in more than 80 % of their boxes.
    pub mostly_tracked: u64,
    /// Objects found in 20 % to 80 % of them.
    pub partly_tracked: u64,
    /// Objects found in less.
    pub mostly_lost: u64,
    /// The sum of overlaps over the boxes found.
    overlap: f64,
}

/// What is known of an object of the truth up to a frame.
#[derive(Debug, Clone, Copy, Default)]
struct Object {
    found: u32,
    /// Times that it was found after it was not.
    begun: u32,
    /// The track that it was found as the last time.
    last: Option<u32>,
    /// The same, where that was in the frame before.
    before: Option<u32>,
}

impl Clear {
    /// The measures of a sequence.
    pub(super) fn of(sequence: &Sequence) -> Clear {
        let mut clear = Clear::default();
        let mut objects = vec![Object::default(); sequence.truth_counts().len()];
        let mut matcher = Matcher::default();
        // The objects that were found in the frame before.
        let mut before: Vec<u32> = Vec::new();
        sequence.each_frame(|frame| {
            // Where one side has nothing there is nothing to match, and the frame before stays what it is.
            if !frame.truth.is_empty() && !frame.tracks.is_empty() {
                let matched = matcher.best(frame.overlaps, |overlap| worth(&objects, frame, overlap));
                clear.count(frame, matched, (&mut objects, &mut before));
            }
        });
        clear.false_negatives = sequence.truth_boxes() as u64 - clear.true_positives;
        clear.false_positives = sequence.track_boxes() as u64 - clear.true_positives;
        for (object, &boxes) in objects.iter().zip(sequence.truth_counts()) {
            let ratio = f64::from(object.found) / f64::from(boxes);
            if ratio > MOSTLY_TRACKED {
                clear.mostly_tracked += 1;
            } else if ratio >= MOSTLY_LOST {
                clear.partly_tracked += 1;
            } else {
                clear.mostly_lost += 1;
            }
            clear.fragmentations += u64::from(object.begun.saturating_sub(1));
        }
        clear
    }

    fn count(
        &mut self,
        frame: &FramePair<'_>,
        matched: &[Overlap],
        (objects, before): (&mut [Object], &mut Vec<u32>),
    ) {
        // Two steps: what was found in the frame before must be known of all until all are counted.
        for overlap in matched {
            let (truth, track) = frame.ids(overlap);
            let object = &mut objects[truth as usize];
            object.found += 1;
            object.begun += u32::from(object.before.is_none());
            self.identity_switches += u64::from(object.last.is_some_and(|last| last != track));
            object.last = Some(track);
            self.true_positives += 1;
            self.overlap += overlap.iou;
        }
        for id in before.drain(..) {
            objects[id as usize].before = None;
        }
        for overlap in matched {
            let (truth, track) = frame.ids(overlap);
            objects[truth as usize].before = Some(track);
            before.push(truth);
        }
    }

    /// Takes in another sequence.
    pub(super) fn add(&mut self, other: &Clear) {
        self.true_positives += other.true_positives;
        self.false_negatives += other.false_negatives;
        self.false_positives += other.false_positives;
        self.identity_switches += other.identity_switches;
        self.fragmentations += other.fragmentations;
        self.mostly_tracked += other.mostly_tracked;
        self.partly_tracked += other.partly_tracked;
        self.mostly_lost += other.mostly_lost;
        self.overlap += other.overlap;
    }

    /// Multiple object tracking accuracy: 1 less the errors for each box of the truth; below 0 where there are more
    /// errors than boxes.
    #[must_use]
    pub fn mota(&self) -> f64 {
        let right = self.true_positives as f64 - self.false_positives as f64 - self.identity_switches as f64;
        share(right, (self.true_positives + self.false_negatives) as f64)
    }

    /// Multiple object tracking precision: the mean overlap of what was found, 0..1.
    #[must_use]
    pub fn motp(&self) -> f64 {
        share(self.overlap, self.true_positives as f64)
    }
}

/// What a match is worth: nothing below the threshold, and most where it goes on.
fn worth(objects: &[Object], frame: &FramePair<'_>, overlap: &Overlap) -> f64 {
    if !reaches(overlap.iou, THRESHOLD) {
        return 0.0;
    }
    let (truth, track) = frame.ids(overlap);
    let goes_on = objects[truth as usize].before == Some(track);
    if goes_on { CONTINUED + overlap.iou } else { overlap.iou }
}
