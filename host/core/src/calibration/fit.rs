//! A homography from places known in the picture and on the ground.
//!
//! The normalised direct linear transform (Hartley and Zisserman, algorithm 4.2) of every four pairs, the one that
//! most pairs agree with by the least median of squares (Rousseeuw and Leroy, *Robust Regression*), and from
//! the pairs that agree, the least sum of squared distances in the picture (Hartley and Zisserman, §4.2.3).

use nalgebra::{DMatrix, Matrix3, SMatrix};
use thiserror::Error;

use super::homography::{Matrix, product};
use super::refine::{Jacobian, refine};
use super::spread::{Frame, Scaled, Spread};
use super::{Calibration, Doubt, Homography, HomographyError, Lens};
use crate::geometry::{GroundPoint, Size};

/// Pairs that a homography needs.
const LEAST: usize = 4;
/// Pairs at most.
const MOST: usize = 256;
/// Pairs from which on one that is wrong shows itself: five others agree without it.
const ENOUGH_TO_DOUBT: usize = 6;
/// Four pairs at a time that are tried; beyond it a fixed sequence of them is.
const TRIALS: usize = 5000;
/// A click is not more exact than this share of the picture's height.
const CLICK: f64 = 0.002;
/// Standard deviations beyond which a pair is taken for wrong.
const AGREES: f64 = 2.5;
/// Share of the pairs that must agree.
const AGREEMENT: f64 = 0.6;
/// Largest mean distance in the picture that a fit may leave, as a share of the picture's height.
const POOR: f64 = 0.02;
/// How little the second weakest direction of the equations may count beside the strongest: where four places
/// leave the map open there are two directions of no weight.
const RANK: f64 = 1e-6;

/// A place that is known both in the picture and on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointPair {
    /// In pixels, as the camera shows it.
    pub pixel: [f64; 2],
    /// In metres.
    pub ground: GroundPoint,
}

/// A calibration and how well its pairs agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The calibration.
    pub calibration: Calibration,
    /// What is left of each pair, in metres on the ground, in the order given.
    pub residuals_m: Vec<f64>,
    /// Root mean square of the residuals of the pairs that agree, in metres. With four pairs it is 0 and says nothing.
    pub rms_m: f64,
    /// The same in the picture, in pixels.
    pub rms_px: f64,
    /// Indices of the pairs that the others contradict and that were left out.
    pub left_out: Vec<usize>,
}

/// Why pairs give no calibration.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FitError {
    /// Too few pairs, or more than anybody needs.
    #[error("{0} pairs of points are given; a calibration takes {LEAST} to {MOST}")]
    Count(usize),
    /// A number that is none.
    #[error("pair {index} has a coordinate that is not a finite number")]
    NotFinite {
        /// Which pair, counted from 0.
        index: usize,
    },
    /// The lens's model does not reach a pixel.
    #[error(
        "pair {index} lies where the lens's distortion has no meaning; check the camera matrix and the distortion"
    )]
    BeyondLens {
        /// Which pair, counted from 0.
        index: usize,
    },
    /// Pairs from which many maps follow.
    #[error(
        "the places leave the map open: four of them must be the corners of a quadrangle, no three in a line, apart from each other both in the picture and on the ground"
    )]
    Degenerate,
    /// The horizon goes through them.
    #[error(
        "with the best map that {count} pairs give, pair {index} lies beyond the horizon; {}", blame(*count, "check its place on the ground, or whether two pairs are swapped")
    )]
    BeyondHorizon {
        /// Which pair, counted from 0.
        index: usize,
        /// How many pairs were given.
        count: usize,
    },
    /// Pairs that contradict each other.
    #[error(
        "the {count} pairs contradict each other: the best map leaves {rms_px:.1} px ({rms_m:.2} m), at most {limit_px:.1} px is taken; pair {worst} is the furthest off with {worst_m:.2} m; {}", blame(*count, "check it first")
    )]
    Poor {
        /// Root mean square in the picture, in pixels.
        rms_px: f64,
        /// The limit to it.
        limit_px: f64,
        /// Root mean square on the ground, in metres.
        rms_m: f64,
        /// The pair that is furthest off, counted from 0.
        worst: usize,
        /// How far that is, in metres.
        worst_m: f64,
        /// How many pairs were given.
        count: usize,
    },
}

