//! What the tests share: test data, pictures, and a writer of tiny ONNX files.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod detr;
pub mod onnx;

use std::path::PathBuf;

use ocellus_core::{Detection, Picture, Size};
use ocellus_inference::{DetectRequest, Session, Thresholds};

/// The folder of real material, or None with a visible line.
pub fn test_data(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("OCELLUS_TEST_DATA").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    if folder.is_none() {
        eprintln!("SKIPPED: OCELLUS_TEST_DATA is unset ({test})");
    }
    folder
}

/// A JPEG as I420, an odd last row or column left out.
pub fn jpeg(path: &std::path::Path) -> Picture {
    let bytes = std::fs::read(path).unwrap();
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(bytes));
    let rgb = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    picture(&rgb, width, Size::new(width as u32 & !1, height as u32 & !1))
}

/// RGB rows of `stride` pixels as I420, BT.601 limited range.
pub fn picture(rgb: &[u8], stride: usize, size: Size) -> Picture {
    let (width, height) = (size.width as usize, size.height as usize);
    let pixel = |x: usize, y: usize| {
        let at = (y * stride + x) * 3;
        [f32::from(rgb[at]), f32::from(rgb[at + 1]), f32::from(rgb[at + 2])]
    };
    let mut data = Vec::with_capacity(Picture::byte_len(size));
    for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
        let [r, g, b] = pixel(x, y);
        data.push((16.0 + 0.256_788 * r + 0.504_129 * g + 0.097_906 * b).round() as u8);
    }
    for factors in [[-0.148_223, -0.290_993, 0.439_216], [0.439_216, -0.367_788, -0.071_427]] {
        for (x, y) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (x * 2, y * 2))) {
            let mut sum = 0.0;
            for [r, g, b] in [pixel(x, y), pixel(x + 1, y), pixel(x, y + 1), pixel(x + 1, y + 1)] {
                sum += factors[0] * r + factors[1] * g + factors[2] * b;
            }
            data.push((128.0 + sum / 4.0).round() as u8);
        }
    }
    Picture::from_i420(size, data).unwrap()
}

/// A picture of one grey.
pub fn grey(size: Size, luma: u8) -> Picture {
    let mut data = vec![luma; (size.width * size.height) as usize];
    data.resize(Picture::byte_len(size), 128);
    Picture::from_i420(size, data).unwrap()
}

/// Detections as (class name, confidence, detection), best first.
pub fn detect(session: &mut Session, picture: &Picture, confidence: f32) -> Vec<(String, f32, Detection)> {
    let thresholds = Thresholds { confidence, ..Thresholds::default() };
    let found = session.detect(&[DetectRequest { picture, thresholds, classes: None }]).unwrap();
    let found = found.into_iter().next().unwrap();
    found
        .into_iter()
        .map(|detection| {
            (session.classes()[detection.class as usize].clone(), detection.confidence, detection)
        })
        .collect()
}
