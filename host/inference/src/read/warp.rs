//! A quadrangle of a picture, made upright and as large as a reader's input.
//!
//! The map is the projective one that takes the unit square to the four corners (Heckbert, *Fundamentals of texture
//! mapping and image warping*, 1989, section 2.2.3). Samples are bilinear between pixel centres; where the
//! picture is larger than the input, several are averaged. Colours follow ITU-R BT.601, limited range.

use ocellus_core::{Picture, Point, Size};

use super::ports::Ports;
use crate::letterbox::Letterbox;
use crate::manifest::{ColourOrder, Fit, InputLayout, Scale};
use crate::preprocess::Shift;

/// The most samples along one side that make one pixel.
const MOST_SAMPLES: u32 = 4;
/// Where the upper row of a plate with two ends, and where the lower one begins: they are cut with some to spare.
const UPPER_END: f32 = 5.0 / 12.0;
const LOWER_START: f32 = 1.0 / 3.0;

/// How a reader wants to see a plate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Look {
    pub(crate) ports: Ports,
    pub(crate) colour: ColourOrder,
    pub(crate) scale: Scale,
    pub(crate) shift: Shift,
    pub(crate) fit: Fit,
    pub(crate) pad: u8,
    pub(crate) margin: f32,
}

/// Rows of text on a plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One.
    One,
    /// Two: they are read as one, the upper one first.
    Two,
}

/// From the unit square to a quadrangle.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Projection {
    x: [f32; 3],
    y: [f32; 3],
    w: [f32; 2],
}

impl Projection {
    /// None where three corners lie on a line, or a number is not finite.
    fn new([p0, p1, p2, p3]: [Point; 4]) -> Option<Projection> {
        let (dx1, dx2, sx) = (p1.x - p2.x, p3.x - p2.x, p0.x - p1.x + p2.x - p3.x);
        let (dy1, dy2, sy) = (p1.y - p2.y, p3.y - p2.y, p0.y - p1.y + p2.y - p3.y);
        let determinant = dx1 * dy2 - dx2 * dy1;
        let g = (sx * dy2 - dx2 * sy) / determinant;
        let h = (dx1 * sy - sx * dy1) / determinant;
        let projection = Projection {
            x: [p1.x - p0.x + g * p1.x, p3.x - p0.x + h * p3.x, p0.x],
            y: [p1.y - p0.y + g * p1.y, p3.y - p0.y + h * p3.y, p0.y],
            w: [g, h],
        };
        // The far edge must not lie behind the eye.
        let near = [1.0 + g, 1.0 + h, 1.0 + g + h].iter().all(|w| *w > 0.01);
        let finite = projection.x.iter().chain(&projection.y).all(|number| number.is_finite());
        (near && finite).then_some(projection)
    }

    fn at(&self, u: f32, v: f32) -> Point {
        let w = self.w[0] * u + self.w[1] * v + 1.0;
        let [x, y] = [self.x, self.y].map(|row| (row[0] * u + row[1] * v + row[2]) / w);
        Point::new(x, y)
    }
}

/// The corners moved outwards by a share of the width and the height.
fn grown([p0, p1, p2, p3]: [Point; 4], share: f32) -> [Point; 4] {
    let half = |a: Point, b: Point, c: Point, d: Point| {
        [(b.x - a.x + c.x - d.x) / 2.0 * share, (b.y - a.y + c.y - d.y) / 2.0 * share]
    };
    let [along, down] = [half(p0, p1, p2, p3), half(p0, p3, p2, p1)];
    let moved = |p: Point, x: f32, y: f32| {
        Point::new(p.x + x * along[0] + y * down[0], p.y + x * along[1] + y * down[1])
    };
    [moved(p0, -1.0, -1.0), moved(p1, 1.0, -1.0), moved(p2, 1.0, 1.0), moved(p3, -1.0, 1.0)]
}

/// Width and height of a quadrangle: means of opposite sides.
pub(crate) fn extent([p0, p1, p2, p3]: &[Point; 4]) -> [f32; 2] {
    let length = |a: &Point, b: &Point| (b.x - a.x).hypot(b.y - a.y);
    [(length(p0, p1) + length(p3, p2)) / 2.0, (length(p0, p3) + length(p1, p2)) / 2.0]
}

