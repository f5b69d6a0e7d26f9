//! The plaza's ground, walls and furniture, as one of its cameras sees them.

use super::Prop;
use super::ground::Ground;
use super::props::{column, planter, tree};
use crate::scene::draw::paint::Paint;
use crate::scene::plaza::{COLUMN, Camera, Court, GATE_HALF_M, Layout, PLANTER, TREE};
use crate::scene::rng::Rng;
use crate::scene::standpoint::Standpoint;

/// What a camera has before it.
#[derive(Debug, Clone)]
pub(in crate::scene) struct Outlook {
    pub(in crate::scene) standpoint: Standpoint,
    pub(in crate::scene) court: Court,
    number: usize,
    /// Middles of the gates of the court.
    gates: Vec<(f64, f64)>,
}

/// How high gates are, metres.
const GATE_HIGH_M: f64 = 2.5;
const WALLS: [Paint; 4] = [
    Paint::rgb(176, 142, 116),
    Paint::rgb(192, 184, 168),
    Paint::rgb(152, 128, 118),
    Paint::rgb(168, 160, 132),
];
const STONES: [Paint; 3] = [Paint::rgb(166, 162, 154), Paint::rgb(158, 150, 140), Paint::rgb(150, 154, 158)];

impl Outlook {
    pub(in crate::scene) fn new(layout: &Layout, camera: Camera) -> Outlook {
        let Camera { court, standpoint } = camera;
        let gates = layout.gates_of(court).map(|gate| layout.gates[gate].at).collect();
        Outlook { standpoint, court: layout.courts[court], number: court, gates }
    }

    /// How far away the wall is in the direction of `right` metres a metre away, and which wall it is, 0 to 3.
    fn wall(&self, right: f64) -> (f64, usize) {
        let Standpoint { at, .. } = self.standpoint;
        let (x, y) = self.standpoint.on_map((right, 1.0));
        let (dx, dy) = (x - at.0, y - at.1);
        let reach = |from: f64, step: f64, middle: f64, half: f64| {
            if step.abs() < 1e-9 { f64::INFINITY } else { (middle + half * step.signum() - from) / step }
        };
        let across = reach(at.0, dx, self.court.middle.0, self.court.half.0);
        let along = reach(at.1, dy, self.court.middle.1, self.court.half.1);
        if across < along { (across, usize::from(dx > 0.0)) } else { (along, 2 + usize::from(dy > 0.0)) }
    }

    /// The colour in a direction given as metres to the right and up per metre away.
    pub(super) fn seen(&self, ground: &Ground, height_m: f64, (right, up): (f64, f64)) -> Paint {
        let (wall_m, wall) = self.wall(right);
        let ground_m = if up < -1e-3 { -height_m / up } else { f64::INFINITY };
        if ground_m < wall_m {
            let (x, y) = self.standpoint.on_map((right * ground_m, ground_m));
            return self.paved(ground, x, y);
        }
        let (x, y) = self.standpoint.on_map((right * wall_m, wall_m));
        let (high, sideways) = (height_m + up * wall_m, wall >= 2);
        let along = if sideways { x } else { y };
        let is_open = self.gates.iter().any(|(gx, gy)| {
            let (beside, before) = if sideways { (x - gx, y - gy) } else { (y - gy, x - gx) };
            beside.abs() < GATE_HALF_M && before.abs() < 0.01
        });
        if is_open && high < GATE_HIGH_M {
            return Paint::rgb(74, 72, 70).lit(0.8 + 0.1 * high as f32);
        }
        let wall = (self.number * 4 + wall) % WALLS.len();
        ground.bricks(along + 31.0 * wall as f64, high, WALLS[wall])
    }

    fn paved(&self, ground: &Ground, x: f64, y: f64) -> Paint {
        let Court { middle, half } = self.court;
        let to_wall = (half.0 - (x - middle.0).abs()).min(half.1 - (y - middle.1).abs());
        let stone = ground.flags(x, y, STONES[self.number % STONES.len()]);
        // A darker course along the walls, and one around the middle.
        let band = (0.55..0.8).contains(&to_wall) || (3.4..3.6).contains(&to_wall);
        if band { stone.lit(0.8) } else { stone }
    }
}

/// What stands in the court, in the camera's frame.
pub(super) fn props(outlook: &Outlook, rng: &mut Rng) -> Vec<Prop> {
    let at = |(x, y, _): (f64, f64, f64)| outlook.court.place((x, y));
    let single = |(x, y): (f64, f64)| (x as f32, y as f32);
    let things =
        [tree(at(TREE), 2.7, rng), column(single(at(COLUMN)), rng), planter(single(at(PLANTER)), rng)];
    things
        .into_iter()
        .zip([TREE, COLUMN, PLANTER])
        .map(|(mut prop, place)| {
            outlook.standpoint.bring(&mut prop.model);
            let depth_m = outlook.standpoint.seen_at(at(place)).1 as f32;
            Prop { depth_m, ..prop }
        })
        .collect()
}
