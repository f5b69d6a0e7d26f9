//! A track that counts, from frame to frame.

use ocellus_sdk::prelude::*;

use crate::passage::Passage;

/// Over how many seconds a velocity is smoothed.
const SMOOTHING_S: f32 = 0.3;
/// Faster than this is a fault, in pictures a second.
const FASTEST: f32 = 100.0;

/// A track as seen in one frame. Positions and sizes are shares of the picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting {
    pub(crate) id: u64,
    pub(crate) class: u32,
    /// The anchor.
    pub(crate) at: Point,
    /// Width and height of the box.
    pub(crate) size: [f32; 2],
    pub(crate) first_seen: TimeUs,
}

/// What is kept of a track.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mover {
    /// The track that it is now.
    pub(crate) id: u64,
    /// Where its anchor was seen last.
    pub(crate) at: Point,
    /// When.
    pub(crate) time: TimeUs,
    /// Pictures a second.
    pub(crate) velocity: [f32; 2],
    pub(crate) size: [f32; 2],
    pub(crate) class: u32,
    /// How often it was seen, so that a young velocity is the mean of what was seen.
    pub(crate) sightings: u32,
    /// The track in whose place it goes on.
    pub(crate) predecessor: Option<u64>,
    /// One a line.
    pub(crate) passages: Vec<Passage>,
}

impl Mover {
    /// First seen, by this rule, as `sighting` says.
    pub(crate) fn new(sighting: &Sighting, now: TimeUs, lines: usize) -> Mover {
        Mover {
            id: sighting.id,
            at: sighting.at,
            time: now,
            velocity: [0.0; 2],
            size: sighting.size,
            class: sighting.class,
            sightings: 1,
            predecessor: None,
            passages: vec![Passage::default(); lines],
        }
    }

    /// Seen again.
    pub(crate) fn move_to(&mut self, sighting: &Sighting, now: TimeUs) {
        let elapsed_s = now.0.saturating_sub(self.time.0) as f32 / 1e6;
        if elapsed_s > 0.0 {
            let steps = self.sightings.max(1) as f32;
            let weight = (elapsed_s / (elapsed_s + SMOOTHING_S)).max(1.0 / steps);
            let moved = [sighting.at.x - self.at.x, sighting.at.y - self.at.y];
            for (velocity, moved) in self.velocity.iter_mut().zip(moved) {
                let measured = (moved / elapsed_s).clamp(-FASTEST, FASTEST);
                *velocity += (measured - *velocity) * weight;
            }
        }
        self.sightings = self.sightings.saturating_add(1);
        self.at = sighting.at;
        self.time = now;
        self.size = sighting.size;
        self.class = sighting.class;
    }
}

/// All that are kept, in the order of their ids. A sorted list: it is small, mostly appended to, and
/// costs a component less code than a tree.
#[derive(Debug, Default)]
pub(crate) struct Movers(Vec<Mover>);

impl Movers {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Mover> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Mover> {
        self.0.iter_mut()
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.place(id).is_ok()
    }

    /// The one with this id; made if it is new and there are fewer than `most`.
    pub(crate) fn get_or_insert(
        &mut self,
        id: u64,
        most: usize,
        make: impl FnOnce() -> Mover,
    ) -> Option<&mut Mover> {
        let place = match self.place(id) {
            Ok(place) => place,
            Err(_) if self.0.len() >= most => return None,
            Err(place) => {
                self.0.insert(place, make());
                place
            }
        };
        self.0.get_mut(place)
    }

    /// Adds one, in place of another with its id.
    pub(crate) fn insert(&mut self, mover: Mover) {
        match self.place(mover.id) {
            Ok(place) => self.0[place] = mover,
            Err(place) => self.0.insert(place, mover),
        }
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Mover> {
        let place = self.place(id).ok()?;
        Some(self.0.remove(place))
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Mover) -> bool) {
        self.0.retain(keep);
    }

    fn place(&self, id: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |mover| mover.id)
    }
}
