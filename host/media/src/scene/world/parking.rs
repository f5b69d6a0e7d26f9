//! A parking lot: an aisle between two rows of spaces. One car manoeuvres at a time.

use super::{Actor, Path, class};
use crate::scene::look::{Look, person::Person, vehicle::Vehicle};
use crate::scene::math::direction;
use crate::scene::rng::Rng;

pub(in crate::scene) const SPACE_WIDTH_M: f64 = 2.8;
pub(in crate::scene) const SPACE_DEPTH_M: f64 = 4.9;

/// A row of spaces beside each other.
#[derive(Debug, Clone, Copy)]
pub(in crate::scene) struct Row {
    /// Names are this letter and a number from 1.
    pub(in crate::scene) letter: char,
    /// How many.
    pub(in crate::scene) spaces: usize,
    /// Depth of the spaces' middle, metres away from the camera.
    pub(in crate::scene) middle_m: f64,
    /// Where the aisle is, seen from the row: -1 nearer to the camera, 1 farther.
    aisle: f64,
    /// Depth at which cars of this row drive along the aisle.
    lane_m: f64,
}

/// The far row and the near row.
pub(in crate::scene) const ROWS: [Row; 2] = [
    Row { letter: 'A', spaces: 8, middle_m: 21.3, aisle: -1.0, lane_m: 15.6 },
    Row { letter: 'B', spaces: 6, middle_m: 11.0, aisle: 1.0, lane_m: 16.7 },
];

impl Row {
    /// The middle of a space across the view, in metres.
    pub(in crate::scene) fn across_m(&self, space: usize) -> f64 {
        (space as f64 - (self.spaces as f64 - 1.0) / 2.0) * SPACE_WIDTH_M
    }
}

/// Where cars come into being and vanish: out of every picture's sight.
const EDGE_M: f64 = 24.0;
/// Radius of the turn into a space.
const TURN_M: f64 = 4.4;
const STEP_S: f64 = 0.1;
/// A car stops covering its space's middle about when its own middle is this far from it.
const LEFT_M: f64 = 2.5;

#[derive(Debug)]
pub(in crate::scene) struct Parking {
    rng: Rng,
    next_s: f64,
    next_walker_s: f64,
    ids: u64,
    spaces: Vec<Space>,
    pub(super) actors: Vec<Actor>,
}

/// One space and who is in it.
#[derive(Debug, Clone, Copy)]
struct Space {
    row: usize,
    across_m: f64,
    taken: Option<Taken>,
}

/// A car in a space, or on its way in or out.
#[derive(Debug, Clone, Copy)]
struct Taken {
    car: u64,
    stands_from_s: f64,
    gone_from_s: f64,
}

impl Parking {
    pub(super) fn new(seed: u64) -> Parking {
        let mut lot = Parking {
            rng: Rng::new(seed, 13),
            next_s: 0.0,
            next_walker_s: -15.0,
            ids: 0,
            spaces: Vec::new(),
            actors: Vec::new(),
        };
        for (number, row) in ROWS.iter().enumerate() {
            for space in 0..row.spaces {
                lot.spaces.push(Space { row: number, across_m: row.across_m(space), taken: None });
            }
        }
        let share = lot.rng.range(0.35, 0.7);
        for space in 0..lot.spaces.len() {
            if lot.rng.chance(share) {
                lot.park_at_start(space);
            }
        }
        lot.next_s = lot.rng.range(0.5, 3.0);
        lot
    }

    pub(super) fn advance(&mut self, to_s: f64) {
        loop {
            if self.next_s.min(self.next_walker_s) > to_s {
                break;
            }
            if self.next_walker_s < self.next_s {
                self.stroll(self.next_walker_s);
            } else {
                self.manoeuvre(self.next_s);
            }
        }
        self.clear_spaces(to_s);
        let spaces = &self.spaces;
        self.actors.retain(|actor| {
            let parked = spaces.iter().any(|space| {
                space.taken.is_some_and(|taken| taken.car == actor.id && taken.gone_from_s.is_infinite())
            });
            parked || actor.path.end_s() >= to_s
        });
    }

    pub(super) fn occupancy(&self, at_s: f64) -> Vec<bool> {
        let stands = |taken: Taken| taken.stands_from_s <= at_s && at_s < taken.gone_from_s;
        self.spaces.iter().map(|space| space.taken.is_some_and(stands)).collect()
    }

    fn park_at_start(&mut self, space: usize) {
        let Space { row, across_m, .. } = self.spaces[space];
        let row = ROWS[row];
        let offset = self.rng.range(-0.12, 0.12);
        let path = Path::standing(-1.0, (across_m + offset, row.middle_m), (0.0, -row.aisle));
        let car = self.add_car(path);
        self.spaces[space].taken =
            Some(Taken { car, stands_from_s: f64::NEG_INFINITY, gone_from_s: f64::INFINITY });
    }

