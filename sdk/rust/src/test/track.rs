//! Tracks of test frames.

use ocellus_core::{Rect, TrackState};

use crate::{Columns, Reading};

/// A track of a test frame: confirmed, confidence 0.9, a box of 0.1 × 0.2 in the middle of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackBuilder {
    pub(super) id: u64,
    pub(super) class: String,
    confidence: f32,
    state: TrackState,
    rect: Rect,
    ground: [f32; 4],
    ground_sigma_m: f32,
    readings: Vec<(String, String, f32)>,
    embedding: Vec<f32>,
}

/// A track of a test frame.
#[must_use]
pub fn track(id: u64, class: &str) -> TrackBuilder {
    TrackBuilder {
        id,
        class: class.to_owned(),
        confidence: 0.9,
        state: TrackState::Confirmed,
        rect: Rect::new(0.45, 0.4, 0.1, 0.2),
        ground: [f32::NAN; 4],
        ground_sigma_m: f32::NAN,
        readings: Vec::new(),
        embedding: Vec::new(),
    }
}

impl TrackBuilder {
    /// Its box, 0..1 of the picture.
    #[must_use]
    pub fn rect(self, rect: Rect) -> TrackBuilder {
        TrackBuilder { rect, ..self }
    }

    /// Width and height of its box; the foot point stays.
    #[must_use]
    pub fn sized(self, width: f32, height: f32) -> TrackBuilder {
        let foot = self.rect.foot();
        TrackBuilder { rect: Rect::new(0.0, 0.0, width, height), ..self }.foot_at(foot.x, foot.y)
    }

    /// Moves its box so that the foot point is there.
    #[must_use]
    pub fn foot_at(self, x: f32, y: f32) -> TrackBuilder {
        let Rect { width, height, .. } = self.rect;
        TrackBuilder { rect: Rect::new(x - width / 2.0, y - height, width, height), ..self }
    }

    /// Moves its box so that the centre is there.
    #[must_use]
    pub fn centre_at(self, x: f32, y: f32) -> TrackBuilder {
        let Rect { width, height, .. } = self.rect;
        TrackBuilder { rect: Rect::new(x - width / 2.0, y - height / 2.0, width, height), ..self }
    }

    /// Confidence of its last detection.
    #[must_use]
    pub fn confidence(self, confidence: f32) -> TrackBuilder {
        TrackBuilder { confidence, ..self }
    }

    /// Seen, but not believed yet.
    #[must_use]
    pub fn tentative(self) -> TrackBuilder {
        TrackBuilder { state: TrackState::Tentative, ..self }
    }

    /// Not seen in this frame.
    #[must_use]
    pub fn lost(self) -> TrackBuilder {
        TrackBuilder { state: TrackState::Lost, ..self }
    }

    /// Where it stands on the ground, in metres, known to 0.1 m; as on a calibrated camera.
    #[must_use]
    pub fn ground(self, x_m: f32, y_m: f32) -> TrackBuilder {
        let [.., vx_mps, vy_mps] = self.ground;
        TrackBuilder { ground: [x_m, y_m, vx_mps, vy_mps], ground_sigma_m: 0.1, ..self }
    }

    /// How sure its place on the ground is: one standard deviation in metres.
    #[must_use]
    pub fn ground_sigma(self, ground_sigma_m: f32) -> TrackBuilder {
        TrackBuilder { ground_sigma_m, ..self }
    }

    /// How fast it goes along both axes of the ground, in metres a second.
    #[must_use]
    pub fn velocity(self, vx_mps: f32, vy_mps: f32) -> TrackBuilder {
        let [x_m, y_m, ..] = self.ground;
        TrackBuilder { ground: [x_m, y_m, vx_mps, vy_mps], ..self }
    }

    /// A text that was read on it in this frame; the rule sees it where
    /// [`Power::Readings`](ocellus_core::Power::Readings) is granted.
    #[must_use]
    pub fn reading(mut self, kind: &str, text: &str, confidence: f32) -> TrackBuilder {
        self.readings.push((kind.to_owned(), text.to_owned(), confidence));
        self
    }

    /// What it looks like; the rule sees it where [`Power::Embeddings`](ocellus_core::Power::Embeddings) is granted. All
    /// tracks of a frame that have one have as many numbers as the first.
    #[must_use]
    pub fn embedding(self, embedding: &[f32]) -> TrackBuilder {
        TrackBuilder { embedding: embedding.to_vec(), ..self }
    }

    /// Adds it to a frame as one of class `class`, first seen at `first_seen_us`.
    pub(super) fn add_to(&self, columns: &mut Columns, class: u32, first_seen_us: u64) {
        let row = u32::try_from(columns.ids.len()).unwrap_or(u32::MAX);
        columns.ids.push(self.id);
        columns.classes.push(class);
        columns.confidences.push(self.confidence);
        columns.states.push(match self.state {
            TrackState::Tentative => 0,
            TrackState::Confirmed => 1,
            TrackState::Lost => 2,
        });
        columns.boxes.extend([self.rect.x, self.rect.y, self.rect.width, self.rect.height]);
        columns.ground.extend(self.ground);
        columns.ground_sigma.push(self.ground_sigma_m);
        columns.first_seen_us.push(first_seen_us);
        columns.embedding_rows.push(-1);
        let size = self.embedding.len();
        if columns.embeddings.is_empty() {
            columns.embedding_size = u32::try_from(size).unwrap_or(0);
        }
        if size > 0 && u32::try_from(size) == Ok(columns.embedding_size) {
            let place = i32::try_from(columns.embeddings.len() / size).unwrap_or(-1);
            columns.embedding_rows.pop();
            columns.embedding_rows.push(place);
            columns.embeddings.extend(&self.embedding);
        }
        columns.readings.extend(self.readings.iter().map(|(kind, text, confidence)| Reading {
            row,
            kind: kind.clone(),
            text: text.clone(),
            confidence: *confidence,
        }));
    }
}
