//! Who is known: identities, and the tracks that they were.

use std::collections::BTreeMap;
use std::time::Duration;

use ocellus_sdk::prelude::*;

use crate::tracklet::{Key, Tracklet};

/// Tracks kept, of all identities together.
pub(crate) const MOST_TRACKLETS: usize = 512;
/// Tracks of one identity that are kept.
const MOST_OF_ONE: usize = 16;
/// Bytes of all looks together: a state is at most 1 MiB, and base64 takes four for three.
pub(crate) const MOST_LOOK_BYTES: usize = 288 << 10;
/// How long a way is kept after its end: for views that overlap and are judged a little later.
const TRAIL_US: u64 = 10_000_000;
/// Who was seen so lately is still here, and not forgotten for want of room.
const HERE_US: u64 = 2_000_000;
/// How long a track that was never believed is kept.
const GLIMPSE_US: u64 = 3_000_000;

/// Somebody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Their tracks, in the order in which they began to be theirs.
    pub(crate) tracks: Vec<u32>,
    pub(crate) first_us: u64,
    /// When they were last seen, as of the last track that is kept.
    pub(crate) last_us: u64,
    /// All cameras that saw them.
    pub(crate) cameras: Vec<u32>,
    /// Tracks so far, also those that are no longer kept.
    pub(crate) count: u32,
}

/// All that is known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Book {
    tracklets: BTreeMap<u32, Tracklet>,
    identities: BTreeMap<u64, Identity>,
    next_tracklet: u32,
    /// Identities so far.
    pub(crate) count: u64,
    /// The tracklet that each track is now.
    #[serde(skip)]
    current: BTreeMap<Key, u32>,
}

impl Book {
    /// What a state said, made sound: only what refers to something that is there.
    pub(crate) fn sound(mut self) -> Book {
        while self.tracklets.len() > MOST_TRACKLETS {
            self.tracklets.pop_first();
        }
        let next = self.tracklets.last_key_value().map_or(0, |(number, _)| number.saturating_add(1));
        self.next_tracklet = self.next_tracklet.max(next);
        let tracklets = &self.tracklets;
        for (id, identity) in &mut self.identities {
            identity
                .tracks
                .retain(|number| tracklets.get(number).is_some_and(|known| known.identity == Some(*id)));
        }
        self.identities.retain(|_, identity| !identity.tracks.is_empty());
        for (number, tracklet) in &mut self.tracklets {
            let is_known =
                |id: &u64| self.identities.get(id).is_some_and(|known| known.tracks.contains(number));
            tracklet.identity = tracklet.identity.filter(is_known);
        }
        // The last part of a track is the one that goes on.
        self.current = self.tracklets.iter().map(|(number, tracklet)| (tracklet.key(), *number)).collect();
        self.count = self.count.max(self.identities.last_key_value().map_or(0, |(id, _)| *id));
        self
    }

    pub(crate) fn tracklet(&self, number: u32) -> Option<&Tracklet> {
        self.tracklets.get(&number)
    }

    /// All tracks of a camera that are kept, and parts of tracks, in the order in which they began.
    pub(crate) fn all_of(&self, camera: u32) -> impl Iterator<Item = (u32, &Tracklet)> {
        let all = self.tracklets.iter().map(|(number, tracklet)| (*number, tracklet));
        all.filter(move |(_, tracklet)| tracklet.camera == camera)
    }

    pub(crate) fn tracklet_mut(&mut self, number: u32) -> Option<&mut Tracklet> {
        self.tracklets.get_mut(&number)
    }

    /// What this track is now.
    pub(crate) fn current(&self, key: Key) -> Option<u32> {
        self.current.get(&key).copied()
    }

    /// The tracks of a camera as they are now, in the order of their ids.
    pub(crate) fn currents(&self, camera: u32) -> impl Iterator<Item = (u32, &Tracklet)> {
        let numbers = self.current.range((camera, 0)..=(camera, u64::MAX)).map(|(_, number)| *number);
        numbers.filter_map(|number| Some((number, self.tracklets.get(&number)?)))
    }

