//! The camera: a pinhole above a flat ground, tilted down, looking along +y.

use ocellus_core::{Point, Size};

use super::math::{Vec3, direction};

/// The picture that the mountings below are given for; others show the same view, scaled to fit.
const REFERENCE: (f64, f64) = (640.0, 384.0);

/// How a scene mounts its camera.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mounting {
    /// Metres above the ground.
    pub(super) height_m: f64,
    /// How far the view points below the horizon.
    pub(super) tilt_degrees: f64,
    /// Focal length in pixels of a picture 640 wide.
    pub(super) focal_px: f64,
}

/// A mounted camera with a picture of a given size.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) size: Size,
    focal: f64,
    centre: (f64, f64),
    height: f64,
    sine: f64,
    cosine: f64,
}

/// Where a point of the world is seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Pixels from the left edge.
    pub(super) u: f32,
    /// Pixels from the top edge.
    pub(super) v: f32,
    /// 1 / distance along the view direction, in 1/m: greater is nearer.
    pub(super) nearness: f32,
}

impl View {
    pub(super) fn new(mounting: Mounting, size: Size) -> View {
        let (width, height) = (f64::from(size.width), f64::from(size.height));
        let scale = (width / REFERENCE.0).min(height / REFERENCE.1);
        let (cosine, sine) = direction(mounting.tilt_degrees / 360.0);
        View {
            size,
            focal: mounting.focal_px * scale,
            centre: (width / 2.0, height / 2.0),
            height: mounting.height_m,
            sine,
            cosine,
        }
    }

    /// Distance along the view direction in metres.
    pub(super) fn depth(&self, at: Vec3) -> f64 {
        f64::from(at.y) * self.cosine + (self.height - f64::from(at.z)) * self.sine
    }

    /// Pixels per metre across the view at a point.
    pub(super) fn scale_at(&self, at: Vec3) -> f32 {
        (self.focal / self.depth(at).max(0.1)) as f32
    }

    /// Where `at` is seen. Points beside or behind the camera are pulled to 0.1 m before it.
    pub(super) fn project(&self, at: Vec3) -> Seen {
        let depth = self.depth(at).max(0.1);
        let up = f64::from(at.y) * self.sine - (self.height - f64::from(at.z)) * self.cosine;
        Seen {
            u: (self.centre.0 + self.focal * f64::from(at.x) / depth) as f32,
            v: (self.centre.1 - self.focal * up / depth) as f32,
            nearness: (1.0 / depth) as f32,
        }
    }

    /// A ground point's place as 0..1 of the picture.
    pub(super) fn normalised(&self, x: f64, y: f64) -> Point {
        let seen = self.project(Vec3::new(x as f32, y as f32, 0.0));
        Point::new(seen.u / self.size.width as f32, seen.v / self.size.height as f32)
    }

    /// The direction in which a pixel looks: x and z per metre of y away from the camera.
    pub(super) fn slopes(&self, u: f64, v: f64) -> (f64, f64) {
        let right = (u - self.centre.0) / self.focal;
        let up = (self.centre.1 - v) / self.focal;
        let away = self.cosine + up * self.sine;
        (right / away, (up * self.cosine - self.sine) / away)
    }

    /// Metres above the ground.
    pub(super) fn height_m(&self) -> f64 {
        self.height
    }

    /// Direction (unit) from the camera's axes into the world, turned around: what `right`, `up` and
    /// `towards the camera` measure of a world direction.
    pub(super) fn camera_axes(&self, world: Vec3) -> Vec3 {
        let (sine, cosine) = (self.sine as f32, self.cosine as f32);
        Vec3::new(world.x, world.y * sine + world.z * cosine, world.z * sine - world.y * cosine)
    }

    /// The homography from ground metres to picture pixels, row by row.
    pub(super) fn ground_to_picture(&self) -> [f64; 9] {
        let (f, (cx, cy), h, s, c) = (self.focal, self.centre, self.height, self.sine, self.cosine);
        [f, cx * c, cx * h * s, 0.0, cy * c - f * s, f * h * c + cy * h * s, 0.0, c, h * s]
    }

    /// The homography from picture pixels to ground metres, row by row (the adjugate over the
    /// determinant).
    pub(super) fn picture_to_ground(&self) -> [f64; 9] {
        let [a, b, c, d, e, f, g, h, i] = self.ground_to_picture();
        let adjugate = [
            e * i - f * h,
            c * h - b * i,
            b * f - c * e,
            f * g - d * i,
            a * i - c * g,
            c * d - a * f,
            d * h - e * g,
            b * g - a * h,
            a * e - b * d,
        ];
        let determinant = a * adjugate[0] + b * adjugate[3] + c * adjugate[6];
        adjugate.map(|entry| entry / determinant)
    }
}
