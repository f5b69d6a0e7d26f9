//! `ocellus model list`: the models that are known, and those that are here.

use std::collections::BTreeSet;
use std::io::Write;

use crate::args::model::ListArgs;
use crate::commands::detector::BUNDLED_BYTES;
use crate::exit::Outcome;
use crate::models::{BUNDLED, Catalogue, Entry, Shelf, digest, megabytes};

const COLUMNS: [&str; 6] = ["NAME", "TASK", "LICENCE", "SIZE", "HERE", "DIGEST"];

pub(super) fn run(args: &ListArgs) -> anyhow::Result<Outcome> {
    let shelf = Shelf::new(args.models.as_deref());
    let catalogue = Catalogue::read(args.catalogue.as_deref())?;
    let here = shelf.names()?;
    let known = catalogue.iter().map(|(name, _)| name.to_owned());
    let names: BTreeSet<String> = known.chain(here.iter().cloned()).collect();
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    let mut is_damaged = false;
    for name in &names {
        let known = catalogue.get(name).map(|(entry, _)| entry);
        let row = match here.contains(name) {
            true => present(&shelf, name, known)?,
            false => absent(name, known),
        };
        is_damaged |= row[5] == DAMAGED;
        rows.push(row);
    }
    print(&rows)?;
    eprintln!("models that are here lie in {}", shelf.folder()?.display());
    if is_damaged {
        eprintln!(
            "warning: a damaged model is not the file that its model.toml describes; pull or add it again"
        );
        return Ok(Outcome::Failed);
    }
    Ok(Outcome::Done)
}

const DAMAGED: &str = "DAMAGED";

fn present(shelf: &Shelf, name: &str, known: Option<&Entry>) -> anyhow::Result<[String; 6]> {
    let entry = shelf.entry(name)?;
    let file = shelf.model(name)?;
    let found = digest(&file)?;
    let same = |sha256: &Option<String>| sha256.as_ref().map(|sha256| sha256.eq_ignore_ascii_case(&found));
    let verdict = match (same(&entry.sha256), known.and_then(|known| same(&known.sha256))) {
        (Some(false), _) => DAMAGED,
        (_, Some(true)) => "verified",
        (Some(true), _) => "as it came",
        (None, _) => "none written down",
    };
    let bytes = std::fs::metadata(&file).map_or(0, |found| found.len());
    Ok(row(name, &entry, (megabytes(bytes), "here", verdict)))
}

fn absent(name: &str, known: Option<&Entry>) -> [String; 6] {
    let entry = known.cloned().unwrap_or_default();
    let size = entry.bytes.map_or_else(|| "?".to_owned(), megabytes);
    if name == BUNDLED {
        let size = megabytes(BUNDLED_BYTES as u64);
        return row(name, &entry, (size, "in the program", "verified"));
    }
    let digest = if entry.sha256.is_some() { "known" } else { "not known" };
    row(name, &entry, (size, "no", digest))
}

fn row(name: &str, entry: &Entry, (size, here, digest): (String, &str, &str)) -> [String; 6] {
    let task = entry.task.as_deref().unwrap_or("?");
    [name.to_owned(), task.to_owned(), entry.licence().to_owned(), size, here.to_owned(), digest.to_owned()]
}

fn print(rows: &[[String; 6]]) -> anyhow::Result<()> {
    let mut widths = [0; 6];
    for (width, index) in widths.iter_mut().zip(0..) {
        *width = rows.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    }
    let mut out = std::io::stdout().lock();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    Ok(())
}
