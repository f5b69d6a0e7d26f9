//! How a camera's picture lies on the ground, as an operator writes it.

use std::sync::Arc;

use ocellus_core::calibration::{
    Calibration, FitError, Homography, HomographyError, Lens, LensError, PointPair, fit,
};
use ocellus_core::{GroundPoint, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The picture that points alone are solved for; a picture of another size is scaled to it.
const NOMINAL: Size = Size::new(1920, 1080);
/// How far outside the picture a point may lie, as a share of it.
const FURTHEST: std::ops::RangeInclusive<f64> = -1.0..=2.0;
/// How far the ratios of the sides of two pictures of one shape may be from each other: scaling rounds.
const SAME_SHAPE: f64 = 1.02;
/// Metres that places on the ground must span at least.
const NEAREST_M: f64 = 0.2;
/// Metres from the origin that a place may lie.
const FURTHEST_M: f64 = 100_000.0;
/// Pixels that a homography which somebody else measured may be off, of 1080 rows, one standard deviation.
const TRUSTED_PX: f64 = 2.0;

/// How a camera's picture lies on the ground: by known points, or by a homography that was measured elsewhere.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CalibrationSpec {
    /// Four or more places known both in the picture and on the ground, no three in a line; with six and more, one that
    /// is wrong is found and left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("format" = "calibration"))]
    pub points: Vec<KnownPoint>,
    /// Instead of points: the matrix, in rows, that takes pixels of a picture of `size` to metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub homography: Option<[[f64; 3]; 3]>,
    /// The lens: [[fx, 0, cx], [0, fy, cy], [0, 0, 1]] in pixels of a picture of `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera_matrix: Option<[[f64; 3]; 3]>,
    /// What the lens bends, as OpenCV gives it: k1, k2, p1, p2 and, at will, k3.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub distortion: Vec<f64>,
    /// Width and height in pixels of the picture that the matrices are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    /// Where the calibration's own origin and axes lie on the site's map; if left out, they are the map's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_map: Option<OnMap>,
}

/// Where the origin and the axes of a camera's calibration lie on the map that the site's cameras share.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnMap {
    /// The origin, in metres on the map.
    pub origin: [f64; 2],
    /// How far the axes are turned against the map's, in degrees, from the map's first axis towards its second.
    #[serde(default)]
    #[schemars(range(min = -360.0, max = 360.0))]
    pub rotation_degrees: f64,
}

/// A place that is known in the picture and on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownPoint {
    /// Where the picture shows it: x, y, 0..1 from the top left corner.
    pub picture: [f64; 2],
    /// Where it is: metres along two axes at right angles: those of the site's map, or others that `on_map` places there.
    pub ground: [f64; 2],
}

