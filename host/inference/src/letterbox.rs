//! Fitting a picture into a model's input, and boxes back into the picture.

use ocellus_core::{Rect, Size};

use crate::manifest::Fit;

/// Where a picture lies inside a model's input.
///
/// A point (x, y) of the input shows the point ((x − left) · x_scale, (y − top) · y_scale) of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letterbox {
    /// The picture.
    pub picture: Size,
    /// Its size inside the input.
    pub inner: Size,
    /// Padding to the left of it.
    pub left: u32,
    /// Padding above it.
    pub top: u32,
}

impl Letterbox {
    /// Fits `picture` into `input`.
    ///
    /// The sizes are rounded as the reference implementations do it: YOLOX cuts off, Ultralytics rounds
    /// and puts the odd pixel of padding at the right and the bottom.
    #[must_use]
    pub fn new(picture: Size, input: Size, fit: Fit) -> Letterbox {
        if fit == Fit::Stretch || picture.width == 0 || picture.height == 0 {
            return Letterbox { picture, inner: input, left: 0, top: 0 };
        }
        let (width, height) = (f64::from(picture.width), f64::from(picture.height));
        let ratio = (f64::from(input.width) / width).min(f64::from(input.height) / height);
        let round =
            |side: f64| if fit == Fit::LetterboxCentre { side.round_ties_even() } else { side.floor() };
        // The tiny addend undoes a product such as 233.99999999999997 of what is exactly 234.
        let side = |side: f64, limit: u32| (round(side * ratio + 1e-9) as u32).clamp(1, limit.max(1));
        let inner = Size::new(side(width, input.width), side(height, input.height));
        let (left, top) = match fit {
            Fit::LetterboxCentre => ((input.width - inner.width) / 2, (input.height - inner.height) / 2),
            Fit::LetterboxTopLeft | Fit::Stretch => (0, 0),
        };
        Letterbox { picture, inner, left, top }
    }

    /// A box of the input as a box of the picture, both in pixels; it may reach beyond the edges.
    #[must_use]
    pub fn to_picture(&self, rect: Rect) -> Rect {
        let (x_scale, y_scale) = self.scales();
        Rect::new(
            (rect.x - self.left as f32) * x_scale,
            (rect.y - self.top as f32) * y_scale,
            rect.width * x_scale,
            rect.height * y_scale,
        )
    }

    /// A box of the picture as a box of the input, both in pixels.
    #[must_use]
    pub fn to_input(&self, rect: Rect) -> Rect {
        let (x_scale, y_scale) = self.scales();
        Rect::new(
            rect.x / x_scale + self.left as f32,
            rect.y / y_scale + self.top as f32,
            rect.width / x_scale,
            rect.height / y_scale,
        )
    }

    fn scales(&self) -> (f32, f32) {
        (
            self.picture.width as f32 / self.inner.width.max(1) as f32,
            self.picture.height as f32 / self.inner.height.max(1) as f32,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FITS: [Fit; 3] = [Fit::LetterboxCentre, Fit::LetterboxTopLeft, Fit::Stretch];

    #[test]
    fn sizes_are_those_of_the_references() {
        let yolox = Letterbox::new(Size::new(1280, 720), Size::new(416, 416), Fit::LetterboxTopLeft);
        assert_eq!((yolox.inner, yolox.left, yolox.top), (Size::new(416, 234), 0, 0));
        let yolov8 = Letterbox::new(Size::new(810, 1080), Size::new(640, 640), Fit::LetterboxCentre);
        assert_eq!((yolov8.inner, yolov8.left, yolov8.top), (Size::new(480, 640), 80, 0));
        let stretched = Letterbox::new(Size::new(810, 1080), Size::new(640, 320), Fit::Stretch);
        assert_eq!((stretched.inner, stretched.left, stretched.top), (Size::new(640, 320), 0, 0));
    }

    #[test]
    fn a_box_comes_back_to_where_it_was_for_any_size_and_fit() {
        let sides = [2, 34, 240, 426, 720, 1080, 1920, 4096, 16_384];
        for (width, height) in sides.iter().flat_map(|w| sides.map(|h| (*w, h))) {
            for input in [Size::new(416, 416), Size::new(640, 384), Size::new(64, 640)] {
                for fit in FITS {
                    let letterbox = Letterbox::new(Size::new(width, height), input, fit);
                    assert!(letterbox.left + letterbox.inner.width <= input.width, "{letterbox:?}");
                    assert!(letterbox.top + letterbox.inner.height <= input.height, "{letterbox:?}");
                    let (w, h) = (width as f32, height as f32);
                    let rect = Rect::new(w * 0.1, h * 0.3, w * 0.25, h * 0.5);
                    let back = letterbox.to_picture(letterbox.to_input(rect));
                    for (a, b) in [(back.x, rect.x), (back.y, rect.y), (back.width, rect.width)] {
                        assert!((a - b).abs() <= w.max(h) * 1e-5, "{letterbox:?}: {back:?} {rect:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_whole_inner_area_is_the_whole_picture() {
        for fit in FITS {
            let picture = Size::new(1280, 722);
            let letterbox = Letterbox::new(picture, Size::new(416, 416), fit);
            let inner = Rect::new(
                letterbox.left as f32,
                letterbox.top as f32,
                letterbox.inner.width as f32,
                letterbox.inner.height as f32,
            );
            let whole = letterbox.to_picture(inner);
            assert!(whole.x.abs() < 1e-3 && whole.y.abs() < 1e-3, "{whole:?}");
            assert!((whole.width - 1280.0).abs() < 1e-2 && (whole.height - 722.0).abs() < 1e-2, "{whole:?}");
        }
    }

    #[test]
    fn a_sliver_keeps_at_least_one_pixel() {
        let letterbox = Letterbox::new(Size::new(16_384, 2), Size::new(416, 416), Fit::LetterboxCentre);
        assert_eq!(letterbox.inner, Size::new(416, 1));
    }
}
