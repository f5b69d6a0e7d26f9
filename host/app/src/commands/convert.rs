//! `ocellus convert`: settings of other systems as this one takes them.

use std::io::Write;

use anyhow::Context;
use ocellus_server::compat::zvision::ZvisionCalibration;

use super::files::read_text;
use crate::args::convert::{ConvertCommand, ConvertZvisionArgs};
use crate::exit::Outcome;

/// Bytes of a calibration; one has two hundred.
const MOST_BYTES: u64 = 64 << 10;

pub(crate) fn run(command: &ConvertCommand) -> anyhow::Result<Outcome> {
    match command {
        ConvertCommand::Zvision(args) => zvision(args),
    }
}

fn zvision(args: &ConvertZvisionArgs) -> anyhow::Result<Outcome> {
    let about = || format!("calibration {}", args.file.display());
    let text = read_text("calibration", &args.file, MOST_BYTES)?;
    let calibration: ZvisionCalibration = serde_json::from_str(&text).with_context(about)?;
    let converted = calibration.convert(args.size).with_context(about)?;
    let text = serde_json::to_string_pretty(&converted).with_context(about)?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(Outcome::Done)
}
