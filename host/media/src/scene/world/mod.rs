//! What happens in each scene: who comes when, goes where, and what counts as occupied.
//!
//! Everything is planned ahead as [`Path`]s when it begins, from the seed alone, so that a scene at a
//! moment does not depend on the frame rate. Finished things are forgotten: a scene may run for weeks.

mod crossing;
mod parking;
mod path;
mod plaza;
mod road;

use super::look::{Look, Motion};
use super::vantage::Vantage;
use super::{SceneKind, SceneSettings};
use path::Path;

pub(super) use parking::{ROWS, SPACE_DEPTH_M, SPACE_WIDTH_M};
pub(super) use road::LANES_M;

/// The classes that scenes show; an object's class is an index into them.
pub const CLASSES: [&str; 6] = ["person", "bicycle", "car", "truck", "bus", "motorcycle"];

/// Indices into [`CLASSES`].
mod class {
    pub(super) const PERSON: u32 = 0;
    pub(super) const BICYCLE: u32 = 1;
    pub(super) const CAR: u32 = 2;
    pub(super) const TRUCK: u32 = 3;
    pub(super) const BUS: u32 = 4;
    pub(super) const MOTORCYCLE: u32 = 5;
}

/// Someone or something that moves about.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    /// Counts from 1; never reused.
    pub(super) id: u64,
    pub(super) class: u32,
    pub(super) look: Look,
    path: Path,
}

impl Actor {
    /// Whether its movement has begun; what is planned ahead is not there yet.
    pub(super) fn is_there(&self, at_s: f64) -> bool {
        at_s >= self.path.start_s()
    }

    pub(super) fn motion(&self, at_s: f64) -> Motion {
        self.path.motion(at_s)
    }
}

/// The state of a scene.
#[derive(Debug)]
pub(super) enum World {
    Crossing(crossing::Crossing),
    Parking(parking::Parking),
    Plaza(plaza::Plaza),
    Road(road::Road),
}

impl World {
    /// The world of a scene. All cameras of a plaza show the same.
    pub(super) fn of(settings: &SceneSettings) -> World {
        match settings.kind {
            SceneKind::Plaza => World::Plaza(plaza::Plaza::new(settings.seed, settings.vantage)),
            kind => World::new(kind, settings.seed),
        }
    }

    pub(super) fn new(kind: SceneKind, seed: u64) -> World {
        match kind {
            SceneKind::Crossing => World::Crossing(crossing::Crossing::new(seed)),
            SceneKind::ParkingLot => World::Parking(parking::Parking::new(seed)),
            SceneKind::Plaza => World::Plaza(plaza::Plaza::new(seed, Vantage::default())),
            SceneKind::Road => World::Road(road::Road::new(seed)),
            SceneKind::Plates => World::Road(road::Road::street(seed)),
        }
    }

    /// Plans whatever begins until `to_s`, and forgets what ended before. Time goes forward only.
    pub(super) fn advance(&mut self, to_s: f64) {
        match self {
            World::Crossing(world) => world.advance(to_s),
            World::Parking(world) => world.advance(to_s),
            World::Plaza(world) => world.advance(to_s),
            World::Road(world) => world.advance(to_s),
        }
    }

    /// Everyone present.
    pub(super) fn actors(&self) -> &[Actor] {
        match self {
            World::Crossing(world) => &world.actors,
            World::Parking(world) => &world.actors,
            World::Plaza(world) => &world.actors,
            World::Road(world) => &world.actors,
        }
    }

    /// Each parking space, in the order of the layout, and whether a car stands in it.
    pub(super) fn occupancy(&self, at_s: f64) -> Vec<bool> {
        match self {
            World::Parking(world) => world.occupancy(at_s),
            World::Crossing(_) | World::Plaza(_) | World::Road(_) => Vec::new(),
        }
    }
}
