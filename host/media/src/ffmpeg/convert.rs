//! From whatever a decoder gives to I420 of one size.

use ffmpeg_next::color;
use ffmpeg_next::format::Pixel;
use ffmpeg_next::frame::Video;
use ffmpeg_next::software::scaling;
use ocellus_core::{Picture, Size};

use super::planes::{self, Range, Rows};

/// Turns frames into pictures of the size of the first one, cropped to even sides.
#[derive(Default)]
pub(super) struct Converter {
    size: Option<Size>,
    scaler: Option<scaling::Context>,
}

// SAFETY: a scaling context has no tie to the thread that made it; it is used by one owner at a time.
#[expect(unsafe_code, reason = "ffmpeg-next does not mark its scaling context as Send")]
unsafe impl Send for Converter {}

impl Converter {
    /// Converts one frame. YUV 4:2:0 of the right size is copied; the rest goes through swscale.
    pub(super) fn convert(&mut self, frame: &mut Video) -> Result<Picture, String> {
        let own = even(frame);
        let size = match self.size {
            Some(size) => size,
            None => *self.size.insert(checked(own)?),
        };
        let is_full_range = plain_yuv(frame);
        if own == size && frame.format() == Pixel::YUV420P && has_plain_rows(frame) {
            return copied(frame, size, is_full_range);
        }
        let scaled = self.scaled(frame, size)?;
        copied(&scaled, size, is_full_range)
    }

    fn scaled(&mut self, frame: &Video, size: Size) -> Result<Video, String> {
        let from = scaling::context::Definition {
            format: frame.format(),
            width: frame.width(),
            height: frame.height(),
        };
        // Without a change of size an odd row or column is cut off by the copy, not blended in.
        let to = if even(frame) == size { Size::new(from.width, from.height) } else { size };
        let fits = |scaler: &scaling::Context| {
            *scaler.input() == from && Size::new(scaler.output().width, scaler.output().height) == to
        };
        if !self.scaler.as_ref().is_some_and(fits) {
            let made = scaling::Context::get(
                from.format,
                from.width,
                from.height,
                Pixel::YUV420P,
                to.width,
                to.height,
                scaling::Flags::BILINEAR,
            );
            let name = from.format.descriptor().map_or("an unknown pixel format", |format| format.name());
            self.scaler = Some(made.map_err(|error| format!("{name} cannot be converted: {error}"))?);
        }
        let mut output = Video::empty();
        let scaler = self.scaler.as_mut().ok_or("the scaler is missing")?;
        scaler.run(frame, &mut output).map_err(|error| format!("scaling failed: {error}"))?;
        Ok(output)
    }
}

fn even(frame: &Video) -> Size {
    Size::new(frame.width() & !1, frame.height() & !1)
}

fn checked(size: Size) -> Result<Size, String> {
    let fits = |side: u32| (2..=16_384).contains(&side);
    if fits(size.width) && fits(size.height) {
        Ok(size)
    } else {
        Err(format!("pictures of {size} are not supported; both sides must be 2 to 16384"))
    }
}

/// Relabels the "J" formats as what they are, plain YUV with full range, and says whether the range is
/// full. Left to itself, swscale would take its slow path for the range alone.
fn plain_yuv(frame: &mut Video) -> bool {
    let plain = match frame.format() {
        Pixel::YUVJ420P => Pixel::YUV420P,
        Pixel::YUVJ422P => Pixel::YUV422P,
        Pixel::YUVJ444P => Pixel::YUV444P,
        Pixel::YUVJ440P => Pixel::YUV440P,
        other => {
            // For RGB and grey swscale knows the range by itself.
            let is_yuv = other.descriptor().is_some_and(|format| {
                ["yuv", "nv", "uyvy", "p01"].iter().any(|start| format.name().starts_with(start))
            });
            return is_yuv && frame.color_range() == color::Range::JPEG;
        }
    };
    frame.set_format(plain);
    true
}

/// Rows from top to bottom: a negative stride means the opposite.
fn has_plain_rows(frame: &Video) -> bool {
    frame.planes() >= 3 && (0..3).all(|plane| i32::try_from(frame.stride(plane)).is_ok())
}

fn copied(frame: &Video, size: Size, is_full_range: bool) -> Result<Picture, String> {
    if !has_plain_rows(frame) || frame.width() < size.width || frame.height() < size.height {
        return Err("the decoder gave a frame without its planes".to_owned());
    }
    let mut data = planes::buffer(Picture::byte_len(size));
    let bytes = std::sync::Arc::get_mut(&mut data).ok_or("a new buffer is shared")?;
    let (width, height) = (size.width as usize, size.height as usize);
    let (luma, chroma) = bytes.split_at_mut(width * height);
    let (u, v) = chroma.split_at_mut(width * height / 4);
    let (narrow_luma, narrow_chroma) =
        if is_full_range { (Range::NarrowLuma, Range::NarrowChroma) } else { (Range::Keep, Range::Keep) };
    let rows = |plane: usize| Rows { data: frame.data(plane), stride: frame.stride(plane) };
    planes::copy(rows(0), width, narrow_luma, luma);
    planes::copy(rows(1), width / 2, narrow_chroma, u);
    planes::copy(rows(2), width / 2, narrow_chroma, v);
    Picture::from_i420(size, data).map_err(|error| error.to_string())
}
