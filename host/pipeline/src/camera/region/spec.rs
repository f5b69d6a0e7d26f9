//! A camera's region, as an operator writes it.

use ocellus_core::geometry::PolygonError;
use ocellus_core::{Point, Polygon};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Region;

/// Outlines of one kind; each is held against every detection.
const MOST_OUTLINES: usize = 32;
/// Corners of one outline.
const MOST_CORNERS: usize = 64;

/// Which part of a camera's picture counts, and which is not to be seen by models.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegionSpec {
    /// Outlines of three or more corners in order, x and y 0..1 of the picture from its top left corner. What has its foot
    /// point in none of them is not tracked; all of the picture counts if left out. At most 32 of 64 corners.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<Vec<[f32; 2]>>,
    /// Outlines that are blanked before the detector sees the picture; what it finds in them is not tracked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<Vec<[f32; 2]>>,
    /// Show the detector only the rectangle around the areas, so that what is in it is larger. An object is cut off where it
    /// leaves the rectangle.
    pub crop: bool,
}

/// Why a region cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RegionError {
    /// It says nothing.
    #[error("region has neither areas nor masks; give one of them, or leave the region out")]
    Empty,
    /// More outlines than are looked at.
    #[error("region.{key} has {found} outlines; at most {MOST_OUTLINES} are taken, join some of them")]
    Outlines {
        /// `areas` or `masks`.
        key: &'static str,
        /// How many.
        found: usize,
    },
    /// More corners than are looked at.
    #[error("region.{key}[{index}] has {found} corners; at most {MOST_CORNERS} are taken, leave some out")]
    Corners {
        /// `areas` or `masks`.
        key: &'static str,
        /// Which outline, counted from 0.
        index: usize,
        /// How many.
        found: usize,
    },
    /// A corner outside of the picture.
    #[error(
        "region.{key}[{index}][{corner}] is [{x}, {y}]; give 0..1 of the picture, from its top left corner"
    )]
    Corner {
        /// `areas` or `masks`.
        key: &'static str,
        /// Which outline, counted from 0.
        index: usize,
        /// Which corner, counted from 0.
        corner: usize,
        /// From the left.
        x: f32,
        /// From the top.
        y: f32,
    },
    /// Corners that are no outline.
    #[error("region.{key}[{index}]: {reason}")]
    Outline {
        /// `areas` or `masks`.
        key: &'static str,
        /// Which outline, counted from 0.
        index: usize,
        /// Why.
        reason: PolygonError,
    },
    /// A rectangle around nothing.
    #[error("region.crop is true and region.areas is empty; give the areas to crop to, or leave crop out")]
    Crop,
}

impl RegionSpec {
    /// The region that it stands for.
    ///
    /// # Errors
    /// The first thing that cannot be used, by its key and value.
    pub fn solve(&self) -> Result<Region, RegionError> {
        if self.areas.is_empty() && self.masks.is_empty() {
            return Err(if self.crop { RegionError::Crop } else { RegionError::Empty });
        }
        if self.crop && self.areas.is_empty() {
            return Err(RegionError::Crop);
        }
        let areas = outlines("areas", &self.areas)?;
        let masks = outlines("masks", &self.masks)?;
        Ok(Region::new(areas, masks, self.crop))
    }
}

fn outlines(key: &'static str, given: &[Vec<[f32; 2]>]) -> Result<Vec<Polygon>, RegionError> {
    if given.len() > MOST_OUTLINES {
        return Err(RegionError::Outlines { key, found: given.len() });
    }
    given.iter().enumerate().map(|(index, corners)| outline(key, index, corners)).collect()
}

fn outline(key: &'static str, index: usize, corners: &[[f32; 2]]) -> Result<Polygon, RegionError> {
    if corners.len() > MOST_CORNERS {
        return Err(RegionError::Corners { key, index, found: corners.len() });
    }
    let outside = |corner: &[f32; 2]| !corner.iter().all(|share| (0.0..=1.0).contains(share));
    if let Some(corner) = corners.iter().position(outside) {
        let [x, y] = corners[corner];
        return Err(RegionError::Corner { key, index, corner, x, y });
    }
    let corners = corners.iter().map(|[x, y]| Point::new(*x, *y)).collect();
    Polygon::new(corners).map_err(|reason| RegionError::Outline { key, index, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_by_its_key() {
        let many = format!(r#"{{"masks":[{}]}}"#, vec!["[[0,0],[1,0],[0,1]]"; 33].join(","));
        let long = format!(r#"{{"areas":[[{}]]}}"#, vec!["[0,0]"; 65].join(","));
        for (json, says) in [
            ("{}", "neither areas nor masks"),
            (r#"{"crop":true}"#, "region.areas is empty"),
            (r#"{"crop":true,"masks":[[[0,0],[1,0],[0,1]]]}"#, "region.areas is empty"),
            (r#"{"areas":[[[0,0],[1,1]]]}"#, "region.areas[0]: a polygon needs at least 3 corners, found 2"),
            (
                r#"{"areas":[[[0,0],[1,0],[0,1]],[[0,0],[1,0],[0,1.5]]]}"#,
                "region.areas[1][2] is [0, 1.5]; give 0..1",
            ),
            (r#"{"masks":[[[0.1,0.1],[0.9,0.9],[0.9,0.1],[0.1,0.9]]]}"#, "region.masks[0]: sides 1 and 3"),
            (r#"{"masks":[[[0,0],[0.5,0.5],[1,1]]]}"#, "region.masks[0]: the polygon has no area"),
            (many.as_str(), "region.masks has 33 outlines; at most 32"),
            (long.as_str(), "region.areas[0] has 65 corners; at most 64"),
        ] {
            let spec: RegionSpec = serde_json::from_str(json).unwrap();
            let error = spec.solve().unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
        assert!(serde_json::from_str::<RegionSpec>(r#"{"roi":[]}"#).is_err());
    }
}
