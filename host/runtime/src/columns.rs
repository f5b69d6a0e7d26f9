//! Tracks as the contract carries them: one column an attribute, one row a track.

use ocellus_core::{Embedding, Size, Track, TrackReading, TrackState};

/// The tracks of one frame in columns, built once and shared by every rule that sees the frame.
///
/// The buffers are kept between frames. The columns of the ground are empty where no track has a place there, and
/// those of embeddings and readings unless they are set.
#[derive(Debug, Clone, Default)]
pub struct TrackColumns {
    pub(crate) ids: Vec<u64>,
    pub(crate) classes: Vec<u32>,
    pub(crate) confidences: Vec<f32>,
    pub(crate) states: Vec<u8>,
    pub(crate) boxes: Vec<f32>,
    pub(crate) first_seen_us: Vec<u64>,
    pub(crate) ground: Vec<f32>,
    pub(crate) ground_sigma: Vec<f32>,
    pub(crate) embeddings: Vec<f32>,
    pub(crate) embedding_size: u32,
    pub(crate) embedding_rows: Vec<i32>,
    pub(crate) readings: Vec<ReadingRow>,
}

/// A text that was read on the track of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReadingRow {
    pub(crate) row: u32,
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) confidence: f32,
}

impl TrackColumns {
    /// No tracks.
    #[must_use]
    pub fn new() -> TrackColumns {
        TrackColumns::default()
    }

    /// Replaces the content by `tracks` of a picture of `size` pixels; embeddings and readings are cleared.
    pub fn fill(&mut self, tracks: &[Track], size: Size) {
        self.clear();
        for track in tracks {
            let rect = track.rect.normalised(size);
            self.ids.push(track.id);
            self.classes.push(track.class);
            self.confidences.push(track.confidence);
            self.states.push(match track.state {
                TrackState::Tentative => 0,
                TrackState::Confirmed => 1,
                TrackState::Lost => 2,
            });
            self.boxes.extend_from_slice(&[rect.x, rect.y, rect.width, rect.height]);
            self.first_seen_us.push(track.first_seen.0);
        }
        if tracks.iter().any(|track| track.ground.is_some()) {
            self.fill_ground(tracks);
        }
    }

    fn fill_ground(&mut self, tracks: &[Track]) {
        const UNKNOWN: f32 = f32::NAN;
        for track in tracks {
            let [x, y] = track.ground.map_or([UNKNOWN; 2], |ground| ground.position_m);
            let velocity = track.ground.and_then(|ground| ground.velocity_mps);
            let [vx, vy] = velocity.unwrap_or([UNKNOWN; 2]);
            self.ground.extend_from_slice(&[x, y, vx, vy]);
            self.ground_sigma.push(track.ground.map_or(UNKNOWN, |ground| ground.sigma_m));
        }
    }

    /// Sets the appearance of tracks: `matrix` has rows of `size` numbers, `rows` says for each track which
    /// row is its own, or -1.
    pub fn set_embeddings(&mut self, size: u32, rows: &[i32], matrix: &[f32]) {
        self.embedding_size = size;
        self.embedding_rows.clear();
        self.embedding_rows.extend_from_slice(rows);
        self.embeddings.clear();
        self.embeddings.extend_from_slice(matrix);
    }

    /// Sets the appearance of tracks: one entry a track, or none at all. The columns are empty where nothing is known of
    /// any track. Those of another dimension than the first are
    /// left out.
    pub fn fill_embeddings(&mut self, embeddings: &[Option<Embedding>]) {
        self.embedding_rows.clear();
        self.embeddings.clear();
        let dimension = embeddings.iter().flatten().next().map_or(0, Embedding::dimension);
        self.embedding_size = u32::try_from(dimension).unwrap_or(0);
        if dimension == 0 {
            return;
        }
        let mut rows = 0;
        for embedding in embeddings {
            match embedding.as_ref().filter(|embedding| embedding.dimension() == dimension) {
                Some(embedding) => {
                    self.embeddings.extend_from_slice(embedding.as_slice());
                    self.embedding_rows.push(rows);
                    rows += 1;
                }
                None => self.embedding_rows.push(-1),
            }
        }
    }

    /// Sets what was read on the tracks that are there; what was read on others is left out.
    pub fn fill_readings(&mut self, readings: &[TrackReading]) {
        self.readings.clear();
        for TrackReading { track, kind, text, confidence } in readings {
            let row = self.ids.iter().position(|id| id == track).and_then(|row| u32::try_from(row).ok());
            let Some(row) = row else { continue };
            let (kind, text) = (kind.clone(), text.clone());
            self.readings.push(ReadingRow { row, kind, text, confidence: *confidence });
        }
    }

