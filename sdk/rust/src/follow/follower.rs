//! Follows the confirmed tracks of one camera.

use ocellus_core::{FrameInfo, Size, TimeUs, TrackState};

use super::handover;
use super::sighting::sightings;
use super::{Following, MOST_MOVERS, Mover, Movers, SavedSighting, Sighting};
use crate::site::ClassFilter;
use crate::tracks::Tracks;

/// Follows the confirmed tracks of one camera, and keeps `D` for each. A lost track keeps its place until it is
/// seen again, taken over from or forgotten.
#[derive(Debug)]
pub struct Follower<D> {
    following: Following,
    classes: ClassFilter,
    movers: Movers<D>,
    /// Tracks of the last frame that were not believed yet: where one that is believed now began.
    glimpses: Vec<(TimeUs, Sighting)>,
}

impl<D> Follower<D> {
    /// Follows the tracks of these classes. [`Following::most`] is cut to [`MOST_MOVERS`].
    #[must_use]
    pub fn new(following: Following, classes: ClassFilter) -> Follower<D> {
        let following = Following { most: following.most.min(MOST_MOVERS), ..following };
        Follower { following, classes, movers: Movers::default(), glimpses: Vec::new() }
    }

    /// Takes in a frame; gives those that are forgotten with it, last seen longer ago than the memory or
    /// in the way of newer ones.
    ///
    /// `make` gives what is kept of a track that is new. `step` is told of each sighting while the mover still is
    /// where it was seen before; a new track has a first step from where it already is. One that was seen in the
    /// frame before without being believed begins there.
    pub fn follow(
        &mut self,
        (frame, tracks): (&FrameInfo, &Tracks),
        make: impl Fn(&Sighting, TimeUs) -> D,
        mut step: impl FnMut(&mut Mover<D>, &Sighting, TimeUs),
    ) -> Vec<Mover<D>> {
        let Following { anchor, memory, most, .. } = self.following;
        let now = frame.time;
        let (sightings_now, seen) = sightings((frame, tracks), TrackState::Confirmed, anchor, &self.classes);
        let mut forgotten = self.movers.take_older(now - memory);
        let newcomers: Vec<&Sighting> =
            sightings_now.iter().filter(|sighting| !self.movers.contains(sighting.id)).collect();
        if !newcomers.is_empty() {
            self.hand_over(frame, &newcomers, &seen);
            self.make_room(newcomers.len(), &seen, &mut forgotten);
        }
        for sighting in &sightings_now {
            let is_new = !self.movers.contains(sighting.id);
            let glimpse = self.glimpses.iter().find(|(_, glimpse)| is_new && glimpse.id == sighting.id);
            let begun = glimpse.map(|(time, glimpse)| (glimpse, *time));
            for (sighting, time) in begun.into_iter().chain([(sighting, now)]) {
                let made = || Mover::new(sighting, time, make(sighting, time));
                if let Some(mover) = self.movers.get_or_insert(sighting.id, most, made) {
                    step(mover, sighting, time);
                    mover.move_to(sighting, time);
                }
            }
        }
        let (glimpses, _) = sightings((frame, tracks), TrackState::Tentative, anchor, &self.classes);
        self.glimpses = glimpses.into_iter().take(most).map(|seen| (now, seen)).collect();
        forgotten
    }

    /// All that are remembered, by id.
    pub fn movers(&self) -> impl Iterator<Item = &Mover<D>> {
        self.movers.iter()
    }

    /// The same, to change what is kept of them.
    pub fn movers_mut(&mut self) -> impl Iterator<Item = &mut Mover<D>> {
        self.movers.iter_mut()
    }

    /// The one that is this track now.
    pub fn get_mut(&mut self, id: u64) -> Option<&mut Mover<D>> {
        self.movers.get_mut(id)
    }

    /// Those that were not seen in the frame at `now`, the last one that was taken in.
    pub fn unseen_mut(&mut self, now: TimeUs) -> impl Iterator<Item = &mut Mover<D>> {
        self.movers.iter_mut().filter(move |mover| mover.time < now)
    }

    /// Tracks of the last frame that were not believed yet, for a state.
    #[must_use]
    pub fn saved_glimpses(&self) -> Vec<SavedSighting> {
        self.glimpses.iter().map(SavedSighting::of).collect()
    }

    /// Takes over what a state held, in place of what is remembered; no more than [`Following::most`].
    pub fn restore(
        &mut self,
        movers: impl IntoIterator<Item = Mover<D>>,
        glimpses: impl IntoIterator<Item = SavedSighting>,
    ) {
        self.movers = Movers::default();
        movers.into_iter().take(self.following.most).for_each(|mover| self.movers.insert(mover));
        self.glimpses = glimpses.into_iter().take(self.following.most).map(SavedSighting::read).collect();
    }

    /// Newcomers take over from tracks that vanished beside them.
    fn hand_over(&mut self, frame: &FrameInfo, newcomers: &[&Sighting], seen: &[u64]) {
        let longest = self.following.handover;
        if longest.is_zero() {
            return;
        }
        let has_vanished = |mover: &&Mover<D>| {
            seen.binary_search(&mover.id).is_err() && frame.time.since(mover.time) <= longest
        };
        let vanished: Vec<&Mover<D>> = self.movers.iter().filter(has_vanished).collect();
        for (from, to) in handover::pairs(frame.time, aspect_of(frame.size), &vanished, newcomers) {
            if let Some(mover) = self.movers.remove(from) {
                self.movers.insert(Mover { id: to, predecessor: Some(from), ..mover });
            }
        }
    }

    /// Forgets those unseen for longest, so that there is a place for each newcomer. (One that took over
    /// needs none, so this may forget a few too early.)
    fn make_room(&mut self, newcomers: usize, seen: &[u64], forgotten: &mut Vec<Mover<D>>) {
        let over = (self.movers.len() + newcomers).saturating_sub(self.following.most);
        for _ in 0..over {
            let unseen = self.movers.iter().filter(|mover| seen.binary_search(&mover.id).is_err());
            match unseen.min_by_key(|mover| (mover.time, mover.id)).map(|mover| mover.id) {
                Some(id) => forgotten.extend(self.movers.remove(id)),
                None => return,
            }
        }
    }
}

/// Width over height of a picture.
#[must_use]
pub(crate) fn aspect_of(size: Size) -> f32 {
    size.width.max(1) as f32 / size.height.max(1) as f32
}
