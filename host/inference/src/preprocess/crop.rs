//! A part of an I420 picture as the input of an embedder.
//!
//! Resized as [`super`] says, from whole pixels of the picture. A part that is more than twice too large is averaged
//! over two or more rows and columns first, so that no stripes appear which are not there.

use ocellus_core::{Picture, Rect, Size};

use super::kernel::{self, Columns, RowSink, RowSources, Shading};
use super::{RowSource, Wish, source_of, two_rows};
use crate::letterbox::Letterbox;
use crate::manifest::{ColourOrder, InputLayout, Scale};

/// What is done to each colour after it is in the units of the model's [`Scale`]: (value − mean) ÷ std, in the order
/// red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    pub(crate) mean: [f32; 3],
    pub(crate) std: [f32; 3],
}

impl Shift {
    pub(crate) const NONE: Shift = Shift { mean: [0.0; 3], std: [1.0; 3] };
    /// Of the pictures of ImageNet, in 0..1.
    pub(crate) const IMAGENET: Shift = Shift { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

    /// The same for colours in the units of `scale`, where this one is for 0..1.
    pub(crate) fn in_units_of(self, scale: Scale) -> Shift {
        match scale {
            Scale::Unit => self,
            Scale::Byte => {
                Shift { mean: self.mean.map(|value| value * 255.0), std: self.std.map(|value| value * 255.0) }
            }
        }
    }

    /// Changes a row while it is near.
    pub(super) fn apply(&self, sink: RowSink<'_>) {
        if *self == Shift::NONE {
            return;
        }
        for (index, plane) in [sink.red, sink.green, sink.blue].into_iter().enumerate() {
            let (mean, scale) = (self.mean[index], 1.0 / self.std[index]);
            for value in plane {
                *value = (*value - mean) * scale;
            }
        }
    }

    /// Fills the planes of a slot with the padding that `wish` names.
    pub(super) fn pad(&self, wish: &Wish, slot: &mut [f32]) {
        let value = f32::from(wish.pad) * wish.unit();
        let area = slot.len() / 3;
        for (place, plane) in slot.chunks_exact_mut(area.max(1)).enumerate() {
            let colour = if wish.colour == ColourOrder::Rgb { place } else { 2 - place };
            plane.fill((value - self.mean[colour]) / self.std[colour]);
        }
    }
}

/// Writes parts of pictures into the slots of an input tensor. Buffers and tables are kept, so that a part costs no
/// allocation.
#[derive(Debug)]
pub(crate) struct Cropper {
    wish: Wish,
    shift: Shift,
    layout: InputLayout,
    luma: Columns,
    chroma: Columns,
    rows: kernel::Rows,
    /// A slot in planes, where the model wants its colours beside each other.
    planes: Vec<f32>,
    /// A part made smaller.
    small: Vec<u8>,
}

/// A part of a plane.
#[derive(Debug, Clone, Copy)]
struct Part<'p> {
    plane: &'p [u8],
    /// Bytes from one row to the next.
    stride: usize,
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Cropper {
    pub(crate) fn new(wish: Wish, shift: Shift, layout: InputLayout) -> Cropper {
        Cropper {
            wish,
            shift,
            layout,
            luma: Columns::default(),
            chroma: Columns::default(),
            rows: kernel::Rows::default(),
            planes: Vec::new(),
            small: Vec::new(),
        }
    }

    /// Numbers in one slot.
    pub(crate) fn slot_len(&self) -> usize {
        self.wish.input.width as usize * self.wish.input.height as usize * 3
    }

    /// Writes the part of `picture` under `rect` into `slot`; false where the two share less than two pixels either
    /// way, or a number is not finite.
    pub(crate) fn prepare(&mut self, picture: &Picture, rect: &Rect, slot: &mut [f32]) -> bool {
        let Some([left, top, width, height]) = even_part(rect, picture.size()) else { return false };
        if slot.len() != self.slot_len() {
            return false;
        }
        let stride = picture.size().width as usize;
        let y = Part { plane: picture.y(), stride, left, top, width, height };
        let half = Part {
            stride: stride / 2,
            left: left / 2,
            top: top / 2,
            width: width / 2,
            height: height / 2,
            ..y
        };
        let (u, v) = (Part { plane: picture.u(), ..half }, Part { plane: picture.v(), ..half });
        let letterbox =
            Letterbox::new(Size::new(width as u32, height as u32), self.wish.input, self.wish.fit);
        let shrink = shrink(width, letterbox.inner.width).min(shrink(height, letterbox.inner.height));
        let mut small = std::mem::take(&mut self.small);
        let planes = if shrink > 1 { made_smaller([y, u, v], shrink, &mut small) } else { [y, u, v] };
        match self.layout {
            InputLayout::Nchw => self.fill(planes, letterbox, slot),
            InputLayout::Nhwc => {
                let mut target = std::mem::take(&mut self.planes);
                target.resize(slot.len(), 0.0);
                self.fill(planes, letterbox, &mut target);
                interleave(&target, slot);
                self.planes = target;
            }
        }
        self.small = small;
        true
    }

    fn fill(&mut self, [y, u, v]: [Part<'_>; 3], letterbox: Letterbox, slot: &mut [f32]) {
        let Letterbox { inner, left, top, .. } = letterbox;
        let input = self.wish.input;
        if inner != input {
            self.shift.pad(&self.wish, slot);
        }
        let columns = |part: &Part<'_>| {
            let sources = part.width;
            (0..inner.width).map(move |column| source_of(column, inner.width, sources as u32))
        };
        self.luma.fill(columns(&y), y.width);
        self.chroma.fill(columns(&u), u.width);
        let shading = Shading::new(self.wish.unit());
        let area = input.width as usize * input.height as usize;
        let (first, rest) = slot.split_at_mut(area);
        let (second, third) = rest.split_at_mut(area);
        let (red, green, blue) = match self.wish.colour {
            ColourOrder::Rgb => (first, second, third),
            ColourOrder::Bgr => (third, second, first),
        };
        for row in 0..inner.height {
            let start = (top + row) as usize * input.width as usize + left as usize;
            let span = start..start + inner.width as usize;
            let mut sink = RowSink {
                red: &mut red[span.clone()],
                green: &mut green[span.clone()],
                blue: &mut blue[span],
            };
            kernel::row(
                &mut self.rows,
                RowSources {
                    y: y.blend(row, inner.height),
                    u: u.blend(row, inner.height),
                    v: v.blend(row, inner.height),
                    luma_columns: &self.luma,
                    chroma_columns: &self.chroma,
                },
                shading,
                sink.reborrow(),
            );
            self.shift.apply(sink);
        }
    }
}

impl<'p> Part<'p> {
    fn blend(&self, row: u32, rows: u32) -> kernel::Blend<'p> {
        let (upper, share) = source_of(row, rows, self.height as u32);
        let lower = (upper + 1).min(self.height - 1);
        let start = self.top * self.stride;
        let source = RowSource { upper, lower, share: (share * 256.0).round() as u16 };
        let blend = two_rows(&self.plane[start..], self.stride, source);
        let columns = self.left..self.left + self.width;
        kernel::Blend {
            upper: &blend.upper[columns.clone()],
            lower: &blend.lower[columns],
            share: blend.share,
        }
    }
}

