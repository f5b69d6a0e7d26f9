//! The truth as JSON lines: a header, then one line a frame.

use std::io::{self, Write};

use ocellus_core::Point;
use serde::Serialize;

use super::plaza::{PlazaFacts, SceneGate};
use super::stage::{SceneLine, SceneSpace};
use super::truth::{CrossingDirection, FrameTruth, ObjectTruth, PlateTruth, SceneTruthHeader};

/// Version of the format that [`write_truth_header`] states.
const FORMAT: u32 = 1;

/// Writes the header line.
///
/// # Errors
/// What the writer reports.
pub fn write_truth_header(to: &mut dyn Write, header: &SceneTruthHeader) -> io::Result<()> {
    let line = HeaderLine {
        format: FORMAT,
        scene: header.kind.to_string(),
        seed: header.seed,
        width: header.size.width,
        height: header.size.height,
        frame_rate: header.frame_rate,
        classes: &header.classes,
        lines: header.lines.iter().map(|line| LineRow::new(line, header.entry)).collect(),
        spaces: header.spaces.iter().map(SpaceRow::new).collect(),
        ground_to_picture: header.ground_to_picture,
        picture_to_ground: header.picture_to_ground,
        plaza: header.plaza.as_ref().map(PlazaRow::new),
    };
    write_line(to, &line)
}

/// Writes one frame's line.
///
/// # Errors
/// What the writer reports.
pub fn write_truth(to: &mut dyn Write, truth: &FrameTruth) -> io::Result<()> {
    let line = FrameLine {
        frame: truth.index,
        time_us: truth.time_us,
        objects: truth.objects.iter().map(ObjectRow::new).collect(),
        occupancy: truth
            .occupancy
            .iter()
            .map(|(space, occupied)| OccupancyRow { space, occupied: *occupied })
            .collect(),
        crossings: truth
            .crossings
            .iter()
            .map(|crossing| CrossingRow {
                line: crossing.line,
                direction: match crossing.direction {
                    CrossingDirection::Entry => "entry",
                    CrossingDirection::Exit => "exit",
                },
                object: crossing.object,
            })
            .collect(),
    };
    write_line(to, &line)
}

/// Settings of the `line-crossing` rule for this scene, as JSON. Without lines where the scene has none.
#[must_use]
pub fn line_crossing_settings(header: &SceneTruthHeader) -> String {
    let lines: Vec<LineRow<'_>> = header.lines.iter().map(|line| LineRow::new(line, header.entry)).collect();
    serde_json::json!({ "lines": lines }).to_string()
}

/// Settings of the `parking` rule for this scene, as JSON. Without spaces where the scene has none.
#[must_use]
pub fn parking_settings(header: &SceneTruthHeader) -> String {
    let spaces: Vec<SpaceRow<'_>> = header.spaces.iter().map(SpaceRow::new).collect();
    serde_json::json!({ "spaces": spaces }).to_string()
}

fn write_line(to: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *to, line)?;
    to.write_all(b"\n")
}

#[derive(Serialize)]
struct HeaderLine<'a> {
    format: u32,
    scene: String,
    seed: u64,
    width: u32,
    height: u32,
    frame_rate: f64,
    classes: &'a [String],
    lines: Vec<LineRow<'a>>,
    spaces: Vec<SpaceRow<'a>>,
    ground_to_picture: [f64; 9],
    picture_to_ground: [f64; 9],
    #[serde(skip_serializing_if = "Option::is_none")]
    plaza: Option<PlazaRow<'a>>,
}

#[derive(Serialize)]
struct PlazaRow<'a> {
    view: u32,
    views: u32,
    overlap: bool,
    camera: CameraRow,
    gates: Vec<GateRow<'a>>,
}

#[derive(Serialize)]
struct CameraRow {
    at: [f64; 2],
    facing: [f64; 2],
}