    fn add_car(&mut self, path: Path) -> u64 {
        self.ids += 1;
        let look = Look::Vehicle(Vehicle::car(&mut self.rng));
        self.actors.push(Actor { id: self.ids, class: class::CAR, look, path });
        self.ids
    }

    fn clear_spaces(&mut self, now: f64) {
        for space in &mut self.spaces {
            space.taken = space.taken.filter(|taken| taken.gone_from_s > now);
        }
    }

    /// Lets one car come or one leave.
    fn manoeuvre(&mut self, now: f64) {
        self.clear_spaces(now);
        let free: Vec<usize> =
            (0..self.spaces.len()).filter(|index| self.spaces[*index].taken.is_none()).collect();
        let standing: Vec<usize> = (0..self.spaces.len())
            .filter(|index| self.spaces[*index].taken.is_some_and(|taken| taken.gone_from_s.is_infinite()))
            .collect();
        let share = standing.len() as f64 / self.spaces.len() as f64;
        let comes = !free.is_empty() && (share < 0.3 || (share < 0.85 && self.rng.chance(1.0 - share)));
        let done = if comes {
            let space = free[self.rng.below(free.len())];
            self.enter(space, now)
        } else if standing.is_empty() {
            now
        } else {
            let space = standing[self.rng.below(standing.len())];
            self.leave(space, now)
        };
        self.next_s = done + self.rng.range(0.8, 3.5);
    }

    fn enter(&mut self, index: usize, now: f64) -> f64 {
        let space = self.spaces[index];
        let row = ROWS[space.row];
        let side = if self.rng.chance(0.5) { 1.0 } else { -1.0 };
        let (mut drive, turn_at) = way_in(&space, &row, side, 0.1);
        let offset = self.rng.range(-0.12, 0.12);
        drive.iter_mut().for_each(|pose| pose.x += offset);
        let mut path = Path::standing(now, (drive[0].x, drive[0].y), drive[0].facing);
        follow(&mut path, &drive, turn_at);
        let stands_from_s = path.end_s();
        let car = self.add_car(path);
        self.spaces[index].taken = Some(Taken { car, stands_from_s, gone_from_s: f64::INFINITY });
        if self.rng.chance(0.7) {
            let after = self.rng.range(1.5, 4.0);
            self.driver_leaves(&space, stands_from_s + after);
        }
        stands_from_s
    }

    fn leave(&mut self, index: usize, now: f64) -> f64 {
        let space = self.spaces[index];
        let row = ROWS[space.row];
        let side = if self.rng.chance(0.5) { 1.0 } else { -1.0 };
        let Some(taken) = space.taken else { return now };
        let Some(car) = self.actors.iter_mut().find(|actor| actor.id == taken.car) else { return now };
        let (x, y) = car.path.place(now);
        let (mut drive, turn_at) = way_in(&space, &row, side, 0.1);
        drive.iter_mut().for_each(|pose| pose.x += x - space.across_m);
        // Out the way it would have come in, as far as just before the turn, then ahead.
        let mut back: Vec<Pose> = drive.split_off(turn_at.saturating_sub(8));
        back.reverse();
        let facing = (0.0, -row.aisle);
        let mut path = Path::standing(now, (x, y), facing);
        follow(&mut path, &back, 0);
        let gone_from_s =
            time_when(&path, |(_, y)| (y - row.middle_m).abs() > LEFT_M).unwrap_or(path.end_s());
        let turned = back.last().map_or(facing, |pose| pose.facing);
        path.turn(0.6, turned);
        let (x, y) = path.place(path.end_s());
        let ahead: Vec<Pose> = steps(x, -side * EDGE_M).map(|x| Pose { x, y, facing: turned }).collect();
        follow(&mut path, &ahead, ahead.len());
        let clear = path.end_s() - 2.0;
        car.path = path;
        self.spaces[index].taken = Some(Taken { gone_from_s, ..taken });
        clear
    }

    /// Someone gets out of a car that has just parked, and walks off in front of the row.
    fn driver_leaves(&mut self, space: &Space, at_s: f64) {
        let row = ROWS[space.row];
        let beside = space.across_m + SPACE_WIDTH_M / 2.0;
        let rng = &mut self.rng;
        let front = if row.aisle < 0.0 { rng.range(24.4, 25.4) } else { rng.range(8.05, 8.3) };
        let out = EDGE_M * if rng.chance(0.5) { 1.0 } else { -1.0 };
        let speed = rng.range(1.1, 1.5);
        let mut path = Path::standing(at_s, (beside, row.middle_m), (0.0, -row.aisle));
        path.go((beside, front), speed);
        path.go((out, front), speed);
        self.ids += 1;
        let look = Look::Person(Person::random(rng));
        self.actors.push(Actor { id: self.ids, class: class::PERSON, look, path });
    }

