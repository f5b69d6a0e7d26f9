//! The text format of MOTChallenge: a box a line, `frame,id,x,y,width,height,confidence,…`.
//!
//! Frames count from 1, boxes are in pixels. Detections carry the id −1. Columns beyond the seventh (world
//! positions, or class and visibility) are read over. Spaces around values and blank lines do not
//! matter; lines may come in any order.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::str::FromStr;

use crate::detection::Detection;
use crate::geometry::Rect;
use crate::time::TimeUs;
use crate::track::TrackState;
use crate::tracker::{Ignored, Observed, SettingsError, Tracker, TrackerSettings};

/// The highest frame number that is believed: a hundred hours at 25 frames a second.
pub const LAST_FRAME: u32 = 10_000_000;

/// One line of a file with identities: a tracker's output or the ground truth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MotRow {
    /// Counts from 1.
    pub frame: u32,
    /// The object.
    pub id: u64,
    /// Box in pixels.
    pub rect: Rect,
    /// 0..1.
    pub confidence: f32,
}

/// A detector's output over a sequence.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MotDetections {
    /// By frame; within a frame in the order of the lines.
    rows: Vec<(u32, Detection)>,
}

/// A line that is not in the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what} is {found:?}: {remedy}")]
pub struct MotError {
    /// The line's number, from 1.
    pub line: usize,
    /// The column's name.
    pub what: &'static str,
    /// What stands there, cut after 80 characters.
    pub found: String,
    /// What would be right.
    pub remedy: &'static str,
}

impl MotDetections {
    /// Reads detections.
    ///
    /// A confidence that is missing or −1, the format's mark for "unknown", becomes 1: such a box
    /// was meant to be believed. The class is 0.
    ///
    /// # Errors
    /// [`MotError`] for the first line that is not in the format.
    pub fn parse(text: &str) -> Result<MotDetections, MotError> {
        let mut rows = Vec::new();
        for line in Line::all(text) {
            rows.push((
                line.frame()?,
                Detection { rect: line.rect()?, class: 0, confidence: line.confidence()? },
            ));
        }
        rows.sort_by_key(|&(frame, _)| frame);
        Ok(MotDetections { rows })
    }

    /// How many detections there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The last frame with a detection; 0 without any.
    #[must_use]
    pub fn last_frame(&self) -> u32 {
        self.rows.last().map_or(0, |&(frame, _)| frame)
    }

    /// Every frame from 1 to the last with its detections, which may be none.
    pub fn frames(&self) -> impl Iterator<Item = (u32, Vec<Detection>)> + '_ {
        let mut rows = self.rows.iter().peekable();
        (1..=self.last_frame()).map(move |frame| {
            let mut detections = Vec::new();
            while let Some((_, detection)) = rows.next_if(|(at, _)| *at == frame) {
                detections.push(*detection);
            }
            (frame, detections)
        })
    }
}

/// Reads lines with identities.
///
/// # Errors
/// [`MotError`] for the first line that is not in the format.
pub fn parse_rows(text: &str) -> Result<Vec<MotRow>, MotError> {
    Line::all(text)
        .map(|line| {
            let (frame, id) = (line.frame()?, line.id()?);
            Ok(MotRow { frame, id, rect: line.rect()?, confidence: line.confidence()? })
        })
        .collect()
}

/// Writes lines with identities, in the given order: `frame,id,x,y,width,height,confidence,-1,-1,-1`,
/// lengths to a thousandth of a pixel.
#[must_use]
pub fn format_rows(rows: &[MotRow]) -> String {
    let mut text = String::with_capacity(rows.len() * 56);
    for MotRow { frame, id, rect, confidence } in rows {
        let Rect { x, y, width, height } = rect;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{frame},{id},{x:.3},{y:.3},{width:.3},{height:.3},{confidence},-1,-1,-1");
    }
    text
}

/// What became of a sequence of detections.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrackedSequence {
    /// What was confirmed and seen, by frame, then id.
    pub rows: Vec<MotRow>,
    /// The last frame that was looked at.
    pub last_frame: u32,
    /// What the tracker could not use.
    pub ignored: Ignored,
}

/// Tracks a sequence: frame f stands at (f − 1) ÷ `frame_rate` seconds, and frames without detections
/// pass as well. Returns what was confirmed and seen, by frame, then id.
///
/// # Errors
/// [`SettingsError`] when a setting is out of its range.
pub fn track_sequence(
    settings: impl Into<TrackerSettings>,
    detections: &MotDetections,
) -> Result<Vec<MotRow>, SettingsError> {
    Ok(track_while(settings, detections, |_| ControlFlow::Continue(()))?.rows)
}

