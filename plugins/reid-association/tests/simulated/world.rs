//! People who walk between places, and cameras that see some of the ground.

use std::collections::BTreeMap;

use ocellus_sdk::core::Embedding;
use ocellus_sdk::core::embedding::SmoothEmbedding;

/// Numbers of an embedding.
pub(crate) const SIZE: usize = 64;
/// Frames a second.
const RATE: f64 = 10.0;

/// Numbers by chance, the same for the same seed.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// 0..1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Standard normal, nearly.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    /// A direction.
    fn direction(&mut self) -> Vec<f64> {
        let values: Vec<f64> = (0..SIZE).map(|_| self.normal()).collect();
        let length = values.iter().map(|value| value * value).sum::<f64>().sqrt();
        values.iter().map(|value| value / length).collect()
    }
}

/// Left, top, right and bottom of the ground that a camera sees, in metres.
pub(crate) type View = [f64; 4];

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) views: &'static [View],
    /// Where people come from and go to.
    pub(crate) gates: &'static [[f64; 2]],
    pub(crate) people: usize,
    pub(crate) seconds: f64,
    /// Whether cameras know where on the map somebody is.
    pub(crate) has_map: bool,
    /// Whether they know what somebody looks like.
    pub(crate) has_looks: bool,
}

struct Person {
    at: [f64; 2],
    goal: [f64; 2],
    speed: f64,
    rests_until: f64,
    self_look: Vec<f64>,
    view_looks: Vec<Vec<f64>>,
}

/// A track of one frame, and who it truly is.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) track: u64,
    pub(crate) person: u64,
    /// Foot point, 0..1 of the picture.
    pub(crate) foot: [f64; 2],
    pub(crate) map: Option<[f64; 3]>,
    pub(crate) look: Option<Embedding>,
}

/// One frame of a camera, numbered from 1.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) camera: u32,
    pub(crate) time: f64,
    pub(crate) seen: Vec<Seen>,
}

/// A camera's tracker.
#[derive(Default)]
struct Tracking {
    next: u64,
    /// Of each person in sight: the track, since when it is not seen, and its looks.
    tracks: BTreeMap<usize, Following>,
}

struct Following {
    track: u64,
    hidden_until: f64,
    smooth: Option<SmoothEmbedding>,
    looked: f64,
    bias: [f64; 2],
}

/// All frames of all cameras, in the order of their times.
pub(crate) fn shots(plan: &Plan, seed: u64) -> Vec<Shot> {
    let mut chance = Chance::new(seed);
    let common = chance.direction();
    let mut people: Vec<Person> = (0..plan.people).map(|_| person(plan, &mut chance)).collect();
    let mut cameras: Vec<Tracking> = plan.views.iter().map(|_| Tracking::default()).collect();
    let tilt: Vec<[f64; 2]> =
        plan.views.iter().map(|_| [chance.normal() * 0.15, chance.normal() * 0.15]).collect();
    let mut shots = Vec::new();
    for frame in 0..(plan.seconds * RATE) as u32 {
        let time = f64::from(frame) / RATE;
        people.iter_mut().for_each(|person| walk(person, plan, time, &mut chance));
        for (index, view) in plan.views.iter().enumerate() {
            let camera = &mut cameras[index];
            let seen = look((index, view, tilt[index]), camera, (&people, &common, plan), time, &mut chance);
            shots.push(Shot { camera: index as u32 + 1, time: time + index as f64 * 0.01, seen });
        }
    }
    shots
}

fn person(plan: &Plan, chance: &mut Chance) -> Person {
    let gate = |chance: &mut Chance| plan.gates[(chance.share() * plan.gates.len() as f64) as usize];
    let (from, goal) = (gate(chance), gate(chance));
    let along = chance.share();
    let at = [from[0] + (goal[0] - from[0]) * along, from[1] + (goal[1] - from[1]) * along];
    Person {
        at: [at[0] + chance.normal() * 0.5, at[1] + chance.normal() * 0.5],
        goal,
        speed: chance.between(0.9, 1.6),
        rests_until: 0.0,
        self_look: chance.direction(),
        view_looks: plan.views.iter().map(|_| chance.direction()).collect(),
    }
}