/// The part of a picture under a box as left, top, width and height, on whole pixels of the colour planes.
fn even_part(rect: &Rect, size: Size) -> Option<[usize; 4]> {
    if !rect.is_finite() {
        return None;
    }
    let span = |from: f32, to: f32, side: u32| {
        let from = (from.max(0.0).round() as u32).min(side) & !1;
        let to = (to.max(0.0).round() as u32).min(side).next_multiple_of(2).min(side);
        (to > from).then(|| [from as usize, (to - from) as usize])
    };
    let [left, width] = span(rect.x, rect.right(), size.width)?;
    let [top, height] = span(rect.y, rect.bottom(), size.height)?;
    (rect.width >= 2.0 && rect.height >= 2.0).then_some([left, top, width, height])
}

/// By how much a side is made smaller before the rest is left to the resizing.
fn shrink(source: usize, target: u32) -> usize {
    (source / (target as usize).max(1)).max(1)
}

/// Each plane with the means of `by` × `by` of its numbers; what is left over at the right and the bottom is left out.
fn made_smaller<'s>(planes: [Part<'_>; 3], by: usize, small: &'s mut Vec<u8>) -> [Part<'s>; 3] {
    small.clear();
    // Both sides even, so that the colour planes are half of it exactly.
    let chroma = (planes[1].width / by, planes[1].height / by);
    let sizes = [(chroma.0 * 2, chroma.1 * 2), chroma, chroma];
    let mut starts = [0; 3];
    for (index, (part, (width, height))) in planes.iter().zip(sizes).enumerate() {
        starts[index] = small.len();
        for row in 0..height {
            let start = small.len();
            small.extend((0..width).map(|column| part.mean(column * by, row * by, by)));
            debug_assert_eq!(small.len() - start, width);
        }
    }
    let small: &'s [u8] = small;
    std::array::from_fn(|index| {
        let (width, height) = sizes[index];
        Part { plane: &small[starts[index]..], stride: width, left: 0, top: 0, width, height }
    })
}