/// Writes the plate between `corners` (from the left upper one clockwise) into `slot`; false where they are those of
/// nothing: less than two pixels either way, crossed, or not finite.
pub(crate) fn write(
    picture: &Picture,
    (corners, rows): ([Point; 4], Rows),
    look: &Look,
    slot: &mut [f32],
) -> bool {
    let corners = grown(corners, look.margin);
    let [width, height] = extent(&corners);
    let fits = |side: f32| (2.0..=16_384.0).contains(&side);
    let Some(projection) = Projection::new(corners).filter(|_| fits(width) && fits(height)) else {
        return false;
    };
    let shape = match rows {
        Rows::One => Size::new(width as u32, height as u32),
        Rows::Two => Size::new(2 * width as u32, (height * (1.0 - LOWER_START)) as u32),
    };
    let letterbox =
        Letterbox::new(Size::new(shape.width.max(1), shape.height.max(1)), look.ports.input, look.fit);
    let inner = letterbox.inner;
    let samples = |source: f32, target: u32| ((source / target as f32).ceil() as u32).clamp(1, MOST_SAMPLES);
    let samples = samples(shape.width as f32, inner.width).max(samples(shape.height as f32, inner.height));
    if inner != look.ports.input {
        let pad = f32::from(look.pad);
        let at = (0..look.ports.input.height).flat_map(|y| (0..look.ports.input.width).map(move |x| (x, y)));
        at.for_each(|at| look.put(slot, at, [pad; 3]));
    }
    for row in 0..inner.height {
        for column in 0..inner.width {
            let mut sum = [0.0; 3];
            for sample in 0..samples * samples {
                let offset = |at: u32| (at as f32 + 0.5) / samples as f32;
                let u = (column as f32 + offset(sample % samples)) / inner.width as f32;
                let v = (row as f32 + offset(sample / samples)) / inner.height as f32;
                let (u, v) = on_plate(rows, u, v);
                let colour = colour(picture, projection.at(u, v));
                (0..3).for_each(|at| sum[at] += colour[at]);
            }
            let mean = sum.map(|sum| sum / (samples * samples) as f32);
            look.put(slot, (letterbox.left + column, letterbox.top + row), mean);
        }
    }
    true
}

/// Where a place of the reader's input is on the plate: the rows of a plate with two stand beside each other.
fn on_plate(rows: Rows, u: f32, v: f32) -> (f32, f32) {
    match rows {
        Rows::One => (u, v),
        Rows::Two if u < 0.5 => (2.0 * u, v * UPPER_END),
        Rows::Two => (2.0 * u - 1.0, LOWER_START + v * (1.0 - LOWER_START)),
    }
}

impl Look {
    /// Writes a pixel of red, green and blue in 0..255.
    fn put(&self, slot: &mut [f32], (x, y): (u32, u32), rgb: [f32; 3]) {
        let Ports { input, layout, channels, .. } = self.ports;
        let unit = if self.scale == Scale::Byte { 1.0 } else { 1.0 / 255.0 };
        let value = |colour: usize| (rgb[colour] * unit - self.shift.mean[colour]) / self.shift.std[colour];
        let at = y as usize * input.width as usize + x as usize;
        let area = input.width as usize * input.height as usize;
        for channel in 0..channels {
            let value = match (channels, self.colour) {
                (1, _) => {
                    let grey = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
                    (grey * unit - self.shift.mean[0]) / self.shift.std[0]
                }
                (_, ColourOrder::Rgb) => value(channel),
                (_, ColourOrder::Bgr) => value(2 - channel),
            };
            let place = match layout {
                InputLayout::Nchw => channel * area + at,
                InputLayout::Nhwc => at * channels + channel,
            };
            slot[place] = value;
        }
    }
}

/// Red, green and blue at a place of the picture, 0..255.
fn colour(picture: &Picture, at: Point) -> [f32; 3] {
    let size = picture.size();
    let half = Size::new(size.width / 2, size.height / 2);
    let y = 1.164_384 * (sample(picture.y(), size, at) - 16.0);
    let at = Point::new(at.x / 2.0, at.y / 2.0);
    let (u, v) = (sample(picture.u(), half, at) - 128.0, sample(picture.v(), half, at) - 128.0);
    [y + 1.596_027 * v, y - 0.812_968 * v - 0.391_762 * u, y + 2.017_232 * u]
        .map(|value| value.clamp(0.0, 255.0))
}

