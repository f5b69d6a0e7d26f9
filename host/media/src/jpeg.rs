//! JPEG from pictures and back.
//!
//! TurboJPEG takes I420 as it is, so nothing is ever converted to BGR: at 720p that saves about half of
//! the time. The only arithmetic is the range, which video limits and JFIF does not. The colour matrix is
//! left alone, as JFIF's (BT.601) is what cameras below HD use.

use ffmpeg_next::{Packet, Rational, codec};
use ocellus_core::{Picture, Size};

use crate::ffmpeg::planes::{self, Range};
use crate::ffmpeg::{Decoder, Threads};
use crate::resize::{fitted, resize};

/// Largest JPEG that is decoded, in bytes.
const MAX_INPUT: usize = 64 << 20;

/// How to encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JpegOptions {
    /// 1..=100; others are brought into that range.
    pub quality: u8,
    /// Height in pixels that is not exceeded; the shape is kept and nothing is enlarged.
    pub max_height: Option<u32>,
}

impl Default for JpegOptions {
    /// Quality 80, full size.
    fn default() -> JpegOptions {
        JpegOptions { quality: 80, max_height: None }
    }
}

/// Why a picture could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The encoder failed.
    #[error("a picture of {size} could not be encoded as jpeg: {reason}")]
    Encode {
        /// Size of the picture.
        size: Size,
        /// What the encoder said.
        reason: String,
    },
    /// The bytes are not a usable JPEG.
    #[error("not a usable jpeg picture: {0}")]
    Decode(String),
}

/// Encodes a picture, scaled down first if `options` ask for it.
///
/// # Errors
/// [`JpegError::Encode`] when memory runs out.
pub fn encode(picture: &Picture, options: &JpegOptions) -> Result<Vec<u8>, JpegError> {
    let size = fitted(picture.size(), options.max_height);
    let failed = |reason: String| JpegError::Encode { size, reason };
    let scaled;
    let picture = if size == picture.size() {
        picture
    } else {
        scaled = resize(picture, size).map_err(|error| failed(error.to_string()))?;
        &scaled
    };
    let mut wide = vec![0; picture.data().len()];
    let (luma, chroma) = wide.split_at_mut(picture.y().len());
    planes::convert(picture.y(), Range::WidenLuma, luma);
    planes::convert(&picture.data()[luma.len()..], Range::WidenChroma, chroma);
    let image = turbojpeg::YuvImage {
        pixels: wide.as_slice(),
        width: size.width as usize,
        align: 1,
        height: size.height as usize,
        subsamp: turbojpeg::Subsamp::Sub2x2,
    };
    let mut compressor = turbojpeg::Compressor::new().map_err(|error| failed(error.to_string()))?;
    compressor
        .set_quality(i32::from(options.quality.clamp(1, 100)))
        .map_err(|error| failed(error.to_string()))?;
    compressor.compress_yuv_to_vec(image).map_err(|error| failed(error.to_string()))
}

/// Decodes a JPEG, baseline or progressive, of any subsampling; cropped to even sides.
///
/// # Errors
/// [`JpegError::Decode`] when the bytes are not a JPEG, are damaged or larger than 64 MiB, or the picture
/// is larger than 8192 × 8192.
pub fn decode(bytes: &[u8]) -> Result<Picture, JpegError> {
    crate::ffmpeg::init();
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return Err(JpegError::Decode("it does not begin like one".to_owned()));
    }
    if bytes.len() > MAX_INPUT {
        return Err(JpegError::Decode(format!("it is larger than {} MiB", MAX_INPUT >> 20)));
    }
    let mut decoder = Decoder::for_codec(codec::Id::MJPEG, Rational(1, 1), Threads::for_live(1))
        .map_err(JpegError::Decode)?;
    decoder.send(&Packet::copy(bytes));
    decoder.finish();
    match decoder.receive().map_err(JpegError::Decode)? {
        Some(decoded) => Ok(decoded.picture),
        None => Err(JpegError::Decode("it is damaged".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(size: Size) -> Picture {
        let (width, height) = (size.width as usize, size.height as usize);
        let mut data: Vec<u8> = (0..width * height).map(|at| 16 + (at % width * 219 / width) as u8).collect();
        data.resize(width * height * 5 / 4, 90);
        data.resize(width * height * 3 / 2, 180);
        Picture::from_i420(size, data).unwrap()
    }

    fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
        let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / a.len() as f64
    }

    #[test]
    fn a_picture_survives_encoding_and_decoding() {
        let picture = gradient(Size::new(320, 180));
        let bytes = encode(&picture, &JpegOptions { quality: 95, max_height: None }).unwrap();
        let back = decode(&bytes).unwrap();
        assert_eq!(back.size(), picture.size());
        assert!(mean_difference(picture.y(), back.y()) < 1.5);
        assert!(mean_difference(picture.u(), back.u()) < 2.0);
        assert!(mean_difference(picture.v(), back.v()) < 2.0);
    }

    #[test]
    fn a_height_limit_keeps_the_shape_and_never_enlarges() {
        let picture = gradient(Size::new(320, 180));
        let decoded = |height| {
            decode(&encode(&picture, &JpegOptions { quality: 80, max_height: Some(height) }).unwrap())
                .unwrap()
                .size()
        };
        assert_eq!(decoded(90), Size::new(160, 90));
        assert_eq!(decoded(1080), Size::new(320, 180));
        assert_eq!(decoded(1), Size::new(4, 2));
    }

    #[test]
    fn quality_changes_the_length_and_extremes_are_accepted() {
        let picture = gradient(Size::new(320, 180));
        let len = |quality| encode(&picture, &JpegOptions { quality, max_height: None }).unwrap().len();
        assert!(len(0) < len(60) && len(60) < len(255));
    }

    #[test]
    fn what_is_not_a_jpeg_is_refused() {
        for bytes in [&b""[..], b"hello", b"\xff\xd8", b"\xff\xd8\xff\xe0garbage garbage garbage"] {
            assert!(matches!(decode(bytes), Err(JpegError::Decode(_))), "{bytes:?}");
        }
    }
}
