//! Tracks files: what a tracker saw, frame by frame, to be replayed through rules.
//!
//! JSON Lines. The first line is a header (`format`, `version`, `camera`, `width`, `height`,
//! `classes`); every further line is one frame, empty frames too; the last line, `{"end":true,"frames":300}`,
//! counts them. Boxes are pixels, written with the shortest digits that give the same `f32` back, so a replay
//! sees exactly what the rules saw.
//!
//! A track whose appearance is known has an `embedding` in the frame in which that changed: a signed byte a number,
//! each the share of the largest one in 127ths, in base64. What rules are shown is rounded so before, so nothing is lost.
//! A file with embeddings is of version 3, one without of version 2. Where texts are read on tracks, such as number plates, the
//! file is of version 4: a track has the `readings` that were made in the frame, and the header says whether there may be
//! embeddings too.
//!
//! Version 1 had no last line, so a file that was cut at the end of a line looked whole. It is still read.

// Named, since the fuzz target compiles this file from elsewhere.
#[path = "record/unpack.rs"]
mod unpack;

use std::io::{self, BufRead, Write};

use ocellus_core::{
    Embedding, Ground, Name, Rect, Size, TimeUs, Track, TrackEmbeddings, TrackReading, TrackReadings,
    TrackState,
};

use serde::{Deserialize, Serialize};

pub use self::unpack::{Unpacked, unpack};
use crate::embeddings::KnownEmbeddings;
use crate::readings::{read_readings, write_readings};
use crate::wire::{GroundEntry, State, TrackEntry, TracksHeader, TracksLine};

const FORMAT: &str = "ocellus-tracks";
/// Of a file with readings.
const VERSION: u32 = 4;
/// Of a file with embeddings and without readings.
const VERSION_WITH_EMBEDDINGS: u32 = 3;
/// Of a file without.
const BARE_VERSION: u32 = 2;
/// The last version without a line at the end.
const UNMARKED_VERSION: u32 = 1;
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
    /// Whether tracks may have embeddings.
    pub has_embeddings: bool,
    /// Whether texts may be read on tracks.
    pub has_readings: bool,
}

/// What goes with the tracks of a frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// What they look like: one entry a track, or none at all.
    pub embeddings: &'a [Option<Embedding>],
    /// What was read on them in this frame, in their order.
    pub readings: &'a [TrackReading],
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
    /// What they look like: one entry a track, or none at all.
    pub embeddings: TrackEmbeddings,
    /// What was read on them in this frame.
    pub readings: TrackReadings,
}

impl RecordedFrame {
    /// What goes with its tracks.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts { embeddings: &self.embeddings, readings: &self.readings }
    }
}

/// Why a tracks file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The first line is not a header of this format.
    #[error("line 1 is not the header of a tracks file ({0}); `ocellus analyze … --tracks FILE` writes one")]
    Header(String),
    /// The version is not known.
    #[error("the tracks file has version {0}, this program reads versions 1 to 4")]
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

/// How a tracks file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEnd {
    /// With the line that says so.
    Whole,
    /// After a whole line, in a version that marks no end: it may have been cut there.
    Unmarked,
    /// Without the line that says so, or within a line: the rest is missing.
    Cut {
        /// The last line that could be read, 1-based.
        line: u64,
    },
}

/// The last line of a tracks file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TracksEnd {
    end: bool,
    frames: u64,
}

/// A line after the header.
enum Line {
    End(TracksEnd),
    Frame(TracksLine),
}

/// Writes a tracks file. One that is not finished shows that it is cut off.
#[derive(Debug)]
pub struct RecordWriter<W: Write> {
    out: W,
    has_embeddings: bool,
    has_readings: bool,
    known: KnownEmbeddings,
    frames: u64,
}

