//! A track that counts, from frame to frame.

use ocellus_core::{Point, TimeUs};
use serde::{Deserialize, Serialize};

use super::Sighting;

/// Over how many seconds a velocity is smoothed.
const SMOOTHING_S: f32 = 0.3;
/// Faster than this is a fault, in pictures a second.
const FASTEST: f32 = 100.0;

/// What is kept of a track. A state can hold it as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mover<D> {
    /// The track that it is now.
    pub id: u64,
    /// Where its anchor was seen last, in shares of the picture.
    #[serde(with = "pair")]
    pub at: Point,
    /// When.
    #[serde(rename = "time_us", with = "micros")]
    pub time: TimeUs,
    /// Pictures a second.
    pub velocity: [f32; 2],
    /// Width and height of the box.
    pub size: [f32; 2],
    /// Its class as a number of the camera's model.
    pub class: u32,
    /// How often it was seen, so that a young velocity is the mean of what was seen.
    pub sightings: u32,
    /// The track in whose place it goes on.
    pub predecessor: Option<u64>,
    /// What the rule remembers of it.
    pub data: D,
}

impl<D> Mover<D> {
    /// First seen, by this rule, as `sighting` says.
    #[must_use]
    pub fn new(sighting: &Sighting, now: TimeUs, data: D) -> Mover<D> {
        Mover {
            id: sighting.id,
            at: sighting.at,
            time: now,
            velocity: [0.0; 2],
            size: sighting.size,
            class: sighting.class,
            sightings: 1,
            predecessor: None,
            data,
        }
    }

    /// Seen again.
    pub fn move_to(&mut self, sighting: &Sighting, now: TimeUs) {
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

mod pair {
    use ocellus_core::Point;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(point: &Point, to: S) -> Result<S::Ok, S::Error> {
        [point.x, point.y].serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Point, D::Error> {
        <[f32; 2]>::deserialize(from).map(|[x, y]| Point::new(x, y))
    }
}

mod micros {
    use ocellus_core::TimeUs;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &TimeUs, to: S) -> Result<S::Ok, S::Error> {
        time.0.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TimeUs, D::Error> {
        u64::deserialize(from).map(TimeUs)
    }
}

/// All that are kept, in the order of their ids. A sorted list: it is small, mostly appended to, and
/// costs a component less code than a tree.
#[derive(Debug)]
pub struct Movers<D>(Vec<Mover<D>>);

impl<D> Default for Movers<D> {
    fn default() -> Movers<D> {
        Movers(Vec::new())
    }
}

impl<D> Movers<D> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, Mover<D>> {
        self.0.iter()
    }

    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Mover<D>> {
        self.0.iter_mut()
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.place(id).is_ok()
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Mover<D>> {
        let place = self.place(id).ok()?;
        self.0.get_mut(place)
    }

    /// The one with this id; made if it is new and there are fewer than `most`.
    pub(super) fn get_or_insert(
        &mut self,
        id: u64,
        most: usize,
        make: impl FnOnce() -> Mover<D>,
    ) -> Option<&mut Mover<D>> {
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
    pub(super) fn insert(&mut self, mover: Mover<D>) {
        match self.place(mover.id) {
            Ok(place) => self.0[place] = mover,
            Err(place) => self.0.insert(place, mover),
        }
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Mover<D>> {
        let place = self.place(id).ok()?;
        Some(self.0.remove(place))
    }

    /// Takes out those that were last seen before `oldest`.
    pub(super) fn take_older(&mut self, oldest: TimeUs) -> Vec<Mover<D>> {
        self.0.extract_if(.., |mover| mover.time < oldest).collect()
    }

    fn place(&self, id: u64) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |mover| mover.id)
    }
}
