//! `ocellus model`: looking at detection models.

use std::io::Write;

use ocellus_inference::{Model, ModelOptions};

use super::files;
use crate::args::FileArgs;
use crate::exit::Outcome;

pub(crate) fn inspect(args: &FileArgs) -> anyhow::Result<Outcome> {
    files::expect_regular("model", &args.file)?;
    let model = Model::load(&args.file, &ModelOptions::default())?;
    writeln!(std::io::stdout(), "{}", model.info())?;
    Ok(Outcome::Done)
}
