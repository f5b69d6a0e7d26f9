//! A thousand hard paths, made by seed, whose crossings are known by construction: trembling on the
//! line, turning back, ids that change on it, vanishing and reappearing, along it and around its ends.
//!
//! A path is drawn beside a line of random place, length and direction: `across` is the distance from the
//! line in picture heights (positive on its positive side), `along` the way along it, 0..1.

use line_crossing::LineCrossing;
use ocellus_sdk::core::Size;
use ocellus_sdk::test::{Harness, TrackBuilder, track};
use serde_json::json;

const PATHS: u64 = 1000;

/// splitmix64: a few lines, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn within(&mut self, least: f64, most: f64) -> f64 {
        least + (most - least) * (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[(self.next() % choices.len() as u64) as usize]
    }

    fn flip(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// Roughly normal with standard deviation 1, never beyond 3.
    fn noise(&mut self) -> f64 {
        (0..6).map(|_| self.within(-1.0, 1.0)).sum::<f64>() / 2_f64.sqrt()
    }
}

/// A position beside the line.
#[derive(Clone, Copy)]
struct Spot {
    along: f64,
    across: f64,
}

fn spot(along: f64, across: f64) -> Spot {
    Spot { along, across }
}

/// How a track is seen in one frame.
#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Confirmed,
    Lost,
    Not,
}

/// A line in a picture, and the way objects are seen there.
struct Stage {
    size: Size,
    from: [f64; 2],
    to: [f64; 2],
    rate: f64,
    box_height: f64,
    noise: f64,
    flipped: bool,
}

impl Stage {
    fn new(dice: &mut Dice) -> Stage {
        let size = dice.one_of(&[Size::new(1280, 720), Size::new(640, 480), Size::new(1080, 1920)]);
        let aspect = f64::from(size.width) / f64::from(size.height);
        let (angle, half) = (dice.within(0.0, std::f64::consts::TAU), dice.within(0.12, 0.2));
        let (x, y) = (aspect / 2.0, 0.5);
        let end = |side: f64| [(x + side * half * angle.cos()) / aspect, y + side * half * angle.sin()];
        Stage {
            size,
            from: end(-1.0),
            to: end(1.0),
            rate: dice.one_of(&[10.0, 12.5, 15.0, 25.0, 30.0]),
            box_height: dice.within(0.08, 0.24),
            noise: dice.within(0.0005, 0.003),
            flipped: dice.flip(),
        }
    }

    fn aspect(&self) -> f64 {
        f64::from(self.size.width) / f64::from(self.size.height)
    }

    fn person(&self, id: u64, spot: Spot, dice: &mut Dice) -> TrackBuilder {
        let aspect = self.aspect();
        let (dx, dy) = ((self.to[0] - self.from[0]) * aspect, self.to[1] - self.from[1]);
        let length = dx.hypot(dy);
        // (−dy, dx) is where cross(to − from, ·) is positive.
        let x =
            self.from[0] * aspect + dx * spot.along - dy / length * spot.across + self.noise * dice.noise();
        let y = self.from[1] + dy * spot.along + dx / length * spot.across + self.noise * dice.noise();
        let (width, height) = (self.box_height * 0.4 / aspect, self.box_height);
        track(id, "person").sized(width as f32, height as f32).foot_at((x / aspect) as f32, y as f32)
    }

    /// A walk over these spots at `speed` picture heights a second, one position a frame.
    fn walk(&self, spots: &[Spot], speed: f64) -> Vec<Spot> {
        let length = ((self.to[0] - self.from[0]) * self.aspect()).hypot(self.to[1] - self.from[1]);
        let step = speed / self.rate;
        let mut walk = vec![spots[0]];
        for pair in spots.windows(2) {
            let (along, across) = (pair[1].along - pair[0].along, pair[1].across - pair[0].across);
            let steps = ((along * length).hypot(across) / step).ceil().max(1.0);
            walk.extend((1..=steps as u32).map(|index| {
                let share = f64::from(index) / steps;
                spot(pair[0].along + along * share, pair[0].across + across * share)
            }));
        }
        walk
    }
}

/// What is seen frame by frame: id, place and how.
type Sightings = Vec<(u64, Spot, Seen)>;

/// All of it with one id, always seen.
fn plainly(walk: &[Spot]) -> Vec<Sightings> {
    walk.iter().map(|spot| vec![(1, *spot, Seen::Confirmed)]).collect()
}