/// What to check where pairs contradict each other. Any four agree, so of five each may be the wrong one.
fn blame(count: usize, remedy: &str) -> String {
    match count {
        ENOUGH_TO_DOUBT.. => remedy.to_owned(),
        _ => format!(
            "of so few any may be the wrong one, or two may be swapped: check all, or add pairs, since from \
             {ENOUGH_TO_DOUBT} on one that is wrong is found"
        ),
    }
}

/// A pair in scaled coordinates.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScaledPair {
    pub(super) picture: [f64; 2],
    pub(super) ground: [f64; 2],
}

/// The calibration of a camera with pictures of `size` from `pairs`.
///
/// # Errors
/// See [`FitError`]: pairs that are too few, leave the map open, contradict each other or the lens.
pub fn fit(pairs: &[PointPair], size: Size, lens: Option<Lens>) -> Result<Fit, FitError> {
    if !(LEAST..=MOST).contains(&pairs.len()) {
        return Err(FitError::Count(pairs.len()));
    }
    let straight = straightened(pairs, lens.as_ref())?;
    let places: Vec<[f64; 2]> = pairs.iter().map(|pair| [pair.ground.x_m, pair.ground.y_m]).collect();
    let (picture, ground) = (Frame::of(&straight)?, Frame::of(&places)?);
    let scaled: Vec<ScaledPair> = straight
        .iter()
        .zip(&places)
        .map(|(pixel, place)| ScaledPair { picture: picture.scaled(*pixel), ground: ground.scaled(*place) })
        .collect();
    let click = CLICK * f64::from(size.height) * picture.scale;
    let agreeing = agreeing(&scaled, click)?;
    let kept: Vec<ScaledPair> = agreeing.iter().map(|&index| scaled[index]).collect();
    let start = linear(&kept).ok_or(FitError::Degenerate)?;
    let matrix = refine(&start, &kept).ok_or(FitError::Degenerate)?;
    let map = Scaled { matrix: rows(&matrix), picture, ground };
    let homography = map.homography(&straight, &agreeing)?;
    let doubt = Doubt::Fitted(Box::new(Spread::new(map.clone(), (&matrix, &kept), click)?));
    let calibration = Calibration::new(size, lens, homography, doubt);
    judged(calibration, (&straight, pairs), &agreeing)
}

fn straightened(pairs: &[PointPair], lens: Option<&Lens>) -> Result<Vec<[f64; 2]>, FitError> {
    let straight = |(index, pair): (usize, &PointPair)| {
        let numbers = [pair.pixel[0], pair.pixel[1], pair.ground.x_m, pair.ground.y_m];
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(FitError::NotFinite { index });
        }
        lens.map_or(Some(pair.pixel), |lens| lens.straighten(pair.pixel))
            .ok_or(FitError::BeyondLens { index })
    };
    pairs.iter().enumerate().map(straight).collect()
}

