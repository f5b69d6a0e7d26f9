//! Bicycles and motorcycles. Each is one thing together with its rider.

use super::{CLOTHES, HAIR, Motion, SKINS, TROUSERS, tinted};
use crate::scene::draw::model::{Model, Placement};
use crate::scene::draw::paint::Paint;
use crate::scene::math::{Vec3, direction};
use crate::scene::rng::Rng;

/// What one cycle and its rider look like.
#[derive(Debug, Clone)]
pub(in crate::scene) struct Cycle {
    drive: Drive,
    frame: Paint,
    top: Paint,
    legs: Paint,
    skin: Paint,
    head: Paint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drive {
    Pedals,
    Engine,
}

const TYRE: Paint = Paint::rgb(36, 36, 38);
const METAL: Paint = Paint::rgb(120, 122, 126);

impl Cycle {
    pub(in crate::scene) fn bicycle(rng: &mut Rng) -> Cycle {
        let helmet = rng.chance(0.5);
        Cycle::random(Drive::Pedals, helmet, rng)
    }

    pub(in crate::scene) fn motorcycle(rng: &mut Rng) -> Cycle {
        Cycle::random(Drive::Engine, true, rng)
    }

    fn random(drive: Drive, helmet: bool, rng: &mut Rng) -> Cycle {
        Cycle {
            drive,
            frame: tinted(rng, &CLOTHES),
            top: tinted(rng, &CLOTHES),
            legs: tinted(rng, &TROUSERS),
            skin: rng.pick(&SKINS),
            head: if helmet { tinted(rng, &CLOTHES) } else { rng.pick(&HAIR) },
        }
    }

    pub(in crate::scene) fn build(&self, motion: &Motion, model: &mut Model) {
        let place = &motion.place;
        match self.drive {
            Drive::Pedals => self.bicycle_frame(place, model),
            Drive::Engine => self.motorcycle_frame(place, model),
        }
        self.rider(place, f64::from(motion.travelled_m), model);
        let half = if self.drive == Drive::Pedals { 0.85 } else { 1.05 };
        for (along, side) in [(-half, -0.12), (half, -0.12), (half, 0.12), (-half, 0.12)] {
            model.footprint.push(place.at(along, side, 0.0));
        }
    }

    fn bicycle_frame(&self, place: &Placement, model: &mut Model) {
        let (rear, front) = (-0.52, 0.54);
        for along in [rear, front] {
            wheel(place, along, (0.33, 0.028), model);
        }
        let at = |along: f32, up: f32| place.at(along, 0.0, up);
        let (axle, crank, seat, head) = (at(rear, 0.34), at(-0.05, 0.30), at(-0.18, 0.82), at(0.38, 0.86));
        for (from, to) in [
            (axle, crank),
            (axle, at(-0.16, 0.74)),
            (crank, seat),
            (crank, at(0.40, 0.76)),
            (at(-0.16, 0.76), head),
            (head, at(front, 0.34)),
        ] {
            model.rod(from, to, 0.028, self.frame);
        }
        model.rod(at(-0.28, 0.86), at(-0.10, 0.87), 0.05, TYRE);
        model.rod(place.at(0.40, -0.24, 1.0), place.at(0.40, 0.24, 1.0), 0.022, TYRE);
        model.rod(head, at(0.40, 1.0), 0.025, METAL);
    }

