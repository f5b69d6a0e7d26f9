//! Tracks files: what a tracker saw, frame by frame, to be replayed through rules.
//!
//! JSON Lines. The first line is a header (`format`, `version`, `camera`, `width`, `height`,
//! `classes`); every further line is one frame, empty frames too. Boxes are pixels, written with the
//! shortest digits that give the same `f32` back, so a replay sees exactly what the rules saw.

use std::io::{self, BufRead, Write};

use ocellus_core::{Name, Rect, Size, TimeUs, Track, TrackState};

use crate::wire::{State, TrackEntry, TracksHeader, TracksLine};

const FORMAT: &str = "ocellus-tracks";
const VERSION: u32 = 1;
/// A line holds one frame; 2,000 tracks take about 300 kB.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// What a tracks file says of its camera.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordHeader {
    /// The camera's name.
    pub camera: Name,
    /// Picture size in pixels.
    pub size: Size,
    /// Names of the model's classes.
    pub classes: Vec<String>,
}

/// One frame of a tracks file.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedFrame {
    /// The rules' sequence.
    pub sequence: u64,
    /// Presentation time.
    pub time: TimeUs,
    /// All tracks of the frame.
    pub tracks: Vec<Track>,
}

/// Why a tracks file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Reading failed.
    #[error("the tracks file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The first line is not a header of this format.
    #[error("line 1 is not the header of a tracks file ({0}); `ocellus analyze … --tracks FILE` writes one")]
    Header(String),
    /// The version is not known.
    #[error("the tracks file has version {0}, this program reads version 1")]
    Version(u32),
    /// A line is not a frame.
    #[error("line {line} is not a frame: {reason}")]
    Line {
        /// 1-based.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// Writes a tracks file.
#[derive(Debug)]
pub struct RecordWriter<W: Write> {
    out: W,
}

impl<W: Write> RecordWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// The writer's error.
    pub fn new(mut out: W, header: &RecordHeader) -> io::Result<RecordWriter<W>> {
        let header = TracksHeader {
            format: FORMAT.into(),
            version: VERSION,
            camera: header.camera.as_str().into(),
            width: header.size.width,
            height: header.size.height,
            classes: header.classes.clone(),
        };
        serde_json::to_writer(&mut out, &header)?;
        out.write_all(b"\n")?;
        Ok(RecordWriter { out })
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// The writer's error.
    pub fn frame(&mut self, sequence: u64, time: TimeUs, tracks: &[Track]) -> io::Result<()> {
        let line =
            TracksLine { frame: sequence, time_us: time.0, tracks: tracks.iter().map(entry_of).collect() };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// The writer's error.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads a tracks file, frame by frame.
#[derive(Debug)]
pub struct RecordReader<R: BufRead> {
    input: R,
    header: RecordHeader,
    line: u64,
    last: Option<(u64, TimeUs)>,
    text: Vec<u8>,
}

impl<R: BufRead> RecordReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`RecordError`] when the first line is not a header of a known version.
    pub fn new(mut input: R) -> Result<RecordReader<R>, RecordError> {
        let mut text = Vec::new();
        read_line(&mut input, &mut text).map_err(|error| RecordError::Header(error.to_string()))?;
        let header: TracksHeader =
            serde_json::from_slice(&text).map_err(|error| RecordError::Header(error.to_string()))?;
        if header.format != FORMAT {
            return Err(RecordError::Header(format!("format is {:?}, expected {FORMAT:?}", header.format)));
        }
        if header.version != VERSION {
            return Err(RecordError::Version(header.version));
        }
        if header.width == 0 || header.height == 0 {
            return Err(RecordError::Header("width and height must be at least 1".into()));
        }
        let camera = Name::new(&header.camera).map_err(|error| RecordError::Header(error.to_string()))?;
        let header =
            RecordHeader { camera, size: Size::new(header.width, header.height), classes: header.classes };
        Ok(RecordReader { input, header, line: 1, last: None, text })
    }

    /// What the file says of its camera.
    #[must_use]
    pub fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// The next frame, or `None` at the end.
    ///
    /// # Errors
    /// [`RecordError`] naming the line: not JSON, not a frame, or out of order.
    pub fn next_frame(&mut self) -> Result<Option<RecordedFrame>, RecordError> {
        self.line += 1;
        if read_line(&mut self.input, &mut self.text)? == 0 {
            return Ok(None);
        }
        let frame = self.parse().map_err(|reason| RecordError::Line { line: self.line, reason })?;
        self.last = Some((frame.sequence, frame.time));
        Ok(Some(frame))
    }

    fn parse(&self) -> Result<RecordedFrame, String> {
        let line: TracksLine = serde_json::from_slice(&self.text).map_err(|error| error.to_string())?;
        let expected = self.last.map_or(line.frame, |(sequence, _)| sequence + 1);
        if line.frame != expected {
            return Err(format!("frame is {}, expected {expected}", line.frame));
        }
        if self.last.is_some_and(|(_, time)| line.time_us <= time.0) {
            return Err(format!("time_us is {}, not after the frame before", line.time_us));
        }
        Ok(RecordedFrame {
            sequence: line.frame,
            time: TimeUs(line.time_us),
            tracks: line.tracks.iter().map(track_of).collect(),
        })
    }
}

fn read_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<usize> {
    text.clear();
    let read = io::Read::take(&mut *input, MAX_LINE_BYTES).read_until(b'\n', text)?;
    if read as u64 == MAX_LINE_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 16 MiB"));
    }
    Ok(read)
}

