//! The empty ground of each scene: pavement, asphalt, grass, markings and, behind the square, a house.

use super::Outlook;
use crate::scene::SceneKind;
use crate::scene::draw::paint::Paint;
use crate::scene::math::smooth;
use crate::scene::rng::{Rng, hash};
use crate::scene::view::View;
use crate::scene::world::{LANES_M, ROWS, SPACE_DEPTH_M, SPACE_WIDTH_M};

/// Beyond this the ground is painted as it is here, metres.
const FARTHEST_M: f64 = 150.0;
/// As far as each side of a street is nearer to the middle than that of the road, metres.
const NARROWER_M: f64 = 3.43;
/// Depth of the house front behind the square, metres.
const HOUSE_M: f64 = 18.0;

const ASPHALT: Paint = Paint::rgb(98, 99, 102);
const CONCRETE: Paint = Paint::rgb(166, 162, 154);
const GRASS: Paint = Paint::rgb(104, 128, 74);
const KERB: Paint = Paint::rgb(188, 186, 180);
const WHITE: Paint = Paint::rgb(228, 228, 222);
const YELLOW: Paint = Paint::rgb(216, 176, 66);

/// What differs between seeds.
pub(super) struct Ground {
    salt: u64,
    lightness: f32,
}

pub(super) fn paint(kind: SceneKind, outlook: Option<&Outlook>, view: &View, rng: &mut Rng) -> Vec<Paint> {
    let ground = Ground { salt: u64::from(rng.next()), lightness: rng.range(0.92, 1.08) as f32 };
    let (width, height) = (view.size.width, view.size.height);
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for row in 0..height {
        for column in 0..width {
            let mut sum = Paint::default();
            for (du, dv) in [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)] {
                let slopes = view.slopes(f64::from(column) + du, f64::from(row) + dv);
                sum = sum.plus(match outlook {
                    Some(outlook) => outlook.seen(&ground, view.height_m(), slopes),
                    None => ground.seen(kind, view.height_m(), slopes),
                });
            }
            pixels.push(sum.lit(0.25 * ground.lightness));
        }
    }
    pixels
}

impl Ground {
    /// The colour in a direction given as metres to the right and up per metre away.
    fn seen(&self, kind: SceneKind, height_m: f64, (right, up): (f64, f64)) -> Paint {
        let away = if up < -1e-3 { (-height_m / up).min(FARTHEST_M) } else { FARTHEST_M };
        if kind == SceneKind::Crossing && away > HOUSE_M {
            return self.house(right * HOUSE_M, height_m + up * HOUSE_M);
        }
        let (x, y) = (right * away, away);
        match kind {
            SceneKind::Crossing | SceneKind::Plaza => self.square(x, y),
            SceneKind::ParkingLot => self.lot(x, y),
            SceneKind::Road => self.road(x, y),
            // The inner half of the road left out makes a street of two lanes.
            SceneKind::Plates => self.road(x + NARROWER_M.copysign(x), y),
        }
    }

    fn square(&self, x: f64, y: f64) -> Paint {
        if y > 16.2 {
            let hedge = y > 17.2;
            return self.grass(x, y).lit(if hedge { 0.8 } else { 1.0 });
        }
        if y > 14.6 {
            return if y < 14.85 { KERB } else { self.grass(x, y) };
        }
        // Slabs in courses, each course shifted by half a slab.
        let course = (y / 0.6).floor();
        let shifted = x / 0.9 + 0.5 * (course / 2.0 - (course / 2.0).floor()) * 2.0;
        let slab = self.cell(shifted.floor(), course);
        let (fx, fy) = ((shifted - shifted.floor()) * 0.9, y - course * 0.6);
        let joint = fx < 0.03 || fy < 0.03;
        let stone = CONCRETE.lit(0.90 + 0.12 * slab as f32 + 0.07 * self.grain(x, y, 9.0));
        if x.abs() < 0.13 {
            return YELLOW.lit(0.92 + 0.1 * self.grain(x, y, 14.0));
        }
        if joint { stone.lit(0.86) } else { stone }
    }

    /// The front of the house: windows between piers above a plinth.
    fn house(&self, x: f64, z: f64) -> Paint {
        let wall = Paint::rgb(176, 142, 116).lit(0.94 + 0.1 * self.grain(x, z, 6.0));
        if z < 0.45 {
            return Paint::rgb(120, 114, 106).lit(0.95 + 0.1 * self.grain(x, z, 5.0));
        }
        let bay = x / 2.6;
        let across = (bay - bay.floor()) * 2.6;
        let door = (self.cell(bay.floor(), 77.0) * 5.0).floor() < 1.0;
        let sill = if door { 0.45 } else { 0.85 };
        if (0.45..2.15).contains(&across) && (sill..2.9).contains(&z) {
            let frame = !(0.53..2.07).contains(&across) || z < sill + 0.08 || (1.27..1.33).contains(&across);
            if frame {
                return Paint::rgb(214, 208, 196);
            }
            return Paint::rgb(70, 84, 96).lit((0.85 + 0.3 * across / 2.0) as f32);
        }
        // Brick courses.
        let course = (z / 0.14).floor();
        if z - course * 0.14 < 0.02 { wall.lit(0.88) } else { wall }
    }