/// A path and its crossings: towards the negative side, towards the positive side.
struct Path {
    kind: &'static str,
    frames: Vec<Sightings>,
    crossings: (u32, u32),
}

fn path(stage: &Stage, dice: &mut Dice, number: u64) -> Path {
    let speed = dice.within(0.08, 0.5);
    let along = dice.within(0.25, 0.75);
    let far = dice.within(0.06, 0.15);
    let (before, after) = (spot(along, far), spot(dice.within(0.25, 0.75), -far));
    match number % 8 {
        0 => {
            // Arrives, trembles on the line for a while, goes on or back.
            let mut walk = stage.walk(&[before, spot(along, 0.0)], speed);
            let sway = dice.within(0.0, 0.004);
            let frames = (dice.within(2.0, 10.0) * stage.rate) as u32;
            walk.extend((0..frames).map(|_| spot(along, sway * dice.within(-1.0, 1.0))));
            let goes_on = dice.flip();
            let leave = if goes_on { after } else { before };
            walk.extend(stage.walk(&[spot(along, 0.0), leave], speed));
            Path { kind: "trembling", frames: plainly(&walk), crossings: (u32::from(goes_on), 0) }
        }
        1 => {
            // Turns back before the line, on it, or well beyond it; several times.
            let (mut spots, mut crossings) = (vec![before], (0, 0));
            for _ in 0..3 {
                let reach = dice.one_of(&[0.02, 0.008, 0.0, -0.004, -0.05, -0.1]);
                spots.extend([spot(dice.within(0.3, 0.7), reach), spot(dice.within(0.3, 0.7), far)]);
                let is_over = u32::from(reach < -0.01);
                crossings = (crossings.0 + is_over, crossings.1 + is_over);
            }
            Path { kind: "turning back", frames: plainly(&stage.walk(&spots, speed)), crossings }
        }
        2 => {
            // Goes over; its id changes on the line, up to three times, the first time with a gap.
            let (before, after) = (spot(along, 0.15), spot(after.along, -0.15));
            let walk = stage.walk(&[before, spot(along, 0.0), after], speed.min(0.3));
            let middle = walk.iter().position(|spot| spot.across <= 0.0).unwrap_or(0);
            let spread = (0.2 * stage.rate) as usize;
            let first = middle - spread.min(middle - 3) + (dice.next() % 3) as usize;
            let gap = (dice.within(0.0, 0.3) * stage.rate) as usize;
            let mut changes = vec![first];
            for _ in 0..dice.next() % 3 {
                changes.push(first + gap + 1 + (dice.next() % (spread as u64 + 1)) as usize);
            }
            let seen = |(index, spot): (usize, &Spot)| {
                let id = 1 + changes.iter().filter(|change| **change <= index).count() as u64;
                let in_gap = (first..first + gap).contains(&index);
                vec![(id, *spot, if in_gap { Seen::Not } else { Seen::Confirmed })]
            };
            let frames = walk.iter().enumerate().map(seen).collect();
            Path { kind: "changing ids", frames, crossings: (1, 0) }
        }
        3 => {
            // Is lost for up to four seconds on the way: over the line, or to the line and back.
            let goes_on = dice.flip();
            let middle = spot(along, dice.within(-0.004, 0.004));
            let walk = stage.walk(&[before, middle, if goes_on { after } else { before }], speed);
            let away = (dice.within(0.2, 4.0) * stage.rate) as usize;
            let start = walk.len().saturating_sub(away) / 2;
            let shown = if dice.flip() { Seen::Lost } else { Seen::Not };
            let hidden = start.max(1)..(start + away).min(walk.len() - 1);
            let seen = |(index, spot): (usize, &Spot)| {
                vec![(1, *spot, if hidden.contains(&index) { shown } else { Seen::Confirmed })]
            };
            let frames = walk.iter().enumerate().map(seen).collect();
            Path { kind: "vanishing", frames, crossings: (u32::from(goes_on), 0) }
        }
        4 => {
            // Along the line within its hysteresis, then off it to either side; or past its end first.
            let (start, end) = (spot(0.3, far), dice.one_of(&[0.8, 1.3]));
            // Past the end it is on the side that it came from, or it would have gone through.
            let least = if end > 1.0 { 0.002 } else { -0.004 };
            let sway = |dice: &mut Dice| dice.within(least, 0.004);
            let mut spots = vec![start, spot(0.35, sway(dice))];
            while spots[spots.len() - 1].along < end {
                let next = spots[spots.len() - 1].along + 0.05;
                spots.push(spot(next, sway(dice)));
            }
            let leaves_over = dice.flip();
            spots.push(spot(end, if leaves_over { -far } else { far }));
            let crossings = (u32::from(leaves_over && end < 1.0), 0);
            Path { kind: "along", frames: plainly(&stage.walk(&spots, speed)), crossings }
        }
        5 => {
            // Around one end or the other, or through and around, or around and through.
            let beyond = if dice.flip() { 1.0 + dice.within(0.2, 0.5) } else { -dice.within(0.2, 0.5) };
            let around = [spot(beyond, far), spot(beyond, -far)];
            let (spots, crossings) = match dice.next() % 3 {
                0 => (vec![before, around[0], around[1], after], (0, 0)),
                1 => (vec![before, after, around[1], around[0], before], (1, 0)),
                _ => (vec![before, around[0], around[1], after, before], (0, 1)),
            };
            Path { kind: "around the end", frames: plainly(&stage.walk(&spots, speed)), crossings }
        }
        6 => {
            // The tracker flickers: single frames lost all the way, over and back.
            let walk = stage.walk(&[before, after, before], speed.min(0.25));
            let seen = |spot: &Spot| {
                let seen = dice.one_of(&[Seen::Confirmed, Seen::Confirmed, Seen::Lost, Seen::Not]);
                vec![(1, *spot, seen)]
            };
            let mut frames: Vec<Sightings> = walk.iter().map(seen).collect();
            let turn = walk.iter().position(|spot| spot.across == after.across).unwrap_or(0);
            for always in [0, turn, walk.len() - 1] {
                frames[always][0].2 = Seen::Confirmed;
            }
            Path { kind: "flickering", frames, crossings: (1, 1) }
        }
        _ => {
            // Two pass each other on the line, and one of them changes its id there.
            let beside = if along < 0.5 { along + 0.35 } else { along - 0.35 };
            let other = [spot(beside, -far), spot(beside, far)];
            let (one, two) = (stage.walk(&[before, spot(along, -far)], speed), stage.walk(&other, speed));
            let middle = one.len() / 2;
            let seen = |(index, (one, two)): (usize, (&Spot, &Spot))| {
                let id = if index < middle { 1 } else { 3 };
                vec![(id, *one, Seen::Confirmed), (2, *two, Seen::Confirmed)]
            };
            let frames = one.iter().zip(&two).enumerate().map(seen).collect();
            Path { kind: "passing", frames, crossings: (1, 1) }
        }
    }
}