/// As [`track_sequence`]; `proceed` is told the frame that was done, and says whether to go on.
///
/// # Errors
/// [`SettingsError`] when a setting is out of its range.
pub fn track_while(
    settings: impl Into<TrackerSettings>,
    detections: &MotDetections,
    mut proceed: impl FnMut(u32) -> ControlFlow<()>,
) -> Result<TrackedSequence, SettingsError> {
    let mut tracker = Tracker::new(settings)?;
    let period_us = 1e6 / f64::from(tracker.settings().frame_rate());
    let (mut rows, mut last_frame) = (Vec::new(), 0);
    for (frame, detections) in detections.frames() {
        let time = TimeUs((f64::from(frame - 1) * period_us).round() as u64);
        let seen = tracker.update(&Observed::new(time, &detections));
        let confirmed = seen.tracks.iter().filter(|track| track.state == TrackState::Confirmed);
        rows.extend(confirmed.map(|track| MotRow {
            frame,
            id: track.id,
            rect: track.rect,
            confidence: track.confidence,
        }));
        last_frame = frame;
        if proceed(frame).is_break() {
            break;
        }
    }
    Ok(TrackedSequence { rows, last_frame, ignored: tracker.ignored() })
}

/// One line, cut into columns.
pub(crate) struct Line<'a> {
    number: usize,
    columns: [Option<&'a str>; 10],
}

impl<'a> Line<'a> {
    fn all(text: &'a str) -> impl Iterator<Item = Line<'a>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines.map(|(index, line)| Line::cut(index + 1, line))
    }

    /// The line of this number, from 1.
    pub(crate) fn cut(number: usize, line: &'a str) -> Line<'a> {
        let mut values = line.split(',').map(str::trim);
        Line { number, columns: std::array::from_fn(|_| values.next()) }
    }

    /// Whether something stands in the column, counted from 0.
    pub(crate) fn has(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|text| text.is_some_and(|text| !text.is_empty()))
    }

    pub(crate) fn frame(&self) -> Result<u32, MotError> {
        let remedy = "use a whole number from 1 to 10000000";
        // Some tools write every column as a float.
        let frame: f64 = self.number(0, "frame", remedy)?;
        if frame.fract() != 0.0 || !(1.0..=f64::from(LAST_FRAME)).contains(&frame) {
            return Err(self.error(0, "frame", remedy));
        }
        Ok(frame as u32)
    }

    pub(crate) fn id(&self) -> Result<u64, MotError> {
        let remedy = "use a whole number from 0 to 9007199254740992";
        let id: f64 = self.number(1, "id", remedy)?;
        if id.fract() != 0.0 || !(0.0..=9_007_199_254_740_992.0).contains(&id) {
            return Err(self.error(1, "id", remedy));
        }
        Ok(id as u64)
    }

    fn rect(&self) -> Result<Rect, MotError> {
        let remedy = "use a finite number of pixels; a line is frame,id,x,y,width,height,confidence";
        Ok(Rect::new(
            self.finite(2, "x", remedy)?,
            self.finite(3, "y", remedy)?,
            self.finite(4, "width", remedy)?,
            self.finite(5, "height", remedy)?,
        ))
    }

    fn confidence(&self) -> Result<f32, MotError> {
        if self.columns[6].is_none_or(str::is_empty) {
            return Ok(1.0);
        }
        let remedy = "use a number from 0 to 1, or -1 where it is unknown";
        let confidence = self.finite(6, "confidence", remedy)?;
        Ok(if confidence == -1.0 { 1.0 } else { confidence })
    }

    fn finite(&self, column: usize, what: &'static str, remedy: &'static str) -> Result<f32, MotError> {
        let value: f32 = self.number(column, what, remedy)?;
        if value.is_finite() { Ok(value) } else { Err(self.error(column, what, remedy)) }
    }

    pub(crate) fn number<T: FromStr>(
        &self,
        column: usize,
        what: &'static str,
        remedy: &'static str,
    ) -> Result<T, MotError> {
        let value = self.columns[column].and_then(|text| text.parse().ok());
        value.ok_or_else(|| self.error(column, what, remedy))
    }

