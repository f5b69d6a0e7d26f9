//! What speaks for two tracks being one person: logarithms of likelihoods (natural, summed), each of "the same person"
//! against "anybody else".

use std::f32::consts::{PI, TAU};

use crate::look::Mean;
use crate::settings::Settings;
use crate::topology::Topology;
use crate::tracklet::{Motion, Step, Tracklet};

/// One person is at most so long in one picture twice: trackers overlap a little at a change of ids.
const TOLERANCE_US: u64 = 300_000;
/// What looks say at most, for and against: pictures of one person depend on each other.
const LOOKS: [f32; 2] = [-8.0, 6.0];
/// Ground that a person has to themselves, where many are.
const ELBOW_ROOM_M2: f32 = 60.0;
/// What a place at the same time may say against before it is impossible.
const ELSEWHERE: f32 = -6.0;
/// A person's height: what metres in the picture are measured by.
const PERSON_M: f32 = 1.7;
/// Gap after which a place in the picture says nothing more.
const PICTURE_GAP_S: f32 = 8.0;
/// Time over which anybody could come, in seconds.
const ANY_TIME_S: f32 = 60.0;
/// How fast people walk.
const USUAL_PACE_MPS: f32 = 1.3;
/// How much paces differ between two tracks of one person, and between two people.
const PACE_SPREAD_MPS: [f32; 2] = [0.12, 0.25];

/// What is known of looks and ways.
#[derive(Debug)]
pub(crate) struct Terms {
    middle: f32,
    slope: f32,
    error_m: f32,
    max_speed_mps: f32,
    has_map: bool,
    pub(crate) topology: Topology,
    /// Least and greatest places so far, x and y.
    pub(crate) extent: Option<[f32; 4]>,
}

/// The evidence between a track and an identity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Evidence {
    pub(crate) looks: f32,
    pub(crate) place: f32,
    pub(crate) way: f32,
}

impl Evidence {
    pub(crate) fn sum(&self) -> f32 {
        self.looks + self.place + self.way
    }
}

impl Terms {
    pub(crate) fn new(settings: &Settings, topology: Topology) -> Terms {
        let appearance = &settings.appearance;
        // Two normal distributions of one width: the logarithm of their ratio is a straight line.
        let slope = (appearance.same - appearance.other) / (appearance.spread * appearance.spread);
        Terms {
            middle: f64::midpoint(appearance.same, appearance.other) as f32,
            slope: slope as f32,
            error_m: settings.position_error_m as f32,
            max_speed_mps: settings.max_speed_mps as f32,
            has_map: settings.shared_map,
            topology,
            extent: None,
        }
    }

    /// What a cosine says.
    pub(crate) fn alike(&self, cosine: f32) -> f32 {
        ((cosine - self.middle) * self.slope).clamp(LOOKS[0], LOOKS[1])
    }

    /// Takes in a place, so that it is known how large the site is.
    pub(crate) fn reach(&mut self, step: &Step) {
        let Some([x, y, _]) = step.map else { return };
        let [x1, y1, x2, y2] = self.extent.unwrap_or([x, y, x, y]);
        self.extent = Some([x1.min(x), y1.min(y), x2.max(x), y2.max(y)]);
    }

    fn area_m2(&self) -> f32 {
        self.extent.map_or(0.0, |[x1, y1, x2, y2]| (x2 - x1) * (y2 - y1)).clamp(100.0, 1e6)
    }

