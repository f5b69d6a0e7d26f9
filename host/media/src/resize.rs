//! Pictures of another size.

use std::sync::Arc;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use ocellus_core::picture::PictureError;
use ocellus_core::{Picture, Size};

use crate::ffmpeg::planes;

/// The size of a picture of `size` when its height may not exceed `max_height`: same shape, even sides,
/// never enlarged.
#[must_use]
pub fn fitted(size: Size, max_height: Option<u32>) -> Size {
    let Some(max) = max_height.filter(|&max| max < size.height) else { return size };
    let height = (max & !1).max(2);
    let width = (f64::from(size.width) * f64::from(height) / f64::from(size.height)).round() as u32;
    Size::new((width & !1).max(2), height)
}

/// Scales a picture to `size`, averaging over all source pixels where it becomes smaller.
///
/// # Errors
/// [`PictureError::Size`] when a side is odd, zero or larger than 16384.
pub fn resize(picture: &Picture, size: Size) -> Result<Picture, PictureError> {
    if picture.size() == size {
        return Ok(picture.clone());
    }
    let fits = |side: u32| (2..=16_384).contains(&side) && side.is_multiple_of(2);
    if !fits(size.width) || !fits(size.height) {
        return Err(PictureError::Size(size));
    }
    let mut data = planes::buffer(Picture::byte_len(size));
    if let Some(bytes) = Arc::get_mut(&mut data) {
        let half = |size: Size| Size::new(size.width / 2, size.height / 2);
        let luma_len = size.width as usize * size.height as usize;
        let (luma, chroma) = bytes.split_at_mut(luma_len);
        let (u, v) = chroma.split_at_mut(luma_len / 4);
        let mut resizer = Resizer::new();
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        for (from, from_size, to, to_size) in [
            (picture.y(), picture.size(), luma, size),
            (picture.u(), half(picture.size()), u, half(size)),
            (picture.v(), half(picture.size()), v, half(size)),
        ] {
            let source = ImageRef::new(from_size.width, from_size.height, from, PixelType::U8);
            let target = Image::from_slice_u8(to_size.width, to_size.height, to, PixelType::U8);
            // Both lengths follow from the sizes, so neither can fail; a picture stays black if one did.
            if let (Ok(source), Ok(mut target)) = (source, target)
                && let Err(error) = resizer.resize(&source, &mut target, &options)
            {
                tracing::error!(%error, "a plane could not be scaled");
            }
        }
    }
    Picture::from_i420(size, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_picture_stays_flat_in_every_plane() {
        let size = Size::new(64, 48);
        let mut data = vec![100_u8; 64 * 48];
        data.resize(64 * 48 * 5 / 4, 60);
        data.resize(64 * 48 * 3 / 2, 200);
        let picture = Picture::from_i420(size, data).unwrap();
        for target in [Size::new(32, 24), Size::new(2, 2), Size::new(100, 76)] {
            let scaled = resize(&picture, target).unwrap();
            assert_eq!(scaled.size(), target);
            assert!(scaled.y().iter().all(|&v| v == 100), "{target}");
            assert!(scaled.u().iter().all(|&v| v == 60) && scaled.v().iter().all(|&v| v == 200), "{target}");
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let picture = Picture::from_i420(Size::new(4, 4), vec![0; 24]).unwrap();
        for size in [Size::new(0, 4), Size::new(3, 4), Size::new(4, 20_000)] {
            assert!(matches!(resize(&picture, size), Err(PictureError::Size(_))));
        }
    }

    #[test]
    fn fitting_keeps_the_shape_with_even_sides() {
        assert_eq!(fitted(Size::new(1920, 1080), Some(720)), Size::new(1280, 720));
        assert_eq!(fitted(Size::new(768, 432), Some(99)), Size::new(174, 98));
        assert_eq!(fitted(Size::new(768, 432), Some(432)), Size::new(768, 432));
        assert_eq!(fitted(Size::new(768, 432), None), Size::new(768, 432));
        assert_eq!(fitted(Size::new(16_384, 2), Some(0)), Size::new(16_384, 2));
    }
}