    /// Someone passes on the pavement beyond the far row.
    fn stroll(&mut self, now: f64) {
        let rng = &mut self.rng;
        let y = rng.range(24.3, 25.6);
        let from = EDGE_M * if rng.chance(0.5) { 1.0 } else { -1.0 };
        let mut path = Path::standing(now, (from, y), (-from.signum(), 0.0));
        path.go((-from, y), rng.range(1.05, 1.6));
        let look = Look::Person(Person::random(rng));
        self.next_walker_s = now + rng.range(4.0, 11.0);
        self.ids += 1;
        self.actors.push(Actor { id: self.ids, class: class::PERSON, look, path });
    }
}

/// A place on a car's way.
#[derive(Debug, Clone, Copy)]
struct Pose {
    x: f64,
    y: f64,
    facing: (f64, f64),
}

/// The way from beside the picture into a space, in steps of about `step_m`; `side` is where it starts:
/// 1 for the left. Also the position in it where the turn begins.
fn way_in(space: &Space, row: &Row, side: f64, step_m: f64) -> (Vec<Pose>, usize) {
    let into = -row.aisle;
    let turn_x = space.across_m - side * TURN_M;
    let mut way: Vec<Pose> =
        steps(-side * EDGE_M, turn_x).map(|x| Pose { x, y: row.lane_m, facing: (side, 0.0) }).collect();
    let turn_at = way.len();
    let pieces = (TURN_M * std::f64::consts::FRAC_PI_2 / step_m).ceil().max(1.0);
    let mut piece = 1.0;
    while piece <= pieces {
        let (c, s) = direction(piece / pieces / 4.0);
        way.push(Pose {
            x: turn_x + side * TURN_M * s,
            y: row.lane_m + into * TURN_M * (1.0 - c),
            facing: (side * c, into * s),
        });
        piece += 1.0;
    }
    let straight = steps(row.lane_m + into * TURN_M, row.middle_m);
    way.extend(straight.map(|y| Pose { x: space.across_m, y, facing: (0.0, into) }));
    (way, turn_at)
}

/// Positions from one to another, 0.1 m apart, both ends included.
fn steps(from: f64, to: f64) -> impl Iterator<Item = f64> {
    let count = ((to - from).abs() / 0.1).ceil().max(1.0);
    let number = count as usize;
    (0..=number).map(move |index| from + (to - from) * (index as f64 / count))
}

/// Drives along `way`: briskly until `turn_at`, slowly after, and comes to a stand at its end unless all
/// of it is brisk.
fn follow(path: &mut Path, way: &[Pose], turn_at: usize) {
    const BRISK_MPS: f64 = 4.2;
    const SLOW_MPS: f64 = 1.9;
    const BRAKE: f64 = 1.3;
    let step_m = 0.1;
    let last = way.len().saturating_sub(1);
    let stops = turn_at < last;
    let mut speed: f64 = if turn_at == 0 || !stops { 0.2 } else { BRISK_MPS };
    let mut at = 0.0;
    while (at as usize) < last {
        let index = at as usize;
        let until_end = if stops { (last as f64 - at) * step_m } else { f64::INFINITY };
        let until_turn = (turn_at as f64 - at).max(0.0) * step_m;
        let cruise =
            if index < turn_at { (SLOW_MPS * SLOW_MPS + 2.0 * BRAKE * until_turn).sqrt() } else { SLOW_MPS };
        let target = cruise.min(BRISK_MPS).min((2.0 * BRAKE * until_end).sqrt().max(0.25));
        speed = (speed + 1.6 * STEP_S).min(target);
        at = (at + speed * STEP_S / step_m).min(last as f64);
        let (pose, next) = (way[at as usize], way[(at as usize + 1).min(last)]);
        let share = at - at.floor();
        let between = |a: f64, b: f64| a + (b - a) * share;
        let facing = (between(pose.facing.0, next.facing.0), between(pose.facing.1, next.facing.1));
        path.step(STEP_S, (between(pose.x, next.x), between(pose.y, next.y)), facing);
    }
}

/// The first moment, in steps, at which a place on the path satisfies `there`.
fn time_when(path: &Path, there: impl Fn((f64, f64)) -> bool) -> Option<f64> {
    let mut now = path.start_s();
    while now <= path.end_s() {
        if there(path.place(now)) {
            return Some(now);
        }
        now += STEP_S / 2.0;
    }
    None
}
