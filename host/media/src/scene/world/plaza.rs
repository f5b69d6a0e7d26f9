//! People on a plaza: always the same twenty, who come through gates, meet, cross, and leave through gates, to come
//! back through another or the same one.
//!
//! Who goes from one court to another walks in a straight line from gate to gate where no camera looks, and takes the
//! time that this takes.

use super::{Actor, Path, class};
use crate::scene::look::{Look, person::Person, wardrobe};
use crate::scene::math::direction;
use crate::scene::plaza::{COLUMN, Court, Layout, MEETING, PLANTER, TREE};
use crate::scene::rng::Rng;
use crate::scene::vantage::Vantage;

/// How many there are.
pub(in crate::scene) const PEOPLE: usize = 20;
/// The plaza is lived in from the first frame on.
const WARM_UP_S: f64 = 60.0;
/// Plans that are tried before someone waits for another moment.
const TRIES: usize = 40;
const WAIT_S: f64 = 0.6;
/// Closer together than this, metres, bodies would touch.
const ELBOW_ROOM_M: f64 = 0.66;
/// As far from their middle as those stand who stand together.
const CIRCLE_M: f64 = 0.78;
/// As far beyond a gate as people are to be seen, metres.
const BEYOND_M: f64 = 0.3;
/// As far inside a gate as people go straight.
const INSIDE_M: f64 = 1.0;
/// As near to walls as people come.
const WALL_M: f64 = 1.1;

#[derive(Debug)]
pub(in crate::scene) struct Plaza {
    rng: Rng,
    layout: Layout,
    people: Vec<Someone>,
    pub(super) actors: Vec<Actor>,
}

/// One of those who come and go.
#[derive(Debug)]
struct Someone {
    look: Person,
    speed_mps: f64,
    /// Where they come in next.
    gate: usize,
    next_s: f64,
}

/// A way through a court.
struct Visit {
    path: Path,
    /// The gate at its end.
    exit: usize,
}

impl Plaza {
    pub(super) fn new(seed: u64, vantage: Vantage) -> Plaza {
        let layout = Layout::of(vantage);
        let mut rng = Rng::new(seed, 14);
        let looks = wardrobe::people(PEOPLE, &mut rng);
        let people = looks.into_iter().map(|look| Someone {
            look,
            speed_mps: rng.range(1.05, 1.55),
            gate: rng.below(layout.gates.len()),
            next_s: -WARM_UP_S + rng.range(0.0, WARM_UP_S - 5.0),
        });
        let people = people.collect();
        Plaza { rng, layout, people, actors: Vec::new() }
    }

    pub(super) fn advance(&mut self, to_s: f64) {
        while let Some((number, now)) = self.due().filter(|(_, now)| *now <= to_s) {
            self.actors.retain(|actor| actor.path.end_s() >= now);
            self.come(number, now);
        }
        self.actors.retain(|actor| actor.path.end_s() >= to_s);
    }

