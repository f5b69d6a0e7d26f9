//! The rule as a function.

use std::hint::black_box;

use ocellus_core::Track;

use crate::Failure;
use crate::frames::SIZE;
use crate::measure::{self, Figures};

#[path = "../../guests/line/src/rule.rs"]
mod rule;

pub(crate) fn run(frames: &[Vec<Track>]) -> Result<Figures, Failure> {
    let mut line = rule::Line::default();
    let (mut ids, mut boxes) = (Vec::new(), Vec::new());
    measure::run(frames, |_, tracks| {
        ids.clear();
        boxes.clear();
        for track in tracks {
            let rect = track.rect.normalised(SIZE);
            ids.push(track.id);
            boxes.extend_from_slice(&[rect.x, rect.y, rect.width, rect.height]);
        }
        Ok(black_box(line.frame(&ids, &boxes)).len())
    })
}