/// The pairs that agree with each other: all of them where too few are given to tell.
fn agreeing(pairs: &[ScaledPair], click: f64) -> Result<Vec<usize>, FitError> {
    let all: Vec<usize> = (0..pairs.len()).collect();
    if pairs.len() < ENOUGH_TO_DOUBT {
        return Ok(all);
    }
    let mut best: Option<(f64, Vec<f64>)> = None;
    for four in fours(pairs.len()) {
        let Some(map) = linear(&four.map(|index| pairs[index])) else { continue };
        let errors: Vec<f64> = pairs.iter().map(|pair| error(&map, pair)).collect();
        let mut sorted = errors.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        // The quantile ⌊n/2⌋ + ⌊(p + 1)/2⌋ of the least median of squares, of p = 4 pairs a map, counted from 0.
        let middle = sorted[pairs.len() / 2 + LEAST.div_ceil(2) - 1];
        if best.as_ref().is_none_or(|(least, _)| middle < *least) {
            best = Some((middle, errors));
        }
    }
    let (middle, errors) = best.ok_or(FitError::Degenerate)?;
    let few = 1.0 + 5.0 / (pairs.len() - LEAST) as f64;
    let limit = AGREES * (1.4826 * few * middle).max(click);
    let agreeing: Vec<usize> = all.iter().copied().filter(|&index| errors[index] <= limit).collect();
    // Where so few agree, which of them is right is anybody's guess: all of them are judged together.
    let is_most = agreeing.len() as f64 >= AGREEMENT * pairs.len() as f64;
    Ok(if is_most { agreeing } else { all })
}

/// Every four of `count` pairs, or a fixed choice of them that is spread evenly.
fn fours(count: usize) -> Vec<[usize; 4]> {
    let mut fours = Vec::new();
    for a in 0..count {
        for b in a + 1..count {
            for c in b + 1..count {
                fours.extend((c + 1..count).map(|d| [a, b, c, d]));
                if fours.len() > TRIALS {
                    return drawn(count);
                }
            }
        }
    }
    fours
}

/// A fixed sequence of fours, by a congruential generator (Knuth's MMIX numbers).
fn drawn(count: usize) -> Vec<[usize; 4]> {
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((state >> 33) % count as u64).unwrap_or(0)
    };
    let mut fours = Vec::with_capacity(TRIALS);
    while fours.len() < TRIALS {
        let four = [draw(), draw(), draw(), draw()];
        let differ = (0..4).all(|i| (i + 1..4).all(|j| four[i] != four[j]));
        if differ {
            fours.push(four);
        }
    }
    fours
}

/// The direct linear transform from ground to picture; none where the pairs leave it open.
fn linear(pairs: &[ScaledPair]) -> Option<Matrix3<f64>> {
    // At least nine rows, so that the decomposition has all nine directions.
    let mut rows = DMatrix::<f64>::zeros((2 * pairs.len()).max(9), 9);
    for (index, pair) in pairs.iter().enumerate() {
        let ([x, y], [u, v]) = (pair.ground, pair.picture);
        let first = [x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, -u];
        let second = [0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, -v];
        for column in 0..9 {
            rows[(2 * index, column)] = first[column];
            rows[(2 * index + 1, column)] = second[column];
        }
    }
    let svd = rows.svd(false, true);
    let directions = svd.v_t?;
    let mut order: Vec<usize> = (0..9).collect();
    order.sort_unstable_by(|&a, &b| svd.singular_values[a].total_cmp(&svd.singular_values[b]));
    let (weakest, second, strongest) =
        (order[0], svd.singular_values[order[1]], svd.singular_values[order[8]]);
    let found: Vec<f64> = directions.row(weakest).iter().copied().collect();
    let is_open = second <= RANK * strongest || !found.iter().all(|number| number.is_finite());
    let matrix = Matrix3::from_row_slice(&found);
    // A map onto a line fits places in a line.
    let is_flat = matrix.determinant().abs() <= RANK * matrix.norm().powi(3);
    (!is_open && !is_flat).then_some(matrix)
}

/// Distance in the scaled picture between where a pair is seen and where the map puts it.
fn error(map: &Matrix3<f64>, pair: &ScaledPair) -> f64 {
    let [x, y, w] = product(&rows(map), pair.ground);
    let error = (x / w - pair.picture[0]).hypot(y / w - pair.picture[1]);
    if error.is_finite() { error } else { f64::MAX }
}

