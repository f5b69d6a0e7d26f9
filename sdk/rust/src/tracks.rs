//! The tracks of a frame: columns as they cross the boundary, read row by row.

use std::rc::Rc;

use ocellus_core::{Point, Rect, TimeUs, TrackState};

/// Tracks as columns, one row a track, as the contract hands them over. A column that was not asked for
/// or not granted is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Columns {
    /// Track ids.
    pub ids: Vec<u64>,
    /// Index into the camera's class names.
    pub classes: Vec<u32>,
    /// 0..1.
    pub confidences: Vec<f32>,
    /// 0 tentative, 1 confirmed, 2 lost.
    pub states: Vec<u8>,
    /// Four a track: x, y, width, height; 0..1 of the picture.
    pub boxes: Vec<f32>,
    /// Four a track: x, y in metres, vx, vy in metres a second; NaN without calibration.
    pub ground: Vec<f32>,
    /// Standard deviation of the ground position in metres.
    pub ground_sigma: Vec<f32>,
    /// Microseconds.
    pub first_seen_us: Vec<u64>,
    /// Rows of `embedding_size` numbers.
    pub embeddings: Vec<f32>,
    /// Numbers an embedding.
    pub embedding_size: u32,
    /// One a track: its row of `embeddings`, or -1.
    pub embedding_rows: Vec<i32>,
    /// Texts read on tracks.
    pub readings: Vec<Reading>,
}

/// A text read on a track, such as a number plate.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Row of the track.
    pub row: u32,
    /// What was read, such as `plate`.
    pub kind: String,
    /// The text.
    pub text: String,
    /// 0..1.
    pub confidence: f32,
}

/// Where a track stands on the ground, where the camera is calibrated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ground {
    /// Position in metres.
    pub x_m: f32,
    /// Position in metres.
    pub y_m: f32,
    /// Velocity along both axes in metres a second, once it is known well enough: a new track has none yet.
    pub velocity_mps: Option<[f32; 2]>,
    /// Standard deviation of the position in metres; NaN where it is not known.
    pub sigma_m: f32,
}

impl Ground {
    /// Metres a second, once known well enough.
    #[must_use]
    pub fn speed_mps(&self) -> Option<f32> {
        self.velocity_mps.map(|[x, y]| x.hypot(y))
    }
}

/// All tracks of a frame.
///
/// A row without a class, a state or a finite box is no track: it is left out, whatever the other
/// columns say, so that a rule never has to ask.
#[derive(Debug, Clone)]
pub struct Tracks {
    columns: Columns,
    classes: Rc<[String]>,
}

impl Tracks {
    /// Takes the columns; `classes` are the camera's class names.
    #[must_use]
    pub fn new(columns: Columns, classes: Rc<[String]>) -> Tracks {
        Tracks { columns, classes }
    }

    /// The tracks in the host's order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
    }

    /// The track with this id.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<TrackView<'_>> {
        self.iter().find(|track| track.id() == id)
    }
}

impl<'a> IntoIterator for &'a Tracks {
    type Item = TrackView<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter { tracks: self, row: 0 }
    }
}

/// Goes over the tracks of a frame.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    tracks: &'a Tracks,
    row: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = TrackView<'a>;

    fn next(&mut self) -> Option<TrackView<'a>> {
        let columns = &self.tracks.columns;
        loop {
            let row = self.row;
            let id = *columns.ids.get(row)?;
            let class = *columns.classes.get(row)?;
            let state = *columns.states.get(row)?;
            let &[x, y, width, height] = columns.boxes.get(row * 4..row * 4 + 4)? else { return None };
            self.row += 1;
            let rect = Rect::new(x, y, width, height);
            if rect.is_finite() {
                let state = match state {
                    1 => TrackState::Confirmed,
                    2 => TrackState::Lost,
                    // A state of a later contract is one this rule has no reason to believe.
                    _ => TrackState::Tentative,
                };
                return Some(TrackView { tracks: self.tracks, row, id, class, state, rect });
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.tracks.columns.ids.len().saturating_sub(self.row)))
    }
}

/// One track in one frame.
#[derive(Debug, Clone, Copy)]
pub struct TrackView<'a> {
    tracks: &'a Tracks,
    row: usize,
    id: u64,
    class: u32,
    state: TrackState,
    rect: Rect,
}

impl<'a> TrackView<'a> {
    /// Its id; never reused by this camera.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its class as a number of this camera's model.
    #[must_use]
    pub fn class(&self) -> u32 {
        self.class
    }

