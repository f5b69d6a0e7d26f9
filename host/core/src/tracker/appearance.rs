//! What objects look like: unit vectors, compared by the angle between them.

use super::blocks::Blocks;
use crate::embedding::{dot, scan};

/// The most numbers kept of all tracks together, and of one frame: 64 MiB. Blocks add a sixteenth.
const MOST_VALUES: usize = 1 << 24;
/// The longest embedding; models give 64 to 2,048 numbers.
const LONGEST: usize = 4_096;

/// The embeddings of one frame's detections, scaled to length one.
#[derive(Debug, Default)]
pub(super) struct FrameLooks {
    dimension: usize,
    values: Vec<f32>,
}

impl FrameLooks {
    pub(super) fn clear(&mut self) {
        self.dimension = 0;
        self.values.clear();
    }

    /// Takes an embedding in and returns its row; `None` where it is of no use. The first of a frame says how
    /// long they are. `most` are taken at most.
    pub(super) fn add(&mut self, embedding: &[f32], most: usize) -> Option<u32> {
        let fits = self.dimension == 0 || embedding.len() == self.dimension;
        if embedding.is_empty() || embedding.len() > LONGEST.min(MOST_VALUES / most.max(1)) || !fits {
            return None;
        }
        let length = dot(embedding, embedding).sqrt();
        // An infinite or missing number makes the length so, too.
        if !length.is_normal() {
            return None;
        }
        let row = self.values.len() / embedding.len();
        self.dimension = embedding.len();
        self.values.extend(embedding.iter().map(|value| value / length));
        u32::try_from(row).ok()
    }

    pub(super) fn row(&self, row: u32) -> &[f32] {
        let start = row as usize * self.dimension;
        self.values.get(start..start + self.dimension).unwrap_or_default()
    }
}

/// How a track remembers what it looked like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Memory {
    /// Not at all.
    None,
    /// One vector, of which each sighting leaves this share (BoT-SORT).
    Blend(f32),
    /// The latest vectors, so many at most (DeepSORT), of one of so many tracks.
    Gallery { most: usize, tracks: usize },
}

/// What a track has looked like.
#[derive(Debug, Clone, Default)]
pub(super) struct Looks {
    dimension: usize,
    /// Row by row.
    values: Vec<f32>,
    /// The row that is replaced next, once there are as many as may be.
    next: usize,
    /// Of a gallery, each so many rows at a glance.
    blocks: Blocks,
}

impl Looks {
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Takes in what the track looks like now, a unit vector. Another dimension than before is another
    /// model: what was known of the old one is forgotten.
    pub(super) fn remember(&mut self, now: &[f32], memory: Memory) {
        if now.len() != self.dimension {
            *self = Looks { dimension: now.len(), ..Looks::default() };
        }
        match memory {
            Memory::None => {}
            Memory::Blend(_) if self.values.is_empty() => self.values.extend_from_slice(now),
            Memory::Blend(share) => self.blend(now, share),
            Memory::Gallery { most, tracks } => {
                let room = MOST_VALUES / (tracks * self.dimension).max(1);
                self.add(now, most.min(room).max(1));
            }
        }
    }

    fn blend(&mut self, now: &[f32], share: f32) {
        for (value, now) in self.values.iter_mut().zip(now) {
            *value = share * *value + (1.0 - share) * now;
        }
        let length = dot(&self.values, &self.values).sqrt();
        if length.is_normal() {
            self.values.iter_mut().for_each(|value| *value /= length);
        } else {
            // Opposite looks in equal shares: the new ones are right.
            self.values.copy_from_slice(now);
        }
    }

    fn add(&mut self, now: &[f32], most: usize) {
        let row = if self.values.len() < most * self.dimension {
            self.values.extend_from_slice(now);
            self.values.len() / self.dimension - 1
        } else {
            let start = self.next * self.dimension;
            self.values[start..start + self.dimension].copy_from_slice(now);
            let row = self.next;
            self.next = (row + 1) % most;
            row
        };
        self.blocks.replace(&self.values, (row, row + 1 == most), now);
    }

    /// Whether no look of a gallery is within the cosine distance `limit` of `now`, as far as that can be told at a
    /// glance.
    pub(super) fn is_beyond(&self, now: &[f32], limit: f32) -> bool {
        now.len() == self.dimension && self.blocks.are_beyond(now, 1.0 - limit)
    }

