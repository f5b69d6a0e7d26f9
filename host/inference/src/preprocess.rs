//! From an I420 picture straight to the model's input: resized, letterboxed, converted to colour planes.
//!
//! Resizing is bilinear between the two nearest rows and columns, with half-pixel centres and without
//! smoothing, as `cv2.resize(…, INTER_LINEAR)` does it and as the reference pipelines of these models do.
//! Rows are blended first, over the whole width of the source, because that is what vector units do best;
//! only then are the wanted columns picked out. Colours follow ITU-R BT.601, limited range.

use ocellus_core::{Picture, Size};

use crate::letterbox::Letterbox;
use crate::manifest::{ColourOrder, Fit, Scale};

mod crop;
mod kernel;

pub(crate) use crop::{Cropper, Shift};
use kernel::{Columns, RowSink, Shading};

/// What a model wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) input: Size,
    pub(crate) colour: ColourOrder,
    pub(crate) scale: Scale,
    pub(crate) fit: Fit,
    pub(crate) pad: u8,
}

impl Wish {
    /// What one step of 0..255 becomes.
    fn unit(&self) -> f32 {
        match self.scale {
            Scale::Byte => 1.0,
            Scale::Unit => 1.0 / 255.0,
        }
    }
}

/// Picture sizes whose tables are kept: cameras of one site rarely have more.
const MAX_PLANS: usize = 8;

/// Writes pictures into the slots of an input tensor `[N, 3, height, width]`.
///
/// Buffers and tables are kept; a picture of a size seen lately costs no allocation.
#[derive(Debug)]
pub(crate) struct Preprocessor {
    wish: Wish,
    shift: Shift,
    /// What lies in each slot, so that its padding is written once only.
    slots: Vec<Option<Letterbox>>,
    /// Tables for the picture sizes seen last, the newest at the end.
    plans: Vec<Plan>,
    rows: kernel::Rows,
}

/// Where every row and column of the inner area comes from.
#[derive(Debug)]
struct Plan {
    letterbox: Letterbox,
    luma_rows: Vec<RowSource>,
    chroma_rows: Vec<RowSource>,
    luma_columns: Columns,
    chroma_columns: Columns,
}

/// Two source rows and the share of the second, in 256ths.
#[derive(Debug, Clone, Copy)]
struct RowSource {
    upper: usize,
    lower: usize,
    share: u16,
}

impl Preprocessor {
    pub(crate) fn new(wish: Wish, shift: Shift) -> Preprocessor {
        Preprocessor { wish, shift, slots: Vec::new(), plans: Vec::new(), rows: kernel::Rows::default() }
    }

    /// Numbers in one slot.
    pub(crate) fn slot_len(&self) -> usize {
        self.wish.input.width as usize * self.wish.input.height as usize * 3
    }

    /// Writes `picture` into slot `slot` of `tensor` and says where it lies there. A slot beyond the
    /// tensor's end is left alone.
    pub(crate) fn prepare(&mut self, picture: &Picture, slot: usize, tensor: &mut [f32]) -> Letterbox {
        let letterbox = Letterbox::new(picture.size(), self.wish.input, self.wish.fit);
        let len = self.slot_len();
        let Some(target) = tensor.get_mut(slot * len..(slot + 1) * len) else { return letterbox };
        if self.slots.len() <= slot {
            self.slots.resize(slot + 1, None);
        }
        if self.slots[slot] != Some(letterbox) {
            self.shift.pad(&self.wish, target);
            self.slots[slot] = Some(letterbox);
        }
        let known = self.plans.iter().position(|plan| plan.letterbox == letterbox).unwrap_or_else(|| {
            if self.plans.len() == MAX_PLANS {
                self.plans.remove(0);
            }
            self.plans.push(Plan::new(letterbox));
            self.plans.len() - 1
        });
        let target = Target { planes: target, wish: self.wish, shift: self.shift };
        fill(&self.plans[known], picture, &mut self.rows, target);
        letterbox
    }
}

impl Plan {
    fn new(letterbox: Letterbox) -> Plan {
        let Letterbox { picture, inner, .. } = letterbox;
        let rows = |source: u32| {
            (0..inner.height)
                .map(|row| {
                    let (upper, share) = source_of(row, inner.height, source);
                    let lower = (upper + 1).min(source as usize - 1);
                    RowSource { upper, lower, share: (share * 256.0).round() as u16 }
                })
                .collect()
        };
        let columns = |source: u32| {
            Columns::new(
                (0..inner.width).map(|column| source_of(column, inner.width, source)),
                source as usize,
            )
        };
        Plan {
            letterbox,
            luma_rows: rows(picture.height),
            chroma_rows: rows(picture.height / 2),
            luma_columns: columns(picture.width),
            chroma_columns: columns(picture.width / 2),
        }
    }
}

/// The source position of a target pixel's centre: the pixel before it and the share of the next one.
fn source_of(target: u32, targets: u32, sources: u32) -> (usize, f32) {
    let position = (f64::from(target) + 0.5) * f64::from(sources) / f64::from(targets) - 0.5;
    let position = position.clamp(0.0, f64::from(sources - 1));
    (position.floor() as usize, (position - position.floor()) as f32)
}

struct Target<'t> {
    planes: &'t mut [f32],
    wish: Wish,
    shift: Shift,
}

fn fill(plan: &Plan, picture: &Picture, rows: &mut kernel::Rows, target: Target<'_>) {
    let size = picture.size();
    let (width, chroma_width) = (size.width as usize, size.width as usize / 2);
    let Target { planes, wish, shift } = target;
    let area = wish.input.width as usize * wish.input.height as usize;
    let (first, rest) = planes.split_at_mut(area);
    let (second, third) = rest.split_at_mut(area);
    let (red, green, blue) = match wish.colour {
        ColourOrder::Rgb => (first, second, third),
        ColourOrder::Bgr => (third, second, first),
    };
    let shading = Shading::new(wish.unit());
    let Letterbox { inner, left, top, .. } = plan.letterbox;
    for (row, (luma, chroma)) in plan.luma_rows.iter().zip(&plan.chroma_rows).enumerate() {
        let start = (top as usize + row) * wish.input.width as usize + left as usize;
        let span = start..start + inner.width as usize;
        let mut sink =
            RowSink { red: &mut red[span.clone()], green: &mut green[span.clone()], blue: &mut blue[span] };
        kernel::row(
            rows,
            kernel::RowSources {
                y: two_rows(picture.y(), width, *luma),
                u: two_rows(picture.u(), chroma_width, *chroma),
                v: two_rows(picture.v(), chroma_width, *chroma),
                luma_columns: &plan.luma_columns,
                chroma_columns: &plan.chroma_columns,
            },
            shading,
            sink.reborrow(),
        );
        shift.apply(sink);
    }
}

fn two_rows(plane: &[u8], width: usize, source: RowSource) -> kernel::Blend<'_> {
    let row = |index: usize| &plane[index * width..(index + 1) * width];
    kernel::Blend { upper: row(source.upper), lower: row(source.lower), share: source.share }
}

#[cfg(test)]
mod tests;