/// Whether a fit is good enough to use, with what is left of each pair.
fn judged(
    calibration: Calibration,
    (straight, pairs): (&[[f64; 2]], &[PointPair]),
    agreeing: &[usize],
) -> Result<Fit, FitError> {
    let homography = calibration.homography;
    let metres = |(pixel, pair): (&[f64; 2], &PointPair)| {
        homography.to_ground(*pixel).map_or(f64::INFINITY, |found| found.distance(pair.ground))
    };
    let residuals_m: Vec<f64> = straight.iter().zip(pairs).map(metres).collect();
    let pixels = |&index: &usize| {
        let seen = homography.to_picture(pairs[index].ground);
        seen.map_or(f64::INFINITY, |[x, y]| (x - straight[index][0]).hypot(y - straight[index][1]))
    };
    let rms_px = root_mean_square(agreeing.iter().map(pixels));
    let rms_m = root_mean_square(agreeing.iter().map(|&index| residuals_m[index]));
    let limit_px = POOR * f64::from(calibration.size.height);
    if rms_px > limit_px {
        let worst = agreeing.iter().copied().max_by(|&a, &b| residuals_m[a].total_cmp(&residuals_m[b]));
        let worst = worst.unwrap_or_default();
        let (worst_m, count) = (residuals_m[worst], pairs.len());
        return Err(FitError::Poor { rms_px, limit_px, rms_m, worst, worst_m, count });
    }
    let left_out = (0..pairs.len()).filter(|index| !agreeing.contains(index)).collect();
    Ok(Fit { calibration, residuals_m, rms_m, rms_px, left_out })
}

fn root_mean_square(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1) as f64;
    (values.map(|value| value * value).sum::<f64>() / count).sqrt()
}

fn rows(matrix: &Matrix3<f64>) -> Matrix {
    std::array::from_fn(|row| std::array::from_fn(|column| matrix[(row, column)]))
}

impl Frame {
    fn of(points: &[[f64; 2]]) -> Result<Frame, FitError> {
        let count = points.len() as f64;
        let sum = |axis: usize| points.iter().map(|point| point[axis]).sum::<f64>();
        let middle = [sum(0) / count, sum(1) / count];
        let distance = |point: &[f64; 2]| (point[0] - middle[0]).hypot(point[1] - middle[1]);
        let mean = points.iter().map(distance).sum::<f64>() / count;
        let scale = std::f64::consts::SQRT_2 / mean;
        if scale.is_finite() { Ok(Frame { middle, scale }) } else { Err(FitError::Degenerate) }
    }

    fn matrix(&self) -> Matrix3<f64> {
        let (s, [x, y]) = (self.scale, self.middle);
        Matrix3::new(s, 0.0, -s * x, 0.0, s, -s * y, 0.0, 0.0, 1.0)
    }
}

impl Scaled {
    /// In pixels and metres, from picture to ground, with every pair that agrees on the ground's side of the horizon.
    fn homography(&self, straight: &[[f64; 2]], agreeing: &[usize]) -> Result<Homography, FitError> {
        let [a, b, c] = self.matrix;
        let back = Matrix3::from_row_slice(&[a, b, c].concat()).try_inverse().ok_or(FitError::Degenerate)?;
        let ground = self.ground.matrix().try_inverse().ok_or(FitError::Degenerate)?;
        let matrix = ground * back * self.picture.matrix();
        // Most of the places are in view: they tell which side of the horizon is the ground.
        let depth = |index: usize| product(&rows(&matrix), straight[index])[2];
        let above = agreeing.iter().filter(|&&index| depth(index) > 0.0).count();
        let is_turned = above * 2 < agreeing.len();
        let beyond = |index| FitError::BeyondHorizon { index, count: straight.len() };
        let outside = |&&index: &&usize| (depth(index) > 0.0) == is_turned;
        if let Some(&index) = agreeing.iter().find(outside) {
            return Err(beyond(index));
        }
        Homography::new(rows(&matrix), straight[agreeing[0]]).map_err(|error| match error {
            HomographyError::BeyondHorizon => beyond(agreeing[0]),
            HomographyError::NotFinite | HomographyError::Singular => FitError::Degenerate,
        })
    }
}