    /// The name of its class, where the model names it.
    #[must_use]
    pub fn class_name(&self) -> Option<&'a str> {
        let class = usize::try_from(self.class).ok()?;
        self.tracks.classes.get(class).map(String::as_str)
    }

    /// Confidence of the last detection, 0..1; NaN where the host gave none.
    #[must_use]
    pub fn confidence(&self) -> f32 {
        self.column(&self.tracks.columns.confidences).unwrap_or(f32::NAN)
    }

    /// How sure the tracker is.
    #[must_use]
    pub fn state(&self) -> TrackState {
        self.state
    }

    /// Believed and seen in this frame.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.state == TrackState::Confirmed
    }

    /// Its box, 0..1 of the picture. It is a prediction for a lost track, may reach beyond the picture
    /// and is finite.
    #[must_use]
    pub fn rect(&self) -> Rect {
        self.rect
    }

    /// The middle of the box's bottom edge, where a standing object meets the ground.
    #[must_use]
    pub fn foot(&self) -> Point {
        self.rect.foot()
    }

    /// The middle of the box.
    #[must_use]
    pub fn centre(&self) -> Point {
        self.rect.centre()
    }

    /// When it was first seen; the beginning of time where the host did not say.
    #[must_use]
    pub fn first_seen(&self) -> TimeUs {
        TimeUs(self.column(&self.tracks.columns.first_seen_us).unwrap_or(0))
    }

    /// Where it stands on the ground, with a calibrated camera.
    #[must_use]
    pub fn ground(&self) -> Option<Ground> {
        let columns = &self.tracks.columns;
        let &[x_m, y_m, vx_mps, vy_mps] = columns.ground.get(self.row * 4..self.row * 4 + 4)? else {
            return None;
        };
        let known = |numbers: [f32; 2]| numbers.iter().all(|number| number.is_finite()).then_some(numbers);
        let sigma_m = self.column(&columns.ground_sigma).unwrap_or(f32::NAN);
        let velocity_mps = known([vx_mps, vy_mps]);
        known([x_m, y_m]).map(|[x_m, y_m]| Ground { x_m, y_m, velocity_mps, sigma_m })
    }

    /// What it looks like, as numbers, where that was granted and measured.
    #[must_use]
    pub fn embedding(&self) -> Option<&'a [f32]> {
        let columns = &self.tracks.columns;
        let size = usize::try_from(columns.embedding_size).ok().filter(|size| *size > 0)?;
        let row = usize::try_from(self.column(&columns.embedding_rows)?).ok()?;
        let start = row.checked_mul(size)?;
        columns.embeddings.get(start..start.checked_add(size)?)
    }

    /// Texts read on it.
    pub fn readings(&self) -> impl Iterator<Item = &'a Reading> {
        let row = self.row;
        let is_mine = move |reading: &&Reading| usize::try_from(reading.row).is_ok_and(|at| at == row);
        self.tracks.columns.readings.iter().filter(is_mine)
    }

    fn column<T: Copy>(&self, column: &[T]) -> Option<T> {
        column.get(self.row).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_tracks() -> Columns {
        Columns {
            ids: vec![7, 8],
            classes: vec![0, 1],
            confidences: vec![0.5, 0.75],
            states: vec![1, 2],
            boxes: vec![0.1, 0.2, 0.2, 0.4, 0.5, 0.5, 0.1, 0.1],
            ground: vec![1.0, 2.0, 3.0, 4.0, f32::NAN, 0.0, 0.0, 0.0],
            ground_sigma: vec![0.5],
            first_seen_us: vec![10, 20],
            embeddings: vec![1.0, 2.0, 3.0, 4.0],
            embedding_size: 2,
            embedding_rows: vec![1, -1],
            readings: vec![Reading { row: 1, kind: "plate".into(), text: "A1".into(), confidence: 0.9 }],
        }
    }

    fn tracks(columns: Columns) -> Tracks {
        Tracks::new(columns, Rc::from(["person".to_owned()]))
    }

    #[test]
    fn a_row_is_read_across_all_columns() {
        let tracks = tracks(two_tracks());
        let first = tracks.get(7).unwrap();
        assert_eq!(
            (first.class_name(), first.confidence(), first.first_seen()),
            (Some("person"), 0.5, TimeUs(10))
        );
        assert!(first.is_confirmed());
        assert!((first.foot().y - 0.6).abs() < 1e-6);
        assert_eq!(first.ground().unwrap().velocity_mps, Some([3.0, 4.0]));
        assert_eq!(first.ground().unwrap().speed_mps(), Some(5.0));
        assert_eq!(first.embedding(), Some([3.0, 4.0].as_slice()));
        let second = tracks.get(8).unwrap();
        assert_eq!((second.class_name(), second.state()), (None, TrackState::Lost));
        assert_eq!((second.ground(), second.embedding()), (None, None));
        assert_eq!(second.readings().next().unwrap().text, "A1");
    }

    #[test]
    fn columns_that_are_too_short_end_the_tracks_and_never_panic() {
        for cut in 0..5 {
            let mut columns = two_tracks();
            match cut {
                0 => columns.classes.truncate(1),
                1 => columns.states.truncate(1),
                2 => columns.boxes.truncate(7),
                3 => columns.ids.truncate(1),
                _ => columns.boxes[0] = f32::INFINITY,
            }
            assert_eq!(tracks(columns).iter().count(), 1, "cut {cut}");
        }
        let bare = Columns { embedding_size: u32::MAX, embedding_rows: vec![i32::MAX], ..two_tracks() };
        for track in &tracks(Columns { confidences: vec![], ground: vec![1.0], ..bare }) {
            assert!(track.confidence().is_nan());
            assert_eq!((track.ground(), track.embedding()), (None, None));
        }
    }

    #[test]
    fn an_unknown_state_is_not_believed() {
        let tracks = tracks(Columns { states: vec![9, 1], ..two_tracks() });
        assert_eq!(tracks.get(7).unwrap().state(), TrackState::Tentative);
    }
}
