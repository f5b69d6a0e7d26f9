//! Where the courts, gates and cameras of a plaza lie on the map that its cameras share.

use ocellus_core::Point;

use super::standpoint::Standpoint;
use super::vantage::Vantage;
use super::view::View;

/// A plaza, as one of its cameras has it.
#[derive(Debug, Clone, PartialEq)]
pub struct PlazaFacts {
    /// Which camera.
    pub vantage: Vantage,
    /// What the camera stands above, metres on the map.
    pub camera: Point,
    /// Unit vector of the direction that it looks in.
    pub facing: Point,
    /// All gates of the plaza.
    pub gates: Vec<SceneGate>,
}

/// An opening in a wall, through which people leave and come back.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneGate {
    /// Its name, such as `a-east`.
    pub name: &'static str,
    /// The cameras of the court that it belongs to.
    pub views: Vec<u32>,
    /// Its middle, metres on the map.
    pub at: Point,
    /// Unit vector into the court.
    pub inward: Point,
    /// The gate at the other end of the passage. None where it leads out of the plaza.
    pub leads_to: Option<&'static str>,
    /// Where this camera shows its middle, 0..1 of the picture or beyond; None behind the camera.
    pub picture: Option<Point>,
}

/// Ground between four walls, on the map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Court {
    pub(super) middle: (f64, f64),
    /// Metres from its middle to its walls.
    pub(super) half: (f64, f64),
}

/// An opening in a wall of a court.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gate {
    pub(super) name: &'static str,
    pub(super) court: usize,
    pub(super) at: (f64, f64),
    pub(super) inward: (f64, f64),
    /// The gate at the other end.
    pub(super) leads_to: Option<usize>,
}

/// What stands where.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) courts: Vec<Court>,
    pub(super) gates: Vec<Gate>,
    pub(super) cameras: Vec<Camera>,
}

/// A camera and the court that it looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Camera {
    pub(super) court: usize,
    pub(super) standpoint: Standpoint,
}

/// Things in the way in every court: metres from its middle, and how near people come.
pub(super) const TREE: (f64, f64, f64) = (-5.4, 4.0, 0.75);
pub(super) const COLUMN: (f64, f64, f64) = (5.6, -1.2, 1.1);
pub(super) const PLANTER: (f64, f64, f64) = (1.6, 5.2, 1.35);
/// Where people stand together: metres from the court's middle.
pub(super) const MEETING: [(f64, f64); 3] = [(-2.6, -2.6), (3.6, 2.4), (-1.4, 1.8)];
/// Half as wide as a gate, metres.
pub(super) const GATE_HALF_M: f64 = 1.2;
/// As far from a court's middle as a camera stands, beyond the half that it looks over.
const BACK_M: f64 = 5.6;

impl Court {
    /// Whether a place lies in it, or not further than `beyond` metres outside.
    pub(super) fn has(&self, (x, y): (f64, f64), beyond: f64) -> bool {
        (x - self.middle.0).abs() <= self.half.0 + beyond && (y - self.middle.1).abs() <= self.half.1 + beyond
    }

    pub(super) fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.middle.0 + x, self.middle.1 + y)
    }

    /// A camera behind the wall in the direction `facing` turned around.
    fn watched(&self, court: usize, facing: (f64, f64)) -> Camera {
        let back = |half: f64| half + BACK_M;
        let at = (self.middle.0 - facing.0 * back(self.half.0), self.middle.1 - facing.1 * back(self.half.1));
        Camera { court, standpoint: Standpoint { at, facing } }
    }
}

const NORTH: (f64, f64) = (0.0, 1.0);
const SOUTH: (f64, f64) = (0.0, -1.0);
const EAST: (f64, f64) = (1.0, 0.0);
const WEST: (f64, f64) = (-1.0, 0.0);

impl Layout {
    pub(super) fn of(vantage: Vantage) -> Layout {
        if vantage.overlap { shared(vantage.views) } else { apart(vantage.views) }
    }