    /// The cosine distance, 0..=2, to the nearest look of the track; `None` where nothing is known or it
    /// cannot be compared.
    pub(super) fn distance(&self, now: &[f32]) -> Option<f32> {
        if self.values.is_empty() || now.len() != self.dimension {
            return None;
        }
        let mut nearest = f32::NEG_INFINITY;
        scan(&self.values, now, &mut |_, cosine| nearest = nearest.max(cosine));
        Some((1.0 - nearest).max(0.0))
    }

    /// Whether the cosine distance to a look of the track is at most `limit`; the latest is asked first, and the first
    /// that is near enough ends it.
    pub(super) fn is_within(&self, now: &[f32], limit: f32) -> bool {
        if now.is_empty() || now.len() != self.dimension {
            return false;
        }
        let (newer, older) = self.values.split_at(self.next * self.dimension);
        let newer = newer.chunks_exact(self.dimension).rev();
        let older = older.chunks_exact(self.dimension).rev();
        newer.chain(older).any(|look| 1.0 - dot(look, now) <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_direction_is_no_embedding() {
        let mut frame = FrameLooks::default();
        for bad in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0], &[1e30, 1e30]] {
            assert_eq!(frame.add(bad, 10), None, "{bad:?}");
        }
        assert_eq!(frame.add(&[1.0; LONGEST + 1], 10), None);
        assert_eq!(frame.add(&[1.0; LONGEST], 1_000_000), None);
        assert_eq!(frame.add(&[3.0, 4.0], 10), Some(0));
        assert_eq!(frame.row(0), [0.6, 0.8]);
        assert_eq!(frame.add(&[1.0, 0.0, 0.0], 10), None);
        assert_eq!(frame.add(&[0.0, 2.0], 10), Some(1));
        assert_eq!(frame.row(1), [0.0, 1.0]);
    }

    #[test]
    fn a_gallery_keeps_the_latest_and_no_more_than_there_is_room_for() {
        let memory = Memory::Gallery { most: 2, tracks: 10 };
        let mut looks = Looks::default();
        assert_eq!(looks.distance(&[1.0, 0.0]), None);
        looks.remember(&[1.0, 0.0], memory);
        looks.remember(&[0.0, 1.0], memory);
        assert_eq!(looks.distance(&[1.0, 0.0]), Some(0.0));
        looks.remember(&[0.0, -1.0], memory);
        assert_eq!(looks.distance(&[1.0, 0.0]), Some(1.0));
        assert_eq!(looks.values.len(), 4);
        let mut wide = Looks::default();
        let look = vec![1.0; LONGEST];
        for _ in 0..10 {
            wide.remember(&look, Memory::Gallery { most: 100, tracks: 2_000 });
        }
        assert_eq!(wide.values.len(), 2 * LONGEST);
    }

    #[test]
    fn a_look_is_within_a_distance_where_the_nearest_is() {
        let mut looks = Looks::default();
        assert!(!looks.is_within(&[1.0, 0.0], 2.0));
        for turn in 0..7_u8 {
            let angle = f32::from(turn) * 0.3;
            looks.remember(&[angle.cos(), angle.sin()], Memory::Gallery { most: 4, tracks: 10 });
            for step in 0..30_u8 {
                let angle = f32::from(step) * 0.2;
                let now = [angle.cos(), angle.sin()];
                let distance = looks.distance(&now).unwrap();
                for limit in [distance - 1e-3, distance, distance + 1e-3] {
                    assert_eq!(looks.is_within(&now, limit), limit >= distance, "{turn} {step} {limit}");
                }
            }
        }
        assert!(!looks.is_within(&[1.0, 0.0, 0.0], 2.0));
    }

    #[test]
    fn another_dimension_is_another_model() {
        for memory in [Memory::Blend(0.9), Memory::Gallery { most: 5, tracks: 5 }] {
            let mut looks = Looks::default();
            looks.remember(&[1.0, 0.0], memory);
            assert_eq!(looks.distance(&[1.0, 0.0, 0.0]), None);
            looks.remember(&[0.0, 1.0, 0.0], memory);
            assert_eq!((looks.distance(&[0.0, 1.0, 0.0]), looks.distance(&[1.0, 0.0])), (Some(0.0), None));
        }
    }

    #[test]
    fn a_blend_of_opposites_is_the_latter() {
        let mut looks = Looks::default();
        looks.remember(&[1.0, 0.0], Memory::Blend(0.5));
        looks.remember(&[-1.0, 0.0], Memory::Blend(0.5));
        assert_eq!(looks.distance(&[-1.0, 0.0]), Some(0.0));
    }
}
