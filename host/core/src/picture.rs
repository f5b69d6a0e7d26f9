//! Decoded pictures.

use std::sync::Arc;

use crate::geometry::{Rect, Size};

/// A decoded picture in planar YUV 4:2:0 (I420), 8 bits, limited range (Y 16–235).
///
/// This is what video decoders produce, at half the bytes of BGR, so a picture that only the detector
/// sees is never converted at full size. One contiguous buffer without row padding: the Y plane of
/// width × height bytes, then U and V of (width/2) × (height/2) bytes each. Width and height are even.
/// Cloning shares the pixels.
#[derive(Debug, Clone)]
pub struct Picture {
    size: Size,
    data: Arc<[u8]>,
}

/// Why bytes are not a [`Picture`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Width or height is odd, zero or larger than 16384.
    #[error("a picture of {0} cannot be held: width and height must be even, 2 to 16384")]
    Size(Size),
    /// The buffer is not width × height × 3/2 bytes long.
    #[error("a picture of {size} takes {expected} bytes, found {found}")]
    Length {
        /// The size asked for.
        size: Size,
        /// width × height × 3/2.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
}

impl Picture {
    /// Bytes of an I420 picture of `size`.
    #[must_use]
    pub const fn byte_len(size: Size) -> usize {
        size.width as usize * size.height as usize * 3 / 2
    }

    /// Wraps I420 bytes.
    ///
    /// # Errors
    /// [`PictureError`] for an odd, empty or oversized picture, or a buffer of the wrong length.
    pub fn from_i420(size: Size, data: impl Into<Arc<[u8]>>) -> Result<Picture, PictureError> {
        let fits = |side: u32| (2..=16_384).contains(&side) && side.is_multiple_of(2);
        if !fits(size.width) || !fits(size.height) {
            return Err(PictureError::Size(size));
        }
        let data = data.into();
        let expected = Picture::byte_len(size);
        if data.len() != expected {
            return Err(PictureError::Length { size, expected, found: data.len() });
        }
        Ok(Picture { size, data })
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// All three planes, one after another.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Luma, width × height bytes.
    #[must_use]
    pub fn y(&self) -> &[u8] {
        &self.data[..self.luma_len()]
    }

    /// Blue difference, (width/2) × (height/2) bytes.
    #[must_use]
    pub fn u(&self) -> &[u8] {
        &self.data[self.luma_len()..self.luma_len() * 5 / 4]
    }

    /// Red difference, (width/2) × (height/2) bytes.
    #[must_use]
    pub fn v(&self) -> &[u8] {
        &self.data[self.luma_len() * 5 / 4..]
    }

    /// A copy of the part under `rect`, in pixels, grown to whole pixels of the colour planes, and where its left upper
    /// corner lies here. None where the two share nothing, or a number is not finite.
    #[must_use]
    pub fn part(&self, rect: &Rect) -> Option<(Picture, [u32; 2])> {
        if !rect.is_finite() {
            return None;
        }
        let span = |from: f32, to: f32, side: u32| {
            let from = (from.max(0.0).floor() as u32).min(side) & !1;
            let to = (to.max(0.0).ceil() as u32).min(side).next_multiple_of(2).min(side);
            (to > from).then_some((from, to - from))
        };
        let (left, width) = span(rect.x, rect.right(), self.size.width)?;
        let (top, height) = span(rect.y, rect.bottom(), self.size.height)?;
        let size = Size::new(width, height);
        let mut data = Vec::with_capacity(Picture::byte_len(size));
        for (plane, half) in [(self.y(), 1), (self.u(), 2), (self.v(), 2)] {
            let stride = (self.size.width / half) as usize;
            let columns = (left / half) as usize..((left + width) / half) as usize;
            for row in top / half..(top + height) / half {
                data.extend_from_slice(&plane[row as usize * stride..][columns.clone()]);
            }
        }
        Some((Picture { size, data: data.into() }, [left, top]))
    }

    fn luma_len(&self) -> usize {
        self.size.width as usize * self.size.height as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_have_their_lengths() {
        let picture = Picture::from_i420(Size::new(4, 2), vec![0_u8; 12]).unwrap();
        assert_eq!((picture.y().len(), picture.u().len(), picture.v().len()), (8, 2, 2));
    }

    #[test]
    fn a_part_is_whole_pixels_of_all_planes_and_ends_at_the_edges() {
        let data: Vec<u8> = (0..96).collect();
        let picture = Picture::from_i420(Size::new(8, 8), data).unwrap();
        let (part, at) = picture.part(&Rect::new(3.0, 5.0, 9.0, 9.0)).unwrap();
        assert_eq!((part.size(), at), (Size::new(6, 4), [2, 4]));
        assert_eq!(part.y()[..6], [34, 35, 36, 37, 38, 39]);
        assert_eq!((part.u(), part.v()), (&[73, 74, 75, 77, 78, 79][..], &[89, 90, 91, 93, 94, 95][..]));
        assert!(picture.part(&Rect::new(8.0, 0.0, 4.0, 4.0)).is_none());
        assert!(picture.part(&Rect::new(f32::NAN, 0.0, 4.0, 4.0)).is_none());
        assert!(picture.part(&Rect::new(-9.0, 0.0, 4.0, 4.0)).is_none());
    }

    #[test]
    fn odd_sizes_and_short_buffers_are_refused() {
        assert!(matches!(Picture::from_i420(Size::new(3, 2), vec![0_u8; 9]), Err(PictureError::Size(_))));
        assert!(matches!(
            Picture::from_i420(Size::new(4, 2), vec![0_u8; 11]),
            Err(PictureError::Length { expected: 12, found: 11, .. })
        ));
    }
}