impl Part<'_> {
    fn mean(&self, column: usize, row: usize, by: usize) -> u8 {
        let mut sum = 0_u32;
        for row in row..row + by {
            let start = (self.top + row) * self.stride + self.left + column;
            sum += self.plane[start..start + by].iter().map(|value| u32::from(*value)).sum::<u32>();
        }
        let count = (by * by) as u32;
        u8::try_from((sum + count / 2) / count).unwrap_or(u8::MAX)
    }
}

fn interleave(planes: &[f32], slot: &mut [f32]) {
    let area = planes.len() / 3;
    for (pixel, target) in slot.chunks_exact_mut(3).enumerate() {
        for (plane, value) in target.iter_mut().enumerate() {
            *value = planes[plane * area + pixel];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Fit;

    const INPUT: Size = Size::new(64, 128);

    fn cropper(fit: Fit, layout: InputLayout) -> Cropper {
        let wish = Wish { input: INPUT, colour: ColourOrder::Rgb, scale: Scale::Unit, fit, pad: 0 };
        Cropper::new(wish, Shift::NONE, layout)
    }

    /// Luma rises from left to right; the colours are grey.
    fn ramp(size: Size) -> Picture {
        let mut data: Vec<u8> = (0..size.height)
            .flat_map(|_| (0..size.width).map(|x| 16 + (x * 219 / size.width.max(1)) as u8))
            .collect();
        data.resize(Picture::byte_len(size), 128);
        Picture::from_i420(size, data).unwrap()
    }

    fn prepared(mut cropper: Cropper, rect: Rect, picture: &Picture) -> Option<Vec<f32>> {
        let mut slot = vec![-9.0; cropper.slot_len()];
        cropper.prepare(picture, &rect, &mut slot).then_some(slot)
    }

    #[test]
    fn a_part_shows_what_is_under_it_at_every_size() {
        let picture = ramp(Size::new(640, 480));
        for (left, width) in [(0.0, 640.0), (100.0, 64.0), (100.0, 300.0), (602.0, 38.0), (40.0, 16.0)] {
            let rect = Rect::new(left, 20.0, width, 200.0);
            let slot = prepared(cropper(Fit::Stretch, InputLayout::Nchw), rect, &picture).unwrap();
            for column in [0_u16, 20, 63] {
                let x = left + (f32::from(column) + 0.5) * width / 64.0;
                let wanted = (x / 640.0).clamp(0.0, 1.0);
                for row in [0, 60, 127] {
                    let found = slot[row * 64 + usize::from(column)];
                    assert!((found - wanted).abs() < 0.02, "{rect:?} {column}: {found} {wanted}");
                }
            }
        }
    }

    #[test]
    fn a_part_that_reaches_beyond_the_picture_ends_at_its_edge() {
        let picture = ramp(Size::new(64, 64));
        let beyond =
            prepared(cropper(Fit::Stretch, InputLayout::Nchw), Rect::new(-1e6, -5.0, 2e6, 500.0), &picture);
        let whole =
            prepared(cropper(Fit::Stretch, InputLayout::Nchw), Rect::new(0.0, 0.0, 64.0, 64.0), &picture);
        assert_eq!(beyond, whole);
    }

    #[test]
    fn what_is_no_part_of_the_picture_is_refused() {
        let picture = ramp(Size::new(64, 64));
        for rect in [
            Rect::new(f32::NAN, 0.0, 9.0, 9.0),
            Rect::new(0.0, 0.0, f32::INFINITY, 9.0),
            Rect::new(64.0, 0.0, 9.0, 9.0),
            Rect::new(-20.0, 0.0, 9.0, 9.0),
            Rect::new(0.0, 1e30, 9.0, 9.0),
            Rect::new(5.0, 5.0, 1.0, 9.0),
            Rect::new(5.0, 5.0, -9.0, 9.0),
        ] {
            assert_eq!(prepared(cropper(Fit::Stretch, InputLayout::Nchw), rect, &picture), None, "{rect:?}");
        }
    }

    #[test]
    fn a_fine_pattern_far_too_large_becomes_grey_and_not_stripes() {
        let size = Size::new(1024, 1024);
        let mut data: Vec<u8> =
            (0..1024_u32 * 1024).map(|at| if (at / 4).is_multiple_of(2) { 235 } else { 16 }).collect();
        data.resize(Picture::byte_len(size), 128);
        let picture = Picture::from_i420(size, data).unwrap();
        let rect = Rect::new(0.0, 0.0, 1024.0, 1024.0);
        let slot = prepared(cropper(Fit::Stretch, InputLayout::Nchw), rect, &picture).unwrap();
        assert!(slot.iter().all(|value| (value - 0.5).abs() < 0.02));
    }

    #[test]
    fn colours_beside_each_other_are_those_of_the_planes() {
        let picture = ramp(Size::new(128, 64));
        let rect = Rect::new(10.0, 0.0, 100.0, 60.0);
        let planes = prepared(cropper(Fit::Stretch, InputLayout::Nchw), rect, &picture).unwrap();
        let beside = prepared(cropper(Fit::Stretch, InputLayout::Nhwc), rect, &picture).unwrap();
        let area = 64 * 128;
        for (pixel, colours) in beside.chunks_exact(3).enumerate() {
            assert_eq!(colours, [planes[pixel], planes[area + pixel], planes[2 * area + pixel]]);
        }
    }

    #[test]
    fn padding_and_means_are_as_the_model_wants_them() {
        let wish = Wish {
            input: INPUT,
            colour: ColourOrder::Bgr,
            scale: Scale::Unit,
            fit: Fit::LetterboxCentre,
            pad: 255,
        };
        let picture = ramp(Size::new(64, 64));
        let rect = Rect::new(0.0, 0.0, 64.0, 64.0);
        let slot = prepared(Cropper::new(wish, Shift::IMAGENET, InputLayout::Nchw), rect, &picture).unwrap();
        let area = 64 * 128;
        let [blue, red] = [slot[0], slot[2 * area]];
        assert!((blue - (1.0 - 0.406) / 0.225).abs() < 1e-5 && (red - (1.0 - 0.485) / 0.229).abs() < 1e-5);
        // The middle of the grey ramp.
        let middle = 64 * 64 + 32;
        assert!((slot[area + middle] - (0.5 - 0.456) / 0.224).abs() < 0.1);
    }
}
