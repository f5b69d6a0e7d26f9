//! What is known about a loaded embedder, for people and for programs.

use std::fmt;

use ocellus_core::Size;

use crate::info::Batch;
use crate::inspect::ModelFile;
use crate::manifest::{ColourOrder, Fit, InputLayout, Scale};

/// A loaded embedding model: what it is, what it expects, what it gives.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedderInfo {
    /// Size of its input in pixels.
    pub input: Size,
    /// Order of its input's dimensions.
    pub layout: InputLayout,
    /// Order of its colours.
    pub colour: ColourOrder,
    /// Range of its numbers, before `mean` and `std`.
    pub scale: Scale,
    /// Taken off red, green and blue.
    pub mean: [f32; 3],
    /// What red, green and blue are divided by then.
    pub std: [f32; 3],
    /// How a part of a picture is fitted into its input.
    pub fit: Fit,
    /// Value of the padding, 0..255.
    pub pad: u8,
    /// Parts of pictures in one run.
    pub batch: Batch,
    /// Numbers an embedding.
    pub dimension: usize,
    /// Its file, and what computes.
    pub file: ModelFile,
}

impl fmt::Display for EmbedderInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = match self.fit {
            Fit::Stretch => "stretched".to_owned(),
            Fit::LetterboxCentre => format!("proportions kept, centred, padded with {}", self.pad),
            Fit::LetterboxTopLeft => format!("proportions kept, top left, padded with {}", self.pad),
        };
        let line = |f: &mut fmt::Formatter<'_>, key: &str, value: &dyn fmt::Display| {
            writeln!(f, "{key:<12} {value}")
        };
        self.file.head(f)?;
        line(f, "task", &"embed: what an object looks like, as a vector of length one")?;
        line(f, "output", &format_args!("{} numbers a part of a picture", self.dimension))?;
        line(
            f,
            "input",
            &format_args!(
                "{} pixels, {}, {}, values {}, {fit}",
                self.input, self.layout, self.colour, self.scale
            ),
        )?;
        if (self.mean, self.std) == ([0.0; 3], [1.0; 3]) {
            line(f, "normalised", &"no")?;
        } else {
            line(
                f,
                "normalised",
                &format_args!("less {:?}, divided by {:?} (red, green, blue)", self.mean, self.std),
            )?;
        }
        line(f, "batch", &self.batch)?;
        self.file.tail(f)
    }
}
