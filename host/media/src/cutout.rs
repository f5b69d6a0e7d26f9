//! What of a picture a model is shown: a part of it, with places blanked.

use std::sync::Arc;

use ocellus_core::{Picture, Point, Polygon, Rect, Size};

use crate::ffmpeg::planes;

/// The grey of a blanked place, that with which pictures are filled up for models.
const GREY: u8 = 114;
/// Of both colour planes: none.
const NO_COLOUR: u8 = 128;
/// A part is at least so many pixels wide and high, where the picture is.
const LEAST_PX: u32 = 32;

/// How pictures of one size are cut out and blanked.
#[derive(Debug, Clone, PartialEq)]
pub struct Cutout {
    whole: Size,
    /// Left, top, both even.
    origin: (u32, u32),
    size: Size,
    spans: Vec<Span>,
}

/// Pixels of a row that are blanked, in the part's own pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    row: usize,
    from: usize,
    to: usize,
}

impl Cutout {
    /// Of pictures of `whole`, the `part` (0..1; all of it where `None`) with `masks` (0..1) blanked. The part is made larger to
    /// whole pixel pairs, and to 32 pixels where the picture has them.
    #[must_use]
    pub fn new(whole: Size, part: Option<Rect>, masks: &[Polygon]) -> Cutout {
        let (left, width) = part.map_or((0, whole.width), |part| side(part.x, part.right(), whole.width));
        let (top, height) = part.map_or((0, whole.height), |part| side(part.y, part.bottom(), whole.height));
        let size = Size::new(width, height);
        let mut cutout = Cutout { whole, origin: (left, top), size, spans: Vec::new() };
        for mask in masks {
            cutout.blank(mask);
        }
        cutout
    }

    /// The size of pictures that it is for.
    #[must_use]
    pub fn whole(&self) -> Size {
        self.whole
    }

    /// Where the part's top left corner lies in the whole picture, in pixels.
    #[must_use]
    pub fn origin(&self) -> Point {
        Point::new(self.origin.0 as f32, self.origin.1 as f32)
    }

    /// The part of a picture. Nothing is copied where the part is the whole and nothing is blanked. A picture of another size
    /// is given back as it is.
    #[must_use]
    pub fn of(&self, picture: &Picture) -> Picture {
        let is_whole = self.size == self.whole && self.spans.is_empty();
        if is_whole || picture.size() != self.whole {
            return picture.clone();
        }
        let mut data = planes::buffer(Picture::byte_len(self.size));
        if let Some(bytes) = Arc::get_mut(&mut data) {
            let luma = self.size.width as usize * self.size.height as usize;
            let (y, chroma) = bytes.split_at_mut(luma);
            let (u, v) = chroma.split_at_mut(luma / 4);
            self.copy((picture.y(), y), 1);
            self.copy((picture.u(), u), 2);
            self.copy((picture.v(), v), 2);
            self.fill(y, u, v);
        }
        // The sides are even by construction, and the buffer has their length.
        Picture::from_i420(self.size, data).unwrap_or_else(|_| picture.clone())
    }

    /// Copies the part's rows of a plane that has one sample for `step` pixels.
    fn copy(&self, (from, to): (&[u8], &mut [u8]), step: usize) {
        let stride = self.whole.width as usize / step;
        let width = self.size.width as usize / step;
        let (left, top) = (self.origin.0 as usize / step, self.origin.1 as usize / step);
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            let start = (top + row) * stride + left;
            if let Some(from) = from.get(start..start + width) {
                to.copy_from_slice(from);
            }
        }
    }

    fn fill(&self, y: &mut [u8], u: &mut [u8], v: &mut [u8]) {
        let width = self.size.width as usize;
        for &Span { row, from, to } in &self.spans {
            y[row * width + from..row * width + to].fill(GREY);
            // A sample of colour goes with the first of its pixels that is blanked.
            let start = row / 2 * (width / 2);
            for plane in [&mut *u, &mut *v] {
                plane[start + from / 2..start + to.div_ceil(2)].fill(NO_COLOUR);
            }
        }
    }

    /// Adds the pixels whose centres lie in `mask`, by the even-odd rule, as [`Polygon::contains`] has it.
    fn blank(&mut self, mask: &Polygon) {
        let (width, height) = (f64::from(self.whole.width), f64::from(self.whole.height));
        let corners: Vec<(f64, f64)> = mask
            .corners()
            .iter()
            .map(|corner| (f64::from(corner.x) * width, f64::from(corner.y) * height))
            .collect();
        let mut crossings: Vec<f64> = Vec::new();
        for row in 0..self.size.height {
            let y = f64::from(self.origin.1 + row) + 0.5;
            crossings.clear();
            for (index, &(x1, y1)) in corners.iter().enumerate() {
                let (x2, y2) = corners[(index + 1) % corners.len()];
                if (y1 > y) != (y2 > y) {
                    crossings.push(x1 + (x2 - x1) * (y - y1) / (y2 - y1));
                }
            }
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let column = |x: f64| {
                    let first = (x - 0.5).ceil() - f64::from(self.origin.0);
                    first.clamp(0.0, f64::from(self.size.width)) as usize
                };
                let (from, to) = (column(pair[0]), column(pair[1]));
                if from < to {
                    self.spans.push(Span { row: row as usize, from, to });
                }
            }
        }
    }
}

