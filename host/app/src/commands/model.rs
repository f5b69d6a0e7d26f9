//! `ocellus model`: looking at models.

use std::io::Write;

use ocellus_inference::{AnyModel, ModelOptions};

use super::files;
use crate::args::FileArgs;
use crate::exit::Outcome;

pub(crate) fn inspect(args: &FileArgs) -> anyhow::Result<Outcome> {
    files::expect_regular("model", &args.file)?;
    let model = AnyModel::load(&args.file, &ModelOptions::default())?;
    writeln!(std::io::stdout(), "{model}")?;
    Ok(Outcome::Done)
}
