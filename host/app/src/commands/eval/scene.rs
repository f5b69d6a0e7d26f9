//! The ground truth of a synthetic camera, as `scene render --truth` writes it.

use std::path::Path;

use anyhow::{Context, ensure};
use ocellus_core::eval::LabelledBox;
use serde::Deserialize;

use super::lines::{Lines, beginning};

/// What is used of the first line.
#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Header {
    format: u32,
    pub(in crate::commands) frame_rate: f64,
    pub(in crate::commands) classes: Vec<String>,
    pub(in crate::commands) lines: Vec<Named>,
    pub(in crate::commands) spaces: Vec<Named>,
}

/// A line or a space.
#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Named {
    pub(in crate::commands) name: String,
}

/// What is used of a frame.
#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Frame {
    /// Counts from 0.
    pub(in crate::commands) frame: u64,
    pub(in crate::commands) time_us: u64,
    pub(in crate::commands) objects: Vec<Object>,
    pub(in crate::commands) occupancy: Vec<Occupancy>,
    pub(in crate::commands) crossings: Vec<Crossing>,
}

#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Object {
    pub(in crate::commands) id: u64,
    pub(in crate::commands) class: usize,
    /// x, y, width and height in pixels.
    pub(in crate::commands) rect: [f64; 4],
    /// The share that is not hidden, 0..1.
    pub(in crate::commands) visibility: f64,
    /// Over the ground, in metres a second.
    pub(in crate::commands) speed_mps: f64,
}

impl Object {
    /// Its box in a frame that is counted from 1.
    pub(in crate::commands) fn label(&self, frame: u32) -> LabelledBox {
        let [x, y, width, height] = self.rect;
        LabelledBox { frame, id: self.id, x, y, width, height }
    }
}

#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Occupancy {
    pub(in crate::commands) space: String,
    pub(in crate::commands) occupied: bool,
}

#[derive(Debug, Deserialize)]
pub(in crate::commands) struct Crossing {
    pub(in crate::commands) line: String,
    pub(in crate::commands) direction: String,
}

/// A truth that is read frame by frame.
pub(in crate::commands) struct SceneTruth {
    lines: Lines,
    pub(in crate::commands) header: Header,
}

/// Whether a file begins as the truth of a scene does.
pub(in crate::commands) fn is_scene(path: &Path) -> anyhow::Result<bool> {
    let first = beginning("truth", path)?;
    Ok(first.starts_with('{') && first.contains("\"scene\":"))
}

impl SceneTruth {
    pub(in crate::commands) fn open(path: &Path) -> anyhow::Result<SceneTruth> {
        let mut lines = Lines::open("truth", path)?;
        let name = lines.name().to_owned();
        let about = || format!("{name}: line 1 is not the header of a scene's truth");
        let first = lines.next()?.unwrap_or_default();
        let header: Header = serde_json::from_str(first).with_context(about)?;
        ensure!(header.format == 1, "{name} has format {}, this program reads format 1", header.format);
        ensure!(header.frame_rate > 0.0, "{name}: frame_rate is {}, it must be above 0", header.frame_rate);
        Ok(SceneTruth { lines, header })
    }

    pub(in crate::commands) fn next(&mut self) -> anyhow::Result<Option<Frame>> {
        let (name, line) = (self.lines.name().to_owned(), self.lines.line() + 1);
        let Some(text) = self.lines.next()? else { return Ok(None) };
        serde_json::from_str(text)
            .map(Some)
            .with_context(|| format!("{name}: line {line} is not a frame of a scene's truth"))
    }
}
