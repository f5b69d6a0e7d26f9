//! Tracks files: any bytes through the reader, and what it read, written and read again.
//!
//! An input that begins with `{` is a file, and one that begins as gzip does a packed one; any other becomes frames, to be
//! written and read back.
//!
//! The reader is compiled from its source, since the crate around it needs OpenCV and FFmpeg.

#![no_main]

#[path = "../../../host/pipeline/src/embeddings.rs"]
mod embeddings;
#[path = "../../../host/pipeline/src/readings.rs"]
mod readings;
#[path = "../../../host/pipeline/src/record.rs"]
#[allow(dead_code, unused_imports, reason = "who rotates and packs files uses more of it")]
mod record;
#[path = "../../../host/pipeline/src/wire.rs"]
#[allow(dead_code, reason = "events are written there too; an expectation of this counts as unfulfilled")]
mod wire;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use ocellus_core::{Name, Size, TimeUs};
use ocellus_fuzz::inputs;

use record::{RecordEnd, RecordError, RecordHeader, RecordReader, RecordWriter, RecordedFrame, unpack};

type Recording = (RecordHeader, Vec<RecordedFrame>);

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        read_packed(bytes);
        return;
    }
    if !bytes.starts_with(b"{") {
        if let Ok(recording) = recorded(&mut Unstructured::new(bytes)) {
            assert_again(&recording);
        }
        return;
    }
    if let Ok((recording, end)) = read(bytes) {
        assert_again(&recording);
        if end == RecordEnd::Whole {
            assert_cut(bytes, recording.1.len());
        }
    }
});

/// What is written is read back as it was, to its end.
fn assert_again(recording: &Recording) {
    let (again, end) = read(&written(recording)).unwrap_or_else(|error| panic!("{error}: {recording:?}"));
    assert_eq!(&again, recording);
    assert_eq!(end, RecordEnd::Whole);
}

/// A whole file without its last line shows that it is cut, or is of the version that cannot tell.
fn assert_cut(bytes: &[u8], frames: usize) {
    let text = bytes.trim_ascii_end();
    let Some(start) = text.iter().rposition(|&byte| byte == b'\n') else { return };
    let ((_, left), end) = read(&bytes[..=start]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(left.len(), frames);
    assert!(matches!(end, RecordEnd::Cut { .. }), "{end:?}");
}

/// Whatever was packed is read to its end or refused.
fn read_packed(bytes: &[u8]) {
    let Ok(mut reader) = unpack(bytes).map_err(RecordError::from).and_then(RecordReader::new) else { return };
    while let Ok(Some(_)) = reader.next_frame() {}
}

fn read(bytes: &[u8]) -> Result<(Recording, RecordEnd), RecordError> {
    let mut reader = RecordReader::new(bytes)?;
    let mut frames = Vec::new();
    while let Some(frame) = reader.next_frame()? {
        frames.push(frame);
    }
    let end = reader.end().unwrap_or_else(|| panic!("no frame, and no end"));
    Ok(((reader.header().clone(), frames), end))
}

fn written((header, frames): &Recording) -> Vec<u8> {
    let write = || {
        let mut writer = RecordWriter::new(Vec::new(), header)?;
        for frame in frames {
            writer.frame(frame.sequence, frame.time, &frame.tracks, frame.facts())?;
        }
        writer.finish()
    };
    write().unwrap_or_else(|error| panic!("{error}"))
}

fn recorded(u: &mut Unstructured<'_>) -> arbitrary::Result<Recording> {
    let camera = Name::from_lossy(u.arbitrary()?, "camera");
    let size = Size::new(u.int_in_range(1..=u32::MAX)?, u.int_in_range(1..=u32::MAX)?);
    let classes: Vec<String> =
        (0..u.int_in_range(0..=3)?).map(|_| u.arbitrary()).collect::<Result<_, _>>()?;
    let (has_embeddings, has_readings) = (u.arbitrary()?, u.arbitrary()?);
    let mut sequence = u.int_in_range(0..=u64::MAX - 1000)?;
    let mut time = u.int_in_range(0..=u64::MAX / 2)?;
    let mut frames = Vec::new();
    while !u.is_empty() && frames.len() < 64 {
        let tracks = inputs::recorded(u, classes.len() as u32)?;
        let embeddings = if has_embeddings { inputs::embeddings(u, tracks.len())? } else { [].into() };
        let readings = if has_readings { inputs::readings(u, &tracks)? } else { [].into() };
        frames.push(RecordedFrame { sequence, time: TimeUs(time), tracks, embeddings, readings });
        sequence += 1;
        time += u.int_in_range(1..=1 << 40)?;
    }
    Ok((RecordHeader { camera, size, classes, has_embeddings, has_readings }, frames))
}
