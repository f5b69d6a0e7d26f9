//! A track as seen in one frame.

use ocellus_core::{FrameInfo, Point, TimeUs, TrackState};
use serde::{Deserialize, Serialize};

use super::Anchor;
use crate::site::ClassFilter;
use crate::tracks::{TrackView, Tracks};

/// Anchors further outside the picture than this are no objects, whatever the tracker says.
const FURTHEST: f32 = 10.0;
/// Share of the box's height by which its edges tremble.
const BOX_NOISE: f32 = 0.04;

/// A track as seen in one frame. Positions and sizes are shares of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// The track's id.
    pub id: u64,
    /// Its class as a number of the camera's model.
    pub class: u32,
    /// The anchor.
    pub at: Point,
    /// Width and height of the box.
    pub size: [f32; 2],
    /// When the tracker first saw it.
    pub first_seen: TimeUs,
}

impl Sighting {
    /// How far from a line or an outline its side counts, in picture heights: `hysteresis`, and more for a box taller
    /// than a quarter of the picture with the default of 0.01, since the detector's own noise grows with the box. 0
    /// stays 0.
    #[must_use]
    pub fn near(&self, hysteresis: f64) -> f32 {
        if hysteresis > 0.0 { (hysteresis as f32).max(BOX_NOISE * self.size[1]) } else { 0.0 }
    }
}

/// A sighting and its time as a state keeps them: time, id, class, anchor, size and first sight.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SavedSighting(u64, u64, u32, [f32; 2], [f32; 2], u64);

impl SavedSighting {
    pub(super) fn of((time, seen): &(TimeUs, Sighting)) -> SavedSighting {
        SavedSighting(time.0, seen.id, seen.class, [seen.at.x, seen.at.y], seen.size, seen.first_seen.0)
    }

    pub(super) fn read(self) -> (TimeUs, Sighting) {
        let SavedSighting(time, id, class, [x, y], size, first_seen) = self;
        let (at, first_seen) = (Point::new(x, y), TimeUs(first_seen));
        (TimeUs(time), Sighting { id, class, at, size, first_seen })
    }
}

/// The tracks of a frame in a state and of a class that counts, each id once, and their ids in order.
pub(super) fn sightings(
    (frame, tracks): (&FrameInfo, &Tracks),
    state: TrackState,
    anchor: Anchor,
    classes: &ClassFilter,
) -> (Vec<Sighting>, Vec<u64>) {
    let most = tracks.iter().size_hint().1.unwrap_or(0);
    let (mut sightings, mut seen) = (Vec::with_capacity(most), Vec::with_capacity(most));
    let counts =
        |track: &TrackView<'_>| track.state() == state && classes.accepts(frame.camera, track.class());
    for track in tracks.iter().filter(counts) {
        let at = match anchor {
            Anchor::Foot => track.foot(),
            Anchor::Centre => track.centre(),
        };
        let rect = track.rect();
        let is_sane = at.x.abs() <= FURTHEST
            && at.y.abs() <= FURTHEST
            && (0.0..=FURTHEST).contains(&rect.width)
            && (0.0..=FURTHEST).contains(&rect.height);
        if let Err(place) = seen.binary_search(&track.id())
            && is_sane
        {
            seen.insert(place, track.id());
            sightings.push(Sighting {
                id: track.id(),
                class: track.class(),
                at,
                size: [rect.width, rect.height],
                first_seen: track.first_seen(),
            });
        }
    }
    (sightings, seen)
}