    /// Number of tracks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no track.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn clear(&mut self) {
        self.ids.clear();
        self.classes.clear();
        self.confidences.clear();
        self.states.clear();
        self.boxes.clear();
        self.first_seen_us.clear();
        self.ground.clear();
        self.ground_sigma.clear();
        self.embeddings.clear();
        self.embedding_size = 0;
        self.embedding_rows.clear();
        self.readings.clear();
    }
}

#[cfg(test)]
mod tests {
    use ocellus_core::{Ground, Rect, TimeUs};

    use super::*;

    #[test]
    fn boxes_become_shares_of_the_picture_and_nothing_stays_from_the_frame_before() {
        let track = Track {
            id: 7,
            class: 2,
            confidence: 0.5,
            state: TrackState::Lost,
            rect: Rect::new(160.0, 90.0, 320.0, 180.0),
            first_seen: TimeUs(11),
            ground: None,
        };
        let mut columns = TrackColumns::new();
        columns.fill(&[track, track], Size::new(640, 360));
        columns.set_embeddings(1, &[0, -1], &[0.5]);
        columns.fill(&[track], Size::new(640, 360));
        assert_eq!(columns.len(), 1);
        assert_eq!(columns.boxes, [0.25, 0.25, 0.5, 0.5]);
        assert_eq!(columns.states, [2]);
        assert!(columns.embedding_rows.is_empty() && columns.embeddings.is_empty());
    }

    #[test]
    fn tracks_without_an_appearance_have_no_row_in_the_matrix() {
        let of = |x: f32| Embedding::new(&[x, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).unwrap();
        let other = Embedding::new(&[1.0; 16]).unwrap();
        let mut columns = TrackColumns::new();
        columns.fill_embeddings(&[None, Some(of(1.0)), Some(other), Some(of(2.0))]);
        assert_eq!((columns.embedding_size, &*columns.embedding_rows), (8, &[-1, 0, -1, 1][..]));
        assert_eq!(columns.embeddings[..8], *of(1.0).as_slice());
        assert_eq!(columns.embeddings[8..], *of(2.0).as_slice());
        columns.fill_embeddings(&[None, None]);
        assert!(columns.embeddings.is_empty() && columns.embedding_rows.is_empty());
    }

    #[test]
    fn readings_stand_beside_the_rows_of_their_tracks_and_go_with_the_frame() {
        let track = Track {
            id: 7,
            class: 0,
            confidence: 0.5,
            state: TrackState::Confirmed,
            rect: Rect::new(0.0, 0.0, 10.0, 10.0),
            first_seen: TimeUs(1),
            ground: None,
        };
        let tracks = [Track { id: 3, ..track }, track];
        let reading =
            |track| TrackReading { track, kind: "plate".into(), text: "AB1".into(), confidence: 0.5 };
        let mut columns = TrackColumns::new();
        columns.fill(&tracks, Size::new(100, 100));
        columns.fill_readings(&[reading(7), reading(8)]);
        assert_eq!(columns.readings.iter().map(|reading| reading.row).collect::<Vec<_>>(), [1]);
        columns.fill(&tracks, Size::new(100, 100));
        assert!(columns.readings.is_empty());
    }

    #[test]
    fn the_ground_has_a_row_for_every_track_once_one_has_a_place_there() {
        let nowhere = Track {
            id: 1,
            class: 0,
            confidence: 0.5,
            state: TrackState::Confirmed,
            rect: Rect::new(0.0, 0.0, 10.0, 10.0),
            first_seen: TimeUs(1),
            ground: None,
        };
        let ground = Ground { position_m: [3.0, 4.0], velocity_mps: None, sigma_m: 0.5 };
        let placed = Track { ground: Some(ground), ..nowhere };
        let moving = Track { ground: Some(Ground { velocity_mps: Some([1.0, 2.0]), ..ground }), ..nowhere };
        let mut columns = TrackColumns::new();
        columns.fill(&[nowhere, placed, moving], Size::new(100, 100));
        assert!(columns.ground[..4].iter().all(|number| number.is_nan()) && columns.ground_sigma[0].is_nan());
        assert_eq!(columns.ground[4..6], [3.0, 4.0]);
        assert!(columns.ground[6].is_nan() && columns.ground[7].is_nan());
        assert_eq!(columns.ground[8..], [3.0, 4.0, 1.0, 2.0]);
        assert_eq!(columns.ground_sigma[1..], [0.5, 0.5]);
        columns.fill(&[nowhere], Size::new(100, 100));
        assert!(columns.ground.is_empty() && columns.ground_sigma.is_empty());
    }
}
