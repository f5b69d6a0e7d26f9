//! Copying planes and changing their range, at memory speed.

use std::sync::Arc;

/// A buffer of `len` bytes that a picture can take over without another copy.
pub(crate) fn buffer(len: usize) -> Arc<[u8]> {
    std::iter::repeat_n(0, len).collect()
}

/// Rows of bytes, `stride` apart.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) stride: usize,
}

/// How sample values change on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    Keep,
    /// Luma from 0..255 to 16..235, as ITU-R BT.601 has it.
    NarrowLuma,
    /// Chroma from 0..255 to 16..240.
    NarrowChroma,
    /// Luma from 16..235 to 0..255, as JFIF has it.
    WidenLuma,
    /// Chroma from 16..240 to 0..255.
    WidenChroma,
}

/// Copies the left `width` bytes of as many rows as `target` has room for. Missing source rows stay.
pub(crate) fn copy(source: Rows<'_>, width: usize, range: Range, target: &mut [u8]) {
    if width == 0 || source.stride < width {
        return;
    }
    if source.stride == width {
        let len = target.len().min(source.data.len());
        convert(&source.data[..len], range, &mut target[..len]);
        return;
    }
    for (from, to) in source.data.chunks(source.stride).zip(target.chunks_exact_mut(width)) {
        if from.len() >= width {
            convert(&from[..width], range, to);
        }
    }
}

/// Maps equally many bytes. Each arm is a loop of 16-bit arithmetic that vectorises; a table would not.
pub(crate) fn convert(source: &[u8], range: Range, target: &mut [u8]) {
    let each = |target: &mut [u8], map: fn(u16) -> u16| {
        for (to, &from) in target.iter_mut().zip(source) {
            *to = (map(u16::from(from)) & 0xff) as u8;
        }
    };
    match range {
        Range::Keep => target.copy_from_slice(source),
        Range::NarrowLuma => each(target, narrow_luma),
        Range::NarrowChroma => each(target, narrow_chroma),
        Range::WidenLuma => each(target, widen_luma),
        Range::WidenChroma => each(target, widen_chroma),
    }
}

/// v / 255 for v below 65535, rounded down, without a division.
#[inline(always)]
fn by_255(v: u16) -> u16 {
    (v + 1 + (v >> 8)) >> 8
}

#[inline(always)]
fn narrow_luma(v: u16) -> u16 {
    by_255(v * 219 + 127) + 16
}

#[inline(always)]
fn narrow_chroma(v: u16) -> u16 {
    by_255(v * 224 + 127) + 16
}

/// 298 / 256 = 1.164 = 255 / 219.
#[inline(always)]
fn widen_luma(v: u16) -> u16 {
    (v.saturating_sub(16).min(219) * 298 + 128) >> 8
}

/// 291 / 256 = 1.137 = 255 / 224; the rounding keeps neutral grey (128) where it is.
#[inline(always)]
fn widen_chroma(v: u16) -> u16 {
    (v.saturating_sub(16).min(224) * 291 + 208) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(values: &[u8], range: Range) -> Vec<u8> {
        let mut target = vec![0; values.len()];
        convert(values, range, &mut target);
        target
    }

    #[test]
    fn ranges_map_their_ends_and_keep_grey_neutral() {
        assert_eq!(mapped(&[0, 255], Range::NarrowLuma), [16, 235]);
        assert_eq!(mapped(&[0, 128, 255], Range::NarrowChroma), [16, 128, 240]);
        assert_eq!(mapped(&[0, 16, 235, 255], Range::WidenLuma), [0, 0, 255, 255]);
        assert_eq!(mapped(&[0, 16, 128, 240, 255], Range::WidenChroma), [0, 0, 128, 255, 255]);
    }

    #[test]
    fn every_value_is_next_to_the_exact_formula() {
        for v in 0..=255_u8 {
            let exact = f64::from(v) * 219.0 / 255.0 + 16.0;
            assert!((f64::from(mapped(&[v], Range::NarrowLuma)[0]) - exact).abs() < 1.05, "{v}");
            let exact = ((f64::from(v) - 16.0) * 255.0 / 219.0).clamp(0.0, 255.0);
            assert!((f64::from(mapped(&[v], Range::WidenLuma)[0]) - exact).abs() < 1.05, "{v}");
            let exact = ((f64::from(v) - 128.0) * 255.0 / 224.0 + 128.0).clamp(0.0, 255.0);
            assert!((f64::from(mapped(&[v], Range::WidenChroma)[0]) - exact).abs() < 1.05, "{v}");
        }
    }

    #[test]
    fn padded_rows_are_cropped_and_short_data_does_not_overrun() {
        let data = [1, 2, 9, 3, 4, 9];
        let mut target = [0; 4];
        copy(Rows { data: &data, stride: 3 }, 2, Range::Keep, &mut target);
        assert_eq!(target, [1, 2, 3, 4]);
        let mut target = [7; 6];
        copy(Rows { data: &data[..4], stride: 3 }, 2, Range::Keep, &mut target);
        assert_eq!(target, [1, 2, 7, 7, 7, 7]);
    }
}