    pub(crate) fn error(&self, column: usize, what: &'static str, remedy: &'static str) -> MotError {
        let found = self.columns[column].unwrap_or("missing").chars().take(80).collect();
        MotError { line: self.number, what, found, remedy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::ByteTrackSettings;

    #[test]
    fn detections_are_read_from_what_tools_write() {
        let text = "\u{feff}3,-1, 10.5,20 ,30,40,0.5,-1,-1,-1\r\n\r\n1.0,-1,1,2,3,4\n1,-1,5,6,7,8,-1\n1,-1,9,9,9,9,,\n";
        let detections = MotDetections::parse(text).unwrap();
        let frames: Vec<_> = detections.frames().collect();
        let counts: Vec<_> = frames.iter().map(|(frame, found)| (*frame, found.len())).collect();
        assert_eq!(counts, [(1, 3), (2, 0), (3, 1)]);
        assert_eq!(frames[0].1[0].rect, Rect::new(1.0, 2.0, 3.0, 4.0));
        assert!(frames[0].1.iter().all(|detection| detection.confidence == 1.0));
        assert_eq!(frames[2].1[0].confidence, 0.5);
        assert!(MotDetections::parse("").unwrap().frames().next().is_none());
    }

    #[test]
    fn a_bad_line_is_named_with_its_value_and_what_would_be_right() {
        let cases = [
            (
                "1,-1,0,0,5,5,1\n0,-1,0,0,5,5,1",
                "line 2: frame is \"0\": use a whole number from 1 to 10000000",
            ),
            ("10000001,-1,0,0,5,5,1", "line 1: frame is \"10000001\": use a whole number from 1 to 10000000"),
            ("nan,-1,0,0,5,5,1", "line 1: frame is \"nan\": use a whole number from 1 to 10000000"),
            (
                "1,-1,0,zero,5,5,1",
                "line 1: y is \"zero\": use a finite number of pixels; a line is frame,id,x,y,width,height,confidence",
            ),
            (
                "1,-1,0,0,inf,5,1",
                "line 1: width is \"inf\": use a finite number of pixels; a line is frame,id,x,y,width,height,confidence",
            ),
            ("1 -1 0 0 5 5 1", "line 1: frame is \"1 -1 0 0 5 5 1\": use a whole number from 1 to 10000000"),
            (
                "1,-1,0,0,5",
                "line 1: height is \"missing\": use a finite number of pixels; a line is frame,id,x,y,width,height,confidence",
            ),
            (
                "1,-1,0,0,5,5,high",
                "line 1: confidence is \"high\": use a number from 0 to 1, or -1 where it is unknown",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(MotDetections::parse(text).unwrap_err().to_string(), message);
        }
        assert_eq!(
            parse_rows("1,-1,0,0,5,5,1").unwrap_err().to_string(),
            "line 1: id is \"-1\": use a whole number from 0 to 9007199254740992"
        );
    }

    #[test]
    fn rows_survive_writing_and_reading() {
        let rows = vec![
            MotRow { frame: 1, id: 7, rect: Rect::new(-1.5, 2.0, 30.25, 40.125), confidence: 0.3 },
            MotRow { frame: 2, id: 7, rect: Rect::new(0.0, 2.0, 30.0, 40.0), confidence: 0.987_654 },
        ];
        let text = format_rows(&rows);
        assert!(text.starts_with("1,7,-1.500,2.000,30.250,40.125,0.3,-1,-1,-1\n"), "{text}");
        assert_eq!(parse_rows(&text).unwrap(), rows);
    }

    #[test]
    fn what_is_left_out_is_counted_and_a_sequence_can_be_left() {
        let mut text = "1,-1,0,0,0,5,0.9\n1,-1,0,0,5,-1,0.9\n".to_owned();
        (0..4).for_each(|at| text.push_str(&format!("2,-1,{},0,20,20,0.9\n", at * 100)));
        let detections = MotDetections::parse(&text).unwrap();
        let settings = ByteTrackSettings { max_tracks: 3, ..ByteTrackSettings::default() };
        let tracked = track_while(settings.clone(), &detections, |_| ControlFlow::Continue(())).unwrap();
        let expected = Ignored { unusable_detections: 2, surplus_detections: 1, ..Ignored::default() };
        assert_eq!((tracked.last_frame, tracked.ignored), (2, expected));
        let tracked = track_while(settings, &detections, |_| ControlFlow::Break(())).unwrap();
        assert_eq!((tracked.last_frame, tracked.ignored.surplus_detections), (1, 0));
    }

    #[test]
    fn time_passes_in_frames_without_detections() {
        let line = |frame: u32| format!("{frame},-1,100,100,50,100,0.9\n");
        let ids = |frames: &[u32]| -> Vec<(u32, u64)> {
            let text: String = frames.iter().copied().map(line).collect();
            let detections = MotDetections::parse(&text).unwrap();
            let rows = track_sequence(ByteTrackSettings::default(), &detections).unwrap();
            rows.iter().map(|row| (row.frame, row.id)).collect()
        };
        assert_eq!(ids(&[1, 2, 32]), [(1, 1), (2, 1), (32, 1)]);
        // A second and a frame after the last sighting the object is a new one, seen once, then twice.
        assert_eq!(ids(&[1, 2, 33, 34]), [(1, 1), (2, 1), (34, 2)]);
    }
}