/// First pixel and length of a side of the part, both even.
fn side(from: f32, to: f32, whole: u32) -> (u32, u32) {
    let pixel = |share: f32| f64::from(share.clamp(0.0, 1.0)) * f64::from(whole);
    let least = LEAST_PX.min(whole & !1);
    let first = (pixel(from).floor() as u32 & !1).min(whole.saturating_sub(least));
    let end = (pixel(to).ceil() as u32).next_multiple_of(2).min(whole & !1);
    (first & !1, (end.saturating_sub(first & !1)).max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(corners: &[(f32, f32)]) -> Polygon {
        Polygon::new(corners.iter().map(|(x, y)| Point::new(*x, *y)).collect()).unwrap()
    }

    /// Every sample says where it is.
    fn numbered(size: Size) -> Picture {
        let plane = |width: u32, height: u32| {
            (0..height).flat_map(move |row| (0..width).map(move |column| (row * 7 + column) as u8))
        };
        let (width, height) = (size.width, size.height);
        let data: Vec<u8> = plane(width, height)
            .chain(plane(width / 2, height / 2))
            .chain(plane(width / 2, height / 2))
            .collect();
        Picture::from_i420(size, data).unwrap()
    }

    #[test]
    fn a_part_shows_what_the_picture_has_there() {
        let whole = Size::new(160, 120);
        let cutout = Cutout::new(whole, Some(Rect::from_corners(0.26, 0.5, 0.74, 1.0)), &[]);
        assert_eq!((cutout.origin(), cutout.size), (Point::new(40.0, 60.0), Size::new(80, 60)));
        let (picture, part) = (numbered(whole), cutout.of(&numbered(whole)));
        for (row, column) in [(0, 0), (59, 79), (13, 7)] {
            assert_eq!(part.y()[row * 80 + column], picture.y()[(row + 60) * 160 + column + 40]);
            let (row, column) = (row / 2, column / 2);
            assert_eq!(part.u()[row * 40 + column], picture.u()[(row + 30) * 80 + column + 20]);
        }
    }

    #[test]
    fn every_part_lies_in_the_picture_and_has_even_sides() {
        for whole in [Size::new(2, 2), Size::new(34, 30), Size::new(1920, 1080)] {
            for step in 0..200_u32 {
                let (a, b) = ((step * 37 % 200) as f32 / 199.0, (step * 91 % 200) as f32 / 199.0);
                let part = Rect::from_corners(a.min(b), a.min(b), a.max(b), a.max(b));
                let cutout = Cutout::new(whole, Some(part), &[]);
                let (left, top) = cutout.origin;
                assert!(
                    left % 2 == 0
                        && top % 2 == 0
                        && cutout.size.width.is_multiple_of(2)
                        && cutout.size.height.is_multiple_of(2)
                );
                assert!(left + cutout.size.width <= whole.width && top + cutout.size.height <= whole.height);
                assert!(
                    cutout.size.width >= whole.width.min(LEAST_PX)
                        && cutout.size.height >= whole.height.min(LEAST_PX)
                );
                assert_eq!(cutout.of(&numbered(whole)).size(), cutout.size);
            }
        }
    }

    #[test]
    fn exactly_the_pixels_whose_centres_lie_in_a_mask_are_blanked() {
        let whole = Size::new(64, 48);
        let masks = [
            polygon(&[(0.1, 0.1), (0.9, 0.2), (0.3, 0.8)]),
            polygon(&[(0.6, 0.6), (1.0, 0.6), (1.0, 1.0), (0.8, 0.7), (0.6, 1.0)]),
        ];
        let part = Rect::from_corners(0.25, 0.25, 1.0, 1.0);
        let shown =
            Cutout::new(whole, Some(part), &masks)
                .of(&Picture::from_i420(whole, vec![7; 64 * 48 * 3 / 2]).unwrap());
        let mut blanked = 0;
        for row in 0..36_usize {
            for column in 0..48_usize {
                let centre = Point::new((column as f32 + 16.5) / 64.0, (row as f32 + 12.5) / 48.0);
                let inside = masks.iter().any(|mask| mask.contains(centre));
                assert_eq!(shown.y()[row * 48 + column] == GREY, inside, "{row} {column}");
                if inside {
                    assert_eq!(shown.u()[row / 2 * 24 + column / 2], NO_COLOUR);
                }
                blanked += usize::from(inside);
            }
        }
        assert!(blanked > 300, "{blanked}");
    }

    #[test]
    fn a_picture_without_masks_and_part_is_not_copied() {
        let picture = numbered(Size::new(64, 48));
        let shown = Cutout::new(picture.size(), None, &[]).of(&picture);
        assert!(std::ptr::eq(shown.data(), picture.data()));
    }
}
