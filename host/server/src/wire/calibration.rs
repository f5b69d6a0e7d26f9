//! A calibration that is tried.

use serde::Serialize;
use utoipa::ToSchema;

/// What a calibration would come to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalibrationTrial {
    /// Root mean square of what the points leave, in metres; null where there is none to spare to tell it by.
    residual_m: Option<f64>,
    /// Points that the others contradict and that would be left out, counted from 0.
    left_out: Vec<usize>,
    /// How far each point is from where it was said to be, in metres; null where the map does not reach.
    off_m: Vec<Option<f64>>,
    /// Metres between two lines of the grid.
    spacing_m: f64,
    /// Lines along both axes of the ground, each a list of places, x and y 0..1 of the picture; some lie a little outside.
    lines: Vec<Vec<[f64; 2]>>,
}

impl From<ocellus_pipeline::CalibrationTrial> for CalibrationTrial {
    fn from(trial: ocellus_pipeline::CalibrationTrial) -> CalibrationTrial {
        let ocellus_pipeline::CalibrationTrial { residual_m, left_out, off_m, spacing_m, lines } = trial;
        let short = |share: f64| (share * 1e5).round() / 1e5;
        let lines = lines.into_iter().map(|line| line.into_iter().map(|place| place.map(short)).collect());
        CalibrationTrial { residual_m, left_out, off_m, spacing_m, lines: lines.collect() }
    }
}
