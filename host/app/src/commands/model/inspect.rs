//! `ocellus model inspect`: what a model file is.

use std::io::Write;

use ocellus_inference::{AnyModel, ModelOptions};

use crate::args::model::InspectArgs;
use crate::commands::files;
use crate::exit::Outcome;
use crate::models::{Shelf, warn_of};

pub(super) fn run(args: &InspectArgs) -> anyhow::Result<Outcome> {
    let file = Shelf::new(args.models.as_deref()).find(&args.model)?;
    files::expect_regular("model", &file)?;
    let model = AnyModel::load(&file, &ModelOptions::default())?;
    writeln!(std::io::stdout(), "{model}")?;
    let facts = model.facts();
    warn_of(facts.name, facts.licence);
    Ok(Outcome::Done)
}
