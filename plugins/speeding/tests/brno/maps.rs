//! From a camera's picture to the road: as published, and by our own fit from measured distances.

use ocellus_core::calibration::{Calibration, Homography, PointPair, fit};
use ocellus_core::{GroundPoint, Size};

use crate::data::{Distance, Published};

pub(crate) const SIZE: Size = Size::new(1920, 1080);
/// How far off the published calibration is taken to be, in pixels.
const PUBLISHED_SIGMA_PX: f64 = 1.0;
/// Places closer than this are one, in pixels.
const SAME_PX: f64 = 2.0;

type Vector = [f64; 3];

/// The road's plane is at right angles to the third vanishing point, ten units from the data set's origin.
pub(crate) fn published(published: &Published) -> Calibration {
    let Published { pp, scale, vp1, vp2 } = published;
    let from_pp = |point: &[f64; 2]| [point[0] - pp[0], point[1] - pp[1]];
    let (one, other) = (from_pp(vp1), from_pp(vp2));
    let focal = (-(one[0] * other[0] + one[1] * other[1])).sqrt();
    let along = unit([one[0], one[1], focal]);
    let across = unit([other[0], other[1], focal]);
    let up = {
        let [x, y, z] = cross(along, across);
        unit(if z < 0.0 { [-x, -y, -z] } else { [x, y, z] })
    };
    let distance = up[0] * pp[0] + up[1] * pp[1] + 10.0;
    // (x - ppx, y - ppy, f) in rows: along the two axes, over the depth.
    let row = |axis: Vector, factor: f64| {
        let [x, y, z] = axis.map(|number| number * factor);
        [x, y, z * focal - x * pp[0] - y * pp[1]]
    };
    let matrix = [row(along, scale * distance), row(across, scale * distance), row(up, 1.0)];
    let in_view = [f64::from(SIZE.width) / 2.0, f64::from(SIZE.height) * 0.9];
    let homography = Homography::new(matrix, in_view).expect("the published calibration");
    Calibration::from_homography(SIZE, None, homography, PUBLISHED_SIGMA_PX)
}

/// Fitted from the distances that were measured on the road. Those along it and across it are its two axes; from
/// one place to the next they give each place its metres. Where they do not join, the largest part is fitted first
/// and tells where along and across the others begin; then all are fitted together.
pub(crate) fn fitted(distances: &[Distance]) -> (Calibration, usize, f64) {
    let mut survey = Survey::of(distances);
    let mut part = survey.largest_part();
    loop {
        let pairs: Vec<PointPair> = part.iter().map(|&place| survey.pair(place)).collect();
        let fit = fit(&pairs, SIZE, None).expect("the measured distances give a map");
        if part.len() == survey.places.len() {
            return (fit.calibration, pairs.len(), fit.rms_m);
        }
        survey.attach_rest(&part, &fit.calibration);
        part = (0..survey.places.len()).collect();
    }
}

struct Survey {
    places: Vec<[f64; 2]>,
    ground: Vec<[f64; 2]>,
    /// The part that each place is in.
    part: Vec<usize>,
}

impl Survey {
    fn of(distances: &[Distance]) -> Survey {
        let mut survey = Survey { places: Vec::new(), ground: Vec::new(), part: Vec::new() };
        let known: Vec<(usize, usize)> = distances
            .iter()
            .map(|distance| (survey.place(&distance.p1), survey.place(&distance.p2)))
            .collect();
        // Along the road y grows downwards in the picture, across it x grows to the right.
        let step = |index: usize| {
            let (from, to) = known[index];
            let axis = if distances[index].is_along { 1 } else { 0 };
            let sign = (survey.places[to][axis] - survey.places[from][axis]).signum();
            let mut step = [0.0; 2];
            step[axis] = sign * distances[index].distance;
            (from, to, step)
        };
        let steps: Vec<_> = (0..distances.len()).map(step).collect();
        survey.join(&steps);
        survey
    }

    fn place(&mut self, point: &[f64; 3]) -> usize {
        let close = |place: &[f64; 2]| (place[0] - point[0]).hypot(place[1] - point[1]) < SAME_PX;
        self.places.iter().position(close).unwrap_or_else(|| {
            self.places.push([point[0], point[1]]);
            self.places.len() - 1
        })
    }

    /// Walks from place to place.
    fn join(&mut self, steps: &[(usize, usize, [f64; 2])]) {
        let count = self.places.len();
        let mut found: Vec<Option<([f64; 2], usize)>> = vec![None; count];
        for start in 0..count {
            if found[start].is_some() {
                continue;
            }
            found[start] = Some(([0.0; 2], start));
            for _ in 0..count {
                for &(from, to, [x, y]) in steps {
                    match (found[from], found[to]) {
                        (Some(([fx, fy], part)), None) => found[to] = Some(([fx + x, fy + y], part)),
                        (None, Some(([tx, ty], part))) => found[from] = Some(([tx - x, ty - y], part)),
                        _ => {}
                    }
                }
            }
        }
        let found: Vec<_> = found.into_iter().flatten().collect();
        self.ground = found.iter().map(|(ground, _)| *ground).collect();
        self.part = found.iter().map(|(_, part)| *part).collect();
    }

    fn largest_part(&self) -> Vec<usize> {
        // Places in one line give no map: the largest is the one with most extent across.
        let members = |part: usize| -> Vec<usize> {
            (0..self.places.len()).filter(|&place| self.part[place] == part).collect()
        };
        let has_width = |places: &Vec<usize>| {
            places.iter().any(|&place| (self.ground[place][0] - self.ground[places[0]][0]).abs() > 1.0)
        };
        let parts: std::collections::BTreeSet<usize> = self.part.iter().copied().collect();
        parts.into_iter().map(members).filter(has_width).max_by_key(Vec::len).expect("a part with width")
    }

    /// Moves each other part to where the map says that it is, on average.
    fn attach_rest(&mut self, part: &[usize], map: &Calibration) {
        let base = self.part[part[0]];
        let others: std::collections::BTreeSet<usize> =
            self.part.iter().copied().filter(|&other| other != base).collect();
        for other in others {
            let members: Vec<usize> =
                (0..self.places.len()).filter(|&place| self.part[place] == other).collect();
            let mut off = [0.0; 2];
            for &place in &members {
                let (seen, _) = map
                    .locate(self.places[place], ocellus_core::calibration::Covariance::default(), SIZE)
                    .expect("on the road");
                off[0] += (seen.x_m - self.ground[place][0]) / members.len() as f64;
                off[1] += (seen.y_m - self.ground[place][1]) / members.len() as f64;
            }
            for place in members {
                self.ground[place][0] += off[0];
                self.ground[place][1] += off[1];
            }
        }
    }

    fn pair(&self, place: usize) -> PointPair {
        let [x_m, y_m] = self.ground[place];
        PointPair { pixel: self.places[place], ground: GroundPoint::new(x_m, y_m) }
    }
}

fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

fn unit(vector: Vector) -> Vector {
    let length = vector.iter().map(|number| number * number).sum::<f64>().sqrt();
    vector.map(|number| number / length)
}
