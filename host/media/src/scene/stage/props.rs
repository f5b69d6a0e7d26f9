//! Columns, trees, lamps: things that stand still and may hide others.

use super::Prop;
use crate::scene::SceneKind;
use crate::scene::draw::model::Model;
use crate::scene::draw::paint::Paint;
use crate::scene::math::{Vec3, direction};
use crate::scene::rng::Rng;

const BARK: Paint = Paint::rgb(92, 74, 58);
const STEEL: Paint = Paint::rgb(96, 100, 106);

pub(super) fn props(kind: SceneKind, rng: &mut Rng) -> Vec<Prop> {
    match kind {
        SceneKind::Crossing => {
            vec![
                column((3.6, 7.6), rng),
                tree((-5.0, 6.9), 2.7, rng),
                post((0.0, 14.2)),
                planter((6.4, 14.9), rng),
            ]
        }
        // Its furniture stands on the map: see `plaza`.
        SceneKind::Plaza => Vec::new(),
        SceneKind::ParkingLot => {
            let mut props: Vec<Prop> = (-3..=3_i16)
                .map(|index| tree((f64::from(index) * 6.4 + rng.range(-1.0, 1.0), 28.2), 1.6, rng))
                .collect();
            props.extend([lamp((-14.2, 23.9)), lamp((14.2, 23.9))]);
            props
        }
        SceneKind::Road => {
            let mut props = Vec::new();
            for index in 0..4_i16 {
                let y = 17.0 + 9.5 * f64::from(index);
                props.push(tree((-12.6 + rng.range(-0.5, 0.5), y + rng.range(-1.5, 1.5)), 1.9, rng));
                props.push(tree((12.8 + rng.range(-0.5, 0.5), y + rng.range(-1.5, 1.5)), 1.9, rng));
            }
            props.extend([lamp((-7.9, 30.0)), lamp((7.9, 22.0))]);
            props
        }
        SceneKind::Plates => {
            let mut props = Vec::new();
            for (x, y) in [(-8.4, 19.0), (8.7, 17.5), (-8.6, 27.0), (8.4, 25.5)] {
                props.push(tree((x + rng.range(-0.4, 0.4), y + rng.range(-1.0, 1.0)), 1.9, rng));
            }
            props.extend([lamp((-4.5, 22.0)), lamp((4.5, 16.0))]);
            props
        }
    }
}

/// An advertising column: a round body with a roof and two posters.
pub(super) fn column((x, y): (f32, f32), rng: &mut Rng) -> Prop {
    const SIDES: usize = 14;
    let radius = 0.58_f32;
    let at = |side: f64, wider: f32, up: f32| {
        let (c, s) = direction(side / SIDES as f64);
        Vec3::new(x + radius * wider * c as f32, y + radius * wider * s as f32, up)
    };
    let body = Paint::rgb(96, 116, 104);
    let posters = [
        Paint::rgb(214, 196, 150),
        Paint::rgb(176, 92, 76),
        Paint::rgb(112, 146, 170),
        Paint::rgb(224, 224, 216),
    ];
    let first = rng.below(posters.len());
    let mut model = Model::default();
    for side in 0..SIDES {
        let (a, b) = (side as f64, side as f64 + 1.0);
        let poster = posters[(first + side / 3) % posters.len()];
        for (low, high, paint) in [(0.0, 0.5, body), (0.5, 2.6, poster), (2.6, 2.9, body)] {
            model.face(&[at(a, 1.0, low), at(b, 1.0, low), at(b, 1.0, high), at(a, 1.0, high)], paint);
        }
        model.face(&[at(a, 1.2, 2.9), at(b, 1.2, 2.9), at(b, 0.3, 3.35), at(a, 0.3, 3.35)], body.lit(0.85));
    }
    model.ball(Vec3::new(x, y, 3.4), 0.16, body.lit(0.9));
    Prop { model, depth_m: y }
}

/// A tree whose leaves begin at `trunk_m` metres.
pub(super) fn tree((x, y): (f64, f64), trunk_m: f32, rng: &mut Rng) -> Prop {
    let (x, y) = (x as f32, y as f32);
    let mut model = Model::default();
    model.cone((Vec3::new(x, y, 0.0), 0.2), (Vec3::new(x, y, trunk_m + 0.6), 0.12), BARK);
    let leaves = Paint::rgb(74, 112, 58).mixed(Paint::rgb(116, 126, 60), rng.range(0.0, 1.0) as f32);
    for _ in 0..26 {
        let (c, s) = direction(rng.range(0.0, 1.0));
        let (out, up) = (rng.range(0.0, 0.95), rng.range(0.1, 1.9));
        let centre = Vec3::new(x + (out * c) as f32, y + (out * s) as f32, trunk_m + up as f32);
        model.ball(centre, rng.range(0.32, 0.6) as f32, leaves.lit(rng.range(0.72, 1.12) as f32));
    }
    Prop { model, depth_m: y }
}

/// A slim gate post.
fn post((x, y): (f32, f32)) -> Prop {
    let mut model = Model::default();
    model.rod(Vec3::new(x, y, 0.0), Vec3::new(x, y, 1.1), 0.07, Paint::rgb(214, 172, 60));
    model.ball(Vec3::new(x, y, 1.15), 0.1, Paint::rgb(60, 60, 62));
    Prop { model, depth_m: y }
}

fn lamp((x, y): (f32, f32)) -> Prop {
    let mut model = Model::default();
    model.rod(Vec3::new(x, y, 0.0), Vec3::new(x, y, 5.2), 0.07, STEEL);
    model.rod(Vec3::new(x, y, 5.2), Vec3::new(x - 0.9 * x.signum(), y, 5.35), 0.06, STEEL);
    Prop { model, depth_m: y }
}

/// A tub with a shrub.
pub(super) fn planter((x, y): (f32, f32), rng: &mut Rng) -> Prop {
    let mut model = Model::default();
    let ring = |up: f32| {
        [(-0.9, -0.4), (0.9, -0.4), (0.9, 0.4), (-0.9, 0.4)].map(|(dx, dy)| Vec3::new(x + dx, y + dy, up))
    };
    let ([a, b, c, d], [e, f, g, h]) = (ring(0.0), ring(0.5));
    let clay = Paint::rgb(142, 96, 72);
    model.block(&[a, b, c, d, e, f, g, h], clay, clay.lit(0.6));
    for _ in 0..14 {
        let at = Vec3::new(
            x + rng.range(-0.7, 0.7) as f32,
            y + rng.range(-0.25, 0.25) as f32,
            rng.range(0.6, 0.95) as f32,
        );
        model.ball(at, 0.2, Paint::rgb(80, 118, 62).lit(rng.range(0.75, 1.1) as f32));
    }
    Prop { model, depth_m: y }
}