    fn motorcycle_frame(&self, place: &Placement, model: &mut Model) {
        for along in [-0.68, 0.70] {
            wheel(place, along, (0.31, 0.075), model);
        }
        let at = |along: f32, up: f32| place.at(along, 0.0, up);
        model.rod(at(-0.15, 0.42), at(0.25, 0.42), 0.17, METAL.lit(0.7));
        model.cone((at(-0.05, 0.76), 0.15), (at(0.34, 0.84), 0.16), self.frame);
        model.rod(at(-0.62, 0.78), at(-0.05, 0.74), 0.11, TYRE);
        model.cone((at(-0.62, 0.72), 0.09), (at(-0.92, 0.80), 0.05), self.frame);
        model.rod(at(0.45, 0.95), at(0.70, 0.34), 0.045, METAL);
        model.ball(at(0.56, 0.88), 0.12, self.frame);
        model.ball(at(0.64, 0.88), 0.08, Paint::rgb(250, 246, 226));
        model.ball(at(-0.95, 0.74), 0.05, Paint::rgb(210, 36, 32));
        model.rod(place.at(0.42, -0.34, 1.02), place.at(0.42, 0.34, 1.02), 0.03, TYRE);
        model.rod(place.at(-0.2, -0.16, 0.32), place.at(-0.85, -0.18, 0.38), 0.055, METAL);
    }

    fn rider(&self, place: &Placement, travelled_m: f64, model: &mut Model) {
        let engine = self.drive == Drive::Engine;
        let (hip_along, hip_up) = if engine { (-0.28, 0.90) } else { (-0.18, 0.95) };
        let lean = if engine { 0.24 } else { 0.30 };
        let shoulder = (hip_along + lean, hip_up + 0.48);
        for (side, offset) in [(1.0_f32, 0.0), (-1.0, 0.5)] {
            let beside = side * if engine { 0.16 } else { 0.09 };
            let hip = place.at(hip_along, beside, hip_up);
            let (foot, knee) = if engine {
                (place.at(-0.12, beside * 1.1, 0.34), place.at(0.14, beside * 1.3, 0.74))
            } else {
                let (c, s) = direction(offset - travelled_m / 4.2);
                let foot = (-0.05 + 0.17 * c as f32, 0.30 + 0.17 * s as f32);
                // The knee stands ahead of the middle between hip and foot.
                let knee = ((hip_along + foot.0) / 2.0 + 0.24, (hip_up + foot.1) / 2.0 + 0.08);
                (place.at(foot.0, beside, foot.1), place.at(knee.0, beside, knee.1))
            };
            model.cone((hip, 0.10), (knee, 0.075), self.legs);
            model.cone((knee, 0.075), (foot, 0.05), self.legs.lit(0.92));
            model.ball(foot, 0.06, TYRE);
            let shoulder_at = place.at(shoulder.0, side * 0.17, shoulder.1);
            let elbow = place.at(shoulder.0 + 0.10, side * 0.25, shoulder.1 - 0.24);
            let hand = place.at(0.40, side * 0.23, 1.03);
            model.cone((shoulder_at, 0.065), (elbow, 0.055), self.top.lit(0.94));
            model.cone((elbow, 0.052), (hand, 0.045), self.top.lit(0.9));
        }
        let waist = place.at(hip_along, 0.0, hip_up + 0.04);
        for side in [-0.08_f32, 0.08] {
            let chest = place.at(shoulder.0 - 0.03, side, shoulder.1 - 0.06);
            model.cone((waist, 0.13), (chest, 0.13), self.top);
        }
        let head = place.at(shoulder.0 + 0.10, 0.0, shoulder.1 + 0.22);
        model.rod(place.at(shoulder.0, 0.0, shoulder.1), head, 0.055, self.skin);
        model.ball(head, 0.105, self.skin);
        model.ball(place.at(shoulder.0 + 0.075, 0.0, shoulder.1 + 0.255), 0.115, self.head);
    }
}

/// A wheel that stands along the direction of travel; `form` is its radius and half its thickness.
fn wheel(place: &Placement, along: f32, form: (f32, f32), model: &mut Model) {
    const SPOKES: usize = 14;
    let (radius, thick) = form;
    let rim: [Vec3; SPOKES] = std::array::from_fn(|index| {
        let (c, s) = direction(index as f64 / SPOKES as f64);
        place.at(along + (radius - thick) * c as f32, 0.0, radius + (radius - thick) * s as f32)
    });
    for (index, from) in rim.iter().enumerate() {
        model.rod(*from, rim[(index + 1) % SPOKES], thick, TYRE);
    }
    model.ball(place.at(along, 0.0, radius), 0.05, METAL);
}
