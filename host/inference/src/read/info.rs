//! What is known about a loaded reader, for people and for programs.

use std::fmt;

use ocellus_core::Size;

use super::alphabet::{TextLayout, shown};
use crate::info::Batch;
use crate::inspect::ModelFile;
use crate::manifest::{ColourOrder, Fit, InputLayout, Scale};

/// A loaded reader of plates: what it is, what it expects, what it gives.
#[derive(Debug, Clone, PartialEq)]
pub struct ReaderInfo {
    /// Size of its input in pixels.
    pub input: Size,
    /// Order of its input's dimensions.
    pub layout: InputLayout,
    /// 3 colours, or 1 grey.
    pub channels: usize,
    /// Order of its colours, where it has three.
    pub colour: ColourOrder,
    /// Range of its numbers, before `mean` and `std`.
    pub scale: Scale,
    /// Taken off red, green and blue.
    pub mean: [f32; 3],
    /// What red, green and blue are divided by then.
    pub std: [f32; 3],
    /// How a plate is fitted into its input.
    pub fit: Fit,
    /// Share of the plate's size that it is shown beyond each edge.
    pub margin: f32,
    /// Plates in one run.
    pub batch: Batch,
    /// How its numbers say a text.
    pub text: TextLayout,
    /// Columns: steps across the picture, or places of the text.
    pub columns: usize,
    /// Classes, the silent one too.
    pub classes: usize,
    /// The characters that it may read.
    pub readable: String,
    /// Its file, and what computes.
    pub file: ModelFile,
}

impl fmt::Display for ReaderInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |f: &mut fmt::Formatter<'_>, key: &str, value: &dyn fmt::Display| {
            writeln!(f, "{key:<12} {value}")
        };
        self.file.head(f)?;
        line(f, "task", &"read: what a number plate says")?;
        let text = match self.text {
            TextLayout::Ctc => "steps across the picture (CTC)",
            TextLayout::Slots => "places of the text",
        };
        line(f, "output", &format_args!("{} {text}, {} classes", self.columns, self.classes))?;
        let count = self.readable.chars().count();
        line(f, "reads", &format_args!("{count} characters: {}", shown(&self.readable)))?;
        let colour = if self.channels == 1 { "grey".to_owned() } else { self.colour.to_string() };
        let fit = if self.fit == Fit::Stretch { "stretched" } else { "proportions kept" };
        line(
            f,
            "input",
            &format_args!(
                "{} pixels, {}, {colour}, values {}, {fit}, margin {}",
                self.input, self.layout, self.scale, self.margin
            ),
        )?;
        if (self.mean, self.std) == ([0.0; 3], [1.0; 3]) {
            line(f, "normalised", &"no")?;
        } else {
            line(f, "normalised", &format_args!("less {:?}, divided by {:?}", self.mean, self.std))?;
        }
        line(f, "batch", &self.batch)?;
        self.file.tail(f)
    }
}
