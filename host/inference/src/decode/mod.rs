//! From a model's output to candidate boxes.

use ocellus_core::{Rect, Size};

use crate::classes::Columns;
use crate::layout::Layout;

mod end_to_end;
mod set;
mod yolov5_face;
mod yolov8;
mod yolox;

pub(crate) use yolov5_face::corners;

/// A box that one row of an output proposes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candidate {
    /// In pixels of the model's input.
    pub(crate) rect: Rect,
    pub(crate) class: u32,
    pub(crate) score: f32,
    /// Its row, which orders boxes of equal score.
    pub(crate) row: u32,
}

/// One picture's output: rows of `columns` numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output<'o> {
    pub(crate) values: &'o [f32],
    pub(crate) columns: usize,
}

/// Reads outputs of one layout. Keeps its working memory.
#[derive(Debug)]
pub(crate) struct Decoder {
    layout: Layout,
    input: Size,
    classes: usize,
    columns: Columns,
    bounds: Bounds,
    cells: Vec<yolox::Cell>,
    best: yolov8::Best,
    rejected: u64,
}

/// A score may be this far above 1: quantised models round.
const SCORE_TOLERANCE: f32 = 0.01;

impl Decoder {
    pub(crate) fn new(layout: Layout, input: Size, classes: usize) -> Decoder {
        let cells = match layout {
            Layout::Yolox => yolox::cells(input),
            _ => Vec::new(),
        };
        let bounds = Bounds::of(input);
        let best = yolov8::Best::default();
        Decoder { layout, input, classes, columns: Columns::All, bounds, cells, best, rejected: 0 }
    }

    /// The same where not every column of a row of scores is a class.
    pub(crate) fn with_columns(self, columns: Columns) -> Decoder {
        Decoder { columns, ..self }
    }

    /// How many boxes of sufficient score were left out because their numbers made no sense.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Appends every box of at least `confidence` to `candidates`.
    pub(crate) fn decode(&mut self, output: Output<'_>, confidence: f32, candidates: &mut Vec<Candidate>) {
        let before = candidates.len();
        match self.layout {
            Layout::Yolox => {
                let cells = self.cells.iter().copied();
                yolox::scan(output, confidence, cells, candidates);
            }
            Layout::YoloxDecoded => {
                yolox::scan(output, confidence, std::iter::repeat(yolox::DECODED), candidates);
            }
            Layout::Yolov8 => yolov8::scan(output, confidence, &mut self.best, candidates),
            Layout::EndToEnd => end_to_end::scan(output, confidence, candidates),
            Layout::RtDetr => {
                end_to_end::scan(output, confidence, candidates);
                set::keep_each_box_once(before, candidates);
            }
            Layout::RtDetrRows | Layout::RfDetr | Layout::DetrLogits => {
                let scores = if self.layout.is_pair() { set::Scores::Logits } else { set::Scores::Shares };
                let meaning = set::Meaning { input: self.input, scores, columns: self.columns };
                set::scan(output, confidence, meaning, candidates);
            }
            Layout::Yolov5Face => yolov5_face::scan(output, confidence, candidates),
        }
        self.reject_nonsense(before, candidates);
    }

    fn reject_nonsense(&mut self, from: usize, candidates: &mut Vec<Candidate>) {
        let mut kept = from;
        for index in from..candidates.len() {
            let mut candidate = candidates[index];
            let sane = candidate.score >= 0.0
                && candidate.score <= 1.0 + SCORE_TOLERANCE
                && usize::try_from(candidate.class).is_ok_and(|class| class < self.classes)
                && self.bounds.hold(&candidate.rect);
            if sane {
                candidate.score = candidate.score.min(1.0);
                candidates[kept] = candidate;
                kept += 1;
            } else {
                self.rejected += 1;
            }
        }
        candidates.truncate(kept);
    }
}

/// How far out and how large a box can be and still be meant.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    reach: f32,
}

impl Bounds {
    fn of(input: Size) -> Bounds {
        Bounds { reach: input.width.max(input.height) as f32 * 8.0 }
    }

    /// False for NaN too.
    fn hold(self, rect: &Rect) -> bool {
        rect.x.abs() <= self.reach
            && rect.y.abs() <= self.reach
            && rect.width > 0.0
            && rect.width <= self.reach
            && rect.height > 0.0
            && rect.height <= self.reach
    }
}

/// A box from its centre and size.
fn centred(x: f32, y: f32, width: f32, height: f32) -> Rect {
    Rect::new(x - width / 2.0, y - height / 2.0, width, height)
}

#[cfg(test)]
mod tests;
