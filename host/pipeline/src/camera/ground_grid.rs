//! A calibration shown before it is taken: what its points leave, and a grid of the ground as the picture would show it.

use ocellus_core::calibration::{Calibration, Covariance};
use ocellus_core::{GroundPoint, Size};

use super::calibration::{CalibrationError, CalibrationSpec, SolvedCalibration};

/// The picture that places are looked up in; all that comes out are shares of it.
const NOMINAL: Size = Size::new(1920, 1080);
/// Lines that the longer side of the ground is divided by, at most.
const LINES: f64 = 12.0;
/// Places along one line: a lens bends it.
const STEPS: u32 = 32;
/// How far outside of the picture a line is still drawn, in shares of it.
const NEAR: std::ops::RangeInclusive<f64> = -0.5..=1.5;

/// What a calibration would come to.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationTrial {
    /// Root mean square of what is left of the points that agree, in metres; none without points to spare.
    pub residual_m: Option<f64>,
    /// Points that the others contradict, counted from 0.
    pub left_out: Vec<usize>,
    /// How far each point is from where it was said to be, in metres; none where the map does not reach.
    pub off_m: Vec<Option<f64>>,
    /// Metres between two lines of the grid.
    pub spacing_m: f64,
    /// Lines along both axes of the ground, each a list of places 0..1 of the picture; some lie a little outside.
    pub lines: Vec<Vec<[f64; 2]>>,
}

impl CalibrationSpec {
    /// What the calibration would come to.
    ///
    /// # Errors
    /// As those of [`CalibrationSpec::solve`].
    pub fn try_out(&self) -> Result<CalibrationTrial, CalibrationError> {
        let SolvedCalibration { map, residual_m, left_out } = self.solve()?;
        let places = self.places();
        let off_m = self.points.iter().zip(&places);
        let off_m =
            off_m.map(|(point, place)| Some(located(&map, point.picture)?.distance(*place))).collect();
        // A matrix has no points: the lower part of the picture is what it is for.
        let seen = || {
            let shares = [[0.1, 0.65], [0.9, 0.65], [0.1, 0.98], [0.5, 0.98], [0.9, 0.98]];
            shares.iter().filter_map(|share| located(&map, *share)).collect()
        };
        let ground = if places.is_empty() { seen() } else { places };
        let (spacing_m, lines) = grid(&map, &ground);
        Ok(CalibrationTrial { residual_m, left_out, off_m, spacing_m, lines })
    }
}

fn located(map: &Calibration, [x, y]: [f64; 2]) -> Option<GroundPoint> {
    let pixel = [x * f64::from(NOMINAL.width), y * f64::from(NOMINAL.height)];
    map.locate(pixel, Covariance::default(), NOMINAL).map(|(place, _)| place)
}

/// Lines around these places, and the metres between two.
fn grid(map: &Calibration, ground: &[GroundPoint]) -> (f64, Vec<Vec<[f64; 2]>>) {
    let range = |axis: fn(&GroundPoint) -> f64| {
        let (least, most) = ground
            .iter()
            .map(axis)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), at| (least.min(at), most.max(at)));
        (least, most)
    };
    let ((left, right), (near, far)) = (range(|place| place.x_m), range(|place| place.y_m));
    let longest = (right - left).max(far - near);
    if !longest.is_finite() || longest <= 0.0 {
        return (0.0, Vec::new());
    }
    let spacing = round_number(longest / LINES);
    let on_grid =
        |least: f64, most: f64| ((least / spacing).floor() * spacing, (most / spacing).ceil() * spacing);
    let ((left, right), (near, far)) = (on_grid(left, right), on_grid(near, far));
    let count = |from: f64, to: f64| ((to - from) / spacing).round() as u32;
    let mut lines = Vec::new();
    for index in 0..=count(left, right) {
        let x = left + f64::from(index) * spacing;
        draw(map, GroundPoint::new(x, near), GroundPoint::new(x, far), &mut lines);
    }
    for index in 0..=count(near, far) {
        let y = near + f64::from(index) * spacing;
        draw(map, GroundPoint::new(left, y), GroundPoint::new(right, y), &mut lines);
    }
    (spacing, lines)
}

/// 1, 2 or 5 times a power of ten, at least `length`.
fn round_number(length: f64) -> f64 {
    let power = 10.0_f64.powf(length.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|each| *each >= length)
        .unwrap_or(10.0 * power)
}

/// Adds the parts of a line that the picture would show.
fn draw(map: &Calibration, from: GroundPoint, to: GroundPoint, lines: &mut Vec<Vec<[f64; 2]>>) {
    let mut line = Vec::new();
    for step in 0..=STEPS {
        let share = f64::from(step) / f64::from(STEPS);
        let place =
            GroundPoint::new(from.x_m + (to.x_m - from.x_m) * share, from.y_m + (to.y_m - from.y_m) * share);
        let seen = map.project(place, NOMINAL);
        let seen = seen.map(|[x, y]| [x / f64::from(NOMINAL.width), y / f64::from(NOMINAL.height)]);
        match seen.filter(|seen| seen.iter().all(|share| NEAR.contains(share))) {
            Some(seen) => line.push(seen),
            None if line.len() > 1 => lines.push(std::mem::take(&mut line)),
            None => line.clear(),
        }
    }
    if line.len() > 1 {
        lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORNERS: &str = r#"{"points":[
        {"picture":[0.2,0.9],"ground":[0,0]},{"picture":[0.8,0.9],"ground":[6,0]},
        {"picture":[0.6,0.3],"ground":[6,30]},{"picture":[0.4,0.3],"ground":[0,30]}]}"#;

    fn tried(json: &str) -> CalibrationTrial {
        serde_json::from_str::<CalibrationSpec>(json).unwrap().try_out().unwrap()
    }

    #[test]
    fn the_grid_runs_through_the_places_that_were_given() {
        let trial = tried(CORNERS);
        assert_eq!((trial.spacing_m, trial.residual_m), (5.0, None));
        let near = |[x, y]: [f64; 2], [a, b]: [f64; 2]| (x - a).hypot(y - b) < 1e-6;
        for corner in [[0.2, 0.9], [0.4, 0.3]] {
            let through = trial.lines.iter().flatten().filter(|place| near(**place, corner)).count();
            assert_eq!(through, 2, "a line along each axis: {corner:?}");
        }
        assert!(trial.off_m.iter().all(|off| off.unwrap() < 1e-6), "{:?}", trial.off_m);
        assert_eq!(trial.lines.len(), 3 + 7);
    }

    #[test]
    fn a_point_that_was_placed_wrongly_stands_out() {
        let more = r#",{"picture":[0.5,0.9],"ground":[3,0]},{"picture":[0.7,0.5],"ground":[40,3]}]}"#;
        let json = CORNERS.strip_suffix("]}").unwrap().to_owned() + more;
        let trial = tried(&json);
        assert_eq!(trial.left_out, [5]);
        assert!(trial.off_m[5].unwrap() > 10.0 && trial.off_m[4].unwrap() < 0.5, "{:?}", trial.off_m);
    }

    #[test]
    fn a_matrix_has_a_grid_too_and_a_refusal_its_reason() {
        let matrix = r#"{"homography":[[0.01,0,0],[0,0.02,0],[0,0,1]],"size":[1920,1080]}"#;
        let trial = tried(matrix);
        assert!(trial.off_m.is_empty() && trial.lines.len() > 4, "{trial:?}");
        let none = serde_json::from_str::<CalibrationSpec>("{}").unwrap().try_out().unwrap_err();
        assert!(none.to_string().contains("give either points or homography"));
    }
}