    pub(crate) fn identity(&self, id: u64) -> Option<&Identity> {
        self.identities.get(&id)
    }

    pub(crate) fn identities(&self) -> impl Iterator<Item = (u64, &Identity)> {
        self.identities.iter().map(|(id, identity)| (*id, identity))
    }

    pub(crate) fn len(&self) -> usize {
        self.identities.len()
    }

    /// The tracks of an identity, the one that began last first.
    pub(crate) fn tracks_of(&self, id: u64) -> impl Iterator<Item = &Tracklet> + Clone {
        let numbers = self.identities.get(&id).map_or(&[][..], |identity| &identity.tracks);
        numbers.iter().rev().filter_map(|number| self.tracklets.get(number))
    }

    /// The same without some of them.
    pub(crate) fn tracks_but<'a>(
        &'a self,
        id: u64,
        without: &'a [u32],
    ) -> impl Iterator<Item = &'a Tracklet> + Clone {
        let numbers = self.identities.get(&id).map_or(&[][..], |identity| &identity.tracks);
        let others = numbers.iter().rev().filter(move |number| !without.contains(number));
        others.filter_map(|number| self.tracklets.get(number))
    }

    /// A new track, or a new part of one; none where there is no room.
    pub(crate) fn add(&mut self, tracklet: Tracklet) -> Option<u32> {
        if self.tracklets.len() >= MOST_TRACKLETS {
            return None;
        }
        let number = self.next_tracklet;
        self.next_tracklet = number.checked_add(1)?;
        self.current.insert(tracklet.key(), number);
        self.tracklets.insert(number, tracklet);
        Some(number)
    }

    /// A new identity for a track.
    pub(crate) fn found(&mut self, number: u32, now: TimeUs) -> u64 {
        self.count += 1;
        let id = self.count;
        let first_us = self.tracklet(number).map_or(now.0, |tracklet| tracklet.first.us);
        self.identities.insert(id, Identity { first_us, ..Identity::default() });
        self.join(number, id, now);
        id
    }

    /// A track becomes one of an identity, and is no longer one of another.
    pub(crate) fn join(&mut self, number: u32, id: u64, now: TimeUs) {
        self.leave(number);
        let (Some(tracklet), Some(identity)) =
            (self.tracklets.get_mut(&number), self.identities.get_mut(&id))
        else {
            return;
        };
        tracklet.identity = Some(id);
        tracklet.leaning = None;
        tracklet.decided_us = now.0;
        tracklet.weighed_us = now.0;
        identity.first_us = identity.first_us.min(tracklet.first.us);
        identity.last_us = identity.last_us.max(tracklet.last.us);
        identity.count = identity.count.saturating_add(1);
        if let Err(place) = identity.cameras.binary_search(&tracklet.camera) {
            identity.cameras.insert(place, tracklet.camera);
        }
        let begun = |known: &u32| self.tracklets.get(known).map_or(0, |known| known.first.us);
        let place =
            identity.tracks.partition_point(|known| (begun(known), *known) < (begun(&number), number));
        identity.tracks.insert(place, number);
        self.shorten(id);
    }

    /// A track is nobody's.
    pub(crate) fn leave(&mut self, number: u32) {
        let Some(id) = self.tracklets.get_mut(&number).and_then(|tracklet| tracklet.identity.take()) else {
            return;
        };
        let Some(identity) = self.identities.get_mut(&id) else { return };
        identity.tracks.retain(|known| *known != number);
        identity.count = identity.count.saturating_sub(1);
        if identity.tracks.is_empty() {
            self.identities.remove(&id);
        }
    }

    /// All tracks of one identity become another's.
    pub(crate) fn merge(&mut self, gone: u64, into: u64, now: TimeUs) {
        let numbers = self.identities.get(&gone).map_or_else(Vec::new, |identity| identity.tracks.clone());
        for number in numbers {
            self.join(number, into, now);
        }
    }

    /// Takes in when an identity was seen.
    pub(crate) fn seen(&mut self, id: u64, us: u64) {
        if let Some(identity) = self.identities.get_mut(&id) {
            identity.last_us = identity.last_us.max(us);
        }
    }

    /// Forgets tracks of an identity that are over, the oldest first, where it has too many.
    fn shorten(&mut self, id: u64) {
        let Some(identity) = self.identities.get_mut(&id) else { return };
        while identity.tracks.len() > MOST_OF_ONE {
            let is_over = |number: &u32| {
                self.tracklets.get(number).is_none_or(|known| known.last.us + TRAIL_US < identity.last_us)
            };
            let place = identity.tracks.iter().position(is_over).unwrap_or(0);
            let number = identity.tracks.remove(place);
            if let Some(tracklet) = self.tracklets.remove(&number)
                && self.current.get(&tracklet.key()) == Some(&number)
            {
                self.current.remove(&tracklet.key());
            }
        }
    }

    /// Forgets who was not seen for `forget`, and who was not for longest where there are more than `most`, or too much
    /// is kept of them; and tracks that were seen too rarely to be anybody.
    pub(crate) fn forget(&mut self, now: TimeUs, forget: Duration, most: usize) {
        let glimpses = self
            .tracklets
            .iter()
            .filter(|(_, tracklet)| tracklet.identity.is_none() && tracklet.last.us + GLIMPSE_US < now.0);
        let glimpses: Vec<u32> = glimpses.map(|(number, _)| *number).collect();
        glimpses.into_iter().for_each(|number| self.drop_tracklet(number));
        let oldest = now - forget;
        let long_gone = self.identities.iter().filter(|(_, identity)| identity.last_us < oldest.0);
        let long_gone: Vec<u64> = long_gone.map(|(id, _)| *id).collect();
        long_gone.into_iter().for_each(|id| self.drop_identity(id));
        let mut bytes: usize = self.tracklets.values().map(Tracklet::look_bytes).sum();
        let room = MOST_TRACKLETS - MOST_TRACKLETS / 8;
        while self.identities.len() > most || bytes > MOST_LOOK_BYTES || self.tracklets.len() > room {
            let gone = self.identities.iter().filter(|(_, identity)| identity.last_us + HERE_US < now.0);
            let oldest = gone.min_by_key(|(id, identity)| (identity.last_us, **id));
            let Some(id) = oldest.map(|(id, _)| *id) else { break };
            bytes = bytes.saturating_sub(self.tracks_of(id).map(Tracklet::look_bytes).sum());
            self.drop_identity(id);
        }
        for tracklet in self.tracklets.values_mut() {
            if bytes <= MOST_LOOK_BYTES {
                break;
            }
            bytes = bytes.saturating_sub(tracklet.forget_looks());
        }
        for tracklet in self.tracklets.values_mut().filter(|tracklet| tracklet.last.us + TRAIL_US < now.0) {
            tracklet.forget_trail();
        }
    }

    fn drop_identity(&mut self, id: u64) {
        let numbers = self.identities.remove(&id).map_or_else(Vec::new, |identity| identity.tracks);
        numbers.into_iter().for_each(|number| self.drop_tracklet(number));
    }

    fn drop_tracklet(&mut self, number: u32) {
        if let Some(tracklet) = self.tracklets.remove(&number)
            && self.current.get(&tracklet.key()) == Some(&number)
        {
            self.current.remove(&tracklet.key());
        }
    }

    /// A track looks like another person since a while: what is the old person's stays, the rest is nobody's yet.
    pub(crate) fn cut(&mut self, number: u32) -> Option<u32> {
        if self.tracklets.len() >= MOST_TRACKLETS {
            return None;
        }
        let part = self.tracklets.get_mut(&number)?.cut();
        self.add(part)
    }
}
