//! People on foot.

use super::{CLOTHES, HAIR, Motion, SKINS, TROUSERS, tinted};
use crate::scene::draw::model::Model;
use crate::scene::draw::paint::Paint;
use crate::scene::math::{direction, wave};
use crate::scene::rng::Rng;

/// Metres of one full stride, both legs, of a person of 1.75 m.
const STRIDE_M: f64 = 1.5;

/// What one person looks like.
#[derive(Debug, Clone)]
pub(in crate::scene) struct Person {
    pub(super) height_m: f32,
    pub(super) girth: f32,
    pub(super) top: Paint,
    pub(super) legs: Paint,
    /// Of the skin's colour where sleeves are short.
    pub(super) forearms: Paint,
    /// Of the skin's colour below short trousers.
    pub(super) shins: Paint,
    pub(super) skin: Paint,
    pub(super) hair: Paint,
    pub(super) hat: Option<Paint>,
    pub(super) carries: Carries,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Carries {
    Nothing,
    Backpack(Paint),
    Bag(Paint),
    Coat,
}

impl Person {
    pub(in crate::scene) fn random(rng: &mut Rng) -> Person {
        let top = tinted(rng, &CLOTHES);
        let carries = match rng.below(8) {
            0 | 1 => Carries::Backpack(tinted(rng, &CLOTHES)),
            2 => Carries::Bag(tinted(rng, &TROUSERS)),
            3 => Carries::Coat,
            _ => Carries::Nothing,
        };
        let (height_m, girth) = (rng.range(1.58, 1.92) as f32, rng.range(0.9, 1.18) as f32);
        let legs = tinted(rng, &TROUSERS);
        Person {
            height_m,
            girth,
            top,
            legs,
            forearms: top,
            shins: legs,
            skin: rng.pick(&SKINS),
            hair: rng.pick(&HAIR),
            hat: None,
            carries,
        }
    }

    pub(in crate::scene) fn build(&self, motion: &Motion, model: &mut Model) {
        let place = &motion.place;
        let size = self.height_m / 1.75;
        let girth = self.girth * size;
        let phase = f64::from(motion.travelled_m) / (STRIDE_M * f64::from(size));
        let swing = (motion.speed_mps / 1.2).clamp(0.0, 1.0);
        let step = wave(phase) as f32 * swing;
        let bob = (wave(2.0 * phase + 0.25) as f32 * 0.02 - 0.02) * swing;
        let hip = (0.92 + bob) * size;
        let shoulder = (1.42 + bob) * size;

        for (side, ahead) in [(1.0_f32, step), (-1.0, -step)] {
            let beside = side * 0.095 * girth;
            let knee = (0.20 * ahead + 0.06 * swing) * size;
            let foot = 0.36 * ahead * size;
            let lift = 0.10 * (-ahead).max(0.0) * size;
            let hip_at = place.at(0.0, beside, hip);
            let knee_at = place.at(knee, beside, 0.50 * size);
            let foot_at = place.at(foot, beside, 0.07 * size + lift);
            model.cone((hip_at, 0.10 * girth), (knee_at, 0.075 * girth), self.legs);
            model.cone((knee_at, 0.075 * girth), (foot_at, 0.055 * girth), self.shins.lit(0.92));
            let toe = place.at(foot + 0.14 * size, beside, 0.045 * size + lift);
            model.rod(foot_at, toe, 0.045 * size, Paint::rgb(44, 38, 36));

            let hand_ahead = -0.28 * ahead * size;
            let arm_side = side * 0.22 * girth;
            let shoulder_at = place.at(0.0, side * 0.17 * girth, shoulder - 0.04 * size);
            let elbow_at = place.at(0.4 * hand_ahead, arm_side, 1.13 * size);
            let hand_at = place.at(hand_ahead + 0.06 * size, arm_side, 0.88 * size);
            model.cone((shoulder_at, 0.065 * girth), (elbow_at, 0.055 * girth), self.top.lit(0.94));
            model.cone((elbow_at, 0.052 * girth), (hand_at, 0.042 * girth), self.forearms.lit(0.9));
            model.ball(hand_at, 0.045 * size, self.skin);
        }
        let waist = place.at(0.0, 0.0, hip + 0.04 * size);
        for side in [-0.075_f32, 0.075] {
            let chest = place.at(0.015, side * girth, shoulder - 0.10 * size);
            model.cone((waist, 0.125 * girth), (chest, 0.125 * girth), self.top);
        }
        match self.carries {
            Carries::Nothing => {}
            Carries::Backpack(paint) => {
                let (low, high) = (place.at(-0.19, 0.0, 1.08 * size), place.at(-0.18, 0.0, 1.30 * size));
                model.rod(low, high, 0.13, paint);
            }
            Carries::Bag(paint) => {
                let (a, b) = (place.at(-0.1, 0.27, 0.70 * size), place.at(0.12, 0.27, 0.70 * size));
                model.rod(a, b, 0.10, paint);
            }
            Carries::Coat => {
                model.cone((waist, 0.15 * girth), (place.at(0.0, 0.0, 0.55 * size), 0.19 * girth), self.top);
            }
        }
        let neck = place.at(0.02, 0.0, shoulder + 0.04 * size);
        let head = place.at(0.03, 0.0, 1.63 * size + bob);
        model.rod(neck, head, 0.055 * size, self.skin.lit(0.9));
        model.ball(head, 0.105 * size, self.skin);
        model.ball(place.at(-0.005, 0.0, 1.665 * size + bob), 0.107 * size, self.hair);
        if let Some(hat) = self.hat {
            model.ball(place.at(0.0, 0.0, 1.695 * size + bob), 0.125 * size, hat);
            let (back, brim) =
                (place.at(0.06, 0.0, 1.67 * size + bob), place.at(0.17, 0.0, 1.66 * size + bob));
            model.rod(back, brim, 0.05 * size, hat.lit(0.9));
        }

        // A standing body shades the ground right under it, whatever the sun does.
        model.footprint.extend((0..8).map(|corner| {
            let (c, s) = direction(f64::from(corner) / 8.0);
            place.at(0.24 * c as f32, 0.24 * s as f32, 0.0)
        }));
    }
}
