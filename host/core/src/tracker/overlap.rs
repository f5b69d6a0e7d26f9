//! Which boxes of two sets overlap, and by how much, without a full matrix.

use crate::geometry::Rect;

/// A box by its edges, with its area at hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edges {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    area: f32,
}

impl Edges {
    /// The edges of `rect`, of which right and bottom are moved outwards by `margin` pixels.
    ///
    /// A margin of 1 counts pixels as inclusive integer coordinates do, the way of the C and Cython
    /// implementations of IoU: widths, heights and shared widths are then each one larger.
    #[must_use]
    pub fn new(rect: &Rect, margin: f32) -> Edges {
        let (width, height) = (rect.width + margin, rect.height + margin);
        Edges {
            left: rect.x,
            top: rect.y,
            right: rect.x + width,
            bottom: rect.y + height,
            area: width * height,
        }
    }

    /// Intersection over union, 0..1.
    #[must_use]
    pub fn iou(&self, other: &Edges) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        if width > 0.0 && height > 0.0 {
            let shared = width * height;
            shared / (self.area + other.area - shared)
        } else {
            0.0
        }
    }
}

/// Two overlapping boxes, one out of each set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overlap {
    /// Index in the first set.
    pub row: u32,
    /// Index in the second set.
    pub column: u32,
    /// Intersection over union.
    pub iou: f32,
}

/// Finds overlaps by sweeping a vertical line over the picture; keeps its memory from call to call.
///
/// Boxes enter in the order of their left edges and are compared only with the boxes of the other set
/// that the line still cuts, so the work is that of sorting plus the pairs that overlap in x.
#[derive(Debug, Default)]
pub struct OverlapFinder {
    order: Vec<u64>,
    open: [Vec<Open>; 2],
    found: Vec<Overlap>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    edges: Edges,
    index: u32,
}

/// Marks the second set in the low half of a sort key; the rest of that half is the index.
const SECOND: u64 = 1 << 31;

impl OverlapFinder {
    /// All pairs of a `row` and a `column` whose IoU is above `floor` (0 or more), by row, then column.
    ///
    /// Boxes must be finite; each set holds fewer than 2³¹.
    pub fn find(&mut self, rows: &[Edges], columns: &[Edges], floor: f32) -> &[Overlap] {
        self.found.clear();
        self.open[0].clear();
        self.open[1].clear();
        self.order.clear();
        if rows.is_empty() || columns.is_empty() {
            return &self.found;
        }
        self.order.extend(rows.iter().zip(0..SECOND).map(|(edges, index)| key(edges.left, index)));
        self.order
            .extend(columns.iter().zip(0..SECOND).map(|(edges, index)| key(edges.left, SECOND | index)));
        self.order.sort_unstable();

        for &entry in &self.order {
            let second = entry & SECOND != 0;
            let index = (entry & (SECOND - 1)) as u32;
            let edges = if second { columns[index as usize] } else { rows[index as usize] };
            let [first_open, second_open] = &mut self.open;
            let (own, others) = if second { (second_open, first_open) } else { (first_open, second_open) };
            let found = &mut self.found;
            others.retain(|other| {
                if other.edges.right <= edges.left {
                    return false;
                }
                let iou = other.edges.iou(&edges);
                if iou > floor {
                    let (row, column) = if second { (other.index, index) } else { (index, other.index) };
                    found.push(Overlap { row, column, iou });
                }
                true
            });
            own.push(Open { edges, index });
        }
        self.found.sort_unstable_by_key(|pair| (u64::from(pair.row) << 32) | u64::from(pair.column));
        &self.found
    }
}

/// A key that sorts as `left` does (any finite number), then by `tag`.
fn key(left: f32, tag: u64) -> u64 {
    let bits = left.to_bits();
    let ordered = if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 };
    (u64::from(ordered) << 32) | tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_of_one_counts_inclusive_pixels() {
        let one_pixel = Edges::new(&Rect::new(3.0, 3.0, 0.0, 0.0), 1.0);
        assert_eq!(one_pixel.iou(&one_pixel), 1.0);
        let (a, b) = (Rect::new(0.0, 0.0, 9.0, 9.0), Rect::new(5.0, 0.0, 9.0, 9.0));
        assert!((Edges::new(&a, 1.0).iou(&Edges::new(&b, 1.0)) - 50.0 / 150.0).abs() < 1e-6);
    }

    #[test]
    fn negative_and_positive_left_edges_sort_as_numbers_do() {
        let lefts = [-1e6, -2.5, -0.0, 0.0, 1e-3, 7.0, 1e6];
        assert!(lefts.windows(2).all(|pair| key(pair[0], 0) <= key(pair[1], 0)));
        assert!(key(1.0, SECOND) > key(1.0, 5));
    }

    #[test]
    fn boxes_that_only_touch_do_not_overlap() {
        let left = [Edges::new(&Rect::new(0.0, 0.0, 10.0, 10.0), 0.0)];
        let right = [Edges::new(&Rect::new(10.0, 0.0, 10.0, 10.0), 0.0)];
        assert!(OverlapFinder::default().find(&left, &right, 0.0).is_empty());
        assert!(OverlapFinder::default().find(&left, &[], 0.0).is_empty());
    }
}
