//! Decoded pictures.

use std::sync::Arc;

use crate::geometry::Size;

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
    fn odd_sizes_and_short_buffers_are_refused() {
        assert!(matches!(Picture::from_i420(Size::new(3, 2), vec![0_u8; 9]), Err(PictureError::Size(_))));
        assert!(matches!(
            Picture::from_i420(Size::new(4, 2), vec![0_u8; 11]),
            Err(PictureError::Length { expected: 12, found: 11, .. })
        ));
    }
}