fn walk(person: &mut Person, plan: &Plan, time: f64, chance: &mut Chance) {
    if time < person.rests_until {
        return;
    }
    let way = [person.goal[0] - person.at[0], person.goal[1] - person.at[1]];
    let left = way[0].hypot(way[1]);
    if left < 0.3 {
        person.rests_until = time + chance.between(0.0, 3.0);
        let gate = plan.gates[(chance.share() * plan.gates.len() as f64) as usize];
        person.goal = [gate[0] + chance.normal() * 0.5, gate[1] + chance.normal() * 0.5];
        return;
    }
    let step = (person.speed / RATE).min(left);
    for (at, way) in person.at.iter_mut().zip(way) {
        *at += way / left * step + chance.normal() * 0.01;
    }
}

fn look(
    (index, [left, top, right, bottom], tilt): (usize, &View, [f64; 2]),
    camera: &mut Tracking,
    (people, common, plan): (&[Person], &[f64], &Plan),
    time: f64,
    chance: &mut Chance,
) -> Vec<Seen> {
    let mut seen = Vec::new();
    let inside =
        |person: &Person| (*left..*right).contains(&person.at[0]) && (*top..*bottom).contains(&person.at[1]);
    camera.tracks.retain(|number, _| inside(&people[*number]));
    for (number, person) in people.iter().enumerate().filter(|(_, person)| inside(person)) {
        let next = &mut camera.next;
        let follow = camera.tracks.entry(number).or_insert_with(|| {
            *next += 1;
            let bias = [chance.normal() * 0.1, chance.normal() * 0.1];
            Following { track: *next, hidden_until: 0.0, smooth: None, looked: -1.0, bias }
        });
        if time < follow.hidden_until {
            continue;
        }
        // Now and then somebody is hidden, and comes out as another track.
        if chance.share() < 0.03 / RATE {
            follow.hidden_until = time + chance.between(0.4, 2.5);
            *next += 1;
            (follow.track, follow.smooth) = (*next, None);
            continue;
        }
        // Or is not seen for a frame.
        if chance.share() < 0.03 {
            continue;
        }
        let look = plan.has_looks.then(|| {
            if time - follow.looked >= 0.5 {
                let picture = pictured(person, index, common, chance);
                match &mut follow.smooth {
                    Some(smooth) => smooth.see(&picture, 1.0),
                    None => follow.smooth = Some(SmoothEmbedding::new(&picture, 1.0)),
                }
                follow.looked = time;
            }
            follow.smooth.as_ref().map(|smooth| smooth.current().clone())
        });
        let map = plan.has_map.then(|| {
            let off = |axis: usize, chance: &mut Chance| {
                person.at[axis] + tilt[axis] + follow.bias[axis] + chance.normal() * 0.08
            };
            [off(0, chance), off(1, chance), 0.2]
        });
        let foot =
            [(person.at[0] - left) / (right - left), 0.2 + 0.8 * (person.at[1] - top) / (bottom - top)];
        seen.push(Seen { track: follow.track, person: number as u64, foot, map, look: look.flatten() });
    }
    swap_the_close(camera, people, chance);
    seen
}

/// Of two who pass each other closely the tracker may take one for the other.
fn swap_the_close(camera: &mut Tracking, people: &[Person], chance: &mut Chance) {
    let numbers: Vec<usize> = camera.tracks.keys().copied().collect();
    for (index, a) in numbers.iter().enumerate() {
        for b in &numbers[index + 1..] {
            let off = [people[*a].at[0] - people[*b].at[0], people[*a].at[1] - people[*b].at[1]];
            if off[0].hypot(off[1]) < 0.4
                && chance.share() < 0.01
                && let (Some(one), Some(other)) = (camera.tracks.remove(a), camera.tracks.remove(b))
            {
                camera.tracks.insert(*a, other);
                camera.tracks.insert(*b, one);
            }
        }
    }
}

/// What a model makes of a picture: something of all people, something of this one, something of the side that the
/// camera sees, and noise.
fn pictured(person: &Person, view: usize, common: &[f64], chance: &mut Chance) -> Embedding {
    let noise = chance.direction();
    let value = |index: usize| {
        0.6 * common[index]
            + 0.55 * person.self_look[index]
            + 0.4 * person.view_looks[view][index]
            + 0.35 * noise[index]
    };
    let values: Vec<f32> = (0..SIZE).map(|index| value(index) as f32).collect();
    Embedding::new(&values).unwrap()
}