    /// The gates of a court, by number.
    pub(super) fn gates_of(&self, court: usize) -> impl Iterator<Item = usize> {
        (0..self.gates.len()).filter(move |gate| self.gates[*gate].court == court)
    }

    /// Adds a gate `along` metres from the middle of the wall that `inward` looks away from: to the east or the north.
    fn gate(&mut self, name: &'static str, court: usize, inward: (f64, f64), along: f64) {
        let Court { half, .. } = self.courts[court];
        let offset = if inward.0 == 0.0 { (along, -inward.1 * half.1) } else { (-inward.0 * half.0, along) };
        let at = self.courts[court].place(offset);
        self.gates.push(Gate { name, court, at, inward, leads_to: None });
    }

    fn join(&mut self, one: usize, other: usize) {
        self.gates[one].leads_to = Some(other);
        self.gates[other].leads_to = Some(one);
    }

    /// What one camera has of it.
    pub(super) fn facts(&self, vantage: Vantage, view: &View) -> PlazaFacts {
        let point = |(x, y): (f64, f64)| Point::new(x as f32, y as f32);
        let standpoint = self.cameras[vantage.view as usize].standpoint;
        let gates = self.gates.iter().map(|gate| {
            let (right, away) = standpoint.seen_at(gate.at);
            let cameras = (0_u32..).zip(&self.cameras);
            SceneGate {
                name: gate.name,
                views: cameras
                    .filter(|(_, camera)| camera.court == gate.court)
                    .map(|(view, _)| view)
                    .collect(),
                at: point(gate.at),
                inward: point(gate.inward),
                leads_to: gate.leads_to.map(|other| self.gates[other].name),
                picture: (away > 0.5).then(|| view.normalised(right, away)),
            }
        });
        PlazaFacts {
            vantage,
            camera: point(standpoint.at),
            facing: point(standpoint.facing),
            gates: gates.collect(),
        }
    }
}

/// One court that all cameras look at.
fn shared(views: u32) -> Layout {
    let court = Court { middle: (0.0, 0.0), half: (8.2, 7.0) };
    let mut layout = Layout { courts: vec![court], gates: Vec::new(), cameras: Vec::new() };
    layout.gate("north", 0, SOUTH, -2.6);
    layout.gate("east", 0, WEST, 2.6);
    layout.gate("south", 0, NORTH, 6.2);
    layout.gate("west", 0, EAST, -2.8);
    let all = [court.watched(0, NORTH), court.watched(0, EAST), court.watched(0, SOUTH)];
    layout.cameras = all.into_iter().take(views as usize).collect();
    layout
}

/// A court for each camera, and passages between.
fn apart(views: u32) -> Layout {
    let court = |x: f64, y: f64| Court { middle: (x, y), half: (7.5, 7.5) };
    let courts = vec![court(0.0, 0.0), court(32.0, 0.0), court(16.0, 32.0)];
    let cameras = vec![courts[0].watched(0, NORTH), courts[1].watched(1, WEST), courts[2].watched(2, SOUTH)];
    let mut layout = Layout { courts, gates: Vec::new(), cameras };
    layout.gate("a-east", 0, WEST, 4.6);
    layout.gate("b-west", 1, EAST, 4.2);
    layout.join(0, 1);
    layout.gate("a-north", 0, SOUTH, -1.6);
    layout.gate("a-west", 0, EAST, 3.8);
    layout.gate("b-north", 1, SOUTH, -1.4);
    layout.gate("b-south", 1, NORTH, -2.2);
    if views == 2 {
        // Around the third court, which is not there.
        layout.courts.truncate(2);
        layout.cameras.truncate(2);
        layout.join(2, 4);
        return layout;
    }
    layout.gate("c-west", 2, EAST, -3.6);
    layout.join(2, 6);
    layout.gate("c-east", 2, WEST, -4.2);
    layout.join(4, 7);
    layout.gate("c-south", 2, NORTH, 1.8);
    layout
}
