//! How a camera moved between two pictures, by sparse optical flow with OpenCV.

use ocellus_core::tracker::CameraMotion;
use ocellus_core::{Picture, Rect, Size};
use opencv::core::{
    CV_8UC1, Mat, MatTraitConst, Point2f, Rect as CvRect, Scalar, Size as CvSize, TermCriteria,
    TermCriteria_Type, Vector, no_array,
};
use opencv::{calib3d, imgproc, video};

/// The picture is looked at no larger than this, so that the time does not grow with it.
const LOOKED_AT: Size = Size::new(480, 270);
/// Corners that are followed, and the fewest that say anything.
const MOST_CORNERS: i32 = 200;
const FEWEST_CORNERS: usize = 12;
/// How good a corner is at least, compared with the best one, and how far from the next, in pixels.
const QUALITY: f64 = 0.01;
const DISTANCE: f64 = 6.0;
/// Pixels by which a corner may miss the motion and still belong to it.
const AGREEMENT_PX: f64 = 1.5;
/// Share of the followed corners that must agree.
const MAJORITY: f64 = 0.5;

/// Measures the motion of one camera from picture to picture.
#[derive(Debug, Default)]
pub struct CameraMotionFlow {
    last: Option<Looked>,
}

/// A picture as it is looked at.
#[derive(Debug)]
struct Looked {
    size: Size,
    luma: Mat,
}

impl CameraMotionFlow {
    /// One that has seen nothing yet.
    #[must_use]
    pub fn new() -> CameraMotionFlow {
        CameraMotionFlow::default()
    }

    /// The motion from the picture before to this one, in pixels of this picture. `objects` are the boxes of
    /// what may move by itself; nothing in them is followed.
    ///
    /// `None` where it cannot be told: at the first picture, after a change of size, where there is too little
    /// to hold on to, or where the corners disagree.
    pub fn measure(&mut self, picture: &Picture, objects: &[Rect]) -> Option<CameraMotion> {
        crate::draw::single_threaded();
        let now = match Looked::at(picture) {
            Ok(now) => now,
            Err(error) => {
                tracing::debug!(%error, "no camera motion");
                self.last = None;
                return None;
            }
        };
        let last = self.last.replace(now)?;
        let now = self.last.as_ref().filter(|now| now.size == last.size)?;
        match motion(&last, now, objects) {
            Ok(motion) => motion.filter(CameraMotion::is_plausible),
            Err(error) => {
                tracing::debug!(%error, "no camera motion");
                None
            }
        }
    }
}

impl Looked {
    fn at(picture: &Picture) -> opencv::Result<Looked> {
        let size = picture.size();
        let full = Mat::new_rows_cols_with_data(signed(size.height), signed(size.width), picture.y())?;
        let shrink = (f64::from(LOOKED_AT.width) / f64::from(size.width))
            .min(f64::from(LOOKED_AT.height) / f64::from(size.height))
            .min(1.0);
        let side = |full: u32| ((f64::from(full) * shrink).round() as i32).max(1);
        let mut luma = Mat::default();
        let to = CvSize::new(side(size.width), side(size.height));
        imgproc::resize(&full, &mut luma, to, 0.0, 0.0, imgproc::INTER_AREA)?;
        Ok(Looked { size, luma })
    }

    /// Pixels of the picture for one that is looked at, across and down.
    fn scales(&self) -> (f64, f64) {
        let across = f64::from(self.size.width) / f64::from(self.luma.cols());
        (across, f64::from(self.size.height) / f64::from(self.luma.rows()))
    }

    /// White where corners may be looked for.
    fn mask(&self, objects: &[Rect]) -> opencv::Result<Mat> {
        let (rows, columns) = (self.luma.rows(), self.luma.cols());
        let mut mask = Mat::new_rows_cols_with_default(rows, columns, CV_8UC1, Scalar::all(255.0))?;
        let (across, down) = self.scales();
        for object in objects.iter().filter(|object| object.is_finite()) {
            let inside = object.clamped(self.size);
            let left = (f64::from(inside.x) / across).floor() as i32;
            let top = (f64::from(inside.y) / down).floor() as i32;
            let width = (f64::from(inside.width) / across).ceil() as i32 + 1;
            let height = (f64::from(inside.height) / down).ceil() as i32 + 1;
            let rect = CvRect::new(left, top, width, height);
            imgproc::rectangle(&mut mask, rect, Scalar::all(0.0), imgproc::FILLED, imgproc::LINE_8, 0)?;
        }
        Ok(mask)
    }
}

fn motion(last: &Looked, now: &Looked, objects: &[Rect]) -> opencv::Result<Option<CameraMotion>> {
    let mut corners = Vector::<Point2f>::new();
    let mask = last.mask(objects)?;
    imgproc::good_features_to_track(
        &last.luma,
        &mut corners,
        MOST_CORNERS,
        QUALITY,
        DISTANCE,
        &mask,
        3,
        false,
        0.04,
    )?;
    if corners.len() < FEWEST_CORNERS {
        return Ok(None);
    }
    let (from, to) = follow(last, now, &corners)?;
    if from.len() < FEWEST_CORNERS {
        return Ok(None);
    }
    let mut agreeing = Mat::default();
    let found = calib3d::estimate_affine_partial_2d(
        &from,
        &to,
        &mut agreeing,
        calib3d::RANSAC,
        AGREEMENT_PX,
        500,
        0.99,
        10,
    )?;
    let agree = opencv::core::count_non_zero(&agreeing)?;
    if found.rows() != 2 || f64::from(agree) < MAJORITY * from.len() as f64 {
        return Ok(None);
    }
    let (across, down) = now.scales();
    let at = |row: i32, column: i32| found.at_2d::<f64>(row, column).copied();
    Ok(Some(CameraMotion::new([
        [at(0, 0)? as f32, (at(0, 1)? * across / down) as f32, (at(0, 2)? * across) as f32],
        [(at(1, 0)? * down / across) as f32, at(1, 1)? as f32, (at(1, 2)? * down) as f32],
    ])))
}

