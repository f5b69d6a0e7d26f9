//! What people and vehicles look like: each look, placed somewhere, becomes a model.

pub(super) mod cycle;
mod glyphs;
pub(super) mod person;
pub(super) mod plate;
pub(super) mod vehicle;
pub(super) mod wardrobe;

use super::draw::model::{Model, Placement};
use super::draw::paint::Paint;
use super::math::Vec3;
use super::rng::Rng;

/// What kind of thing moves about.
#[derive(Debug, Clone)]
pub(super) enum Look {
    Person(person::Person),
    /// A bicycle or motorcycle with its rider.
    Cycle(cycle::Cycle),
    Vehicle(vehicle::Vehicle),
}

/// A moment of a movement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Motion {
    pub(super) place: Placement,
    /// Metres moved so far.
    pub(super) travelled_m: f32,
    /// Metres a second.
    pub(super) speed_mps: f32,
}

impl Look {
    /// Builds the model into `model`, replacing what it held.
    pub(super) fn build(&self, motion: &Motion, model: &mut Model) {
        model.clear();
        match self {
            Look::Person(person) => person.build(motion, model),
            Look::Cycle(cycle) => cycle.build(motion, model),
            Look::Vehicle(vehicle) => vehicle.build(motion, model),
        }
    }

    /// The plate and where it is mounted, for the end of a vehicle that a camera at `eye` may see.
    pub(super) fn plate_towards<'a>(
        &'a self,
        motion: &'a Motion,
        eye: Vec3,
    ) -> Option<(&'a plate::Plate, plate::Mount<'a>)> {
        let Look::Vehicle(vehicle) = self else { return None };
        vehicle.plate_towards(&motion.place, eye)
    }
}

const SKINS: [Paint; 5] = [
    Paint::rgb(236, 196, 168),
    Paint::rgb(214, 166, 132),
    Paint::rgb(178, 126, 92),
    Paint::rgb(126, 84, 58),
    Paint::rgb(88, 58, 42),
];

const CLOTHES: [Paint; 14] = [
    Paint::rgb(198, 52, 46),
    Paint::rgb(36, 84, 158),
    Paint::rgb(232, 228, 218),
    Paint::rgb(46, 48, 54),
    Paint::rgb(226, 178, 58),
    Paint::rgb(64, 128, 84),
    Paint::rgb(136, 82, 148),
    Paint::rgb(214, 118, 62),
    Paint::rgb(120, 170, 206),
    Paint::rgb(148, 150, 152),
    Paint::rgb(92, 34, 48),
    Paint::rgb(38, 54, 86),
    Paint::rgb(222, 150, 168),
    Paint::rgb(116, 98, 70),
];

const TROUSERS: [Paint; 7] = [
    Paint::rgb(42, 50, 74),
    Paint::rgb(38, 38, 42),
    Paint::rgb(110, 98, 80),
    Paint::rgb(84, 98, 122),
    Paint::rgb(148, 136, 116),
    Paint::rgb(72, 62, 56),
    Paint::rgb(62, 72, 62),
];

const HAIR: [Paint; 5] = [
    Paint::rgb(38, 30, 26),
    Paint::rgb(84, 58, 38),
    Paint::rgb(168, 132, 82),
    Paint::rgb(150, 150, 150),
    Paint::rgb(28, 28, 32),
];

/// A colour from a list, a little lighter or darker.
fn tinted<const N: usize>(rng: &mut Rng, choices: &[Paint; N]) -> Paint {
    let paint = rng.pick(choices);
    paint.lit(rng.range(0.85, 1.12) as f32)
}