/// Why a camera's calibration cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CalibrationError {
    /// Neither points nor a homography, or both.
    #[error("calibration: give either points or homography")]
    Either,
    /// Matrices in pixels of an unknown picture.
    #[error(
        "calibration.size is missing: say for which picture, width and height in pixels, the matrices are"
    )]
    NoSize,
    /// A size that no picture has.
    #[error("calibration.size is {0}x{1}; both must be from 16 to 16384 pixels")]
    Size(u32, u32),
    /// A point that cannot be.
    #[error("calibration.points[{index}].{key} is [{x}, {y}]; {remedy}")]
    Point {
        /// Which, counted from 0.
        index: usize,
        /// Which side of it.
        key: &'static str,
        /// First number.
        x: f64,
        /// Second number.
        y: f64,
        /// What would be right.
        remedy: &'static str,
    },
    /// Distortion without a camera matrix, or of another model.
    #[error("calibration.distortion has {0} numbers; give k1, k2, p1, p2 and at will k3, with camera_matrix")]
    Distortion(usize),
    /// A matrix for other pictures.
    #[error(
        "calibration.size is {0}, and the pictures are {1}, which is another shape; give the size of the pictures in which the \
         matrix was measured"
    )]
    Shape(Size, Size),
    /// Places that are no metres apart.
    #[error(
        "calibration.points: all places on the ground lie within {0:.0e} m; give metres from any origin near the site, not \
         degrees or kilometres"
    )]
    TooNear(f64),
    /// Distortion in pixels of no known lens.
    #[error(
        "calibration.distortion needs camera_matrix, to whose focal length and middle its numbers belong; give both, as \
         the calibration of the lens printed them"
    )]
    NoCameraMatrix,
    /// A place on the map that cannot be.
    #[error(
        "calibration.on_map has the origin [{x}, {y}] and a rotation of {degrees} degrees; give metres from an \
         origin near the site, and -360 to 360 degrees"
    )]
    OnMap {
        /// Of the origin.
        x: f64,
        /// Of the origin.
        y: f64,
        /// The rotation.
        degrees: f64,
    },
    /// The lens.
    #[error("calibration.camera_matrix: {0}")]
    Lens(#[from] LensError),
    /// The points give no map.
    #[error("calibration.points: {0}")]
    Fit(#[from] FitError),
    /// The matrix is no map.
    #[error("calibration.homography: {0}")]
    Homography(#[from] HomographyError),
}

/// A calibration that can be used, and how well its points agree.
#[derive(Debug, Clone, PartialEq)]
pub struct SolvedCalibration {
    /// The map.
    pub map: Arc<Calibration>,
    /// Root mean square of what is left of the points that agree, in metres; none without points to spare.
    pub residual_m: Option<f64>,
    /// Points that the others contradict, counted from 0; the map was made without them.
    pub left_out: Vec<usize>,
}

impl CalibrationSpec {
    /// The map from picture to ground.
    ///
    /// # Errors
    /// What is missing or contradicts itself, by its key.
    pub fn solve(&self) -> Result<SolvedCalibration, CalibrationError> {
        if self.points.is_empty() == self.homography.is_none() {
            return Err(CalibrationError::Either);
        }
        let size = self.size()?;
        let lens = self.lens()?;
        let on_map = self.on_map.unwrap_or(OnMap::THE_MAP);
        on_map.check()?;
        let Some(matrix) = self.homography else { return self.fitted(size, lens, on_map) };
        let in_view = [f64::from(size.width) / 2.0, f64::from(size.height) - 1.0];
        let straight =
            lens.as_ref().map_or(Some(in_view), |lens| lens.straighten(in_view)).unwrap_or(in_view);
        let homography = Homography::new(on_map.placed(matrix), straight)?;
        let off = TRUSTED_PX * f64::from(size.height) / 1080.0;
        let map = Calibration::from_homography(size, lens, homography, off);
        Ok(SolvedCalibration { map: Arc::new(map), residual_m: None, left_out: Vec::new() })
    }

    fn fitted(
        &self,
        size: Size,
        lens: Option<Lens>,
        on_map: OnMap,
    ) -> Result<SolvedCalibration, CalibrationError> {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let pair = |(index, point): (usize, &KnownPoint)| {
            point.check(index)?;
            let [x, y] = point.picture;
            let [x_m, y_m] = on_map.place(point.ground);
            Ok(PointPair { pixel: [x * width, y * height], ground: GroundPoint { x_m, y_m } })
        };
        let pairs = self.points.iter().enumerate().map(pair).collect::<Result<Vec<_>, CalibrationError>>()?;
        let reach = |of: fn(&PointPair) -> f64| {
            let (least, most) = pairs
                .iter()
                .map(of)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(x), most.max(x)));
            most - least
        };
        let reach_m = reach(|pair| pair.ground.x_m).max(reach(|pair| pair.ground.y_m));
        // All in one place is said by the fit in its own words.
        if reach_m > 0.0 && reach_m < NEAREST_M {
            return Err(CalibrationError::TooNear(reach_m));
        }
        let fit = fit(&pairs, size, lens)?;
        let spare = pairs.len() - fit.left_out.len() > 4;
        Ok(SolvedCalibration {
            map: Arc::new(fit.calibration),
            residual_m: spare.then_some(fit.rms_m),
            left_out: fit.left_out,
        })
    }

    /// Where its points are on the site's map.
    pub(super) fn places(&self) -> Vec<GroundPoint> {
        let on_map = self.on_map.unwrap_or(OnMap::THE_MAP);
        let place = |point: &KnownPoint| on_map.place(point.ground);
        self.points.iter().map(place).map(|[x_m, y_m]| GroundPoint { x_m, y_m }).collect()
    }

    /// Whether it may be of pictures of `seen`: of these or of larger or smaller ones of the same shape.
    ///
    /// # Errors
    /// [`CalibrationError::Shape`].
    pub fn fits(&self, seen: Size) -> Result<(), CalibrationError> {
        let Some([width, height]) = self.size else { return Ok(()) };
        let shape = |size: Size| f64::from(size.width) / f64::from(size.height.max(1));
        let given = Size::new(width, height);
        let ratio = shape(given) / shape(seen);
        let fits = (1.0 / SAME_SHAPE..=SAME_SHAPE).contains(&ratio);
        if fits { Ok(()) } else { Err(CalibrationError::Shape(given, seen)) }
    }

    fn size(&self) -> Result<Size, CalibrationError> {
        match self.size {
            Some([width, height]) if [width, height].iter().all(|side| (16..=16_384).contains(side)) => {
                Ok(Size::new(width, height))
            }
            Some([width, height]) => Err(CalibrationError::Size(width, height)),
            None if self.homography.is_some() || self.camera_matrix.is_some() => {
                Err(CalibrationError::NoSize)
            }
            None => Ok(NOMINAL),
        }
    }

    fn lens(&self) -> Result<Option<Lens>, CalibrationError> {
        let mut distortion = [0.0; 5];
        let given = self.distortion.len();
        match (self.camera_matrix, given) {
            (None, 0) => Ok(None),
            (Some(matrix), 0 | 4 | 5) => {
                distortion[..given].copy_from_slice(&self.distortion);
                Ok(Some(Lens::new(matrix, distortion)?))
            }
            (None, 4 | 5) => Err(CalibrationError::NoCameraMatrix),
            _ => Err(CalibrationError::Distortion(given)),
        }
    }
}

