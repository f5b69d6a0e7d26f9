//! What is known about a loaded model, for people and for programs.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use ocellus_core::Size;

use crate::layout::Layout;
use crate::manifest::{ColourOrder, Fit, Scale};

/// A loaded model: what it is, what it expects, what it finds.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelInfo {
    /// From `model.toml`, else the file's name without extension.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// Of the file, 64 hexadecimal digits.
    pub sha256: String,
    /// How its output is laid out.
    pub layout: Layout,
    /// Shape of its output for one picture: rows, columns.
    pub output: (usize, usize),
    /// Size of its input in pixels.
    pub input: Size,
    /// Order of its colour planes.
    pub colour: ColourOrder,
    /// Range of its numbers.
    pub scale: Scale,
    /// Taken off red, green and blue after that, in the same units.
    pub mean: [f32; 3],
    /// What red, green and blue are divided by then.
    pub std: [f32; 3],
    /// How pictures are fitted into its input.
    pub fit: Fit,
    /// Value of the padding, 0..255.
    pub pad: u8,
    /// Pictures in one run.
    pub batch: Batch,
    /// Class names; detections index them.
    pub classes: Arc<[String]>,
    /// Where the names are from.
    pub class_source: ClassSource,
    /// What computes.
    pub provider: ExecutionProvider,
    /// Version of the ONNX operators that it uses.
    pub opset: Option<u32>,
    /// The program that wrote it.
    pub producer: Option<String>,
    /// As it describes itself.
    pub description: Option<String>,
    /// The licence that it, or its `model.toml`, states.
    pub licence: Option<String>,
    /// Where it is from, according to its `model.toml`.
    pub source: Option<String>,
    /// The `model.toml` that was used.
    pub manifest: Option<PathBuf>,
    /// The ONNX Runtime library.
    pub library: PathBuf,
}

/// How many pictures one run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Always so many.
    Fixed(usize),
    /// As many as there are.
    Dynamic,
}

/// Where class names are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClassSource {
    /// The model's own metadata.
    Metadata,
    /// The `model.toml` beside it.
    Manifest,
    /// Neither names any; 80 classes without names are those of COCO.
    Coco,
    /// Neither names any; the layout is that of a detector of number plates.
    Layout,
}

/// What ONNX Runtime really runs the model on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExecutionProvider {
    /// Providers with the number of graph nodes each of them runs, most nodes first. Empty where ONNX
    /// Runtime does not tell.
    pub nodes: Vec<(String, usize)>,
}

impl ExecutionProvider {
    /// Whether a GPU runs the larger part.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        self.nodes.first().is_some_and(|(name, _)| name.starts_with("CUDA") || name.starts_with("Tensorrt"))
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Batch::Fixed(1) => f.write_str("one picture a run"),
            Batch::Fixed(count) => write!(f, "{count} pictures a run"),
            Batch::Dynamic => f.write_str("any number of pictures a run"),
        }
    }
}

impl fmt::Display for ClassSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ClassSource::Metadata => "named in the model's metadata",
            ClassSource::Manifest => "named in model.toml",
            ClassSource::Coco => "not named; 80 classes are taken for those of COCO",
            ClassSource::Layout => "not named; the layout is that of number plates",
        })
    }
}

impl fmt::Display for ExecutionProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nodes.is_empty() {
            return f.write_str("CPUExecutionProvider");
        }
        for (index, (name, nodes)) in self.nodes.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name} ({nodes} nodes)")?;
        }
        Ok(())
    }
}

impl fmt::Display for ModelInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, columns) = self.output;
        let layout = match self.layout {
            Layout::Yolox => "yolox: one row a grid cell, decoded here, score = objectness × class",
            Layout::YoloxDecoded => "yolox-decoded: one row a grid cell, score = objectness × class",
            Layout::Yolov8 => "yolov8: one column a grid cell, score = class (YOLOv8, YOLO11)",
            Layout::EndToEnd => "end-to-end: a list of finished boxes (YOLOv10, YOLO26)",
            Layout::RtDetr => "rt-detr: labels, boxes and scores, given orig_target_sizes (RT-DETR, D-FINE)",
            Layout::RtDetrRows => "rt-detr-rows: one row a query, score = class (RT-DETR of Ultralytics)",
            Layout::RfDetr => "rf-detr: boxes and logits, score = sigmoid of the class (RF-DETR)",
            Layout::DetrLogits => {
                "detr-logits: boxes and logits, score = sigmoid of the class (RT-DETR, D-FINE of transformers)"
            }
            Layout::Yolov5Face => "yolov5-face: three boxes a grid cell, each with the corners of a plate",
        };
        let fit = match self.fit {
            Fit::LetterboxCentre => format!("proportions kept, centred, padded with {}", self.pad),
            Fit::LetterboxTopLeft => format!("proportions kept, top left, padded with {}", self.pad),
            Fit::Stretch => "stretched".to_owned(),
        };
        let mut line = |key: &str, value: &dyn fmt::Display| writeln!(f, "{key:<12} {value}");
        line("model", &self.name)?;
        line("file", &format_args!("{} ({} bytes)", self.path.display(), self.bytes))?;
        line("sha256", &self.sha256)?;
        line("layout", &layout)?;
        if self.layout.is_detr() {
            let classes = columns.saturating_sub(4);
            let of = if self.layout.is_list() { String::new() } else { format!(", {classes} scores each") };
            line(
                "output",
                &format_args!("{rows} boxes a picture{of}; each object once, so nothing is suppressed"),
            )?;
        } else {
            line("output", &format_args!("{rows} × {columns} numbers a picture"))?;
        }
        line("input", &format_args!("{} pixels, {}, values {}, {fit}", self.input, self.colour, self.scale))?;
        if (self.mean, self.std) != ([0.0; 3], [1.0; 3]) {
            let (mean, std) = (self.mean, self.std);
            line("normalised", &format_args!("less {mean:?}, divided by {std:?} (red, green, blue)"))?;
        }
        line("batch", &self.batch)?;
        line("runs on", &self.provider)?;
        line("licence", &self.licence.as_deref().unwrap_or("not stated"))?;
        for (key, value) in
            [("source", &self.source), ("description", &self.description), ("written by", &self.producer)]
        {
            if let Some(value) = value {
                line(key, value)?;
            }
        }
        if let Some(opset) = self.opset {
            line("opset", &opset)?;
        }
        if let Some(manifest) = &self.manifest {
            line("model.toml", &manifest.display())?;
        }
        line("library", &self.library.display())?;
        line("classes", &format_args!("{}, {}", self.classes.len(), self.class_source))?;
        write!(f, "{:<12} {}", "", self.classes.join(", "))
    }
}
