//! A calibration as ZVision's clients send it: a rectangle, a line and a direction, in pixels of the source picture.

use std::ops::RangeInclusive;

use ocellus_core::Size;
use ocellus_pipeline::RegionSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Frames a second that a camera can be asked for.
const FRAME_RATES: RangeInclusive<f64> = 0.1..=240.0;
/// Pixels that a client may be outside of the picture by rounding.
const ROUNDING: f64 = 1.0;
/// Pixels that a line and the sides of the rectangle are long at least.
const LEAST_PX: f64 = 2.0;

/// The body of `POST /cameras/{id}/calibrate`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ZvisionCalibration {
    /// What is looked at.
    pub roi: Roi,
    /// What is crossed.
    pub line: Line,
    /// `leftToRight` or `rightToLeft`.
    pub orientation: String,
    /// Frames a second that are looked at.
    pub frame_rate: f64,
}

/// A rectangle, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Roi {
    /// Left.
    pub x1: f64,
    /// Top.
    pub y1: f64,
    /// Right.
    pub x2: f64,
    /// Bottom.
    pub y2: f64,
}

/// A line, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Where it starts, from the left.
    pub start_x: f64,
    /// Where it starts, from the top.
    pub start_y: f64,
    /// Where it ends, from the left.
    pub end_x: f64,
    /// Where it ends, from the top.
    pub end_y: f64,
}

/// The same as this host takes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Converted {
    /// The camera's `frame_rate`.
    pub frame_rate: f32,
    /// The camera's `region`.
    pub region: RegionSpec,
    /// Settings of a rule of the plugin `line-crossing`.
    pub line_crossing: Value,
}

/// Why a calibration cannot be taken; the text names the valid values.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ZvisionError {
    /// No direction.
    #[error("orientation is {0:?}; valid values are \"leftToRight\" and \"rightToLeft\"")]
    Orientation(String),
    /// No rate.
    #[error("frame_rate is {0}; valid values are {low} to {high} frames a second", low = FRAME_RATES.start(), high = FRAME_RATES.end())]
    FrameRate(f64),
    /// Corners in the wrong order, or none.
    #[error("roi is x1 {}, y1 {}, x2 {}, y2 {}; valid is x1 less than x2 and y1 less than y2, by {LEAST_PX} pixels or more",
        .0.x1, .0.y1, .0.x2, .0.y2)]
    Roi(Roi),
    /// A line without length.
    #[error("line runs from [{}, {}] to [{}, {}]; valid are two ends that are {LEAST_PX} pixels or more apart",
        .0.start_x, .0.start_y, .0.end_x, .0.end_y)]
    Line(Line),
    /// A place outside of the picture.
    #[error("{key} is {value}; valid values are 0 to {most} in a picture of {size}")]
    Outside {
        /// Which number.
        key: &'static str,
        /// What it is.
        value: f64,
        /// The picture's side.
        most: u32,
        /// The picture.
        size: Size,
    },
}

impl ZvisionCalibration {
    /// The camera's settings and the rule's. `size` is that of the camera's source picture.
    ///
    /// An entry goes from where cross(end − start, p − start) is positive to where it is negative for `leftToRight`, y
    /// pointing down, and the other way for `rightToLeft`; `line-crossing` has the same sides. As there, the middle of a box
    /// is what crosses, and only the rectangle is shown to the detector.
    ///
    /// # Errors
    /// The first value that is not valid, with those that are.
    pub fn convert(&self, size: Size) -> Result<Converted, ZvisionError> {
        let entry = match self.orientation.as_str() {
            "leftToRight" => "left-to-right",
            "rightToLeft" => "right-to-left",
            other => return Err(ZvisionError::Orientation(other.chars().take(64).collect())),
        };
        if !FRAME_RATES.contains(&self.frame_rate) {
            return Err(ZvisionError::FrameRate(self.frame_rate));
        }
        let across = |key, value| share(key, value, (size.width, size));
        let down = |key, value| share(key, value, (size.height, size));
        let Roi { x1, y1, x2, y2 } = self.roi;
        let [left, top] = [across("roi.x1", x1)?, down("roi.y1", y1)?];
        let [right, bottom] = [across("roi.x2", x2)?, down("roi.y2", y2)?];
        if x2 - x1 < LEAST_PX || y2 - y1 < LEAST_PX {
            return Err(ZvisionError::Roi(self.roi));
        }
        let Line { start_x, start_y, end_x, end_y } = self.line;
        let from = [across("line.startX", start_x)?, down("line.startY", start_y)?];
        let to = [across("line.endX", end_x)?, down("line.endY", end_y)?];
        if (end_x - start_x).hypot(end_y - start_y) < LEAST_PX {
            return Err(ZvisionError::Line(self.line));
        }
        let area = [[left, top], [right, top], [right, bottom], [left, bottom]];
        let area = area.map(|corner| corner.map(|share| share as f32)).to_vec();
        let line = json!({"name": "line", "from": from, "to": to, "entry": entry});
        Ok(Converted {
            frame_rate: self.frame_rate as f32,
            region: RegionSpec { areas: vec![area], masks: Vec::new(), crop: true },
            line_crossing: json!({"lines": [line], "anchor": "centre"}),
        })
    }
}

