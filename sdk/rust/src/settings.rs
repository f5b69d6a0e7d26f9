//! Geometry in settings: positions as `[x, y]`, 0..1 of the picture.
//!
//! Their JSON Schema carries a `format` (`point`, `polygon`; put `line` on an object with `from` and `to`
//! by `#[schemars(extend("format" = "line"))]`), from which a page can offer an editor on the picture.

use ocellus_core::geometry::PolygonError;
use ocellus_core::{Point, Polygon};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far outside the picture a position may lie: lines may start beyond its edge.
const FURTHEST: std::ops::RangeInclusive<f32> = -1.0..=2.0;
/// Corners of an outline.
const MOST_CORNERS: usize = 256;

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

/// JSON Schema of a type.
pub(crate) fn schema_of<T: JsonSchema>() -> serde_json::Value {
    schemars::schema_for!(T).into()
}
