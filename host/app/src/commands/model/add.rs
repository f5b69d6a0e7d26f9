//! `ocellus model add`: a file of one's own among the models that have a name.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, ensure};
use ocellus_core::Name;
use ocellus_inference::{AnyModel, ModelOptions};

use crate::args::model::AddArgs;
use crate::commands::files;
use crate::exit::Outcome;
use crate::models::{BUNDLED, Shelf, digest, warn_of, with_values};

pub(super) fn run(args: &AddArgs) -> anyhow::Result<Outcome> {
    files::expect_regular("model", &args.file)?;
    let model = AnyModel::load(&args.file, &ModelOptions::default())?;
    let facts = model.facts();
    let name = match &args.name {
        Some(name) => name.clone(),
        None => Name::new(facts.name).context("the model's own name does not do; give one with --name")?,
    };
    let name = name.as_str();
    ensure!(name != BUNDLED, "{BUNDLED} is the name of the model in the program; give another with --name");
    let shelf = Shelf::new(args.models.as_deref());
    ensure!(
        args.replace || !shelf.model(name)?.exists(),
        "there is a model {name} in {} already; give another --name, or --replace",
        shelf.folder()?.display()
    );
    let licence = args.licence.as_deref().or(facts.licence);
    let part = shelf.unfinished(name)?.join("added.onnx");
    fs::copy(&args.file, &part)
        .with_context(|| format!("{} cannot be copied to {}", args.file.display(), part.display()))?;
    let found = digest(&part)?;
    ensure!(found == facts.sha256, "{} changed while it was added", args.file.display());
    let mut values: Vec<(&str, toml::Value)> =
        vec![("name", name.into()), ("task", facts.task.into()), ("sha256", found.clone().into())];
    values.extend(licence.map(|licence| ("licence", licence.into())));
    values.extend(args.source.as_deref().map(|source| ("source", source.into())));
    let manifest = with_values(&manifest(facts.manifest)?, &values)?;
    let place = shelf.put(name, (&part, &manifest), |file| {
        // With its new model.toml.
        AnyModel::load(file, &ModelOptions::default())?;
        Ok(())
    })?;
    writeln!(std::io::stdout(), "{name}  {}  sha256 {found}", place.display())?;
    match licence {
        None => {
            eprintln!("warning: nothing says under which licence {name} is; write it down with --licence");
        }
        licence => warn_of(name, licence),
    }
    Ok(Outcome::Done)
}

/// The `model.toml` that was used to load it; it goes along.
fn manifest(used: Option<&Path>) -> anyhow::Result<String> {
    used.map_or_else(|| Ok(String::new()), |file| files::read_text("model.toml", file, 1 << 20))
}