fn entry_of(track: &Track) -> TrackEntry {
    TrackEntry {
        id: track.id,
        class: track.class,
        confidence: track.confidence,
        state: match track.state {
            TrackState::Tentative => State::Tentative,
            TrackState::Confirmed => State::Confirmed,
            TrackState::Lost => State::Lost,
        },
        rect: [track.rect.x, track.rect.y, track.rect.width, track.rect.height],
        first_seen_us: track.first_seen.0,
    }
}

fn track_of(entry: &TrackEntry) -> Track {
    let [x, y, width, height] = entry.rect;
    Track {
        id: entry.id,
        class: entry.class,
        confidence: entry.confidence,
        state: match entry.state {
            State::Tentative => TrackState::Tentative,
            State::Confirmed => TrackState::Confirmed,
            State::Lost => TrackState::Lost,
        },
        rect: Rect::new(x, y, width, height),
        first_seen: TimeUs(entry.first_seen_us),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> RecordHeader {
        RecordHeader {
            camera: Name::new("clip").unwrap(),
            size: Size::new(640, 384),
            classes: vec!["person".into()],
        }
    }

    fn track() -> Track {
        Track {
            id: 3,
            class: 0,
            confidence: 0.1 + 0.2,
            state: TrackState::Lost,
            rect: Rect::new(1.1, 2.3, 1.0 / 3.0, 7.7),
            first_seen: TimeUs(5),
        }
    }

    #[test]
    fn what_is_written_is_read_back_bit_for_bit() {
        let mut writer = RecordWriter::new(Vec::new(), &header()).unwrap();
        writer.frame(0, TimeUs(0), &[track()]).unwrap();
        writer.frame(1, TimeUs(100_000), &[]).unwrap();
        let bytes = writer.finish().unwrap();
        let mut reader = RecordReader::new(bytes.as_slice()).unwrap();
        assert_eq!(reader.header(), &header());
        assert_eq!(reader.next_frame().unwrap().unwrap().tracks, vec![track()]);
        assert_eq!(reader.next_frame().unwrap().unwrap().tracks, vec![]);
        assert_eq!(reader.next_frame().unwrap(), None);
    }

    #[test]
    fn another_file_is_refused_with_a_hint() {
        let error = RecordReader::new(&b"{\"sequence\":1}\n"[..]).unwrap_err().to_string();
        assert!(error.contains("line 1") && error.contains("analyze"), "{error}");
        assert!(RecordReader::new(&b""[..]).is_err());
    }

    #[test]
    fn a_missing_frame_and_time_going_back_are_named() {
        let head =
            r#"{"format":"ocellus-tracks","version":1,"camera":"c","width":2,"height":2,"classes":[]}"#;
        for (second, word) in [
            (r#"{"frame":2,"time_us":9,"tracks":[]}"#, "expected 1"),
            (r#"{"frame":1,"time_us":0,"tracks":[]}"#, "not after"),
        ] {
            let text = format!("{head}\n{{\"frame\":0,\"time_us\":0,\"tracks\":[]}}\n{second}\n");
            let mut reader = RecordReader::new(text.as_bytes()).unwrap();
            reader.next_frame().unwrap();
            let error = reader.next_frame().unwrap_err().to_string();
            assert!(error.contains("line 3") && error.contains(word), "{error}");
        }
    }
}