/// A number of pixels as a share of the picture's side.
fn share(key: &'static str, value: f64, (side, size): (u32, Size)) -> Result<f64, ZvisionError> {
    let most = f64::from(side);
    if !(-ROUNDING..=most + ROUNDING).contains(&value) {
        return Err(ZvisionError::Outside { key, value, most: side, size });
    }
    Ok(value.clamp(0.0, most) / most.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(1280, 720);

    fn given(change: impl FnOnce(&mut Value)) -> Result<Converted, String> {
        let mut body = json!({"roi": {"x1": 128, "y1": 72, "x2": 1152, "y2": 720},
            "line": {"startX": 640, "startY": 0, "endX": 640, "endY": 720},
            "orientation": "leftToRight", "frame_rate": 5});
        change(&mut body);
        let calibration: ZvisionCalibration =
            serde_json::from_value(body).map_err(|error| error.to_string())?;
        calibration.convert(SIZE).map_err(|error| error.to_string())
    }

    #[test]
    fn pixels_become_shares_of_the_picture_and_the_direction_the_rules_own() {
        let converted = given(|_| ()).unwrap();
        let area = vec![[0.1, 0.1], [0.9, 0.1], [0.9, 1.0], [0.1, 1.0]];
        assert_eq!(converted.region, RegionSpec { areas: vec![area], masks: vec![], crop: true });
        converted.region.solve().unwrap();
        assert_eq!(converted.frame_rate, 5.0);
        let line = json!({"name": "line", "from": [0.5, 0.0], "to": [0.5, 1.0], "entry": "left-to-right"});
        assert_eq!(converted.line_crossing, json!({"lines": [line], "anchor": "centre"}));
        let turned = given(|body| body["orientation"] = json!("rightToLeft")).unwrap();
        assert_eq!(turned.line_crossing["lines"][0]["entry"], "right-to-left");
    }

    #[test]
    fn what_is_not_valid_is_answered_with_what_is() {
        for (key, value, says) in [
            (
                "/orientation",
                json!("up"),
                "orientation is \"up\"; valid values are \"leftToRight\" and \"rightToLeft\"",
            ),
            ("/frame_rate", json!(0), "frame_rate is 0; valid values are 0.1 to 240"),
            ("/roi/x1", json!(1151), "valid is x1 less than x2"),
            ("/roi/y2", json!(722), "roi.y2 is 722; valid values are 0 to 720 in a picture of 1280x720"),
            ("/line/endY", json!(1), "valid are two ends that are 2 pixels"),
            ("/line/startX", json!(-5), "line.startX is -5; valid values are 0 to 1280"),
            ("/roi", json!({"x1": 0}), "missing field `y1`"),
        ] {
            let error = given(|body| *body.pointer_mut(key).unwrap() = value).unwrap_err();
            assert!(error.contains(says), "{key}: {error}");
        }
    }

    #[test]
    fn a_place_that_is_outside_by_rounding_is_at_the_edge() {
        let converted = given(|body| body["roi"]["x2"] = json!(1280.4)).unwrap();
        assert_eq!(converted.region.areas[0][1], [1.0, 0.1]);
    }
}
