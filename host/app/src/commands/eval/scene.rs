//! The ground truth of a synthetic camera, as `scene render --truth` writes it.

use std::path::Path;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::lines::{Lines, beginning};

/// What is used of the first line.
#[derive(Debug, Deserialize)]
pub(super) struct Header {
    format: u32,
    pub(super) frame_rate: f64,
    pub(super) classes: Vec<String>,
    pub(super) lines: Vec<Named>,
    pub(super) spaces: Vec<Named>,
}

/// A line or a space.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

/// What is used of a frame.
#[derive(Debug, Deserialize)]
pub(super) struct Frame {
    /// Counts from 0.
    pub(super) frame: u64,
    pub(super) time_us: u64,
    pub(super) objects: Vec<Object>,
    pub(super) occupancy: Vec<Occupancy>,
    pub(super) crossings: Vec<Crossing>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Object {
    pub(super) id: u64,
    pub(super) class: usize,
    /// x, y, width and height in pixels.
    pub(super) rect: [f64; 4],
    /// The share that is not hidden, 0..1.
    pub(super) visibility: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Occupancy {
    pub(super) space: String,
    pub(super) occupied: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Crossing {
    pub(super) line: String,
    pub(super) direction: String,
}

/// A truth that is read frame by frame.
pub(super) struct SceneTruth {
    lines: Lines,
    pub(super) header: Header,
}

/// Whether a file begins as the truth of a scene does.
pub(super) fn is_scene(path: &Path) -> anyhow::Result<bool> {
    let first = beginning("truth", path)?;
    Ok(first.starts_with('{') && first.contains("\"scene\":"))
}

impl SceneTruth {
    pub(super) fn open(path: &Path) -> anyhow::Result<SceneTruth> {
        let mut lines = Lines::open("truth", path)?;
        let name = lines.name().to_owned();
        let about = || format!("{name}: line 1 is not the header of a scene's truth");
        let first = lines.next()?.unwrap_or_default();
        let header: Header = serde_json::from_str(first).with_context(about)?;
        ensure!(header.format == 1, "{name} has format {}, this program reads format 1", header.format);
        ensure!(header.frame_rate > 0.0, "{name}: frame_rate is {}, it must be above 0", header.frame_rate);
        Ok(SceneTruth { lines, header })
    }

    pub(super) fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        let (name, line) = (self.lines.name().to_owned(), self.lines.line() + 1);
        let Some(text) = self.lines.next()? else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .with_context(|| format!("{name}: line {line} is not a frame of a scene's truth"))
    }
}