impl OnMap {
    /// The calibration's axes are the map's.
    const THE_MAP: OnMap = OnMap { origin: [0.0; 2], rotation_degrees: 0.0 };

    fn check(&self) -> Result<(), CalibrationError> {
        let OnMap { origin: [x, y], rotation_degrees: degrees } = *self;
        let near = x.abs() <= FURTHEST_M && y.abs() <= FURTHEST_M;
        if near && degrees.abs() <= 360.0 { Ok(()) } else { Err(CalibrationError::OnMap { x, y, degrees }) }
    }

    /// Where a place lies on the map.
    fn place(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (sin, cos) = self.rotation_degrees.to_radians().sin_cos();
        [self.origin[0] + cos * x - sin * y, self.origin[1] + sin * x + cos * y]
    }

    /// A matrix to the calibration's metres as one to the map's.
    fn placed(&self, [x, y, depth]: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
        let (sin, cos) = self.rotation_degrees.to_radians().sin_cos();
        let row = |origin: f64, (of_x, of_y): (f64, f64)| {
            std::array::from_fn(|column| of_x * x[column] + of_y * y[column] + origin * depth[column])
        };
        [row(self.origin[0], (cos, -sin)), row(self.origin[1], (sin, cos)), depth]
    }
}

impl KnownPoint {
    fn check(&self, index: usize) -> Result<(), CalibrationError> {
        let wrong = |key, [x, y]: [f64; 2], remedy| Err(CalibrationError::Point { index, key, x, y, remedy });
        if !self.picture.iter().all(|share| FURTHEST.contains(share)) {
            return wrong("picture", self.picture, "give 0..1 of the picture, from its top left corner");
        }
        if !self.ground.iter().all(|metres| metres.abs() <= FURTHEST_M) {
            return wrong("ground", self.ground, "give metres from an origin near the site");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ocellus_core::calibration::Covariance;

    use super::*;

    fn spec(json: &str) -> CalibrationSpec {
        serde_json::from_str(json).unwrap()
    }

    const CORNERS: &str = r#"{"points":[
        {"picture":[0.2,0.9],"ground":[0,0]},{"picture":[0.8,0.9],"ground":[6,0]},
        {"picture":[0.6,0.3],"ground":[6,30]},{"picture":[0.4,0.3],"ground":[0,30]}]}"#;

