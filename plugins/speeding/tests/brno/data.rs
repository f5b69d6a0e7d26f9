//! Reads the BrnoCompSpeed recordings: vehicles with a measured speed, and tracks with a published calibration.
//!
//! Sochor, Juránek, Špaňhel, Maršík, Široký, Herout and Zemčík, *Comprehensive Data Set for Automatic Single Camera
//! Visual Speed Measurement*, IEEE T-ITS 2018.

use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Truth {
    pub(crate) fps: f64,
    pub(crate) cars: Vec<TrueCar>,
    pub(crate) measurement_lines: Vec<[f64; 3]>,
    pub(crate) lane_div_lines: Vec<[f64; 3]>,
    pub(crate) distance_measurement: Vec<Distance>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrueCar {
    pub(crate) lane_index: Vec<usize>,
    pub(crate) valid: bool,
    pub(crate) intersections: Vec<Intersection>,
    pub(crate) speed: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Intersection {
    pub(crate) measurement_line_id: usize,
    pub(crate) video_time: f64,
}

/// A distance that was measured on the road between two places in the picture.
#[derive(Deserialize)]
pub(crate) struct Distance {
    pub(crate) p1: [f64; 3],
    pub(crate) p2: [f64; 3],
    pub(crate) distance: f64,
    /// Along the road; else across it.
    #[serde(rename = "toVP1")]
    pub(crate) is_along: bool,
}

#[derive(Deserialize)]
pub(crate) struct Recording {
    pub(crate) cars: Vec<SeenCar>,
    pub(crate) camera_calibration: Published,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SeenCar {
    pub(crate) frames: Vec<u64>,
    pub(crate) id: u64,
    pub(crate) pos_x: Vec<f64>,
    pub(crate) pos_y: Vec<f64>,
}

/// Two vanishing points, the principal point, and metres for a unit on the road's plane.
#[derive(Deserialize)]
pub(crate) struct Published {
    pub(crate) pp: [f64; 2],
    pub(crate) scale: f64,
    pub(crate) vp1: [f64; 2],
    pub(crate) vp2: [f64; 2],
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