    /// A wall without windows, `x` metres along it and `z` metres up.
    pub(super) fn bricks(&self, x: f64, z: f64, colour: Paint) -> Paint {
        if z < 0.35 {
            return Paint::rgb(120, 114, 106).lit(0.95 + 0.1 * self.grain(x, z, 5.0));
        }
        let course = (z / 0.14).floor();
        let shade = if z - course * 0.14 < 0.02 { 0.9 } else { 1.0 };
        colour.lit(shade * (0.94 + 0.1 * self.grain(x, z, 6.0)))
    }

    fn lot(&self, x: f64, y: f64) -> Paint {
        if !(7.7..26.2).contains(&y) {
            return self.grass(x, y);
        }
        if y > 23.95 {
            return if y < 24.1 { KERB } else { self.slabs(x, y) };
        }
        let mut ground = self.asphalt(x, y);
        for row in ROWS {
            let (dx, dy) = (x + row.spaces as f64 / 2.0 * SPACE_WIDTH_M, y - row.middle_m);
            if dy.abs() < SPACE_DEPTH_M / 2.0 {
                let number = (dx / SPACE_WIDTH_M).round();
                let beside = (dx - number * SPACE_WIDTH_M).abs();
                if beside < 0.06 && number >= 0.0 && number <= row.spaces as f64 {
                    ground = WHITE.lit(0.9 + 0.12 * self.grain(x, y, 7.0));
                }
                // Oil where engines stand.
                let drip = self.cell(number + 0.5, row.middle_m);
                let stain = smooth(
                    0.9,
                    0.2,
                    (dx / SPACE_WIDTH_M - (dx / SPACE_WIDTH_M).floor() - 0.5).abs() * 3.0 + dy.abs() * 0.5,
                );
                ground = ground.lit(1.0 - (0.12 * stain * drip) as f32);
            }
        }
        ground
    }

    fn road(&self, x: f64, y: f64) -> Paint {
        let beside = x.abs();
        if beside > 10.4 {
            return self.grass(x, y);
        }
        if beside > 7.5 {
            return if beside < 7.7 { KERB } else { self.slabs(x, y) };
        }
        let worn = LANES_M.iter().map(|lane| ((x - lane).abs() - 0.8).abs()).fold(9.0, f64::min);
        let ground = self.asphalt(x, y).lit(1.0 - 0.07 * smooth(0.5, 0.0, worn) as f32);
        let dash = (y / 6.0 - (y / 6.0).floor()) < 0.5;
        let middle = (0.08..0.22).contains(&beside);
        let lane = (beside - 3.5).abs() < 0.08 && dash;
        let edge = (beside - 7.05).abs() < 0.08;
        if middle {
            return YELLOW.lit(0.9 + 0.12 * self.grain(x, y, 6.0));
        }
        if lane || edge { WHITE.lit(0.9 + 0.12 * self.grain(x, y, 6.0)) } else { ground }
    }

    fn asphalt(&self, x: f64, y: f64) -> Paint {
        let patch = self.grain(x, y, 0.25) - 0.5;
        ASPHALT.lit(0.94 + 0.10 * patch + 0.14 * self.grain(x, y, 11.0))
    }

    fn slabs(&self, x: f64, y: f64) -> Paint {
        self.flags(x, y, CONCRETE)
    }

    /// Square slabs of some stone.
    pub(super) fn flags(&self, x: f64, y: f64, stone: Paint) -> Paint {
        let (column, row) = ((x / 0.8).floor(), (y / 0.8).floor());
        let joint = x - column * 0.8 < 0.04 || y - row * 0.8 < 0.04;
        let stone = stone.lit(0.9 + 0.1 * self.cell(column, row) as f32 + 0.05 * self.grain(x, y, 8.0));
        if joint { stone.lit(0.88) } else { stone }
    }

    fn grass(&self, x: f64, y: f64) -> Paint {
        let dry = Paint::rgb(134, 134, 84);
        let tuft = 0.78 + 0.22 * self.grain(x, y, 5.0) + 0.2 * self.grain(x, y, 17.0);
        GRASS.mixed(dry, 0.8 * self.grain(x, y, 0.35)).lit(tuft)
    }

    /// A value of 0..1 for a cell of a grid.
    fn cell(&self, column: f64, row: f64) -> f64 {
        let key = (column as i64 as u64).wrapping_mul(0x9E37_79B1) ^ ((row as i64 as u64) << 32) ^ self.salt;
        (hash(key) >> 40) as f64 / 16_777_216.0
    }

    /// Smooth random values of 0..1, `per_metre` of them a metre (value noise).
    fn grain(&self, x: f64, y: f64, per_metre: f64) -> f32 {
        let (x, y) = (x * per_metre, y * per_metre);
        let (left, near) = (x.floor(), y.floor());
        let (sx, sy) = (smooth(0.0, 1.0, x - left), smooth(0.0, 1.0, y - near));
        let at = |dx: f64, dy: f64| self.cell(left + dx, near + dy + 7000.0 * per_metre);
        let low = at(0.0, 0.0) + (at(1.0, 0.0) - at(0.0, 0.0)) * sx;
        let high = at(0.0, 1.0) + (at(1.0, 1.0) - at(0.0, 1.0)) * sx;
        (low + (high - low) * sy) as f32
    }
}
