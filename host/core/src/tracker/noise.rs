//! How much boxes tremble and how suddenly objects turn, learnt from the boxes themselves.

use super::common::significant;
use super::kalman::Noise;
use super::motion::CameraMotion;
use crate::geometry::Rect;

/// Boxes of one object in frames that follow each other, the latest last: centre x, centre y, width, height.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trail {
    boxes: [[f32; 4]; 4],
    count: u8,
}

/// Two changes of speed in a row, in pixels, as far as they are believed.
#[derive(Debug, Clone, Copy)]
struct Turns {
    before: [f32; 4],
    now: [f32; 4],
    /// What pixels are a share of: the width for x and width, the height for y and height.
    sizes: [f32; 4],
}

impl Trail {
    /// Adds the box of a frame.
    pub(super) fn add(&mut self, rect: &Rect) {
        let centre = rect.centre();
        self.boxes.rotate_left(1);
        self.boxes[3] = [centre.x, centre.y, rect.width, rect.height];
        self.count = (self.count + 1).min(4);
    }

    /// Begins anew, since the object was out of sight.
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Goes where the camera's motion puts it.
    pub(super) fn follow_camera(&mut self, motion: &CameraMotion) {
        let scale = motion.scale();
        for [x, y, width, height] in &mut self.boxes {
            (*x, *y) = motion.place(*x, *y);
            (*width, *height) = (*width * scale, *height * scale);
        }
    }

    /// The last two changes of speed.
    fn turns(&self) -> Option<Turns> {
        if self.count < 4 {
            return None;
        }
        let [a, b, c, d] = &self.boxes;
        let sizes = [d[2], d[3], d[2], d[3]];
        let turn = |from: &[f32; 4], at: &[f32; 4], to: &[f32; 4]| {
            std::array::from_fn(|lane| {
                let most = LARGEST * sizes[lane];
                ((to[lane] - at[lane]) - (at[lane] - from[lane])).clamp(-most, most)
            })
        };
        Some(Turns { before: turn(a, b, c), now: turn(b, c, d), sizes })
    }
}

/// The noise of one camera.
///
/// An object at x is measured at z = x + e, where e is the detector's trembling of variance r, and the speed of x
/// changes by a variance q each frame. The second differences of z then have the variance q + 6r, and those of
/// two frames in a row the covariance −4r, to which q adds nothing (noise identification by correlation, as in
/// Bar-Shalom, Li and Kirubarajan, "Estimation with Applications to Tracking and Navigation", 2001). So both
/// follow from sums over what was seen, without a setting: boxes that lie exactly are followed exactly, boxes that
/// tremble are smoothed. What all boxes did together was the camera; that is no trembling and counts as a turn.
#[derive(Debug, Clone)]
pub(super) struct LearntNoise {
    /// Sums of squares of changes of speed, and of products of two in a row, as shares of the box.
    squares: [f64; 4],
    products: [f64; 4],
    weight: f64,
    /// Those of the frame under way.
    turns: Vec<Turns>,
    values: Vec<f32>,
    noise: Noise,
}

/// The largest change of speed that is believed, as a share of the box.
const LARGEST: f32 = 0.3;
/// What is assumed before anything was seen, as shares of the box, and the weight of that in sightings.
const TREMBLE: f64 = 0.04;
const TURN: f64 = 0.02;
const PRIOR: f64 = 300.0;
/// Sightings after which half the past is forgotten, so that a change of light or lens shows.
const MEMORY: f64 = 20_000.0;
/// Neither is believed to be below this share of the box: a pixel of a box of some hundreds.
const LEAST: f64 = 2e-3;

impl Default for LearntNoise {
    fn default() -> LearntNoise {
        let (r, q) = (TREMBLE * TREMBLE, TURN * TURN);
        let mut learnt = LearntNoise {
            squares: [PRIOR * (q + 6.0 * r); 4],
            products: [PRIOR * -4.0 * r; 4],
            weight: PRIOR,
            turns: Vec::new(),
            values: Vec::new(),
            noise: Noise::WIDTH,
        };
        learnt.settle();
        learnt
    }
}

