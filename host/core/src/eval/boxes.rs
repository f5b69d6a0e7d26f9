//! Boxes with identities, and the text that they are read from.

use crate::mot::{Line, MotError};

/// A box with its identity. Lengths are `f64`, as the benchmark computes: whether an overlap reaches a threshold
/// is decided by the last digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelledBox {
    /// Counts from 1.
    pub frame: u32,
    /// The object.
    pub id: u64,
    /// Left edge, in pixels.
    pub x: f64,
    /// Top edge, in pixels.
    pub y: f64,
    /// In pixels; a box without a positive width or height overlaps nothing.
    pub width: f64,
    /// In pixels.
    pub height: f64,
}

impl LabelledBox {
    /// Intersection over union, 0..1; 0 where a box has no area.
    #[must_use]
    pub fn iou(&self, other: &LabelledBox) -> f64 {
        let (right, bottom) = (self.x + self.width, self.y + self.height);
        let (other_right, other_bottom) = (other.x + other.width, other.y + other.height);
        let width = right.min(other_right) - self.x.max(other.x);
        let height = bottom.min(other_bottom) - self.y.max(other.y);
        if width <= 0.0 || height <= 0.0 {
            return 0.0;
        }
        // From the edges, not from the given sizes: so does the benchmark, and the last digits differ.
        let area = (right - self.x) * (bottom - self.y);
        let other_area = (other_right - other.x) * (other_bottom - other.y);
        let shared = width * height;
        let union = area + other_area - shared;
        let has_area = area > f64::EPSILON && other_area > f64::EPSILON && union > f64::EPSILON;
        if has_area { shared / union } else { 0.0 }
    }
}

/// What a box of the ground truth is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// To be found.
    Counted,
    /// Of a kind that may well be taken for a person (a reflection, somebody on a bicycle): a track on it is
    /// neither right nor wrong, and is left out.
    Distractor,
    /// Only in the way of the others: not to be found, and a track on it is wrong.
    Ignored,
}

/// A box of the ground truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthBox {
    /// Where it is, and who.
    pub label: LabelledBox,
    /// What it is there for.
    pub role: Role,
}

/// The class of people on foot in MOTChallenge.
const PEDESTRIAN: u32 = 1;
/// Person on vehicle, static person, distractor, reflection.
const DISTRACTORS: [u32; 4] = [2, 7, 8, 12];
const LAST_CLASS: u32 = 13;

const MARK: usize = 6;
const CLASS: usize = 7;
/// Where the third world coordinate stands: a file that has it has no classes.
const WORLD_Z: usize = 9;

/// Reads MOTChallenge text line by line, so that a file need not be held as text.
#[derive(Debug, Default)]
pub struct BoxReader {
    line: usize,
}

impl BoxReader {
    /// The next line as a box of a tracker: `frame,id,x,y,width,height`, anything after that read over.
    /// `None` for a blank line.
    ///
    /// # Errors
    /// [`MotError`] where the line is not in the format.
    pub fn track(&mut self, text: &str) -> Result<Option<LabelledBox>, MotError> {
        self.next(text).map(|line| label(&line)).transpose()
    }

    /// The next line as a box of the ground truth: `frame,id,x,y,width,height,mark,class,visibility`, or with
    /// ten columns `frame,id,x,y,width,height,mark,x,y,z` as in MOT15, which has no classes. `None` for a blank line.
    ///
    /// A mark of 0 says that the box is not to be found. Without a class the box is of a pedestrian.
    ///
    /// # Errors
    /// [`MotError`] where the line is not in the format.
    pub fn truth(&mut self, text: &str) -> Result<Option<TruthBox>, MotError> {
        let Some(line) = self.next(text) else { return Ok(None) };
        let label = label(&line)?;
        Ok(Some(TruthBox { label, role: role(&line)? }))
    }

    fn next<'a>(&mut self, text: &'a str) -> Option<Line<'a>> {
        self.line += 1;
        let text = if self.line == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        (!text.trim().is_empty()).then(|| Line::cut(self.line, text))
    }
}

fn label(line: &Line<'_>) -> Result<LabelledBox, MotError> {
    Ok(LabelledBox {
        frame: line.frame()?,
        id: line.id()?,
        x: length(line, 2, "x")?,
        y: length(line, 3, "y")?,
        width: length(line, 4, "width")?,
        height: length(line, 5, "height")?,
    })
}

fn length(line: &Line<'_>, column: usize, what: &'static str) -> Result<f64, MotError> {
    let remedy = "use a number of pixels between -10000000 and 10000000; a line is frame,id,x,y,width,height";
    let value: f64 = line.number(column, what, remedy)?;
    if value.abs() <= 1e7 { Ok(value) } else { Err(line.error(column, what, remedy)) }
}

fn role(line: &Line<'_>) -> Result<Role, MotError> {
    let mark = if line.has(MARK) {
        let remedy = "use 1 for a box that is to be found and 0 for one that is not";
        let mark: f64 = line.number(MARK, "mark", remedy)?;
        if !mark.is_finite() {
            return Err(line.error(MARK, "mark", remedy));
        }
        mark
    } else {
        1.0
    };
    let class = if line.has(CLASS) && !line.has(WORLD_Z) { class(line)? } else { PEDESTRIAN };
    Ok(match class {
        PEDESTRIAN if mark.trunc() != 0.0 => Role::Counted,
        class if DISTRACTORS.contains(&class) => Role::Distractor,
        _ => Role::Ignored,
    })
}

fn class(line: &Line<'_>) -> Result<u32, MotError> {
    let remedy = "use a class of MOTChallenge, 1 (pedestrian) to 13, or leave the column out";
    let class: f64 = line.number(CLASS, "class", remedy)?;
    if class.fract() != 0.0 || !(1.0..=f64::from(LAST_CLASS)).contains(&class) {
        return Err(line.error(CLASS, "class", remedy));
    }
    Ok(class as u32)
}