    #[test]
    fn a_place_in_the_picture_is_found_on_the_ground_whatever_the_pictures_size() {
        let solved = spec(CORNERS).solve().unwrap();
        assert_eq!((solved.residual_m, solved.left_out), (None, vec![]));
        for size in [Size::new(1280, 720), Size::new(640, 480)] {
            let pixel = [0.5 * f64::from(size.width), 0.9 * f64::from(size.height)];
            let (place, _) = solved.map.locate(pixel, Covariance::default(), size).unwrap();
            assert!((place.x_m - 3.0).abs() < 1e-6 && place.y_m.abs() < 1e-6, "{place:?}");
        }
    }

    #[test]
    fn the_matrix_of_a_fit_is_the_same_map() {
        let fitted = spec(CORNERS).solve().unwrap().map;
        let given = CalibrationSpec {
            homography: Some(fitted.homography().matrix()),
            size: Some([1920, 1080]),
            ..CalibrationSpec::default()
        };
        let given = given.solve().unwrap().map;
        let at = |map: &Calibration| map.locate([900.0, 700.0], Covariance::default(), NOMINAL).unwrap().0;
        assert!(at(&fitted).distance(at(&given)) < 1e-9);
    }

    #[test]
    fn cameras_with_axes_of_their_own_meet_on_the_sites_map() {
        let own = spec(CORNERS).solve().unwrap().map;
        let on_map = Some(OnMap { origin: [100.0, 50.0], rotation_degrees: 90.0 });
        let turned = CalibrationSpec { on_map, ..spec(CORNERS) }.solve().unwrap().map;
        let matrix = CalibrationSpec {
            homography: Some(own.homography().matrix()),
            size: Some([1920, 1080]),
            on_map,
            ..CalibrationSpec::default()
        };
        let by_matrix = matrix.solve().unwrap().map;
        let at = |map: &Calibration| map.locate([900.0, 700.0], Covariance::default(), NOMINAL).unwrap().0;
        let place = at(&own);
        let expected = GroundPoint::new(100.0 - place.y_m, 50.0 + place.x_m);
        assert!(at(&turned).distance(expected) < 1e-6 && at(&by_matrix).distance(expected) < 1e-6);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        let one = r#"{"picture":[0.2,0.9],"ground":[0,0]}"#;
        for (json, says) in [
            ("{}", "give either points or homography"),
            (&format!(r#"{{"points":[{one}]}}"#), "1 pairs of points"),
            (&format!(r#"{{"points":[{one},{one},{one},{one}]}}"#), "leave the map open"),
            (r#"{"points":[{"picture":[2.5,0],"ground":[0,0]}]}"#, "points[0].picture is [2.5, 0]"),
            (r#"{"points":[{"picture":[0,0],"ground":[1e9,0]}]}"#, "points[0].ground is [1000000000, 0]"),
            (
                r#"{"points":[{"picture":[0.2,0.9],"ground":[48.1,11.5]},{"picture":[0.8,0.9],"ground":[48.10001,11.5]},
                    {"picture":[0.6,0.4],"ground":[48.10001,11.50001]},{"picture":[0.4,0.4],"ground":[48.1,11.50001]}]}"#,
                "within 1e-5 m; give metres",
            ),
            (r#"{"homography":[[1,0,0],[0,1,0],[0,0,1]]}"#, "calibration.size is missing"),
            (r#"{"homography":[[0,0,0],[0,0,0],[0,0,0]],"size":[640,480]}"#, "has no inverse"),
            (
                r#"{"homography":[[1,0,0],[0,1,0],[0,0,1]],"size":[640,480],"on_map":{"origin":[0,1e9]}}"#,
                "on_map has the origin [0, 1000000000]",
            ),
            (r#"{"homography":[[1,0,0],[0,1,0],[0,0,1]],"size":[640,0]}"#, "calibration.size is 640x0"),
            (
                r#"{"homography":[[1,0,0],[0,1,0],[0,0,1]],"size":[640,480],"distortion":[1]}"#,
                "distortion has 1 numbers",
            ),
            (
                r#"{"homography":[[1,0,0],[0,1,0],[0,0,1]],"size":[640,480],"distortion":[0,0,0,0]}"#,
                "distortion needs camera_matrix",
            ),
        ] {
            let error = spec(json).solve().unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
        assert!(serde_json::from_str::<CalibrationSpec>(r#"{"pionts":[]}"#).is_err());
    }
}
