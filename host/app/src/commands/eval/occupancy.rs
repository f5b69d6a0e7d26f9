//! `ocellus eval occupancy`.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use ocellus_core::eval::{SpaceError, Timeline};
use serde_json::{Value, json};

use super::events::{each_event, read_truth};
use super::table::{Table, percent, print_json};
use crate::args::eval::{EvalEventsArgs, Format};
use crate::exit::Outcome;

/// The kind of the events of the rule `parking`.
const KIND: &str = "parking";

/// A space of the truth beside what the rule said.
struct Row {
    name: String,
    error: SpaceError,
    turns: usize,
    said_turns: usize,
}

pub(super) fn run(args: &EvalEventsArgs) -> anyhow::Result<Outcome> {
    let truth = read_truth(args)?;
    ensure!(
        !truth.occupancy.is_empty(),
        "truth {} has no occupancy; add some, or name another",
        args.truth.display()
    );
    let to_s =
        truth.to_s.context("the truth has no to_s; say up to which second the spaces were looked at")?;
    let window = (truth.from_s, to_s);
    let mut said: BTreeMap<&str, Vec<(f64, bool)>> =
        truth.occupancy.iter().map(|space| (space.space.as_str(), Vec::new())).collect();
    let mut unknown_spaces = 0_u64;
    // What was said before the window still holds in it.
    let whole =
        super::truth::Truth { from_s: f64::NEG_INFINITY, start_us: truth.start_us, ..Default::default() };
    each_event(args, &whole, |time_s, event| {
        if event.kind != KIND {
            return Ok(());
        }
        let (space, occupied) = (event.attributes.get("space"), event.attributes.get("occupied"));
        let (Some(Value::String(space)), Some(Value::Bool(occupied))) = (space, occupied) else {
            bail!("an event of kind {KIND} at {time_s:.3} s has no space (text) and occupied (yes or no)");
        };
        match said.get_mut(space.as_str()) {
            Some(changes) => changes.push((time_s, *occupied)),
            None => unknown_spaces += 1,
        }
        Ok(())
    })?;
    if unknown_spaces > 0 {
        eprintln!("note: {unknown_spaces} events are of spaces that the truth does not have");
    }
    let rows: Vec<Row> = truth
        .occupancy
        .iter()
        .map(|space| {
            let said = Timeline::new(said.remove(space.space.as_str()).unwrap_or_default());
            let real = Timeline::occupied_in(&space.occupied_s);
            let error = real.error_of(&said, window);
            let turns = |timeline: &Timeline| timeline.turns(window.0, window.1);
            Row { name: space.space.clone(), error, turns: turns(&real), said_turns: turns(&said) }
        })
        .collect();
    let mut all = SpaceError::default();
    rows.iter().for_each(|row| all.add(&row.error));
    match args.format {
        Format::Table => print_table(&rows, &all)?,
        Format::Json => print_json(&to_json(&rows, &all))?,
    }
    Ok(Outcome::Done)
}

fn print_table(rows: &[Row], all: &SpaceError) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "space",
        "seconds",
        "wrong %",
        "missed s",
        "invented s",
        "unknown s",
        "changes",
        "said",
    ]);
    let seconds = |seconds: f64| format!("{seconds:.1}");
    let cells = |name: &str, error: &SpaceError, turns: (usize, usize)| {
        vec![
            name.to_owned(),
            seconds(error.seconds),
            percent(error.wrong()),
            seconds(error.missed),
            seconds(error.invented),
            seconds(error.unknown),
            turns.0.to_string(),
            turns.1.to_string(),
        ]
    };
    for row in rows {
        table.row(cells(&row.name, &row.error, (row.turns, row.said_turns)));
    }
    let turns = rows.iter().map(|row| row.turns).sum();
    let said_turns = rows.iter().map(|row| row.said_turns).sum();
    table.row(cells("all", all, (turns, said_turns)));
    table.print()
}

fn to_json(rows: &[Row], all: &SpaceError) -> Value {
    let entry = |error: &SpaceError| {
        json!({
            "seconds": error.seconds, "wrong": error.wrong(), "missed_s": error.missed,
            "invented_s": error.invented, "unknown_s": error.unknown,
        })
    };
    let space = |row: &Row| {
        let mut entry = entry(&row.error);
        entry["space"] = json!(row.name);
        entry["changes"] = json!(row.turns);
        entry["said_changes"] = json!(row.said_turns);
        entry
    };
    json!({ "spaces": rows.iter().map(space).collect::<Vec<_>>(), "all": entry(all) })
}
