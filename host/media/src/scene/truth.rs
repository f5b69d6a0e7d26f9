//! What is really there: the ground truth of each frame.

use ocellus_core::{Point, Rect, Size};

use super::plaza::PlazaFacts;
use super::settings::SceneKind;
use super::stage::{SceneLine, SceneSpace};

/// What holds for all frames of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneTruthHeader {
    /// What is to be seen.
    pub kind: SceneKind,
    /// The seed.
    pub seed: u64,
    /// Size of the pictures in pixels.
    pub size: Size,
    /// Frames a second.
    pub frame_rate: f64,
    /// Names of the classes; an object's class is an index into them.
    pub classes: Vec<String>,
    /// Lines at which crossings are counted.
    pub lines: Vec<SceneLine>,
    /// Which way over each line is an entry, as the `line-crossing` rule words it.
    pub entry: &'static str,
    /// Parking spaces.
    pub spaces: Vec<SceneSpace>,
    /// Of a plaza: the camera, and the gates.
    pub plaza: Option<PlazaFacts>,
    /// Homography from ground metres (x, y, 1) to picture pixels, row by row. The ground of a plaza is the map that its
    /// cameras share.
    pub ground_to_picture: [f64; 9],
    /// Its inverse: from picture pixels to ground metres, row by row.
    pub picture_to_ground: [f64; 9],
}

/// The truth of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameTruth {
    /// Counts from 0.
    pub index: u64,
    /// Time of the frame in microseconds from the scene's start.
    pub time_us: u64,
    /// Everything of which some part is in the picture, hidden or not.
    pub objects: Vec<ObjectTruth>,
    /// Each parking space's name and whether a car stands in it.
    pub occupancy: Vec<(String, bool)>,
    /// Crossings that completed in this frame.
    pub crossings: Vec<CrossingTruth>,
}

/// One object in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectTruth {
    /// Counts from 1; the same object keeps it, on a plaza before all cameras and when it comes back.
    pub id: u64,
    /// Index into the classes.
    pub class: u32,
    /// Box in pixels around all of the object that lies in the picture, hidden parts included.
    pub rect: Rect,
    /// Share of that which is not hidden behind other things, 0..1.
    pub visibility: f32,
    /// Where it stands on the ground, metres: x to the right of the camera, y away from it; on a plaza: on the map.
    pub ground: Point,
    /// Its speed over the ground in metres a second.
    pub speed_mps: f32,
    /// Its number plate, where one that can be read lies within the picture.
    pub plate: Option<PlateTruth>,
}

/// A number plate in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateTruth {
    /// What is to be read: letters and digits, without gaps.
    pub text: String,
    /// Its corners in pixels as one reads it: top left, top right, bottom right, bottom left.
    pub corners: [Point; 4],
    /// Share of it which is not hidden behind other things, 0..1.
    pub visibility: f32,
}

/// One object's passage over a line.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossingTruth {
    /// Name of the line.
    pub line: &'static str,
    /// Which way.
    pub direction: CrossingDirection,
    /// Who.
    pub object: u64,
}

/// Which way over a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossingDirection {
    /// From the positive to the negative side of the line, as `left-to-right` says.
    Entry,
    /// The other way.
    Exit,
}

/// Remembers on which side of each line everyone was seen last.
#[derive(Debug, Default)]
pub(super) struct SideMemory {
    sides: Vec<Side>,
}

#[derive(Debug, Clone, Copy)]
struct Side {
    object: u64,
    line: usize,
    positive: bool,
    seen_at: u64,
}

/// As far beyond a line a foot point must be for a side to count, as a share of the picture's height.
const HYSTERESIS: f32 = 0.01;

impl SideMemory {
    /// Takes one frame's objects and returns the crossings that it completes.
    pub(super) fn observe(
        &mut self,
        frame: u64,
        objects: &[ObjectTruth],
        header: &SceneTruthHeader,
    ) -> Vec<CrossingTruth> {
        let mut crossings = Vec::new();
        for (number, line) in header.lines.iter().enumerate() {
            for object in objects {
                let (distance, share) = beside(line, object.rect.foot(), header.size);
                if distance.abs() <= HYSTERESIS {
                    continue;
                }
                let now = Side { object: object.id, line: number, positive: distance > 0.0, seen_at: frame };
                let known =
                    self.sides.iter_mut().find(|side| side.object == object.id && side.line == number);
                let Some(known) = known else {
                    self.sides.push(now);
                    continue;
                };
                let before = std::mem::replace(known, now);
                if before.positive != now.positive && (0.0..=1.0).contains(&share) {
                    let direction =
                        if before.positive { CrossingDirection::Entry } else { CrossingDirection::Exit };
                    crossings.push(CrossingTruth { line: line.name, direction, object: object.id });
                }
            }
        }
        // Who has been out of the picture for long does not come back under the same number.
        self.sides.retain(|side| side.seen_at + 6000 > frame);
        crossings
    }
}

/// Distance of a point from a line as a share of the picture's height, positive on the line's positive
/// side, and where along the line it is, 0 to 1. (`Segment::signed_distance` calls `hypot`, which differs
/// between platforms.)
fn beside(line: &SceneLine, point: Point, size: Size) -> (f32, f32) {
    let (width, height) = (size.width as f32, size.height as f32);
    let (from, to) = (line.segment.from, line.segment.to);
    let (dx, dy) = ((to.x - from.x) * width, (to.y - from.y) * height);
    let (px, py) = (point.x - from.x * width, point.y - from.y * height);
    let square = (dx * dx + dy * dy).max(1e-6);
    ((dx * py - dy * px) / square.sqrt() / height, (px * dx + py * dy) / square)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocellus_core::Segment;

    fn header() -> SceneTruthHeader {
        let segment = Segment::new(Point::new(0.5, 0.0), Point::new(0.5, 1.0));
        SceneTruthHeader {
            kind: SceneKind::Crossing,
            seed: 0,
            size: Size::new(200, 100),
            frame_rate: 10.0,
            classes: Vec::new(),
            lines: vec![SceneLine { name: "gate", segment }],
            entry: "left-to-right",
            spaces: Vec::new(),
            plaza: None,
            ground_to_picture: [0.0; 9],
            picture_to_ground: [0.0; 9],
        }
    }

    fn directions(feet: &[f32]) -> Vec<CrossingDirection> {
        let mut memory = SideMemory::default();
        let mut found = Vec::new();
        for (frame, x) in (0_u64..).zip(feet) {
            let rect = Rect::new(x - 5.0, 30.0, 10.0, 20.0);
            let ground = Point::default();
            let object =
                ObjectTruth { id: 1, class: 0, rect, visibility: 1.0, ground, speed_mps: 1.0, plate: None };
            found.extend(memory.observe(frame, &[object], &header()).iter().map(|c| c.direction));
        }
        found
    }

    #[test]
    fn trembling_on_the_line_counts_nothing() {
        assert_eq!(directions(&[90.0, 99.5, 100.8, 99.2, 100.9, 95.0]), []);
    }

    #[test]
    fn each_clean_passage_counts_once_with_its_direction() {
        use CrossingDirection::{Entry, Exit};
        assert_eq!(directions(&[90.0, 99.5, 100.5, 101.5, 120.0]), [Entry]);
        assert_eq!(directions(&[90.0, 110.0, 105.0, 90.0]), [Entry, Exit]);
    }
}
