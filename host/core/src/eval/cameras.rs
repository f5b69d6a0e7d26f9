//! Several cameras that share their identities, as one sequence.

use super::boxes::{LabelledBox, TruthBox};

/// The boxes of several cameras, to be scored together: an identity is the same before all of them.
///
/// Ristani et al. measure identities over many cameras like this: the best map from names to objects is one for all
/// cameras, so that a person who is called differently before each of two is right before one of them only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cameras {
    truth: Vec<TruthBox>,
    tracks: Vec<LabelledBox>,
    /// The last frame so far.
    last: u32,
}

impl Cameras {
    /// Takes in what one camera has; its frames, which count from 1, come after those of the cameras before. A frame beyond
    /// `u32` stays at its end.
    pub fn add(&mut self, truth: Vec<TruthBox>, tracks: Vec<LabelledBox>) {
        let before = self.last;
        let mut last = before;
        let mut after = |row: &mut LabelledBox| {
            row.frame = row.frame.saturating_add(before);
            last = last.max(row.frame);
        };
        self.truth.extend(truth.into_iter().map(|mut row| {
            after(&mut row.label);
            row
        }));
        self.tracks.extend(tracks.into_iter().map(|mut row| {
            after(&mut row);
            row
        }));
        self.last = last;
    }

    /// All boxes, for [`Sequence::new`](super::Sequence::new): truth and tracks.
    #[must_use]
    pub fn into_boxes(self) -> (Vec<TruthBox>, Vec<LabelledBox>) {
        (self.truth, self.tracks)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Role, Sequence};
    use super::*;

    fn boxes(id: u64) -> Vec<LabelledBox> {
        (1..=10).map(|frame| LabelledBox { frame, id, x: 5.0, y: 5.0, width: 20.0, height: 40.0 }).collect()
    }

    fn idf1(ids: [u64; 2]) -> f64 {
        let mut cameras = Cameras::default();
        for id in ids {
            let truth = boxes(7).into_iter().map(|label| TruthBox { label, role: Role::Counted }).collect();
            cameras.add(truth, boxes(id));
        }
        let (truth, tracks) = cameras.into_boxes();
        Sequence::new(truth, tracks).unwrap().score().unwrap().identity.idf1()
    }

    #[test]
    fn who_has_one_name_before_both_cameras_is_right_and_who_has_two_is_half_right() {
        assert_eq!(idf1([3, 3]), 1.0);
        assert_eq!(idf1([3, 4]), 0.5);
    }
}