    /// What speaks for `track` being one with all of `others`, which are one person of this `mean` look; none where that
    /// cannot be.
    pub(crate) fn weigh<'a>(
        &self,
        track: &Tracklet,
        others: impl Iterator<Item = &'a Tracklet>,
        mean: Option<&Mean>,
    ) -> Option<Evidence> {
        let (mut place, mut beside) = (0.0, 0_u32);
        let (mut before, mut after): (Option<&Tracklet>, Option<&Tracklet>) = (None, None);
        let (mut is_met, mut is_seen_off) = (false, false);
        for other in others {
            if other.is_cut || track.is_cut {
                // Where it ends is not known, but that it is of this camera.
                if track.camera == other.camera && are_together(track, other) {
                    return None;
                }
            } else if are_together(track, other) {
                place += self.beside(track, other)?;
                beside += 1;
                is_met |= other.first.us <= track.first.us;
                is_seen_off |= other.last.us >= track.last.us;
            } else if other.first.us < track.first.us {
                before = before.filter(|known| known.last.us >= other.last.us).or(Some(other));
            } else {
                after = after.filter(|known| known.first.us <= other.first.us).or(Some(other));
            }
        }
        let mut way = 0.0;
        if let Some(before) = before.filter(|_| !is_met) {
            way += self.way(before, track)?;
        }
        if let Some(after) = after.filter(|_| !is_seen_off) {
            way += self.way(track, after)?;
        }
        let place = place / beside.max(1) as f32;
        Some(Evidence { looks: self.looks(track, mean), place, way })
    }

    /// Whether nothing forbids that they are one person.
    pub(crate) fn allows(&self, track: &Tracklet, other: &Tracklet) -> bool {
        if track.is_cut || other.is_cut {
            return track.camera != other.camera || !are_together(track, other);
        }
        if are_together(track, other) {
            return self.beside(track, other).is_some();
        }
        let (from, to) = if track.first.us < other.first.us { (track, other) } else { (other, track) };
        self.is_near(&from.last, &to.first)
    }

    /// Two that are seen at once.
    fn beside(&self, track: &Tracklet, other: &Tracklet) -> Option<f32> {
        if track.camera == other.camera {
            return None;
        }
        if self.topology.overlap(track.camera, other.camera) == Some(false) {
            return None;
        }
        if !self.has_map {
            return Some(0.0);
        }
        let (mut sum, mut count) = (0.0_f32, 0_u32);
        for step in track.trail() {
            let Some(([x, y, sigma], [x2, y2, sigma2])) = step.map.zip(other.map_at(step.us)) else {
                continue;
            };
            let variance = sigma * sigma + sigma2 * sigma2 + 2.0 * self.error_m * self.error_m;
            let off = (x - x2) * (x - x2) + (y - y2) * (y - y2);
            let room = ELBOW_ROOM_M2.max(7.0 * variance);
            sum += (room / (TAU * variance)).ln() - (off / (2.0 * variance)).min(20.0);
            count += 1;
        }
        if count == 0 {
            // Their ways are forgotten, but for where they begin and end.
            return self.is_reachable(track, other).then_some(0.0);
        }
        let mean = sum / count as f32;
        if mean < ELSEWHERE && count >= 2 {
            return None;
        }
        // Steps depend on each other: eight of them are worth two and a half.
        Some(mean * (1.0 + (count - 1) as f32 * 0.214))
    }

    /// Whether one person can have been where both begin and end.
    fn is_reachable(&self, a: &Tracklet, b: &Tracklet) -> bool {
        [a.first, a.last].iter().all(|one| [b.first, b.last].iter().all(|other| self.is_near(one, other)))
    }

    /// Whether there was time enough from one place to the other.
    fn is_near(&self, a: &Step, b: &Step) -> bool {
        let Some(([x, y, sigma], [x2, y2, sigma2])) = a.map.zip(b.map).filter(|_| self.has_map) else {
            return true;
        };
        let slack = 3.0 * (sigma * sigma + sigma2 * sigma2 + 2.0 * self.error_m * self.error_m).sqrt();
        (x - x2).hypot(y - y2) <= self.max_speed_mps * (a.us.abs_diff(b.us) as f32 / 1e6) + slack
    }

    /// One after the other.
    fn way(&self, from: &Tracklet, to: &Tracklet) -> Option<f32> {
        if !self.is_near(&from.last, &to.first) {
            return None;
        }
        let gap_s = gap_s(from, to);
        Some(self.topology.weigh(from, to, gap_s) + self.walked(from, to, gap_s))
    }

    /// Whether somebody who left like this is found there after such a time: on the map, or in the picture of one camera.
    fn walked(&self, from: &Tracklet, to: &Tracklet, gap_s: f32) -> f32 {
        let motion = [from.exit, to.came()];
        if let Some(([x, y, sigma], [x2, y2, sigma2])) = from.last.map.zip(to.first.map)
            && self.has_map
        {
            let variance = sigma * sigma + sigma2 * sigma2 + 2.0 * self.error_m * self.error_m;
            let velocity = mean(motion.map(|motion| motion.and_then(|motion| motion.map)));
            let way = [x2 - x, y2 - y];
            let timed = timed(way[0].hypot(way[1]), gap_s, [from.pace_mps(), to.pace_mps()]);
            return self.found(way, velocity, Ground { variance, gap_s, area: self.area_m2(), timed })
                + paces(from, to);
        }
        if from.camera != to.camera || gap_s > PICTURE_GAP_S {
            return 0.0;
        }
        let height = from.last.height.midpoint(to.first.height);
        let scale = PERSON_M / height;
        let metres = |[x, y]: [f32; 2]| [x * scale, y * scale];
        let way = [to.first.foot[0] - from.last.foot[0], to.first.foot[1] - from.last.foot[1]];
        let velocity = mean(motion.map(|motion| motion.map(|Motion { foot, .. }| metres(foot))));
        let area = (scale * scale * 1.6).clamp(20.0, 1e4);
        self.found(metres(way), velocity, Ground { variance: 0.1, gap_s, area, timed: 0.0 })
    }

    /// Of two likelihoods: of one who went on about straight, took the time that the way takes, or went anywhere; and of
    /// anybody.
    fn found(&self, way: [f32; 2], velocity: Option<[f32; 2]>, ground: Ground) -> f32 {
        let Ground { variance, gap_s, area, timed } = ground;
        let [vx, vy] = velocity.unwrap_or_default();
        let speed = vx.hypot(vy);
        let off = (way[0] - vx * gap_s).hypot(way[1] - vy * gap_s);
        let spread = |mps: f32| variance + (mps * gap_s) * (mps * gap_s);
        // Two normal distributions about where they would be: of one who went straight on, and of one who nearly did.
        let [straight, roughly] = match velocity {
            Some(_) => [spread(0.12 + 0.1 * speed), spread(0.25 + 0.35 * speed)]
                .map(|spread| area * normal(off, spread)),
            None => [area * normal(off, spread(1.2)); 2],
        };
        // Or they turned round, or stood there.
        let stayed = area * normal(way[0].hypot(way[1]), variance + 1.0 + (0.5 * gap_s) * (0.5 * gap_s));
        let radius = self.max_speed_mps * gap_s + 3.0 * variance.sqrt().min(3.0);
        let anywhere = (0.5 * area / (PI * radius * radius)).max(0.8);
        // The longer nobody saw them, the less they went straight, and the more they may have gone straight there.
        let share = 1.0 / (1.0 + gap_s / 15.0);
        let near = 0.4 * straight + 0.2 * roughly + 0.2 * stayed;
        (share * near + 0.3 * (1.0 - share) * timed + (0.2 + 0.5 * (1.0 - share)) * anywhere)
            .ln()
            .clamp(-4.0, 6.0)
    }

    /// What somebody looks like who is all of these.
    pub(crate) fn mean<'a>(others: impl Iterator<Item = &'a Tracklet>) -> Option<Mean> {
        Mean::of(others.flat_map(Tracklet::looks))
    }

    /// What the looks of a track say about it being somebody of this mean look; none where there is nothing to compare.
    pub(crate) fn newest(&self, track: &Tracklet, mean: Option<&Mean>) -> Option<f32> {
        Some(self.alike(mean?.cosine(track.newest()?)?))
    }

    /// What the look by which a track is known says about it.
    pub(crate) fn oldest(&self, track: &Tracklet, mean: Option<&Mean>) -> Option<f32> {
        Some(self.alike(mean?.cosine(track.oldest()?)?))
    }

    fn looks(&self, track: &Tracklet, mean: Option<&Mean>) -> f32 {
        self.newest(track, mean).unwrap_or(0.0)
    }
}

