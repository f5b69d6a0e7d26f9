//! `ocellus model pull`: a model of the catalogue onto this machine.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use ocellus_inference::{AnyModel, ModelError, ModelOptions};

use crate::args::model::PullArgs;
use crate::exit::Outcome;
use crate::interrupt::Interrupt;
use crate::models::{
    BUNDLED, Catalogue, Entry, Fetched, Shelf, Wanted, check_url, digest, fetch, is_agpl, is_digest,
    megabytes, with_values,
};
use crate::progress;

pub(super) fn run(args: &PullArgs) -> anyhow::Result<Outcome> {
    let name = args.name.as_str();
    let shelf = Shelf::new(args.models.as_deref());
    let catalogue = Catalogue::read(args.catalogue.as_deref())?;
    ensure!(name != BUNDLED, "{BUNDLED} is part of the program; it is used where no model is named");
    let (entry, manifest) = catalogue.get(name).with_context(|| {
        format!(
            "no model {name} is known; there are {}; a file of your own is taken by `ocellus model add`",
            catalogue.names()
        )
    })?;
    let expected = expected(args, entry)?;
    if let Some(outcome) = is_here(&shelf, name, expected.as_deref())? {
        return Ok(outcome);
    }
    let Some(url) = args.from.as_deref().or(entry.url.as_deref()) else {
        bail!(
            "nobody publishes {name} as a file that can be fetched; see {}, then give the file to `ocellus model add`",
            entry.source.as_deref().unwrap_or("its authors' page")
        );
    };
    check_url(url)?;
    introduce(name, entry, url);
    ensure!(
        !is_agpl(entry.licence()) || args.accept_licence,
        "{name} is under {}: who lets others use it over a network owes them the source of the whole program; if you may use \
         it, say --accept-licence",
        entry.licence()
    );
    let part = shelf.unfinished(name)?.join(format!("{name}.part"));
    let interrupt = Interrupt::listen()?;
    let bar = progress::bytes(entry.bytes);
    let wanted = Wanted {
        url,
        part: &part,
        bytes: entry.bytes,
        will_be_checked: expected.is_some(),
        patience: Duration::from_secs(args.patience.max(1)),
    };
    let fetched = match expected.as_deref() {
        // What was only not accepted yet.
        Some(expected) if part.is_file() && digest(&part)? == expected => Ok(Fetched::Whole),
        _ => fetch(&wanted, interrupt.stop(), &bar),
    };
    bar.finish_and_clear();
    if fetched.is_err() && fs::metadata(&part).is_ok_and(|part| part.len() == 0) {
        fs::remove_dir_all(shelf.unfinished(name)?).with_context(|| format!("{}", part.display()))?;
    }
    if let Fetched::Interrupted(bytes) = fetched? {
        eprintln!(
            "warning: interrupted; {} of {name} are kept, the same command goes on from there",
            megabytes(bytes)
        );
        return Ok(Outcome::EndedEarly);
    }
    let found = digest(&part)?;
    match expected {
        Some(expected) if expected != found => {
            fs::remove_file(&part).with_context(|| format!("{}", part.display()))?;
            bail!(
                "what {url} gives is not {name}: its sha256 is {found}, expected {expected}; the file was removed. Try another \
                 place with --from"
            );
        }
        None if !args.accept => {
            println_digest(&found)?;
            eprintln!(
                "nobody here has checked what {name} should be. Compare this sha256 with what its publisher says, then say \
                 `ocellus model pull {name} --sha256 {found}`; or take it as it is with --accept. Nothing is fetched again"
            );
            return Ok(Outcome::Failed);
        }
        _ => {}
    }
    let bytes = fs::metadata(&part).map_or(0, |found| found.len());
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let manifest = with_values(
        manifest,
        &[("name", name.into()), ("sha256", found.clone().into()), ("bytes", bytes.into())],
    )?;
    let model = shelf.put(name, (&part, &manifest), |file| judge(name, file))?;
    writeln!(std::io::stdout(), "{name}  {}  sha256 {found}", model.display())?;
    eprintln!("use it with --model {name}, or in a config file with [model] file = \"{name}\"");
    Ok(Outcome::Done)
}

fn println_digest(found: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "sha256 {found}")?)
}

/// The digest that the file must have, in small letters.
fn expected(args: &PullArgs, entry: &Entry) -> anyhow::Result<Option<String>> {
    let Some(said) = &args.sha256 else {
        return Ok(entry.sha256.as_ref().map(|sha256| sha256.to_ascii_lowercase()));
    };
    ensure!(is_digest(said), "--sha256 is {said:?}, it must be 64 hexadecimal digits; see sha256sum");
    let said = said.to_ascii_lowercase();
    match &entry.sha256 {
        Some(known) if !known.eq_ignore_ascii_case(&said) => {
            bail!("--sha256 is {said}, and that of {} is {known}; leave --sha256 out", args.name)
        }
        _ => Ok(Some(said)),
    }
}

/// Whether the very file is here already.
fn is_here(shelf: &Shelf, name: &str, expected: Option<&str>) -> anyhow::Result<Option<Outcome>> {
    let model = shelf.model(name)?;
    if !model.is_file() {
        return Ok(None);
    }
    let found = digest(&model)?;
    let written = shelf.entry(name)?.sha256;
    let is_whole = written.is_some_and(|written| written.eq_ignore_ascii_case(&found));
    if is_whole && expected.is_none_or(|expected| expected == found) {
        writeln!(std::io::stdout(), "{name}  {}  sha256 {found}", model.display())?;
        eprintln!("it is here already");
        return Ok(Some(Outcome::Done));
    }
    eprintln!("the {name} that is here is another file, or damaged; it is replaced");
    Ok(None)
}

/// What a person should know before it is fetched.
fn introduce(name: &str, entry: &Entry, url: &str) {
    let size = entry.bytes.map_or_else(String::new, |bytes| format!(", {}", megabytes(bytes)));
    eprintln!("{name}: {}, licence {}{size}", entry.task.as_deref().unwrap_or("model"), entry.licence());
    if let Some(source) = &entry.source {
        eprintln!("  source: {source}");
    }
    eprintln!("  from: {url}");
}

/// Whether it can be used at all, as far as that can be tried here.
fn judge(name: &str, file: &Path) -> anyhow::Result<()> {
    match AnyModel::load(file, &ModelOptions::default()) {
        Ok(_) => Ok(()),
        Err(ModelError::Library(error)) => {
            eprintln!("note: {name} could not be tried: {error}");
            Ok(())
        }
        Err(error) => Err(anyhow::Error::new(error).context(format!("{name} was fetched and is of no use"))),
    }
}
