//! From the picture to the ground: where an object stands, in metres.
//!
//! A camera that looks at flat ground maps it to its picture by a homography (Hartley and Zisserman, *Multiple
//! View Geometry*, 2nd ed., §2.3 and §4), once the lens's distortion is taken out. [`Calibration`] holds both,
//! made from places known in the picture and on the ground or from a matrix that somebody measured; it also
//! knows how far off its answers may be. [`GroundFilter`] follows one object's place and speed.

mod camera;
mod filter;
mod fit;
mod ground;
mod homography;
mod lens;
mod refine;
mod spread;

pub use filter::{GroundFilter, GroundState};
pub use fit::{Fit, FitError, PointPair, fit};
pub use ground::{GroundTracks, clearance_m};
pub use homography::{Homography, HomographyError};
pub use lens::{Lens, LensError};

use crate::geometry::{GroundPoint, Size};
use camera::{Pixels, Standpoint};

/// A symmetric 2 × 2 matrix of variances: of the first quantity, of both together, of the second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Covariance {
    /// Variance of the first.
    pub xx: f64,
    /// What both share.
    pub xy: f64,
    /// Variance of the second.
    pub yy: f64,
}

impl Covariance {
    /// Two quantities that share nothing, with these standard deviations.
    #[must_use]
    pub fn of_sigmas(x: f64, y: f64) -> Covariance {
        Covariance { xx: x * x, xy: 0.0, yy: y * y }
    }

    /// Of the quantities after the linear map `by`.
    #[must_use]
    pub fn mapped(&self, by: [[f64; 2]; 2]) -> Covariance {
        let [[a, b], [c, d]] = by;
        let Covariance { xx, xy, yy } = *self;
        Covariance {
            xx: a * a * xx + 2.0 * a * b * xy + b * b * yy,
            xy: a * c * xx + (a * d + b * c) * xy + b * d * yy,
            yy: c * c * xx + 2.0 * c * d * xy + d * d * yy,
        }
    }

    /// The standard deviation in the direction where it is largest.
    #[must_use]
    pub fn largest_sigma(&self) -> f64 {
        let middle = (self.xx + self.yy) / 2.0;
        let apart = ((self.xx - self.yy) / 2.0).hypot(self.xy);
        (middle + apart).max(0.0).sqrt()
    }
}

impl std::ops::Add for Covariance {
    type Output = Covariance;

    fn add(self, other: Covariance) -> Covariance {
        Covariance { xx: self.xx + other.xx, xy: self.xy + other.xy, yy: self.yy + other.yy }
    }
}

/// Where a camera's picture lies on the ground.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Size of the picture that the numbers are for, in pixels.
    size: Size,
    lens: Option<Lens>,
    /// From undistorted pixels to metres.
    homography: Homography,
    doubt: Doubt,
    /// Where the camera is; nothing where the map does not tell.
    standpoint: Option<Standpoint>,
}

/// How sure a homography is of where a place on the ground lies in the picture.
#[derive(Debug, Clone, PartialEq)]
enum Doubt {
    /// The same all over the picture, in pixels.
    Even(f64),
    /// Covariance of the eight free numbers of the matrix from ground to picture, as it was fitted.
    Fitted(Box<spread::Spread>),
}

impl Calibration {
    /// A homography that somebody else measured, from pixels of a picture of `size` to metres, of pixels that
    /// `lens` has straightened. `sigma_px` says how many pixels off it may be, one standard deviation.
    #[must_use]
    pub fn from_homography(
        size: Size,
        lens: Option<Lens>,
        homography: Homography,
        sigma_px: f64,
    ) -> Calibration {
        Calibration::new(size, lens, homography, Doubt::Even(sigma_px))
    }

    fn new(size: Size, lens: Option<Lens>, homography: Homography, doubt: Doubt) -> Calibration {
        let middle = [f64::from(size.width) / 2.0, f64::from(size.height) / 2.0];
        let pixels = lens.as_ref().map_or(Pixels { centre: middle, focal: None }, Lens::pixels);
        let standpoint = Standpoint::of(&homography, &pixels);
        Calibration { size, lens, homography, doubt, standpoint }
    }

    /// Where something stands that hides the ground at `seen` with a part `above_m` over the ground: nearer to the
    /// camera than it seems. Unchanged where the map does not tell how high the camera is.
    #[must_use]
    pub fn under(&self, seen: GroundPoint, above_m: f64) -> GroundPoint {
        self.standpoint.map_or(seen, |standpoint| standpoint.under(seen, above_m))
    }

    /// Size of the picture that it is for, in pixels.
    #[must_use]
    pub fn size(&self) -> Size {
        self.size
    }

    /// From undistorted pixels to metres.
    #[must_use]
    pub fn homography(&self) -> &Homography {
        &self.homography
    }

    /// Where a place in the picture, in pixels of a picture of `size`, lies on the ground and how sure that
    /// is, for a place known up to `noise` in pixels squared.
    ///
    /// None at the horizon and above it, and where the lens's model does not reach.
    #[must_use]
    pub fn locate(
        &self,
        pixel: [f64; 2],
        noise: Covariance,
        size: Size,
    ) -> Option<(GroundPoint, Covariance)> {
        let (sx, sy) = self.scale_from(size)?;
        let distorted = [pixel[0] * sx, pixel[1] * sy];
        let straight = match &self.lens {
            Some(lens) => lens.straighten(distorted)?,
            None => distorted,
        };
        let ground = self.homography.to_ground(straight)?;
        let noise = noise.mapped([[sx, 0.0], [0.0, sy]]) + self.doubt_at(ground);
        let spread = noise.mapped(self.homography.slope(straight)?);
        Some((ground, spread))
    }

    /// Where a place on the ground is seen, in pixels of a picture of `size`; none where the camera does not
    /// look: the other side of the horizon.
    #[must_use]
    pub fn project(&self, ground: GroundPoint, size: Size) -> Option<[f64; 2]> {
        let (sx, sy) = self.scale_from(size)?;
        let straight = self.homography.to_picture(ground)?;
        let [x, y] = self.lens.as_ref().map_or(straight, |lens| lens.bend(straight));
        Some([x / sx, y / sy])
    }

    /// From pixels of a picture of `size` to those of the picture that was calibrated.
    fn scale_from(&self, size: Size) -> Option<(f64, f64)> {
        let known = size.width > 0 && size.height > 0;
        known.then(|| {
            let share = |own: u32, other: u32| f64::from(own) / f64::from(other);
            (share(self.size.width, size.width), share(self.size.height, size.height))
        })
    }

    fn doubt_at(&self, ground: GroundPoint) -> Covariance {
        match &self.doubt {
            Doubt::Even(sigma_px) => Covariance::of_sigmas(*sigma_px, *sigma_px),
            Doubt::Fitted(spread) => spread.at(ground),
        }
    }
}