/// What is known of a gap in somebody's way.
#[derive(Debug, Clone, Copy)]
struct Ground {
    /// Of the places at its ends, in square metres.
    variance: f32,
    gap_s: f32,
    /// Square metres on which people are.
    area: f32,
    /// What the time says, as a ratio of likelihoods.
    timed: f32,
}

/// Density at a distance of a normal distribution over the ground, with its variance along each axis.
fn normal(off: f32, variance: f32) -> f32 {
    (-off * off / (2.0 * variance)).exp() / (TAU * variance)
}

/// What the time says that somebody took for a way, if they walked straight there as fast as they were seen to walk.
fn timed(way_m: f32, gap_s: f32, paces: [Option<f32>; 2]) -> f32 {
    let (pace, doubt) = match paces {
        [Some(a), Some(b)] => (a.midpoint(b), 0.08),
        [Some(a), None] | [None, Some(a)] => (a, 0.12),
        [None, None] => (USUAL_PACE_MPS, 0.3),
    };
    let usual_s = way_m / pace;
    let spread = 0.7 + doubt * usual_s;
    let off = (gap_s - usual_s) / spread;
    ANY_TIME_S * (-off * off / 2.0).exp() / (2.507 * spread)
}

/// Who walks as fast as the other: of two normal distributions, of one person's paces and of two people's.
fn paces(from: &Tracklet, to: &Tracklet) -> f32 {
    let Some((a, b)) = from.pace_mps().zip(to.pace_mps()) else { return 0.0 };
    let [same, other] = PACE_SPREAD_MPS.map(|spread| 1.0 / (2.0 * spread * spread));
    ((PACE_SPREAD_MPS[1] / PACE_SPREAD_MPS[0]).ln() - (a - b) * (a - b) * (same - other)).max(-2.0)
}

/// Seen at the same time, and longer than trackers overlap.
pub(crate) fn are_together(a: &Tracklet, b: &Tracklet) -> bool {
    let (from, to) = (a.first.us.max(b.first.us), a.last.us.min(b.last.us));
    let shorter_us = a.length_us().min(b.length_us());
    to.checked_sub(from).is_some_and(|both_us| both_us > TOLERANCE_US || both_us > shorter_us / 2)
}

/// Seconds from the end of one to the beginning of another.
pub(crate) fn gap_s(from: &Tracklet, to: &Tracklet) -> f32 {
    to.first.us.saturating_sub(from.last.us) as f32 / 1e6
}

fn mean(velocities: [Option<[f32; 2]>; 2]) -> Option<[f32; 2]> {
    match velocities {
        [Some([ax, ay]), Some([bx, by])] => Some([ax.midpoint(bx), ay.midpoint(by)]),
        [one, other] => one.or(other),
    }
}