#[derive(Serialize)]
struct GateRow<'a> {
    name: &'a str,
    views: &'a [u32],
    at: [f64; 2],
    inward: [f64; 2],
    leads_to: Option<&'a str>,
    picture: Option<[f64; 2]>,
}

#[derive(Serialize)]
struct LineRow<'a> {
    name: &'a str,
    from: [f64; 2],
    to: [f64; 2],
    entry: &'a str,
}

#[derive(Serialize)]
struct SpaceRow<'a> {
    name: &'a str,
    polygon: [[f64; 2]; 4],
}

#[derive(Serialize)]
struct FrameLine<'a> {
    frame: u64,
    time_us: u64,
    objects: Vec<ObjectRow>,
    occupancy: Vec<OccupancyRow<'a>>,
    crossings: Vec<CrossingRow<'a>>,
}

#[derive(Serialize)]
struct ObjectRow {
    id: u64,
    class: u32,
    /// x, y, width and height in pixels.
    rect: [f64; 4],
    visibility: f64,
    ground: [f64; 2],
    speed_mps: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<PlateRow>,
}

#[derive(Serialize)]
struct PlateRow {
    text: String,
    /// x and y in pixels: top left, top right, bottom right, bottom left, as one reads it.
    corners: [[f64; 2]; 4],
    visibility: f64,
}

#[derive(Serialize)]
struct OccupancyRow<'a> {
    space: &'a str,
    occupied: bool,
}

#[derive(Serialize)]
struct CrossingRow<'a> {
    line: &'a str,
    direction: &'a str,
    object: u64,
}

impl<'a> LineRow<'a> {
    fn new(line: &'a SceneLine, entry: &'a str) -> LineRow<'a> {
        let (from, to) = (line.segment.from, line.segment.to);
        LineRow {
            name: line.name,
            from: [rounded(from.x), rounded(from.y)],
            to: [rounded(to.x), rounded(to.y)],
            entry,
        }
    }
}

impl<'a> SpaceRow<'a> {
    fn new(space: &'a SceneSpace) -> SpaceRow<'a> {
        SpaceRow {
            name: &space.name,
            polygon: space.corners.map(|corner| [rounded(corner.x), rounded(corner.y)]),
        }
    }
}

impl<'a> PlazaRow<'a> {
    fn new(plaza: &'a PlazaFacts) -> PlazaRow<'a> {
        let PlazaFacts { vantage, camera, facing, gates } = plaza;
        PlazaRow {
            view: vantage.view,
            views: vantage.views,
            overlap: vantage.overlap,
            camera: CameraRow { at: pair(*camera), facing: pair(*facing) },
            gates: gates.iter().map(GateRow::new).collect(),
        }
    }
}

impl<'a> GateRow<'a> {
    fn new(gate: &'a SceneGate) -> GateRow<'a> {
        GateRow {
            name: gate.name,
            views: &gate.views,
            at: pair(gate.at),
            inward: pair(gate.inward),
            leads_to: gate.leads_to,
            picture: gate.picture.map(pair),
        }
    }
}

impl ObjectRow {
    fn new(object: &ObjectTruth) -> ObjectRow {
        let rect = object.rect;
        ObjectRow {
            id: object.id,
            class: object.class,
            rect: [rect.x, rect.y, rect.width, rect.height].map(rounded),
            visibility: rounded(object.visibility),
            ground: [rounded(object.ground.x), rounded(object.ground.y)],
            speed_mps: rounded(object.speed_mps),
            plate: object.plate.as_ref().map(PlateRow::new),
        }
    }
}

impl PlateRow {
    fn new(plate: &PlateTruth) -> PlateRow {
        PlateRow {
            text: plate.text.clone(),
            corners: plate.corners.map(|corner| [rounded(corner.x), rounded(corner.y)]),
            visibility: rounded(plate.visibility),
        }
    }
}

fn pair(point: Point) -> [f64; 2] {
    [rounded(point.x), rounded(point.y)]
}

/// To four decimals: exact enough for all uses, and short.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
}