impl<W: Write> RecordWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// The writer's error.
    pub fn new(mut out: W, header: &RecordHeader) -> io::Result<RecordWriter<W>> {
        let RecordHeader { has_embeddings, has_readings, .. } = *header;
        let header = TracksHeader {
            format: FORMAT.into(),
            version: match (has_readings, has_embeddings) {
                (true, _) => VERSION,
                (false, true) => VERSION_WITH_EMBEDDINGS,
                (false, false) => BARE_VERSION,
            },
            camera: header.camera.as_str().into(),
            width: header.size.width,
            height: header.size.height,
            classes: header.classes.clone(),
            embeddings: has_readings && has_embeddings,
        };
        serde_json::to_writer(&mut out, &header)?;
        out.write_all(b"\n")?;
        Ok(RecordWriter { out, has_embeddings, has_readings, known: KnownEmbeddings::default(), frames: 0 })
    }

    /// Writes one frame; facts that the header does not announce are left out.
    ///
    /// # Errors
    /// The writer's error.
    pub fn frame(
        &mut self,
        sequence: u64,
        time: TimeUs,
        tracks: &[Track],
        facts: Facts<'_>,
    ) -> io::Result<()> {
        let mut entries: Vec<_> = tracks.iter().map(entry_of).collect();
        if self.has_embeddings {
            self.known.write(&mut entries, facts.embeddings);
        }
        if self.has_readings {
            write_readings(&mut entries, facts.readings);
        }
        let line = TracksLine { frame: sequence, time_us: time.0, tracks: entries };
        serde_json::to_writer(&mut self.out, &line)?;
        self.frames += 1;
        self.out.write_all(b"\n")
    }

    /// What is written to.
    pub(crate) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Marks the end, flushes and gives the writer back.
    ///
    /// # Errors
    /// The writer's error.
    pub fn finish(mut self) -> io::Result<W> {
        serde_json::to_writer(&mut self.out, &TracksEnd { end: true, frames: self.frames })?;
        self.out.write_all(b"\n")?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads a tracks file, frame by frame.
#[derive(Debug)]
pub struct RecordReader<R: BufRead> {
    input: R,
    header: RecordHeader,
    version: u32,
    line: u64,
    frames: u64,
    last: Option<(u64, TimeUs)>,
    end: Option<RecordEnd>,
    text: Vec<u8>,
    ids: Vec<u64>,
    known: KnownEmbeddings,
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
        let version = header.version;
        if !(UNMARKED_VERSION..=VERSION).contains(&version) {
            return Err(RecordError::Version(version));
        }
        if header.width == 0 || header.height == 0 {
            return Err(RecordError::Header("width and height must be at least 1".into()));
        }
        let camera = Name::new(&header.camera).map_err(|error| RecordError::Header(error.to_string()))?;
        let header = RecordHeader {
            camera,
            size: Size::new(header.width, header.height),
            classes: header.classes,
            has_embeddings: version == VERSION_WITH_EMBEDDINGS || (version == VERSION && header.embeddings),
            has_readings: version == VERSION,
        };
        Ok(RecordReader {
            input,
            header,
            version,
            line: 1,
            frames: 0,
            last: None,
            end: None,
            text,
            ids: Vec::new(),
            known: KnownEmbeddings::default(),
        })
    }

    /// What the file says of its camera.
    #[must_use]
    pub fn header(&self) -> &RecordHeader {
        &self.header
    }

    /// How the file ended; `None` before its end.
    #[must_use]
    pub fn end(&self) -> Option<RecordEnd> {
        self.end
    }

    /// The next frame, or `None` at the end, whole or not: see [`RecordReader::end`].
    ///
    /// # Errors
    /// [`RecordError`] naming the line: not JSON, not a frame, out of order, or with a track that no
    /// tracker gives.
    pub fn next_frame(&mut self) -> Result<Option<RecordedFrame>, RecordError> {
        if self.end.is_some() {
            return Ok(None);
        }
        let read = read_line(&mut self.input, &mut self.text)?;
        if read == 0 {
            let cut = RecordEnd::Cut { line: self.line };
            self.end = Some(if self.version == UNMARKED_VERSION { RecordEnd::Unmarked } else { cut });
            return Ok(None);
        }
        self.line += 1;
        match self.parse() {
            Ok(Some(frame)) => {
                self.frames += 1;
                self.last = Some((frame.sequence, frame.time));
                Ok(Some(frame))
            }
            Ok(None) => self.check_end(),
            // A line without its end is what a writer leaves that was killed.
            Err(_) if !self.text.ends_with(b"\n") => {
                self.end = Some(RecordEnd::Cut { line: self.line - 1 });
                Ok(None)
            }
            Err(reason) => Err(RecordError::Line { line: self.line, reason }),
        }
    }

    /// Nothing may stand behind the last line.
    fn check_end(&mut self) -> Result<Option<RecordedFrame>, RecordError> {
        if read_line(&mut self.input, &mut self.text)? > 0 {
            let reason = "it stands behind the line that ends the file".to_owned();
            return Err(RecordError::Line { line: self.line + 1, reason });
        }
        self.end = Some(RecordEnd::Whole);
        Ok(None)
    }

    /// The frame in the line, or `None` for the file's last line.
    fn parse(&mut self) -> Result<Option<RecordedFrame>, String> {
        let text = self.text.trim_ascii_end();
        let line = match self.version {
            UNMARKED_VERSION => serde_json::from_slice(text).map(Line::Frame),
            _ => marked(text),
        };
        let line = match line.map_err(|error| plain(&error))? {
            Line::Frame(line) => line,
            Line::End(TracksEnd { end: true, frames }) if frames == self.frames => return Ok(None),
            Line::End(TracksEnd { frames, .. }) => {
                return Err(format!("it ends a file of {frames} frames, and this one has {}", self.frames));
            }
        };
        let expected = match self.last {
            Some((sequence, _)) => sequence.checked_add(1).ok_or("frame is behind the highest number")?,
            None => line.frame,
        };
        if line.frame != expected {
            return Err(format!("frame is {}, expected {expected}", line.frame));
        }
        if self.last.is_some_and(|(_, time)| line.time_us <= time.0) {
            return Err(format!("time_us is {}, not after the frame before", line.time_us));
        }
        for track in &line.tracks {
            self.check_track(track).map_err(|reason| format!("track {}: {reason}", track.id))?;
        }
        self.ids.clear();
        self.ids.extend(line.tracks.iter().map(|track| track.id));
        self.ids.sort_unstable();
        if let Some(pair) = self.ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("track {} is there twice; an id stands once in a frame", pair[0]));
        }
        Ok(Some(RecordedFrame {
            sequence: line.frame,
            time: TimeUs(line.time_us),
            tracks: line.tracks.iter().map(track_of).collect(),
            embeddings: self.known.read(&line.tracks)?,
            readings: read_readings(&line.tracks)?,
        }))
    }

    /// What rules are promised of a track.
    fn check_track(&self, track: &TrackEntry) -> Result<(), String> {
        let [_, _, width, height] = track.rect;
        if !track.rect.iter().all(|value| value.is_finite()) {
            return Err(format!("box is {:?}, it must be four finite numbers", track.rect));
        }
        if width < 0.0 || height < 0.0 {
            return Err(format!("box is {:?}, its width and height must not be negative", track.rect));
        }
        if !track.confidence.is_finite() {
            return Err(format!("confidence is {}, it must be a finite number", track.confidence));
        }
        if let Some(ground) = &track.ground {
            let numbers = ground.position_m.iter().chain(ground.velocity_mps.iter().flatten());
            if !numbers.chain([&ground.sigma_m]).all(|number| number.is_finite()) {
                return Err("ground has a number that is not finite".to_owned());
            }
        }
        if track.embedding.is_some() && !self.header.has_embeddings {
            return Err(format!("embedding is set, which files of version {} do not have", self.version));
        }
        if !track.readings.is_empty() && !self.header.has_readings {
            return Err(format!("readings are set, which files of version {} do not have", self.version));
        }
        let classes = self.header.classes.len();
        if usize::try_from(track.class).is_ok_and(|class| class < classes) {
            return Ok(());
        }
        Err(format!("class is {}, and the header names {classes} classes, counted from 0", track.class))
    }
}