impl Spread {
    fn new(
        map: Scaled,
        (matrix, pairs): (&Matrix3<f64>, &[ScaledPair]),
        click: f64,
    ) -> Result<Spread, FitError> {
        let mut weight = SMatrix::<f64, 8, 8>::zeros();
        let mut squares = 0.0;
        for pair in pairs {
            let Jacobian { residual, slope } = Jacobian::of(matrix, pair).ok_or(FitError::Degenerate)?;
            weight += slope.transpose() * slope;
            squares += residual.norm_squared();
        }
        let inverse = weight.try_inverse().ok_or(FitError::Degenerate)?;
        // With four pairs nothing is left over to judge the clicks by: then they are as good as clicks are.
        let spare = (2 * pairs.len()).saturating_sub(8);
        let variance = if spare == 0 { 0.0 } else { squares / spare as f64 };
        let spread = inverse * variance.max(click * click);
        let covariance = std::array::from_fn(|row| std::array::from_fn(|column| spread[(row, column)]));
        Ok(Spread { map, covariance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Covariance;

    const SIZE: Size = Size::new(1280, 720);

    /// A camera over a road: 8 m up, looking down the road and a little to the side.
    fn truth() -> Homography {
        let road = [[0.8, -0.05, -420.0], [0.03, -0.1, 5200.0], [0.0001, 0.06, -6.0]];
        Homography::new(road, [640.0, 600.0]).unwrap()
    }

    fn pairs(pixels: &[[f64; 2]]) -> Vec<PointPair> {
        let pair = |pixel: &[f64; 2]| PointPair { pixel: *pixel, ground: truth().to_ground(*pixel).unwrap() };
        pixels.iter().map(pair).collect()
    }

    const CORNERS: [[f64; 2]; 4] = [[200.0, 650.0], [1100.0, 680.0], [760.0, 260.0], [500.0, 250.0]];
    const TEN: [[f64; 2]; 10] = [
        [200.0, 650.0],
        [1100.0, 680.0],
        [760.0, 260.0],
        [500.0, 250.0],
        [640.0, 420.0],
        [350.0, 330.0],
        [900.0, 350.0],
        [300.0, 500.0],
        [980.0, 540.0],
        [620.0, 700.0],
    ];

    fn off(fit: &Fit, pixel: [f64; 2]) -> f64 {
        let (found, _) = fit.calibration.locate(pixel, Covariance::default(), SIZE).unwrap();
        found.distance(truth().to_ground(pixel).unwrap())
    }

    /// Clicks are a pixel or so off, always the same way.
    fn trembling(pairs: &mut [PointPair]) {
        for (index, pair) in pairs.iter_mut().enumerate() {
            let turn = index as f64 * 2.4;
            pair.pixel = [pair.pixel[0] + turn.cos(), pair.pixel[1] + turn.sin()];
        }
    }

    #[test]
    fn four_corners_give_the_map_exactly() {
        let fit = fit(&pairs(&CORNERS), SIZE, None).unwrap();
        assert!(fit.rms_m < 1e-6 && fit.left_out.is_empty(), "{fit:?}");
        for pixel in TEN {
            assert!(off(&fit, pixel) < 1e-4, "{pixel:?} {}", off(&fit, pixel));
        }
    }

    #[test]
    fn trembling_clicks_leave_a_residual_that_is_told_and_a_map_that_is_near() {
        let mut pairs = pairs(&TEN);
        trembling(&mut pairs);
        let fit = fit(&pairs, SIZE, None).unwrap();
        assert!((0.3..1.5).contains(&fit.rms_px), "{}", fit.rms_px);
        assert!(fit.left_out.is_empty(), "{:?}", fit.left_out);
        let (_, doubt) = fit.calibration.locate([640.0, 420.0], Covariance::default(), SIZE).unwrap();
        assert!(off(&fit, [640.0, 420.0]) < 3.0 * doubt.largest_sigma());
    }

    #[test]
    fn one_bad_pair_of_ten_is_left_out_and_named() {
        for bad in 0..10 {
            let mut pairs = pairs(&TEN);
            trembling(&mut pairs);
            pairs[bad].ground.x_m += 4.0;
            let fit = fit(&pairs, SIZE, None).unwrap();
            assert_eq!(fit.left_out, [bad]);
            assert!(fit.rms_px < 2.0 && fit.residuals_m[bad] > 2.0, "{bad}: {fit:?}");
        }
    }

    #[test]
    fn three_bad_pairs_of_ten_are_left_out() {
        let mut pairs = pairs(&TEN);
        trembling(&mut pairs);
        for (bad, shift) in [(1, 5.0), (4, -6.0), (8, 8.0)] {
            pairs[bad].ground.x_m += shift;
        }
        assert_eq!(fit(&pairs, SIZE, None).unwrap().left_out, [1, 4, 8]);
    }

    #[test]
    fn pairs_that_contradict_each_other_are_refused_with_the_furthest_off() {
        let mut pairs = pairs(&TEN[..5]);
        pairs[4].ground.x_m += 10.0;
        let error = fit(&pairs, SIZE, None).unwrap_err();
        assert!(matches!(error, FitError::Poor { .. } | FitError::BeyondHorizon { .. }), "{error}");
    }

    #[test]
    fn few_pairs_accuse_nobody_and_many_do() {
        let refusals = |count: usize| {
            let refused = move |(bad, metres): (usize, f64)| {
                let mut pairs = pairs(&TEN[..count]);
                pairs[bad].ground.x_m += metres;
                pairs[(bad + 2) % count].ground.y_m -= 2.0 * metres;
                fit(&pairs, SIZE, None).err().map(|error| error.to_string())
            };
            let shifts = [-40.0, -10.0, 10.0, 40.0];
            let cases = (0..count).flat_map(move |bad| shifts.map(|metres| (bad, metres)));
            cases.filter_map(refused).collect::<Vec<String>>()
        };
        let of_five = refusals(5);
        assert!(of_five.iter().any(|error| error.contains("horizon")), "{of_five:?}");
        assert!(of_five.iter().any(|error| error.contains("contradict")), "{of_five:?}");
        assert!(of_five.iter().all(|error| error.contains("any may be the wrong one")), "{of_five:?}");
        let of_six = refusals(6);
        assert!(!of_six.is_empty() && !of_six.iter().any(|error| error.contains("any may be")), "{of_six:?}");
    }

    #[test]
    fn places_in_a_line_leave_the_map_open() {
        let line: Vec<[f64; 2]> =
            (0..6).map(|i| [200.0 + 100.0 * f64::from(i), 300.0 + 50.0 * f64::from(i)]).collect();
        assert_eq!(fit(&pairs(&line), SIZE, None).unwrap_err(), FitError::Degenerate);
        let three = [line[0], line[1], line[2], [900.0, 300.0]];
        assert_eq!(fit(&pairs(&three), SIZE, None).unwrap_err(), FitError::Degenerate);
        let same = [CORNERS[0]; 5];
        assert_eq!(fit(&pairs(&same), SIZE, None).unwrap_err(), FitError::Degenerate);
        let twice = [CORNERS[0], CORNERS[0], CORNERS[1], CORNERS[2]];
        assert_eq!(fit(&pairs(&twice), SIZE, None).unwrap_err(), FitError::Degenerate);
    }

    #[test]
    fn swapped_corners_are_refused() {
        let mut pairs = pairs(&CORNERS);
        let ground = pairs[0].ground;
        pairs[0].ground = pairs[1].ground;
        pairs[1].ground = ground;
        let error = fit(&pairs, SIZE, None).unwrap_err();
        assert!(matches!(error, FitError::BeyondHorizon { .. }), "{error}");
    }

    #[test]
    fn too_few_and_senseless_pairs_are_refused() {
        assert_eq!(fit(&pairs(&CORNERS[..3]), SIZE, None).unwrap_err(), FitError::Count(3));
        assert_eq!(fit(&vec![pairs(&CORNERS)[0]; 257], SIZE, None).unwrap_err(), FitError::Count(257));
        let mut pairs = pairs(&CORNERS);
        pairs[2].ground.y_m = f64::NAN;
        assert_eq!(fit(&pairs, SIZE, None).unwrap_err(), FitError::NotFinite { index: 2 });
        pairs[2].ground.y_m = 1e300;
        assert!(fit(&pairs, SIZE, None).is_err());
    }

    #[test]
    fn a_lens_is_taken_out_first() {
        let matrix = [[1000.0, 0.0, 640.0], [0.0, 1000.0, 360.0], [0.0, 0.0, 1.0]];
        let lens = Lens::new(matrix, [-0.25, 0.05, 0.0, 0.0, 0.0]).unwrap();
        let mut pairs = pairs(&TEN);
        for pair in &mut pairs {
            pair.pixel = lens.bend(pair.pixel);
        }
        let straight = fit(&pairs, SIZE, Some(lens)).unwrap();
        assert!(straight.rms_px < 1e-3, "{}", straight.rms_px);
        let seen = pairs[5].pixel;
        let (found, _) = straight.calibration.locate(seen, Covariance::default(), SIZE).unwrap();
        assert!(found.distance(pairs[5].ground) < 1e-3);
        let back = straight.calibration.project(pairs[5].ground, SIZE).unwrap();
        assert!((back[0] - seen[0]).hypot(back[1] - seen[1]) < 0.01);
        let bent = fit(&pairs, SIZE, None);
        assert!(bent.map_or(true, |fit| fit.rms_px > 1.0), "the lens matters here");
    }

    #[test]
    fn a_smaller_picture_of_the_same_camera_is_scaled() {
        let fit = fit(&pairs(&TEN), SIZE, None).unwrap();
        let half = Size::new(640, 360);
        let (small, _) = fit.calibration.locate([320.0, 210.0], Covariance::default(), half).unwrap();
        let (full, _) = fit.calibration.locate([640.0, 420.0], Covariance::default(), SIZE).unwrap();
        assert!(small.distance(full) < 1e-9);
        assert_eq!(fit.calibration.locate([1.0, 1.0], Covariance::default(), Size::new(0, 0)), None);
    }

    #[test]
    fn far_places_are_less_sure() {
        let fit = fit(&pairs(&TEN), SIZE, None).unwrap();
        let pixel = Covariance::of_sigmas(2.0, 2.0);
        let sigma = |at| fit.calibration.locate(at, pixel, SIZE).unwrap().1.largest_sigma();
        assert!(sigma([640.0, 250.0]) > 3.0 * sigma([640.0, 650.0]));
    }

    #[test]
    fn many_pairs_are_tried_in_a_fixed_sequence() {
        let grid: Vec<[f64; 2]> =
            (0..60).map(|i| [150.0 + 90.0 * f64::from(i % 10), 250.0 + 80.0 * f64::from(i / 10)]).collect();
        let mut pairs = pairs(&grid);
        trembling(&mut pairs);
        for bad in [3, 17, 40, 41, 55] {
            pairs[bad].ground.y_m -= 30.0;
        }
        let first = fit(&pairs, SIZE, None).unwrap();
        assert_eq!(first.left_out, [3, 17, 40, 41, 55]);
        assert_eq!(fit(&pairs, SIZE, None).unwrap(), first);
    }
}
