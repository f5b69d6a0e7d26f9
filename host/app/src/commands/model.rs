//! `ocellus model`: looking at detection models.

use std::io::Write;

use ocellus_inference::{Model, ModelOptions};

use crate::args::FileArgs;
use crate::exit::Outcome;

pub(crate) fn inspect(args: &FileArgs) -> anyhow::Result<Outcome> {
    let model = Model::load(&args.file, &ModelOptions::default())?;
    writeln!(std::io::stdout(), "{}", model.info())?;
    Ok(Outcome::Done)
}