impl LearntNoise {
    /// Takes in what an object did last.
    pub(super) fn learn(&mut self, trail: &Trail) {
        self.turns.extend(trail.turns());
    }

    /// The noise after all that was learnt.
    pub(super) fn noise(&self) -> &Noise {
        &self.noise
    }

    /// Draws the conclusion, once a frame.
    pub(super) fn settle(&mut self) {
        for lane in 0..4 {
            self.sum_up(lane);
        }
        self.weight += self.turns.len() as f64;
        self.turns.clear();
        if self.weight > MEMORY {
            self.squares.iter_mut().chain(&mut self.products).for_each(|sum| *sum /= 2.0);
            self.weight /= 2.0;
        }
        for lane in 0..4 {
            let (square, product) = (self.squares[lane] / self.weight, self.products[lane] / self.weight);
            let tremble = (-product / 4.0).max(LEAST * LEAST);
            let turn = (square - 6.0 * tremble).max(LEAST * LEAST);
            let (tremble, turn) = (tremble.sqrt() as f32, turn.sqrt() as f32);
            self.noise.measured[lane] = tremble;
            self.noise.start_position[lane] = tremble;
            // A speed that changes evenly over the frame moves the place by half of it.
            self.noise.position[lane] = turn / 2.0;
            self.noise.velocity[lane] = turn;
        }
    }

    fn sum_up(&mut self, lane: usize) {
        let (before, now) = if lane < 2 {
            (self.common(|turns| turns.before[lane]), self.common(|turns| turns.now[lane]))
        } else {
            (0.0, 0.0)
        };
        for turns in &self.turns {
            let share = |pixels: f32| f64::from(pixels / turns.sizes[lane]);
            self.squares[lane] += share(turns.now[lane]) * share(turns.now[lane]);
            self.products[lane] += share(turns.now[lane] - now) * share(turns.before[lane] - before);
        }
    }

    /// What all did together.
    fn common(&mut self, of: impl Fn(&Turns) -> f32) -> f32 {
        self.values.clear();
        self.values.extend(self.turns.iter().map(of));
        significant(&mut self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is learnt of 20 objects of 50 × 100 px that go straight on and tremble by `tremble` pixels, in a picture
    /// that shakes by `shake` pixels.
    fn learnt(tremble: f32, shake: f32) -> Noise {
        let mut seed = 9_u64;
        let mut draw = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut learnt = LearntNoise::default();
        let mut trails = [Trail::default(); 20];
        for frame in 0..800_u16 {
            let shaken = shake * draw();
            for (trail, object) in trails.iter_mut().zip(0_u8..) {
                let x = f32::from(frame) * 2.0 + f32::from(object) * 70.0 + shaken + tremble * draw();
                trail.add(&Rect::new(x, 40.0, 50.0, 100.0));
                learnt.learn(trail);
            }
            learnt.settle();
        }
        *learnt.noise()
    }

    #[test]
    fn trembling_is_learnt_as_it_is() {
        // The deviation of what is even over ±3 px is √3 px, of a width of 50.
        let noise = learnt(3.0, 0.0);
        assert!((noise.measured[0] - 3.0_f32.sqrt() / 50.0).abs() < 0.006, "{noise:?}");
        assert!(noise.measured[1] < 0.01 && noise.velocity[0] < 0.03, "{noise:?}");
        let exact = learnt(0.0, 0.0);
        assert!(exact.measured[0] < 0.01 && exact.velocity[0] < 0.01, "{exact:?}");
    }

    #[test]
    fn a_camera_that_shakes_is_not_taken_for_a_trembling_detector() {
        let noise = learnt(0.5, 4.0);
        assert!(noise.measured[0] < 0.02 && noise.velocity[0] > 0.06, "{noise:?}");
    }
}
