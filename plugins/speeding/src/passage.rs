//! How fast a vehicle drove through a zone.
//!
//! The distance along its way is taken from one place to the next in the direction in which it moves, so that places
//! which tremble make it no longer. The mean speed is the slope of that distance over time by weighted least squares;
//! the peak is the highest mean over a second.

use std::collections::VecDeque;

use ocellus_sdk::prelude::*;

/// Time over which a peak is a mean, in seconds: what is shorter is noise of the boxes.
const PEAK_S: f64 = 1.0;
/// Places that are kept for the peak: enough for a second, however many frames that has.
const KEPT: usize = 16;
/// Errors of places that follow each other within this time are one error, in seconds: a box that is too high
/// stays so for some frames, and the host smooths places besides.
const ONE_ERROR_S: f64 = 0.4;
/// Standard deviation of a place whose own is not known, in metres.
const UNKNOWN_SIGMA_M: f64 = 0.5;
/// The least standard deviation of a place, in metres: no box is better.
const LEAST_SIGMA_M: f64 = 0.05;

/// How far off a map of the ground is as a whole, as a share: what careful surveys of roads come to (Sochor et al.,
/// *Comprehensive Data Set for Automatic Single Camera Visual Speed Measurement*, 2018).
const MAP_SHARE: f64 = 0.01;
/// A step is a jump where it differs from what the speed says by more than this, in metres...
const JUMP_M: f64 = 0.5;
/// ...and so many standard deviations of the place.
const JUMP_SIGMAS: f64 = 1.0;

/// A jump is to something else where the velocities differ by more than this, in m/s, and as a share of the speed.
const OTHER_MPS: f64 = 2.0;
const OTHER_SHARE: f64 = 0.3;
/// Seconds after which a vehicle was measured for long enough to keep what is known of it when its track becomes
/// something else; before that it was something else.
const SETTLED_S: f64 = 1.0;

/// A place where a vehicle was seen in a zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    pub(crate) time: TimeUs,
    pub(crate) at: [f64; 2],
    pub(crate) velocity: [f64; 2],
    pub(crate) sigma_m: f64,
}

impl Place {
    /// Nothing until the speed is known well enough.
    pub(crate) fn of(time: TimeUs, ground: &Ground) -> Option<Place> {
        let velocity = ground.velocity_mps?.map(f64::from);
        let sigma = f64::from(ground.sigma_m);
        let sigma_m = if sigma.is_finite() { sigma.max(LEAST_SIGMA_M) } else { UNKNOWN_SIGMA_M };
        Some(Place { time, at: [ground.x_m.into(), ground.y_m.into()], velocity, sigma_m })
    }

    /// How it came from here to `next`.
    fn step_to(&self, next: &Place) -> Step {
        let [vx, vy] = self.velocity;
        let [nx, ny] = next.velocity;
        let direction = [vx + nx, vy + ny];
        let length = direction[0].hypot(direction[1]);
        if length < 1e-3 {
            return Step::Way(0.0);
        }
        let step = [next.at[0] - self.at[0], next.at[1] - self.at[1]];
        let way = (step[0] * direction[0] + step[1] * direction[1]) / length;
        let expected = length / 2.0 * next.time.0.saturating_sub(self.time.0) as f64 / 1e6;
        if (way - expected).abs() <= JUMP_M + JUMP_SIGMAS * self.sigma_m {
            return Step::Way(way);
        }
        let is_other = (vx - nx).hypot(vy - ny) > OTHER_MPS + OTHER_SHARE * nx.hypot(ny);
        if is_other { Step::Other } else { Step::Way(expected) }
    }
}

/// From one place to the next.
enum Step {
    /// So many metres. Where a box was cut or merged and is not any more, the place jumps and the vehicle does not: its
    /// speed says how far it came.
    Way(f64),
    /// Place and velocity are others: the track belonged to something else before, or nobody knew its speed.
    Other,
}