/// Where the corners of one picture are in the next, those that are found again.
fn follow(
    last: &Looked,
    now: &Looked,
    corners: &Vector<Point2f>,
) -> opencv::Result<(Vector<Point2f>, Vector<Point2f>)> {
    let (mut moved, mut found) = (Vector::<Point2f>::new(), Vector::<u8>::new());
    let until = TermCriteria::new(TermCriteria_Type::COUNT as i32 + TermCriteria_Type::EPS as i32, 20, 0.03)?;
    video::calc_optical_flow_pyr_lk(
        &last.luma,
        &now.luma,
        corners,
        &mut moved,
        &mut found,
        &mut no_array(),
        CvSize::new(15, 15),
        3,
        until,
        0,
        1e-4,
    )?;
    let pairs = corners.iter().zip(moved.iter()).zip(found.iter());
    let kept = pairs.filter(|(_, found)| *found == 1).map(|(pair, _)| pair);
    Ok(kept.unzip::<_, _, Vec<_>, Vec<_>>()).map(|(from, to)| (from.into(), to.into()))
}

/// Sides are at most 16384.
fn signed(side: u32) -> i32 {
    i32::try_from(side).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(640, 360);

    /// A wall of blocks of different grey, seen from (`left`, `top`), with a bright object before it.
    fn wall(size: Size, (left, top): (f32, f32), object: Option<Rect>) -> Picture {
        let mut data = vec![128_u8; Picture::byte_len(size)];
        for y in 0..size.height {
            for x in 0..size.width {
                let (u, v) = ((x as f32 + left) / 12.0, (y as f32 + top) / 12.0);
                let (column, row) = (u.floor() as i64, v.floor() as i64);
                let mut hash = (column * 7_919 + row * 104_729) as u64;
                hash = (hash ^ (hash >> 7)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let mut grey = 40 + ((hash >> 40) % 150) as u8;
                if let Some(rect) = object
                    && rect.contains(ocellus_core::Point::new(x as f32, y as f32))
                {
                    grey = if (x / 5 + y / 5) % 2 == 0 { 230 } else { 20 };
                }
                data[(y * size.width + x) as usize] = grey;
            }
        }
        Picture::from_i420(size, data).unwrap()
    }

    #[test]
    fn nothing_is_told_where_nothing_can_be_known() {
        let grey = Picture::from_i420(SIZE, vec![90_u8; Picture::byte_len(SIZE)]).unwrap();
        let mut flow = CameraMotionFlow::new();
        assert_eq!(flow.measure(&grey, &[]), None, "the first picture");
        assert_eq!(flow.measure(&grey, &[]), None, "no corners");
        assert_eq!(flow.measure(&wall(SIZE, (0.0, 0.0), None), &[]), None, "another scene");
        let small = Size::new(320, 180);
        assert_eq!(flow.measure(&wall(small, (0.0, 0.0), None), &[]), None, "another size");
        let everything = [Rect::new(-1e9, -1e9, 2e9, 2e9), Rect::new(f32::NAN, 0.0, 5.0, 5.0)];
        assert_eq!(flow.measure(&wall(small, (4.0, 0.0), None), &everything), None, "only objects");
        let tiny = Picture::from_i420(Size::new(2, 2), vec![90_u8; 6]).unwrap();
        assert_eq!((flow.measure(&tiny, &[]), flow.measure(&tiny, &[])), (None, None));
    }

    #[test]
    fn a_pan_is_measured_in_pixels_of_the_picture() {
        for size in [SIZE, Size::new(1280, 720)] {
            let mut flow = CameraMotionFlow::new();
            flow.measure(&wall(size, (0.0, 0.0), None), &[]);
            let motion = flow.measure(&wall(size, (9.0, -6.0), None), &[]).unwrap();
            let (x, y) = motion.place(300.0, 200.0);
            assert!((x - 291.0).abs() < 0.6 && (y - 206.0).abs() < 0.6, "{motion:?}");
            let still = flow.measure(&wall(size, (9.0, -6.0), None), &[]).unwrap();
            assert!((still.place(300.0, 200.0).0 - 300.0).abs() < 0.1, "{still:?}");
        }
    }

    #[test]
    fn an_object_that_fills_most_of_the_picture_is_not_taken_for_the_camera() {
        let at = |x: f32| Rect::new(x, 20.0, 420.0, 320.0);
        let mut flow = CameraMotionFlow::new();
        flow.measure(&wall(SIZE, (0.0, 0.0), Some(at(40.0))), &[]);
        let motion = flow.measure(&wall(SIZE, (3.0, 0.0), Some(at(50.0))), &[at(40.0)]).unwrap();
        let (x, y) = motion.place(300.0, 200.0);
        assert!((x - 297.0).abs() < 0.6 && (y - 200.0).abs() < 0.6, "{motion:?}");
    }
}
