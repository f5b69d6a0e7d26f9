//! A road with two lanes each way, or a street with one, seen along its length. Every vehicle keeps its speed.

use super::{Actor, Path, class};
use crate::scene::look::{Look, cycle::Cycle, person::Person, plate::Plate, vehicle::Vehicle};
use crate::scene::rng::Rng;

/// Where vehicles come into being and vanish, metres away from the camera: both out of sight.
const NEAR_M: f64 = -8.0;
const FAR_M: f64 = 68.0;
const WARM_UP_S: f64 = 30.0;

/// Middle of each lane; vehicles come nearer on the left ones (as the camera sees it) and go away on
/// the right ones.
pub(in crate::scene) const LANES_M: [f64; 4] = [-5.2, -1.8, 1.8, 5.2];

/// The same of the street.
const STREET_LANES_M: [f64; 2] = [-1.77, 1.77];

#[derive(Debug)]
pub(in crate::scene) struct Road {
    rng: Rng,
    plan: Plan,
    lanes: Vec<Lane>,
    next_walker_s: f64,
    ids: u64,
    pub(super) actors: Vec<Actor>,
}

/// What tells the two apart.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Range of speeds in metres a second.
    speeds_mps: (f64, f64),
    /// How far from the middle people walk, metres.
    walk_m: (f64, f64),
    /// The seed of the number plates; they are blank without.
    plates: Option<u64>,
}

/// When a lane takes its next vehicle, and when its last one is through.
#[derive(Debug, Clone, Copy)]
struct Lane {
    middle_m: f64,
    next_s: f64,
    last_start_s: f64,
    last_end_s: f64,
}

impl Road {
    pub(super) fn new(seed: u64) -> Road {
        let plan = Plan { speeds_mps: (7.0, 14.0), walk_m: (8.6, 9.9), plates: None };
        Road::planned(plan, &LANES_M, Rng::new(seed, 12))
    }

    /// The street, whose cars, trucks and buses have plates that can be read.
    pub(super) fn street(seed: u64) -> Road {
        let plan = Plan { speeds_mps: (5.5, 11.0), walk_m: (4.9, 6.2), plates: Some(seed) };
        Road::planned(plan, &STREET_LANES_M, Rng::new(seed, 22))
    }

    fn planned(plan: Plan, lanes_m: &[f64], mut rng: Rng) -> Road {
        let lanes = lanes_m.iter().map(|middle_m| Lane {
            middle_m: *middle_m,
            next_s: -WARM_UP_S + rng.range(0.0, 6.0),
            last_start_s: -1000.0,
            last_end_s: -1000.0,
        });
        let lanes = lanes.collect();
        Road { rng, plan, lanes, next_walker_s: -WARM_UP_S, ids: 0, actors: Vec::new() }
    }

    pub(super) fn advance(&mut self, to_s: f64) {
        loop {
            let due =
                (0..self.lanes.len()).min_by(|a, b| self.lanes[*a].next_s.total_cmp(&self.lanes[*b].next_s));
            let Some(lane) = due else { break };
            if self.lanes[lane].next_s.min(self.next_walker_s) > to_s {
                break;
            }
            if self.next_walker_s < self.lanes[lane].next_s {
                self.walker(self.next_walker_s);
            } else {
                self.vehicle(lane);
            }
        }
        self.actors.retain(|actor| actor.path.end_s() >= to_s);
    }

    fn vehicle(&mut self, lane: usize) {
        let Plan { speeds_mps, plates, .. } = self.plan;
        let plate = plates.map(|seed| Plate::new(seed, self.ids + 1));
        let rng = &mut self.rng;
        let vehicle = |class: u32, vehicle: Vehicle| {
            let length = f64::from(vehicle.length_m());
            let vehicle = match &plate {
                Some(plate) => vehicle.with_plate(plate.clone()),
                None => vehicle,
            };
            (class, Look::Vehicle(vehicle), length)
        };
        let (class, look, length) = match rng.below(20) {
            0..=10 => vehicle(class::CAR, Vehicle::car(rng)),
            11 | 12 => vehicle(class::TRUCK, Vehicle::van(rng)),
            13 | 14 => vehicle(class::TRUCK, Vehicle::truck(rng)),
            15 | 16 => vehicle(class::BUS, Vehicle::bus(rng)),
            _ => (class::MOTORCYCLE, Look::Cycle(Cycle::motorcycle(rng)), 2.1),
        };
        let Lane { middle_m, next_s, last_start_s, last_end_s } = self.lanes[lane];
        let x = middle_m + rng.range(-0.25, 0.25);
        let coming = middle_m < 0.0;
        let speed = rng.range(speeds_mps.0, speeds_mps.1);
        // Room behind the vehicle before, where it enters and where it leaves.
        let room_s = (length + 7.0) / speed;
        let travel_s = (FAR_M - NEAR_M) / speed;
        let start = next_s.max(last_start_s + room_s).max(last_end_s + room_s - travel_s);
        let (from, to) = if coming { (FAR_M, NEAR_M) } else { (NEAR_M, FAR_M) };
        let mut path = Path::standing(start, (x, from), (0.0, if coming { -1.0 } else { 1.0 }));
        path.go((x, to), speed);
        self.lanes[lane] = Lane {
            middle_m,
            next_s: start + self.rng.range(2.2, 7.5),
            last_start_s: start + length / speed,
            last_end_s: path.end_s(),
        };
        self.ids += 1;
        self.actors.push(Actor { id: self.ids, class, look, path });
    }

    /// Someone on one of the pavements.
    fn walker(&mut self, now: f64) {
        let (nearest, farthest) = self.plan.walk_m;
        let rng = &mut self.rng;
        let x = rng.range(nearest, farthest) * if rng.chance(0.5) { 1.0 } else { -1.0 };
        let (from, to, facing) = if rng.chance(0.5) { (5.0, 52.0, 1.0) } else { (52.0, 5.0, -1.0) };
        let mut path = Path::standing(now, (x, from), (0.0, facing));
        path.go((x, to), rng.range(1.1, 1.6));
        let look = Look::Person(Person::random(rng));
        self.next_walker_s = now + rng.range(6.0, 18.0);
        self.ids += 1;
        self.actors.push(Actor { id: self.ids, class: class::PERSON, look, path });
    }
}