/// A speed and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Speed {
    pub(crate) mean_kmh: f64,
    pub(crate) sigma_kmh: f64,
    pub(crate) peak_kmh: f64,
}

/// What is known of a vehicle in one zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Passage {
    /// When it was first and last seen there, in microseconds.
    pub(crate) first_us: u64,
    pub(crate) last_us: u64,
    /// The last place and the velocity there.
    at: [f64; 2],
    velocity: [f64; 2],
    sigma_m: f64,
    first_sigma_m: f64,
    /// Metres so far.
    way_m: f64,
    fit: Fit,
    /// Seconds since the first place and metres, over the last second.
    recent: VecDeque<[f64; 2]>,
    peak_mps: f64,
    /// Whether nothing more is believed: the track goes on as something else.
    is_settled: bool,
}

impl Passage {
    pub(crate) fn new(place: &Place) -> Passage {
        let mut fit = Fit::default();
        fit.add(0.0, 0.0, place.sigma_m);
        Passage {
            first_us: place.time.0,
            last_us: place.time.0,
            at: place.at,
            velocity: place.velocity,
            sigma_m: place.sigma_m,
            first_sigma_m: place.sigma_m,
            way_m: 0.0,
            fit,
            recent: VecDeque::from([[0.0, 0.0]]),
            peak_mps: 0.0,
            is_settled: false,
        }
    }

    pub(crate) fn see(&mut self, place: &Place) {
        if place.time.0 <= self.last_us || self.is_settled {
            return;
        }
        let last =
            Place { time: TimeUs(self.last_us), at: self.at, velocity: self.velocity, sigma_m: self.sigma_m };
        match last.step_to(place) {
            Step::Way(metres) => self.way_m += metres,
            Step::Other if self.time_s() < SETTLED_S => {
                *self = Passage::new(place);
                return;
            }
            Step::Other => {
                self.is_settled = true;
                return;
            }
        }
        self.last_us = place.time.0;
        self.at = place.at;
        self.velocity = place.velocity;
        self.sigma_m = place.sigma_m;
        let time_s = self.time_s();
        self.fit.add(time_s, self.way_m, place.sigma_m);
        self.look_for_peak(time_s);
    }

    /// Seconds from the first place to the last.
    pub(crate) fn time_s(&self) -> f64 {
        self.last_us.saturating_sub(self.first_us) as f64 / 1e6
    }

    /// Metres from the first place to the last.
    pub(crate) fn way_m(&self) -> f64 {
        self.way_m
    }

    /// None before there are two places.
    pub(crate) fn speed(&self) -> Option<Speed> {
        let time_s = self.time_s();
        let (slope, scatter) = self.fit.slope(time_s)?;
        // Both ends may be off as the host says, and its doubt of the map is the same in all frames.
        let ends = self.first_sigma_m.hypot(self.sigma_m) / time_s;
        let mean_mps = slope.max(0.0);
        let map = MAP_SHARE * mean_mps;
        Some(Speed {
            mean_kmh: kmh(mean_mps),
            sigma_kmh: kmh(scatter.hypot(ends).hypot(map)),
            peak_kmh: kmh(self.peak_mps.max(mean_mps)),
        })
    }

    fn look_for_peak(&mut self, time_s: f64) {
        let step = PEAK_S / (KEPT - 2) as f64;
        if self.recent.back().is_some_and(|[last, _]| time_s - last < step) {
            return;
        }
        self.recent.push_back([time_s, self.way_m]);
        while self.recent.len() > 2 && self.recent.get(1).is_some_and(|[second, _]| time_s - second >= PEAK_S)
        {
            self.recent.pop_front();
        }
        if let Some([first, way]) = self.recent.front()
            && time_s - first >= PEAK_S
        {
            self.peak_mps = self.peak_mps.max((self.way_m - way) / (time_s - first));
        }
        if self.recent.len() >= KEPT {
            self.recent.pop_front();
        }
    }
}

fn kmh(mps: f64) -> f64 {
    mps * 3.6
}

