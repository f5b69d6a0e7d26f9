//! Geometry in settings: positions as `[x, y]`, 0..1 of the picture.
//!
//! Their JSON Schema carries a `format`, from which a page can offer an editor on the picture: `point`, `polygon`,
//! `line` and `calibration`. A type of your own that has `from` and `to` beside other things gets the editor too
//! by `#[schemars(extend("format" = "line"))]`.

use ocellus_core::geometry::PolygonError;
use ocellus_core::{GroundPoint, Point, Polygon, Segment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far outside the picture a position may lie: lines may start beyond its edge.
const FURTHEST: std::ops::RangeInclusive<f32> = -1.0..=2.0;
/// Corners of an outline.
const MOST_CORNERS: usize = 256;
/// Length below which a line is none, as a share of the picture.
const SHORTEST: f32 = 1e-4;
/// Places of a calibration.
const KNOWN_PLACES: std::ops::RangeInclusive<usize> = 4..=256;
/// Metres from the origin that a place may lie.
const FURTHEST_M: f64 = 100_000.0;

/// A position in the picture: `[x, y]`, 0..1 from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "point"))]
pub struct Position(pub [f32; 2]);

impl Position {
    /// The point, where it is usable.
    ///
    /// # Errors
    /// Names `key` and the value where a coordinate is not finite or far outside the picture.
    pub fn checked(self, key: &str) -> Result<Point, String> {
        let [x, y] = self.0;
        if FURTHEST.contains(&x) && FURTHEST.contains(&y) {
            Ok(Point::new(x, y))
        } else {
            Err(format!(
                "{key} is [{x}, {y}]; positions are 0..1 of the picture, measured from its top left corner, \
                 and may reach from -1 to 2"
            ))
        }
    }
}

/// A closed outline: at least three positions, the last joined to the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "polygon"))]
pub struct Outline(pub Vec<Position>);

impl Outline {
    /// The polygon, where it is usable.
    ///
    /// # Errors
    /// Names `key` and what is wrong: too few or too many corners, a bad position, no area.
    pub fn checked(&self, key: &str) -> Result<Polygon, String> {
        if self.0.len() > MOST_CORNERS {
            return Err(format!("{key} has {} corners; at most {MOST_CORNERS} are taken", self.0.len()));
        }
        let corner = |(index, position): (usize, &Position)| position.checked(&format!("{key}[{index}]"));
        let corners = self.0.iter().enumerate().map(corner).collect::<Result<Vec<_>, _>>()?;
        Polygon::new(corners).map_err(|error| match error {
            PolygonError::TooFewCorners(_) => format!("{key}: {error}; add corners as [x, y]"),
            PolygonError::NotFinite(_) => format!("{key}: {error}"),
            PolygonError::NoArea | PolygonError::Crossing(..) => format!("{key}: {error}"),
        })
    }
}

/// A line from one position to another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("format" = "line"))]
pub struct Line {
    /// Where it starts.
    pub from: Position,
    /// Where it ends.
    pub to: Position,
}

impl Line {
    /// The segment, where it is usable.
    ///
    /// # Errors
    /// Names `key` and what is wrong: a bad position, or both ends in one place.
    pub fn checked(self, key: &str) -> Result<Segment, String> {
        let segment =
            Segment::new(self.from.checked(&format!("{key}.from"))?, self.to.checked(&format!("{key}.to"))?);
        if segment.length() < SHORTEST {
            return Err(format!(
                "{key} starts and ends at the same place; draw it from one place to another"
            ));
        }
        Ok(segment)
    }
}

/// Places that are known both in the picture and on the ground: what a map of the ground is made from.
///
/// Where the camera itself is calibrated, [`TrackView::ground`](crate::TrackView::ground) is there without it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "calibration"))]
pub struct Calibration(
    /// Four or more places.
    #[schemars(length(min = 4, max = 256))]
    pub Vec<KnownPlace>,
);

/// A place that is known in the picture and on the ground.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KnownPlace {
    /// Where the picture shows it.
    pub picture: Position,
    /// Where it is: metres along two axes at right angles, from an origin of your choice.
    pub ground: [f64; 2],
}

