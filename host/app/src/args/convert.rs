//! The command line of `ocellus convert`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ocellus_core::Size;

#[derive(Debug, Subcommand)]
pub(crate) enum ConvertCommand {
    /// A calibration of ZVision: the camera's frame rate and region, and settings for the rule line-crossing.
    Zvision(ConvertZvisionArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ConvertZvisionArgs {
    /// The calibration, JSON as its clients send it: roi, line, orientation, frame_rate.
    pub(crate) file: PathBuf,
    /// Size of the camera's picture in pixels, such as 1280x720.
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = size)]
    pub(crate) size: Size,
}

/// Reads a size in pixels.
fn size(text: &str) -> Result<Size, String> {
    let sides =
        text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let usable = |side: &u32| (16..=16_384).contains(side);
    sides
        .filter(|(width, height)| usable(width) && usable(height))
        .map(|(width, height)| Size::new(width, height))
        .ok_or_else(|| "use width and height from 16 to 16384 pixels, such as 1280x720".to_owned())
}
