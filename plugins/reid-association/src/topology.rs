//! Which ways lead from camera to camera, and how long they take: as the settings say, and as was learned.

use ocellus_sdk::prelude::*;

use crate::settings::{Settings, handle};
use crate::tracklet::{Step, Tracklet};

/// Time over which somebody else could come just as well: what a link's time is worth is measured against it.
const ANY_TIME_S: f32 = 60.0;
/// What is left where links are known and none of them fits.
const UNLINKED: f32 = -4.0;
/// Who is not seen for so long may still be there.
const LOST_S: f32 = 2.5;
/// A way must have been gone so often before it counts.
const LEAST_LEARNED: u32 = 4;
/// Ways that are learned.
const MOST_LEARNED: usize = 512;
/// How near to the picture's edge somebody leaves by it.
const EDGE: f32 = 0.25;

#[derive(Debug)]
struct Link {
    exit: Gate,
    entry: Gate,
    /// Least, usual and most seconds.
    times_s: [f32; 3],
}

/// One end of a way.
#[derive(Debug, Clone)]
struct Gate {
    camera: Option<u32>,
    outline: Option<Polygon>,
    /// Place on the map and how near that must be, in metres.
    map: Option<[f32; 3]>,
}

/// The ways.
#[derive(Debug)]
pub(crate) struct Topology {
    links: Vec<Link>,
    overlapping: Vec<[u32; 2]>,
    pub(crate) learned: Vec<Learned>,
    learns: bool,
    /// Width over height of each camera's picture.
    pub(crate) aspects: Vec<(u32, f32)>,
}

/// A way that was gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Learned {
    /// Camera and side that was left, camera and side that was come to.
    way: [u32; 4],
    count: u32,
    mean_s: f32,
    /// Sum of squares about the mean.
    square: f32,
}

impl Learned {
    fn see(&mut self, seconds: f32) {
        // At most so many back, so that it follows what changes.
        self.count = (self.count + 1).min(200);
        let off = seconds - self.mean_s;
        self.mean_s += off / self.count as f32;
        self.square += off * (seconds - self.mean_s);
        if self.count == 200 {
            self.square *= 0.995;
        }
    }

    fn weigh(&self, seconds: f32) -> f32 {
        let spread = (self.square / self.count as f32).max(0.0).sqrt().max(0.5 + 0.15 * self.mean_s);
        let off = (seconds - self.mean_s) / spread;
        let near = (-off * off / 2.0).exp() / (2.5 * spread);
        (ANY_TIME_S * (0.85 * near + 0.15 / ANY_TIME_S)).ln().min(4.0)
    }
}

impl Topology {
    pub(crate) fn new(settings: &Settings, site: &Site) -> Result<Topology, String> {
        let mut links = Vec::new();
        for (index, link) in settings.links.iter().enumerate() {
            let key = format!("links[{index}]");
            link.check(&key)?;
            let gate = |[name, side]: [&str; 2],
                        camera: &Option<String>,
                        outline: &Option<Outline>,
                        map: Option<[f64; 2]>| {
                let camera = camera
                    .as_ref()
                    .map(|camera| handle(site, &format!("{key}.{name}"), camera))
                    .transpose()?;
                let outline =
                    outline.as_ref().map(|outline| outline.checked(&format!("{key}.{side}"))).transpose()?;
                let map = map.map(|[x, y]| [x as f32, y as f32, link.within_m as f32]);
                Ok::<Gate, String>(Gate { camera: camera.map(|camera| camera.0), outline, map })
            };
            let exit = gate(["from", "exit"], &link.from, &link.exit, link.exit_m)?;
            let entry = gate(["to", "entry"], &link.to, &link.entry, link.entry_m)?;
            let usual_s = link.usual_s.unwrap_or(f64::midpoint(link.min_s, link.max_s));
            let times_s = [link.min_s as f32, usual_s as f32, link.max_s as f32];
            if link.both_ways {
                links.push(Link { exit: entry.clone(), entry: exit.clone(), times_s });
            }
            links.push(Link { exit, entry, times_s });
        }
        let mut overlapping = Vec::new();
        for (index, [a, b]) in settings.overlapping.iter().enumerate() {
            let key = format!("overlapping[{index}]");
            overlapping.push([handle(site, &key, a)?.0, handle(site, &key, b)?.0]);
        }
        Ok(Topology { links, overlapping, learned: Vec::new(), learns: settings.learn, aspects: Vec::new() })
    }

    /// The shape of a camera's picture.
    pub(crate) fn lay_out(&mut self, camera: u32, size: Size) {
        let aspect = size.width.max(1) as f32 / size.height.max(1) as f32;
        match self.aspects.iter_mut().find(|(known, _)| *known == camera) {
            Some((_, known)) => *known = aspect,
            None => self.aspects.push((camera, aspect)),
        }
    }

