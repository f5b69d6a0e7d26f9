//! What a model reports.

use crate::geometry::Rect;

/// One object that a detector found in one picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detection {
    /// Box in pixels of the source picture.
    pub rect: Rect,
    /// Index into the model's class list.
    pub class: u32,
    /// 0..1.
    pub confidence: f32,
}
