//! Tracks as the contract carries them: one column an attribute, one row a track.

use ocellus_core::{Size, Track, TrackState};

/// The tracks of one frame in columns, built once and shared by every rule that sees the frame.
///
/// The buffers are kept between frames. Columns of attributes that nothing computes yet (ground positions,
/// embeddings, readings) are empty unless they are set.
#[derive(Debug, Clone, Default)]
pub struct TrackColumns {
    pub(crate) ids: Vec<u64>,
    pub(crate) classes: Vec<u32>,
    pub(crate) confidences: Vec<f32>,
    pub(crate) states: Vec<u8>,
    pub(crate) boxes: Vec<f32>,
    pub(crate) first_seen_us: Vec<u64>,
    pub(crate) embeddings: Vec<f32>,
    pub(crate) embedding_size: u32,
    pub(crate) embedding_rows: Vec<i32>,
}

impl TrackColumns {
    /// No tracks.
    #[must_use]
    pub fn new() -> TrackColumns {
        TrackColumns::default()
    }

    /// Replaces the content by `tracks` of a picture of `size` pixels; embeddings are cleared.
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
        self.embeddings.clear();
        self.embedding_size = 0;
        self.embedding_rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use ocellus_core::{Rect, TimeUs};

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
}
