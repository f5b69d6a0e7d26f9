//! Generated clips, and where the real ones are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ocellus_core::{Picture, Size};
use ocellus_media::write::{VideoSettings, VideoWriter};
use ocellus_media::{OpenOptions, Pace, Source, SourceError, SourcePicture, SourceSpec, Stop, open};

pub(crate) const SIZE: Size = Size::new(320, 180);

/// The folder of real clips, or `None` after saying so.
pub(crate) fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("SKIPPED: OCELLUS_TEST_DATA is unset");
    }
    folder
}

/// A picture with a bar at a place that follows from `number`, so that each differs from the last.
pub(crate) fn picture(size: Size, number: usize) -> Picture {
    let (width, height) = (size.width as usize, size.height as usize);
    let bar = number * 8 % width;
    let mut data = vec![0; Picture::byte_len(size)];
    for (at, sample) in data[..width * height].iter_mut().enumerate() {
        let (x, y) = (at % width, at / width);
        *sample = if (bar..bar + 16).contains(&x) { 220 } else { 40 + (x * 31 + y * 17) as u8 % 100 };
    }
    data[width * height..].fill(128);
    Picture::from_i420(size, data).unwrap()
}

/// Writes a clip of `frames` pictures at 10 a second.
pub(crate) fn clip(folder: &Path, name: &str, frames: usize) -> PathBuf {
    let path = folder.join(name);
    let mut writer = VideoWriter::create(&path, VideoSettings { size: SIZE, frame_rate: (10, 1) }).unwrap();
    for number in 0..frames {
        writer.write(&picture(SIZE, number)).unwrap();
    }
    writer.finish().unwrap();
    path
}

pub(crate) fn unpaced() -> OpenOptions {
    OpenOptions { pace: Pace::Unpaced, ..OpenOptions::default() }
}

/// Short enough for a test, long enough for a busy machine to answer.
pub(crate) fn impatient() -> OpenOptions {
    OpenOptions {
        open_timeout: Duration::from_secs(3),
        read_timeout: Duration::from_secs(2),
        ..OpenOptions::default()
    }
}

pub(crate) fn open_text(text: &str, options: &OpenOptions) -> Result<Box<dyn Source>, SourceError> {
    open(&SourceSpec::parse(text).unwrap(), options, &Stop::new())
}

/// The message of a failed opening.
pub(crate) fn refusal(text: &str, options: &OpenOptions) -> String {
    match open_text(text, options) {
        Ok(_) => panic!("{text} could be opened"),
        Err(error) => error.to_string(),
    }
}

/// Reads to the end: all pictures, and the error if it did not end as it should.
pub(crate) fn read_all(source: &mut dyn Source) -> (Vec<SourcePicture>, Option<SourceError>) {
    let mut pictures = Vec::new();
    loop {
        match source.read() {
            Ok(Some(picture)) => pictures.push(picture),
            Ok(None) => return (pictures, None),
            Err(error) => return (pictures, Some(error)),
        }
    }
}

pub(crate) fn assert_times_increase(pictures: &[SourcePicture]) {
    for pair in pictures.windows(2) {
        assert!(pair[0].time < pair[1].time, "{:?} is not before {:?}", pair[0].time, pair[1].time);
    }
}

/// FNV-1a over all pixels.
pub(crate) fn digest(pictures: &[SourcePicture]) -> u64 {
    let bytes = pictures.iter().flat_map(|picture| picture.picture.data());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Runs the `ffmpeg` tool; `false` if it is not installed.
pub(crate) fn ffmpeg(arguments: &[&str]) -> bool {
    match std::process::Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .status()
    {
        Ok(status) => {
            assert!(status.success(), "ffmpeg {arguments:?}");
            true
        }
        Err(_) => {
            eprintln!("SKIPPED: the ffmpeg tool is not installed");
            false
        }
    }
}
