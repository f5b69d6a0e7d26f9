//! Lines, boxes and texts on the planes of an I420 picture, with OpenCV.

use std::sync::Once;

use ocellus_core::{Point, Rect, Size};
use opencv::boxed_ref::BoxedRefMut;
use opencv::core::{Mat, Point as CvPoint, Scalar, Vector};
use opencv::imgproc::{self, FILLED, FONT_HERSHEY_SIMPLEX, LINE_8};

use super::palette::{BLACK_LUMA, Ink, WHITE_LUMA};

/// Tells OpenCV to work on the thread that calls it: handing a line to another one costs more than drawing it.
pub(crate) fn single_threaded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = opencv::core::set_num_threads(0);
    });
}

/// Coordinates are given to OpenCV in 1/16 pixel, so that half-size chroma planes lose nothing.
const SHIFT: i32 = 4;
/// A text longer than this is cut.
const MAX_TEXT: usize = 64;

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) ink: Ink,
    /// In pixels.
    pub(super) thickness: i32,
    pub(super) is_closed: bool,
}

/// The three planes of a picture to draw on. Positions are in pixels of the luma plane.
pub(super) struct Canvas<'a> {
    planes: [BoxedRefMut<'a, Mat>; 3],
    size: Size,
    font_scale: f64,
}

impl<'a> Canvas<'a> {
    /// Takes I420 bytes of `size`.
    pub(super) fn new(pixels: &'a mut [u8], size: Size) -> opencv::Result<Canvas<'a>> {
        single_threaded();
        let (rows, columns) = (signed(size.height), signed(size.width));
        let luma_len = size.width as usize * size.height as usize;
        let (y, chroma) = pixels.split_at_mut(luma_len);
        let (u, v) = chroma.split_at_mut(luma_len / 4);
        Ok(Canvas {
            planes: [
                Mat::new_rows_cols_with_data_mut(rows, columns, y)?,
                Mat::new_rows_cols_with_data_mut(rows / 2, columns / 2, u)?,
                Mat::new_rows_cols_with_data_mut(rows / 2, columns / 2, v)?,
            ],
            size,
            font_scale: (f64::from(size.height) / 720.0 * 0.55).clamp(0.35, 1.0),
        })
    }

    /// A line through `points`; nothing for fewer than two or for a point that is not finite.
    pub(super) fn path(&mut self, points: &[Point], style: Style) -> opencv::Result<()> {
        if points.len() < 2 || !points.iter().all(|point| point.is_finite()) {
            return Ok(());
        }
        for (plane, (ink, divisor)) in self.planes.iter_mut().zip(inks(style.ink)) {
            let corners: Vector<CvPoint> = points.iter().map(|&point| fixed(point, divisor)).collect();
            let thickness = (style.thickness / divisor).max(1);
            imgproc::polylines(plane, &corners, style.is_closed, grey(ink), thickness, LINE_8, SHIFT)?;
        }
        Ok(())
    }

    /// The outline of a box.
    pub(super) fn rectangle(&mut self, rect: &Rect, style: Style) -> opencv::Result<()> {
        let corners = [
            Point::new(rect.x, rect.y),
            Point::new(rect.right(), rect.y),
            Point::new(rect.right(), rect.bottom()),
            Point::new(rect.x, rect.bottom()),
        ];
        self.path(&corners, style)
    }

    /// A text on a filled ground, standing on `at` if there is room, and always inside the picture.
    pub(super) fn label(&mut self, text: &str, at: Point, ink: Ink) -> opencv::Result<()> {
        // The font has ASCII only.
        let text: String = text
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_TEXT)
            .map(|c| if c.is_ascii() { c } else { '?' })
            .collect();
        if text.is_empty() || !at.is_finite() {
            return Ok(());
        }
        let mut below = 0;
        let extent = imgproc::get_text_size(&text, FONT_HERSHEY_SIMPLEX, self.font_scale, 1, &mut below)?;
        let (width, height) = (extent.width + 4, extent.height + below + 2);
        let left = (at.x.clamp(-1e6, 1e6) as i32).min(signed(self.size.width) - width).max(0);
        let top = (at.y.clamp(-1e6, 1e6) as i32 - height).min(signed(self.size.height) - height).max(0);
        // On even pixels, where the chroma planes have theirs.
        let (left, top) = (left & !1, top & !1);
        for (plane, (value, divisor)) in self.planes.iter_mut().zip(inks(ink)) {
            let ground =
                opencv::core::Rect::new(left / divisor, top / divisor, width / divisor, height / divisor);
            imgproc::rectangle(plane, ground, grey(value), FILLED, LINE_8, 0)?;
        }
        // The letters are dark or light in the colour of their ground, so luma alone makes them.
        let letters = if ink.y > 110 { BLACK_LUMA } else { WHITE_LUMA };
        let base = CvPoint::new(left + 2, top + extent.height + 1);
        let [luma, ..] = &mut self.planes;
        imgproc::put_text(
            luma,
            &text,
            base,
            FONT_HERSHEY_SIMPLEX,
            self.font_scale,
            grey(letters),
            1,
            LINE_8,
            false,
        )
    }
}

/// The value for each plane and by how much it is smaller than the luma plane.
fn inks(ink: Ink) -> [(u8, i32); 3] {
    [(ink.y, 1), (ink.u, 2), (ink.v, 2)]
}

fn grey(value: u8) -> Scalar {
    Scalar::all(f64::from(value))
}

/// A position in fixed point, near enough for OpenCV's arithmetic.
fn fixed(point: Point, divisor: i32) -> CvPoint {
    let scaled = |value: f32| (value.clamp(-30_000.0, 30_000.0) * 16.0) as i32 / divisor;
    CvPoint::new(scaled(point.x), scaled(point.y))
}

fn signed(side: u32) -> i32 {
    i32::try_from(side).unwrap_or(i32::MAX)
}