/// A plane's value at a place where pixel 0 reaches from 0 to 1; the edge goes on outside.
fn sample(plane: &[u8], size: Size, at: Point) -> f32 {
    let split = |at: f32, side: u32| {
        let at = (at - 0.5).clamp(0.0, (side - 1) as f32);
        let first = at as usize;
        (first, (first + 1).min(side as usize - 1), at - first as f32)
    };
    let (left, right, x) = split(at.x, size.width);
    let (top, bottom, y) = split(at.y, size.height);
    let value = |row: usize, column: usize| f32::from(plane[row * size.width as usize + column]);
    let upper = value(top, left) * (1.0 - x) + value(top, right) * x;
    let lower = value(bottom, left) * (1.0 - x) + value(bottom, right) * x;
    upper * (1.0 - y) + lower * y
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Size = Size::new(8, 4);

    fn look() -> Look {
        Look {
            ports: Ports::test(INPUT, 1),
            colour: ColourOrder::Rgb,
            scale: Scale::Byte,
            shift: Shift::NONE,
            fit: Fit::Stretch,
            pad: 0,
            margin: 0.0,
        }
    }

    /// Brightness grows by `x` to the right and by `y` downwards.
    fn slope(size: Size, x: usize, y: usize) -> Picture {
        let luma =
            (0..size.height as usize).flat_map(|row| (0..size.width as usize).map(move |at| (at, row)));
        let mut data: Vec<u8> = luma.map(|(at, row)| (16 + at * x + row * y) as u8).collect();
        data.resize(Picture::byte_len(size), 128);
        Picture::from_i420(size, data).unwrap()
    }

    fn corners(points: [[f32; 2]; 4]) -> [Point; 4] {
        points.map(|[x, y]| Point::new(x, y))
    }

    fn written(picture: &Picture, points: [[f32; 2]; 4], rows: Rows, look: &Look) -> Option<Vec<f32>> {
        let mut slot = vec![0.0; 32];
        write(picture, (corners(points), rows), look, &mut slot).then_some(slot)
    }

    #[test]
    fn an_upright_box_is_cut_out_pixel_by_pixel() {
        let picture = slope(Size::new(40, 20), 2, 3);
        let upright = [[10.0, 6.0], [18.0, 6.0], [18.0, 10.0], [10.0, 10.0]];
        let slot = written(&picture, upright, Rows::One, &look()).unwrap();
        for (index, value) in slot.iter().enumerate() {
            let expected = ((10 + index % 8) * 2 + (6 + index / 8) * 3) as f32 * 1.164_384;
            assert!((value - expected).abs() < 0.01, "{index}: {value}, not {expected}");
        }
    }

    #[test]
    fn a_turned_plate_is_made_upright() {
        let picture = slope(Size::new(40, 40), 0, 4);
        // Its left upper corner points down: along the plate brightness falls.
        let turned = [[10.0, 30.0], [10.0, 14.0], [18.0, 14.0], [18.0, 30.0]];
        let slot = written(&picture, turned, Rows::One, &look()).unwrap();
        assert!(slot[..8].windows(2).all(|pair| pair[1] < pair[0] - 7.0), "{:?}", &slot[..8]);
        assert!((slot[0] - slot[24]).abs() < 0.01, "down the plate it stays");
    }

    #[test]
    fn the_corners_are_met_whatever_the_perspective() {
        let points = corners([[3.0, 4.0], [30.0, 8.0], [28.0, 20.0], [5.0, 15.0]]);
        let projection = Projection::new(points).unwrap();
        for (corner, (u, v)) in points.iter().zip([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]) {
            let at = projection.at(u, v);
            assert!((at.x - corner.x).abs() < 1e-3 && (at.y - corner.y).abs() < 1e-3, "{at:?} {corner:?}");
        }
    }

    #[test]
    fn the_lower_row_stands_behind_the_upper_one() {
        // Twelve pixels high: the upper row reaches to the fifth, the lower one begins with the fourth.
        let picture = slope(Size::new(40, 20), 0, 10);
        let plate = [[10.0, 2.0], [18.0, 2.0], [18.0, 14.0], [10.0, 14.0]];
        let slot = written(&picture, plate, Rows::Two, &look()).unwrap();
        assert!(slot[0..4].iter().all(|value| (value - slot[0]).abs() < 0.01));
        assert!(slot[4..8].iter().all(|value| value - slot[0] > 35.0), "{slot:?}");
        assert!(slot[24] < slot[28], "{slot:?}");
    }

    #[test]
    fn a_margin_shows_what_is_around_the_plate() {
        let picture = slope(Size::new(40, 20), 4, 0);
        let plate = [[10.0, 6.0], [18.0, 6.0], [18.0, 10.0], [10.0, 10.0]];
        let [close, wide] = [0.0, 0.5].map(|margin| {
            let slot = written(&picture, plate, Rows::One, &Look { margin, ..look() }).unwrap();
            slot[7] - slot[0]
        });
        assert!((wide / close - 2.0).abs() < 0.05, "{close} {wide}");
    }

    #[test]
    fn corners_of_nothing_are_refused() {
        let picture = slope(Size::new(40, 20), 1, 1);
        for points in [
            [[10.0, 6.0], [11.0, 6.0], [11.0, 10.0], [10.0, 10.0]],
            [[10.0, 6.0], [10.0, 6.0], [10.0, 6.0], [10.0, 6.0]],
            [[f32::NAN, 6.0], [18.0, 6.0], [18.0, 10.0], [10.0, 10.0]],
            [[10.0, 6.0], [18.0, 6.0], [26.0, 6.0], [34.0, 6.0]],
            [[10.0, 6.0], [1e30, 6.0], [1e30, 10.0], [10.0, 10.0]],
        ] {
            assert_eq!(written(&picture, points, Rows::One, &look()), None, "{points:?}");
        }
        let outside = [[-90.0, -90.0], [-60.0, -90.0], [-60.0, -70.0], [-90.0, -70.0]];
        assert!(written(&picture, outside, Rows::One, &look()).is_some(), "the edge goes on");
    }
}