impl Calibration {
    /// The places, where each is usable by itself; whether a map follows from them is for who makes it to say.
    ///
    /// # Errors
    /// Names `key` and what is wrong: too few or too many places, a bad position, metres that are not finite.
    pub fn checked(&self, key: &str) -> Result<Vec<(Point, GroundPoint)>, String> {
        let count = self.0.len();
        if !KNOWN_PLACES.contains(&count) {
            let (least, most) = (KNOWN_PLACES.start(), KNOWN_PLACES.end());
            return Err(format!("{key} has {count} places; give {least} to {most}"));
        }
        let place = |(index, place): (usize, &KnownPlace)| {
            let picture = place.picture.checked(&format!("{key}[{index}].picture"))?;
            let [x_m, y_m] = place.ground;
            if place.ground.iter().all(|metres| metres.abs() <= FURTHEST_M) {
                Ok((picture, GroundPoint::new(x_m, y_m)))
            } else {
                Err(format!(
                    "{key}[{index}].ground is [{x_m}, {y_m}]; give metres from an origin near the camera, at \
                     most {FURTHEST_M}"
                ))
            }
        };
        self.0.iter().enumerate().map(place).collect()
    }
}

/// Characters of a thing's name.
const LONGEST_NAME: usize = 64;

/// Whether a number is one that can be meant.
///
/// # Errors
/// Names `key`, the value and the range with its unit.
pub fn check_range(
    key: &str,
    value: f64,
    range: std::ops::RangeInclusive<f64>,
    unit: &str,
) -> Result<(), String> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(format!("{key} is {value}; give {} to {} {unit}", range.start(), range.end()))
    }
}

/// Whether a text can be the name of a thing in the settings, so that a measurement can be named after it: 1 to 64
/// characters in at most `bytes` bytes, without control characters.
///
/// # Errors
/// Names `key` and what is wrong.
pub fn check_name(key: &str, name: &str, bytes: usize) -> Result<(), String> {
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME {
        return Err(format!("{key} has {length} characters; give it 1 to {LONGEST_NAME}"));
    }
    if name.len() > bytes {
        return Err(format!("{key} has {} bytes; give it at most {bytes}", name.len()));
    }
    if name.contains(char::is_control) {
        return Err(format!("{key} is {name:?}; leave out control characters"));
    }
    Ok(())
}

/// A time of so many seconds, in whole microseconds, as frames are timed; none for less than 0.
#[must_use]
pub fn seconds(value: f64) -> std::time::Duration {
    std::time::Duration::from_micros((value * 1e6).round() as u64)
}

/// JSON Schema of a type.
pub(crate) fn schema_of<T: JsonSchema>() -> serde_json::Value {
    schemars::schema_for!(T).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: serde::de::DeserializeOwned>(json: &str) -> T {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_form_names_its_editor() {
        let format = |schema: serde_json::Value| schema["format"].as_str().unwrap_or_default().to_owned();
        assert_eq!(format(schema_of::<Position>()), "point");
        assert_eq!(format(schema_of::<Outline>()), "polygon");
        assert_eq!(format(schema_of::<Line>()), "line");
        let calibration = schema_of::<Calibration>();
        assert_eq!(calibration["minItems"], 4);
        assert_eq!(format(calibration), "calibration");
    }

    #[test]
    fn a_line_without_length_or_off_the_picture_is_refused_by_its_name() {
        let line: Line = read(r#"{"from":[0.5,0.5],"to":[0.5,0.5]}"#);
        assert!(line.checked("gate").unwrap_err().starts_with("gate starts and ends at the same place"));
        let line: Line = read(r#"{"from":[0.5,0.5],"to":[0.5,40]}"#);
        assert!(line.checked("gate").unwrap_err().starts_with("gate.to is [0.5, 40]"));
        let line: Line = read(r#"{"from":[0.5,0.0],"to":[0.5,1.0]}"#);
        assert_eq!(line.checked("gate").unwrap().to, Point::new(0.5, 1.0));
    }

    #[test]
    fn a_calibration_with_a_bad_place_is_refused_by_its_index() {
        let places = |last: &str| -> Calibration {
            let good = r#"{"picture":[0.1,0.9],"ground":[0,0]}"#;
            read(&format!("[{good},{good},{good},{last}]"))
        };
        let far = places(r#"{"picture":[0.2,0.2],"ground":[1e9,0]}"#);
        assert!(far.checked("map").unwrap_err().starts_with("map[3].ground is [1000000000, 0]; give metres"));
        let off = places(r#"{"picture":[0.2,7],"ground":[1,0]}"#);
        assert!(off.checked("map").unwrap_err().starts_with("map[3].picture is [0.2, 7]"));
        let few = Calibration(far.0[..3].to_vec());
        assert_eq!(few.checked("map").unwrap_err(), "map has 3 places; give 4 to 256");
        let good = places(r#"{"picture":[0.2,0.2],"ground":[12.5,30]}"#);
        assert_eq!(good.checked("map").unwrap()[3].1, GroundPoint::new(12.5, 30.0));
    }
}
