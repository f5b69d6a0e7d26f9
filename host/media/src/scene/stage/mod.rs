//! What stands still in each scene: the camera, the ground, columns and trees, lines and spaces.

mod ground;
mod plaza;
mod props;

use ocellus_core::{Point, Segment, Size};

use super::SceneKind;
use super::draw::model::Model;
use super::draw::paint::Paint;
use super::rng::Rng;
use super::view::{Mounting, View};
use super::world::{ROWS, SPACE_DEPTH_M, SPACE_WIDTH_M};

pub(super) use plaza::Outlook;

/// Which way over a line is an entry, as the `line-crossing` rule words it.
pub(super) const ENTRY: &str = "left-to-right";

/// A line that crossings are counted at. For a line drawn downwards, left to right is an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneLine {
    /// Its name.
    pub name: &'static str,
    /// Where it runs, 0..1 of the picture.
    pub segment: Segment,
}

/// A parking space.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneSpace {
    /// Its name, such as `A1`.
    pub name: String,
    /// Its corners on the ground, 0..1 of the picture.
    pub corners: [Point; 4],
}

/// A thing that stands still, and how far away it counts as when things hide each other.
pub(super) struct Prop {
    pub(super) model: Model,
    pub(super) depth_m: f32,
}

pub(super) fn view(kind: SceneKind, size: Size) -> View {
    let mounting = match kind {
        SceneKind::Crossing | SceneKind::Plaza => {
            Mounting { height_m: 6.5, tilt_degrees: 32.0, focal_px: 560.0 }
        }
        SceneKind::ParkingLot => Mounting { height_m: 15.0, tilt_degrees: 45.0, focal_px: 600.0 },
        SceneKind::Road => Mounting { height_m: 9.0, tilt_degrees: 30.0, focal_px: 560.0 },
        SceneKind::Plates => Mounting { height_m: 4.5, tilt_degrees: 23.0, focal_px: 760.0 },
    };
    View::new(mounting, size)
}

/// The colour of every pixel of the empty ground, row by row.
pub(super) fn background(
    kind: SceneKind,
    outlook: Option<&Outlook>,
    view: &View,
    rng: &mut Rng,
) -> Vec<Paint> {
    ground::paint(kind, outlook, view, rng)
}

pub(super) fn props(kind: SceneKind, outlook: Option<&Outlook>, rng: &mut Rng) -> Vec<Prop> {
    match outlook {
        Some(outlook) => plaza::props(outlook, rng),
        None => props::props(kind, rng),
    }
}

pub(super) fn lines(kind: SceneKind, view: &View) -> Vec<SceneLine> {
    let between = |name, from: (f64, f64), to: (f64, f64)| SceneLine {
        name,
        segment: Segment::new(view.normalised(from.0, from.1), view.normalised(to.0, to.1)),
    };
    match kind {
        SceneKind::Crossing => vec![between("gate", (0.0, 14.0), (0.0, 5.7))],
        SceneKind::Road => vec![between("count", (-7.2, 16.0), (7.2, 16.0))],
        SceneKind::Plates => vec![between("count", (-3.9, 11.0), (3.9, 11.0))],
        SceneKind::ParkingLot | SceneKind::Plaza => Vec::new(),
    }
}

pub(super) fn spaces(kind: SceneKind, view: &View) -> Vec<SceneSpace> {
    if kind != SceneKind::ParkingLot {
        return Vec::new();
    }
    let mut spaces = Vec::new();
    for row in ROWS {
        for number in 0..row.spaces {
            let (x, y) = (row.across_m(number), row.middle_m);
            let (half_x, half_y) = (SPACE_WIDTH_M / 2.0, SPACE_DEPTH_M / 2.0);
            let corners = [(-half_x, half_y), (half_x, half_y), (half_x, -half_y), (-half_x, -half_y)]
                .map(|(dx, dy)| view.normalised(x + dx, y + dy));
            spaces.push(SceneSpace { name: format!("{}{}", row.letter, number + 1), corners });
        }
    }
    spaces
}
