//! `ocellus eval counts`.

use anyhow::ensure;
use ocellus_core::eval::Pairing;
use serde_json::{Value, json};

use super::events::{each_event, read_truth};
use super::table::{Table, percent, print_json};
use super::truth::Count;
use crate::args::eval::{EvalEventsArgs, Format};
use crate::exit::Outcome;

/// A count of the truth beside the rule's.
struct Row {
    name: String,
    truth: u64,
    counted: u64,
    /// Where the truth has moments: which of them were missed, and what was counted besides.
    pairing: Option<Pairing>,
}

pub(super) fn run(args: &EvalEventsArgs) -> anyhow::Result<Outcome> {
    let truth = read_truth(args)?;
    ensure!(
        !truth.counts.is_empty(),
        "truth {} has no counts; add some, or name another",
        args.truth.display()
    );
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); truth.counts.len()];
    let mut unasked = 0_u64;
    each_event(args, &truth, |time_s, event| {
        let mut is_asked_for = false;
        for (count, times) in truth.counts.iter().zip(&mut found) {
            if event.kind == count.kind && event.has(&count.attributes) {
                times.push(time_s);
                is_asked_for = true;
            }
        }
        unasked += u64::from(!is_asked_for);
        Ok(())
    })?;
    if unasked > 0 {
        eprintln!("note: {unasked} events are none that the truth counts");
    }
    let (from_s, to_s) = truth.window();
    let rows = truth
        .counts
        .iter()
        .zip(&found)
        .map(|(count, found)| row(count, found, (from_s, to_s), args.tolerance));
    let rows = rows.collect::<anyhow::Result<Vec<Row>>>()?;
    match args.format {
        Format::Table => print_table(&rows)?,
        Format::Json => print_json(&to_json(&rows))?,
    }
    Ok(Outcome::Done)
}

fn row(count: &Count, found: &[f64], (from_s, to_s): (f64, f64), tolerance: f64) -> anyhow::Result<Row> {
    let counted = found.len() as u64;
    let name = name_of(count);
    let Some(times) = &count.times_s else {
        return Ok(Row { name, truth: count.count.unwrap_or_default(), counted, pairing: None });
    };
    let times: Vec<f64> = times.iter().copied().filter(|time| (from_s..to_s).contains(time)).collect();
    let pairing = Pairing::of(&times, found, tolerance)?;
    Ok(Row { name, truth: times.len() as u64, counted, pairing: Some(pairing) })
}

/// The kind with its attributes: `line-crossing line=gate direction=entry`.
fn name_of(count: &Count) -> String {
    let mut name = count.kind.clone();
    for (key, value) in &count.attributes {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        name.push_str(&format!(" {key}={value}"));
    }
    name
}

/// Errors of all rows, as a share of what there was to count.
fn share(rows: &[Row], error: impl Fn(&Row) -> u64) -> Option<f64> {
    let truth: u64 = rows.iter().map(|row| row.truth).sum();
    (truth > 0).then(|| rows.iter().map(error).sum::<u64>() as f64 / truth as f64)
}

fn off(row: &Row) -> u64 {
    row.truth.abs_diff(row.counted)
}

fn wrong(row: &Row) -> u64 {
    row.pairing.as_ref().map_or_else(|| off(row), |pairing| (pairing.missed + pairing.invented) as u64)
}

fn print_table(rows: &[Row]) -> anyhow::Result<()> {
    let mut table = Table::new(&["what", "truth", "counted", "error", "error %", "missed", "invented"]);
    let in_percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), percent);
    for row in rows {
        let of_pairing = |part: fn(&Pairing) -> usize| {
            row.pairing.as_ref().map_or_else(|| "-".to_owned(), |pairing| part(pairing).to_string())
        };
        table.row(vec![
            row.name.clone(),
            row.truth.to_string(),
            row.counted.to_string(),
            format!("{:+}", row.counted as i64 - row.truth as i64),
            in_percent((row.truth > 0).then(|| off(row) as f64 / row.truth as f64)),
            of_pairing(|pairing| pairing.missed),
            of_pairing(|pairing| pairing.invented),
        ]);
    }
    let sum = |part: fn(&Row) -> u64| rows.iter().map(part).sum::<u64>().to_string();
    table.row(vec![
        "all".to_owned(),
        sum(|row| row.truth),
        sum(|row| row.counted),
        sum(off),
        in_percent(share(rows, off)),
        String::new(),
        String::new(),
    ]);
    table.print()
}

fn to_json(rows: &[Row]) -> Value {
    let entry = |row: &Row| {
        json!({
            "name": row.name, "truth": row.truth, "counted": row.counted,
            "error": row.counted as i64 - row.truth as i64,
            "missed": row.pairing.as_ref().map(|pairing| pairing.missed),
            "invented": row.pairing.as_ref().map(|pairing| pairing.invented),
        })
    };
    json!({
        "counts": rows.iter().map(entry).collect::<Vec<_>>(),
        "count_error": share(rows, off),
        "event_error": share(rows, wrong),
    })
}