/// Reads a line of a version that has a last one.
fn marked(text: &[u8]) -> serde_json::Result<Line> {
    // Tried one after the other: an untagged enum would not say what is wrong with a frame.
    if let Ok(end) = serde_json::from_slice(text) {
        return Ok(Line::End(end));
    }
    serde_json::from_slice(text).map(Line::Frame)
}

/// The error without its own line, which is always 1 since each line is read by itself.
fn plain(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

fn read_line(input: &mut impl BufRead, text: &mut Vec<u8>) -> io::Result<usize> {
    text.clear();
    let read = io::Read::take(&mut *input, MAX_LINE_BYTES).read_until(b'\n', text)?;
    if read as u64 == MAX_LINE_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is longer than 16 MiB"));
    }
    Ok(read)
}

pub(crate) fn entry_of(track: &Track) -> TrackEntry {
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
        ground: track.ground.map(|Ground { position_m, velocity_mps, sigma_m }| GroundEntry {
            position_m,
            velocity_mps,
            sigma_m,
        }),
        embedding: None,
        readings: Vec::new(),
    }
}

pub(crate) fn track_of(entry: &TrackEntry) -> Track {
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
        ground: entry.ground.as_ref().map(|ground| Ground {
            position_m: ground.position_m,
            velocity_mps: ground.velocity_mps,
            sigma_m: ground.sigma_m,
        }),
    }
}

#[cfg(test)]
// The path holds for the fuzz target as well, which takes this file in.
#[path = "record/tests.rs"]
mod tests;
