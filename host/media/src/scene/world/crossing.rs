//! People and bicycles on a square with a gate line at x = 0. Some turn back before, on or after it.

use super::{Actor, Path, class};
use crate::scene::look::{Look, cycle::Cycle, person::Person};
use crate::scene::rng::Rng;

/// The square is lived in from the first frame on.
const WARM_UP_S: f64 = 25.0;
/// More would only hide each other.
const MAX_ACTORS: usize = 14;
/// Closer together than this, metres, bodies would touch.
const ELBOW_ROOM_M: f64 = 0.75;
/// Nobody is hidden by another within this distance of the gate, metres.
const GATE_M: f64 = 1.6;
/// Nobody is this near to the gate at every full half minute, so that a clip of usual length cuts no
/// passage in two.
const QUIET_M: f64 = 0.9;
const QUIET_EVERY_S: f64 = 30.0;
/// How long before and after.
const QUIET_S: f64 = 1.0;

#[derive(Debug)]
pub(in crate::scene) struct Crossing {
    rng: Rng,
    next_s: f64,
    arrivals: u64,
    ids: u64,
    pub(super) actors: Vec<Actor>,
}

/// What someone does about the gate.
#[derive(Debug, Clone, Copy)]
enum Way {
    Through,
    /// Turns back at this many metres past the gate; negative: before it.
    Back(f64),
}

impl Crossing {
    pub(super) fn new(seed: u64) -> Crossing {
        Crossing { rng: Rng::new(seed, 11), next_s: -WARM_UP_S, arrivals: 0, ids: 0, actors: Vec::new() }
    }

    pub(super) fn advance(&mut self, to_s: f64) {
        while self.next_s <= to_s {
            let now = self.next_s;
            self.actors.retain(|actor| actor.path.end_s() >= now);
            self.next_s += if self.arrive(now) { self.rng.range(1.6, 3.8) } else { 0.5 };
        }
        self.actors.retain(|actor| actor.path.end_s() >= to_s);
    }

    /// Lets the next one come, unless nobody finds a free way.
    fn arrive(&mut self, now: f64) -> bool {
        if self.actors.len() >= MAX_ACTORS {
            return false;
        }
        let bicycle = self.arrivals % 5 == 3;
        for _ in 0..24 {
            let path = if bicycle { self.ride(now) } else { self.walk(now) };
            let alone = self.actors.iter().all(|other| keeps_clear(&path, &other.path));
            if alone && leaves_quiet(&path) {
                let rng = &mut self.rng;
                let (class, look) = if bicycle {
                    (class::BICYCLE, Look::Cycle(Cycle::bicycle(rng)))
                } else {
                    (class::PERSON, Look::Person(Person::random(rng)))
                };
                self.ids += 1;
                self.arrivals += 1;
                self.actors.push(Actor { id: self.ids, class, look, path });
                return true;
            }
        }
        false
    }

    fn walk(&mut self, now: f64) -> Path {
        let rng = &mut self.rng;
        let (y, drift) =
            if rng.chance(0.2) { (rng.range(6.1, 6.5), 0.05) } else { (rng.range(9.0, 13.3), 0.7) };
        let end_y = (y + rng.range(-drift, drift)).clamp(6.05, 13.4);
        let end_y = if y > 8.0 { end_y.max(8.9) } else { end_y };
        let speed = rng.range(1.05, 1.6);
        let way = match self.arrivals % 12 {
            2 => Way::Back(-rng.range(0.9, 2.6)),
            6 => Way::Back(rng.range(0.75, 1.0)),
            10 => Way::Back(rng.range(1.3, 2.8)),
            _ => Way::Through,
        };
        let from = if rng.chance(0.5) { 1.0 } else { -1.0 };
        let mut path = Path::standing(now, (from * edge(y), y), (-from, 0.0));
        match way {
            Way::Through if rng.chance(0.15) => {
                // Stops to look around, well away from the gate.
                let stop = from * rng.range(2.2, 3.0) * if rng.chance(0.5) { 1.0 } else { -1.0 };
                path.go((stop, y), speed);
                path.turn(rng.range(0.8, 2.5), (-from, 0.0));
                path.go((-from * edge(end_y), end_y), speed);
            }
            Way::Through => path.go((-from * edge(end_y), end_y), speed),
            Way::Back(past) => {
                let middle = (y + end_y) / 2.0;
                path.go((-from * past, middle), speed);
                path.turn(rng.range(0.7, 1.8), (from, 0.0));
                path.go((from * edge(end_y), end_y), speed);
            }
        }
        path
    }

    fn ride(&mut self, now: f64) -> Path {
        let rng = &mut self.rng;
        let y = rng.range(9.2, 13.0);
        let from = if rng.chance(0.5) { 1.0 } else { -1.0 };
        let out = edge(y) + 1.0;
        let mut path = Path::standing(now, (from * out, y), (-from, 0.0));
        path.go((-from * out, (y + rng.range(-0.4, 0.4)).clamp(9.1, 13.2)), rng.range(2.8, 4.2));
        path
    }
}

/// How far from the middle someone at depth `y` is out of every picture's sight.
fn edge(y: f64) -> f64 {
    0.75 * (0.85 * y + 3.5) + 1.0
}

/// Whether the gate is free of this one at every full half minute.
fn leaves_quiet(path: &Path) -> bool {
    let mut now = path.start_s();
    while now < path.end_s() {
        let from_half_minute = (now - (now / QUIET_EVERY_S).round() * QUIET_EVERY_S).abs();
        if from_half_minute < QUIET_S && path.place(now).0.abs() < QUIET_M {
            return false;
        }
        now += 0.1;
    }
    true
}

/// Whether two may move so: bodies never touch, nobody hides another near the gate, and nobody stays
/// behind another for long.
fn keeps_clear(new: &Path, other: &Path) -> bool {
    const STEP_S: f64 = 0.1;
    let end = new.end_s().min(other.end_s());
    let mut hidden_s = 0.0;
    let mut now = new.start_s().max(other.start_s());
    while now < end {
        let ((ax, ay), (bx, by)) = (new.place(now), other.place(now));
        let (dx, dy) = (ax - bx, ay - by);
        if dx * dx + dy * dy < ELBOW_ROOM_M * ELBOW_ROOM_M {
            return false;
        }
        // Both seen from the camera, at the nearer one's depth.
        let (a_seen, b_seen) = (ax / (0.85 * ay + 3.5), bx / (0.85 * by + 3.5));
        let apart = (a_seen - b_seen).abs() * (0.85 * ay.min(by) + 3.5);
        if apart < 0.9 && dy.abs() < 3.5 {
            if ax.abs() < GATE_M || bx.abs() < GATE_M {
                return false;
            }
            hidden_s += STEP_S;
        }
        now += STEP_S;
    }
    hidden_s < 2.2
}