    /// Who comes next, and when.
    fn due(&self) -> Option<(usize, f64)> {
        let times = self.people.iter().map(|someone| someone.next_s).enumerate();
        times.min_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Lets someone in, unless there is no free way.
    fn come(&mut self, number: usize, now: f64) {
        let visit = (0..TRIES).find_map(|_| {
            let visit = self.plan(number, now);
            self.is_free(&visit.path).then_some(visit)
        });
        let Some(Visit { path, exit }) = visit else {
            self.people[number].next_s += WAIT_S;
            return;
        };
        let (gate, away_s) = self.way_back(number, exit);
        let someone = &mut self.people[number];
        (someone.gate, someone.next_s) = (gate, path.end_s() + away_s);
        let look = Look::Person(someone.look.clone());
        self.actors.push(Actor { id: number as u64 + 1, class: class::PERSON, look, path });
    }

    fn plan(&mut self, number: usize, now: f64) -> Visit {
        let rng = &mut self.rng;
        let entry = self.people[number].gate;
        let court = self.layout.gates[entry].court;
        let exit = choose_exit(&self.layout, entry, rng);
        let ground = self.layout.courts[court];
        let speed = self.people[number].speed_mps * rng.range(0.95, 1.05);
        let through = |gate: usize, aside: f64, inside: f64| {
            let gate = &self.layout.gates[gate];
            let (ix, iy) = gate.inward;
            (gate.at.0 + ix * inside - iy * aside, gate.at.1 + iy * inside + ix * aside)
        };
        let aside = rng.range(-0.6, 0.6);
        let mut path = Path::standing(now, through(entry, aside, -BEYOND_M), self.layout.gates[entry].inward);
        path.go(through(entry, aside, INSIDE_M), speed);
        for _ in 0..=rng.below(3) {
            if rng.chance(0.5) {
                meet(&mut path, &ground, speed, rng);
            } else {
                let reach = |half: f64| half - WALL_M;
                let x = rng.range(-reach(ground.half.0), reach(ground.half.0));
                let y = rng.range(-reach(ground.half.1), reach(ground.half.1));
                path.go(ground.place((x, y)), speed);
                if rng.chance(0.25) {
                    path.turn(rng.range(1.0, 2.5), direction(rng.range(0.0, 1.0)));
                }
            }
        }
        let aside = rng.range(-0.6, 0.6);
        path.go(through(exit, aside, INSIDE_M), speed);
        path.go(through(exit, aside, -BEYOND_M), speed);
        Visit { path, exit }
    }

    /// Whether bodies never touch, each other or what stands about.
    fn is_free(&self, path: &Path) -> bool {
        const STEP_S: f64 = 0.1;
        let near = |(ax, ay): (f64, f64), (bx, by): (f64, f64), room: f64| {
            let (dx, dy) = (ax - bx, ay - by);
            dx * dx + dy * dy < room * room
        };
        let mut now = path.start_s();
        while now < path.end_s() {
            let place = path.place(now);
            let is_stopped = self.layout.courts.iter().any(|court| {
                let things = [TREE, COLUMN, PLANTER];
                things.iter().any(|(x, y, room)| near(place, court.place((*x, *y)), *room))
            });
            let others = self.actors.iter().filter(|other| now <= other.path.end_s());
            if is_stopped || others.into_iter().any(|other| near(place, other.path.place(now), ELBOW_ROOM_M))
            {
                return false;
            }
            now += STEP_S;
        }
        true
    }

    /// The gate by which someone comes back who left by `exit`, and how long that takes.
    fn way_back(&mut self, number: usize, exit: usize) -> (usize, f64) {
        let Plaza { rng, layout, people, .. } = self;
        let speed = people[number].speed_mps * rng.range(0.94, 1.06);
        let walk_s = |to: usize| {
            let ((ax, ay), (bx, by)) = (layout.gates[exit].at, layout.gates[to].at);
            ((ax - bx) * (ax - bx) + (ay - by) * (ay - by)).sqrt() / speed
        };
        if let Some(to) = layout.gates[exit].leads_to {
            return (to, walk_s(to));
        }
        if layout.courts.len() > 1 {
            return (exit, rng.range(15.0, 45.0));
        }
        let to = rng.below(layout.gates.len());
        (to, rng.range(10.0, 24.0) + walk_s(to))
    }
}

/// A gate of the same court, mostly one with a passage to another court, and another one where there are others.
fn choose_exit(layout: &Layout, entry: usize, rng: &mut Rng) -> usize {
    let weight = |gate: usize| {
        let way = if layout.courts.len() == 1 || layout.gates[gate].leads_to.is_some() { 1.0 } else { 0.4 };
        if gate == entry { way * 0.15 } else { way }
    };
    let court = layout.gates[entry].court;
    let mut left = rng.range(0.0, layout.gates_of(court).map(weight).sum());
    for gate in layout.gates_of(court) {
        left -= weight(gate);
        if left < 0.0 {
            return gate;
        }
    }
    entry
}

/// Goes to where people stand together, and stands there for a while, facing the others.
fn meet(path: &mut Path, ground: &Court, speed: f64, rng: &mut Rng) {
    let (x, y) = rng.pick(&MEETING);
    let (c, s) = direction(f64::from(rng.below(4) as u32) / 4.0 + 0.125);
    path.go(ground.place((x + CIRCLE_M * c, y + CIRCLE_M * s)), speed);
    path.turn(0.9, (-c, -s));
    path.turn(rng.range(2.5, 11.0), (-c, -s));
}