/// Sums of a weighted straight line through (time, way).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Fit {
    weight: f64,
    time: f64,
    way: f64,
    time_time: f64,
    time_way: f64,
    way_way: f64,
}

impl Fit {
    fn add(&mut self, time_s: f64, way_m: f64, sigma_m: f64) {
        let weight = 1.0 / (sigma_m * sigma_m);
        self.weight += weight;
        self.time += weight * time_s;
        self.way += weight * way_m;
        self.time_time += weight * time_s * time_s;
        self.time_way += weight * time_s * way_m;
        self.way_way += weight * way_m * way_m;
    }

    /// Metres a second, and the standard deviation that the scatter about the line gives.
    fn slope(&self, time_s: f64) -> Option<(f64, f64)> {
        if self.weight <= 0.0 || time_s <= 0.0 {
            return None;
        }
        let times = self.time_time - self.time * self.time / self.weight;
        let both = self.time_way - self.time * self.way / self.weight;
        let ways = self.way_way - self.way * self.way / self.weight;
        let slope = both / times;
        let rest = (ways - slope * both).max(0.0);
        let errors = (time_s / ONE_ERROR_S).max(1.0) + 1.0;
        let scatter = (rest / times / errors).sqrt();
        (slope.is_finite() && scatter.is_finite()).then_some((slope, scatter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(time_s: f64, at: [f64; 2], velocity: [f64; 2]) -> Place {
        Place { time: TimeUs((time_s * 1e6).round() as u64), at, velocity, sigma_m: 0.2 }
    }

    fn drive(speed: impl Fn(f64) -> f64, seconds: f64) -> Passage {
        let (mut x, mut passage) = (0.0, Passage::new(&place(0.0, [0.0, 0.0], [speed(0.0), 0.0])));
        for frame in 1..=(seconds * 25.0) as u32 {
            let time = f64::from(frame) / 25.0;
            x += speed(time) / 25.0;
            let error = [0.2, -0.1, -0.2, 0.15, 0.05, -0.1][frame as usize % 6];
            passage.see(&place(time, [x + error, -error], [speed(time), 0.0]));
        }
        passage
    }

    #[test]
    fn one_place_is_no_speed() {
        assert_eq!(Passage::new(&place(1.0, [0.0, 0.0], [20.0, 0.0])).speed(), None);
    }

    #[test]
    fn places_that_tremble_give_the_speed_and_no_higher_one() {
        let speed = drive(|_| 20.0, 3.0).speed().unwrap();
        assert!((speed.mean_kmh - 72.0).abs() < 0.5, "{speed:?}");
        assert!((speed.peak_kmh - 72.0).abs() < 2.0, "{speed:?}");
        assert!(speed.sigma_kmh < 1.5, "{speed:?}");
    }

    #[test]
    fn a_car_that_brakes_has_a_peak_above_its_mean() {
        let speed = drive(|time| if time < 2.0 { 25.0 } else { 10.0 }, 4.0).speed().unwrap();
        assert!((speed.peak_kmh - 90.0).abs() < 3.0, "{speed:?}");
        assert!(speed.mean_kmh < 75.0 && speed.sigma_kmh > 3.0, "{speed:?}");
    }

    #[test]
    fn one_that_stands_has_no_speed_however_its_box_trembles() {
        let speed = drive(|_| 0.0, 10.0).speed().unwrap();
        assert!(speed.mean_kmh < 0.5 && speed.peak_kmh < 1.5, "{speed:?}");
    }

    #[test]
    fn what_is_kept_is_bounded_at_any_frame_rate() {
        let mut passage = Passage::new(&place(0.0, [0.0, 0.0], [10.0, 0.0]));
        for frame in 1..=5000_u32 {
            let time = f64::from(frame) / 1000.0;
            passage.see(&place(time, [10.0 * time, 0.0], [10.0, 0.0]));
            assert!(passage.recent.len() <= KEPT);
        }
        assert!((passage.speed().unwrap().peak_kmh - 36.0).abs() < 0.01);
    }
}