#[test]
fn a_thousand_hard_paths_have_no_wrong_count() {
    let mut wrong = Vec::new();
    for number in 0..PATHS {
        let mut dice = Dice(number.wrapping_mul(0x1000_0001) + 17);
        let stage = Stage::new(&mut dice);
        let path = path(&stage, &mut dice, number);
        let entry = if stage.flipped { "right-to-left" } else { "left-to-right" };
        let line = json!({"name": "gate", "from": stage.from, "to": stage.to, "entry": entry});
        let settings = json!({"lines": [line]});
        let mut harness = Harness::<LineCrossing>::on_camera(settings, stage.size, &["person"]).unwrap();
        let mut time = dice.within(0.0, 1e6);
        let swap_at = dice.next() % path.frames.len() as u64;
        let mut last_events = 0;
        for (index, sightings) in path.frames.iter().enumerate() {
            if index as u64 == swap_at {
                harness.swap().unwrap();
            }
            let mut tracks = Vec::new();
            for (id, spot, seen) in sightings {
                let person = stage.person(*id, *spot, &mut dice);
                match seen {
                    Seen::Confirmed => tracks.push(person),
                    Seen::Lost => tracks.push(person.lost()),
                    Seen::Not => {}
                }
            }
            last_events += harness.frame(time, tracks).unwrap().events().len();
            time += 1.0 / stage.rate;
        }
        let output = harness.finish(time).unwrap();
        last_events += output.events().len();
        let counted = (output.measured("gate.entries").unwrap(), output.measured("gate.exits").unwrap());
        let (towards_negative, towards_positive) = path.crossings;
        let expected = if stage.flipped {
            (f64::from(towards_positive), f64::from(towards_negative))
        } else {
            (f64::from(towards_negative), f64::from(towards_positive))
        };
        if counted != expected || last_events as f64 != counted.0 + counted.1 {
            wrong.push(format!("{number} ({}): {counted:?} instead of {expected:?}", path.kind));
        }
    }
    assert!(wrong.is_empty(), "{} of {PATHS} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