    /// Whether one person can be seen by both at once, as far as the settings say; nothing where they say nothing.
    pub(crate) fn overlap(&self, a: u32, b: u32) -> Option<bool> {
        if self.overlapping.is_empty() {
            return None;
        }
        Some(self.overlapping.iter().any(|pair| *pair == [a, b] || *pair == [b, a]))
    }

    /// What speaks for one person having gone from where `from` ended to where `to` began, as a logarithm of
    /// likelihoods: 0 where nothing is known.
    pub(crate) fn weigh(&self, from: &Tracklet, to: &Tracklet, gap_s: f32) -> f32 {
        if self.links.is_empty() {
            return self.weigh_learned(from, to, gap_s);
        }
        let fits = self.links.iter().filter(|link| {
            self.is_at(&link.exit, from.camera, &from.last) && self.is_at(&link.entry, to.camera, &to.first)
        });
        let best = fits.map(|link| timed(link.times_s, gap_s)).fold(UNLINKED, f32::max);
        // Somebody is lost in the middle of a picture, or at its edge for a moment, and found there again.
        let is_lost = gap_s <= LOST_S
            || !self.is_at_a_gate(from.camera, &from.last) && !self.is_at_a_gate(to.camera, &to.first);
        if from.camera == to.camera && is_lost { best.max(0.0) } else { best }
    }

    fn weigh_learned(&self, from: &Tracklet, to: &Tracklet, gap_s: f32) -> f32 {
        let way = self.way(from, to);
        let known = self.learned.iter().find(|learned| learned.way == way);
        known.filter(|known| known.count >= LEAST_LEARNED).map_or(0.0, |known| known.weigh(gap_s))
    }

    /// Somebody went this way, with certainty.
    pub(crate) fn learn(&mut self, from: &Tracklet, to: &Tracklet, gap_s: f32) {
        if !self.learns || !self.links.is_empty() {
            return;
        }
        let way = self.way(from, to);
        match self.learned.iter().position(|learned| learned.way == way) {
            Some(place) => self.learned[place].see(gap_s),
            None if self.learned.len() < MOST_LEARNED => {
                self.learned.push(Learned { way, count: 1, mean_s: gap_s, square: 0.0 });
            }
            None => {}
        }
    }

    pub(crate) fn restore(&mut self, learned: Vec<Learned>) {
        self.learned = learned;
        self.learned.truncate(MOST_LEARNED);
    }

    fn way(&self, from: &Tracklet, to: &Tracklet) -> [u32; 4] {
        let leaves = side(&from.last, self.aspect(from.camera));
        let comes = side(&to.first, self.aspect(to.camera));
        [from.camera, leaves, to.camera, comes]
    }

    fn aspect(&self, camera: u32) -> f32 {
        self.aspects.iter().find(|(known, _)| *known == camera).map_or(1.0, |(_, aspect)| *aspect)
    }

    fn is_at_a_gate(&self, camera: u32, step: &Step) -> bool {
        self.links
            .iter()
            .any(|link| self.is_at(&link.exit, camera, step) || self.is_at(&link.entry, camera, step))
    }

    fn is_at(&self, gate: &Gate, camera: u32, step: &Step) -> bool {
        let [x, y] = step.foot;
        let is_inside = |outline: &Polygon| outline.contains(Point::new(x / self.aspect(camera), y));
        let is_near = |[x, y, within]: [f32; 3]| {
            step.map.is_some_and(|[found_x, found_y, _]| (found_x - x).hypot(found_y - y) <= within)
        };
        gate.camera.is_none_or(|known| known == camera)
            && gate.outline.as_ref().is_none_or(is_inside)
            && gate.map.is_none_or(is_near)
    }
}

/// The side of the picture at which somebody is: 0 for none of them, then left, right, top and bottom.
fn side(step: &Step, aspect: f32) -> u32 {
    let [x, y] = [step.foot[0] / aspect, step.foot[1]];
    let mut nearest = (EDGE, 0);
    for (distance, side) in [(x, 1), (1.0 - x, 2), (y - step.height, 3), (1.0 - y, 4)] {
        if distance < nearest.0 {
            nearest = (distance, side);
        }
    }
    nearest.1
}

/// A triangle over the link's times, with a little left to both sides.
fn timed([least, usual, most]: [f32; 3], gap_s: f32) -> f32 {
    let span = most - least;
    let slack = 0.1 * span + 0.3;
    if gap_s < least - slack || gap_s > most + slack {
        return UNLINKED;
    }
    let side = if gap_s < usual { usual - least } else { most - usual };
    let height = 1.0 - (gap_s - usual).abs() / (side + slack);
    (ANY_TIME_S * height.max(0.1) * 2.0 / (span + slack)).ln().min(4.0)
}
