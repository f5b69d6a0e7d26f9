//! `ocellus eval speeds`.

use anyhow::{Context, bail, ensure};
use ocellus_core::eval::{Pairing, Spread};
use serde_json::{Map, Value, json};

use super::events::{each_event, read_truth};
use super::table::{Table, print_json};
use super::truth::{Speed, Truth};
use crate::args::eval::{EvalSpeedsArgs, Format};
use crate::exit::Outcome;

/// Vehicles of the truth that share their attributes, such as those of one zone, beside what the rule measured of such.
#[derive(Default)]
struct Group {
    attributes: Map<String, Value>,
    truth: Vec<(f64, f64)>,
    measured: Vec<(f64, f64)>,
}

/// What became of the vehicles.
#[derive(Default)]
struct Compared {
    errors_kmh: Vec<f64>,
    missed: usize,
    invented: usize,
}

pub(super) fn run(args: &EvalSpeedsArgs) -> anyhow::Result<Outcome> {
    let truth = read_truth(&args.events)?;
    ensure!(
        !truth.speeds.is_empty(),
        "truth {} has no speeds; add some, or name another",
        args.events.truth.display()
    );
    let mut groups = groups(&truth);
    let mut unasked = 0_u64;
    each_event(&args.events, &truth, |time_s, event| {
        if event.kind != args.kind {
            return Ok(());
        }
        let Some(speed) = event.attributes.get(&args.attribute).and_then(Value::as_f64) else {
            bail!(
                "an event of kind {} at {time_s:.3} s has no number {}; name the attribute with --attribute",
                args.kind,
                args.attribute
            );
        };
        match groups.iter_mut().find(|group| event.has(&group.attributes)) {
            Some(group) => group.measured.push((time_s, speed)),
            None => unasked += 1,
        }
        Ok(())
    })?;
    if unasked > 0 {
        eprintln!("note: {unasked} events have none of the attributes that the truth asks for");
    }
    let compared = compare(&groups, args.events.tolerance)?;
    let spread = Spread::of(&compared.errors_kmh).with_context(|| {
        format!(
            "no event of kind {} is within {} s of a vehicle of the truth; is it the same recording? --kind and \
             --tolerance say what is looked for",
            args.kind, args.events.tolerance
        )
    })?;
    match args.events.format {
        Format::Table => print_table(&compared, &spread)?,
        Format::Json => print_json(&to_json(&compared, &spread))?,
    }
    Ok(Outcome::Done)
}

/// The vehicles of the truth that lie in its window, by their attributes.
fn groups(truth: &Truth) -> Vec<Group> {
    let (from_s, to_s) = truth.window();
    let mut groups: Vec<Group> = Vec::new();
    for Speed { time_s, speed_kmh, attributes } in &truth.speeds {
        if !(from_s..to_s).contains(time_s) {
            continue;
        }
        let vehicle = (*time_s, *speed_kmh);
        match groups.iter_mut().find(|group| group.attributes == *attributes) {
            Some(group) => group.truth.push(vehicle),
            None => groups.push(Group {
                attributes: attributes.clone(),
                truth: vec![vehicle],
                measured: Vec::new(),
            }),
        }
    }
    groups
}

fn compare(groups: &[Group], tolerance: f64) -> anyhow::Result<Compared> {
    let mut compared = Compared::default();
    for group in groups {
        let times = |vehicles: &[(f64, f64)]| vehicles.iter().map(|vehicle| vehicle.0).collect::<Vec<f64>>();
        let pairing = Pairing::of(&times(&group.truth), &times(&group.measured), tolerance)?;
        compared.missed += pairing.missed;
        compared.invented += pairing.invented;
        let error = |&(truth, measured): &(usize, usize)| group.measured[measured].1 - group.truth[truth].1;
        compared.errors_kmh.extend(pairing.pairs.iter().map(error));
    }
    Ok(compared)
}

fn print_table(compared: &Compared, spread: &Spread) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "vehicles", "measured", "missed", "invented", "median", "mean", "p95", "worst", "bias", "(km/h)",
    ]);
    let kmh = |value: f64| format!("{value:.2}");
    table.row(vec![
        (spread.count + compared.missed).to_string(),
        spread.count.to_string(),
        compared.missed.to_string(),
        compared.invented.to_string(),
        kmh(spread.median),
        kmh(spread.mean),
        kmh(spread.p95),
        kmh(spread.worst),
        format!("{:+.2}", spread.bias),
        String::new(),
    ]);
    table.print()
}

fn to_json(compared: &Compared, spread: &Spread) -> Value {
    json!({
        "vehicles": spread.count + compared.missed, "measured": spread.count,
        "missed": compared.missed, "invented": compared.invented,
        "median_kmh": spread.median, "mean_kmh": spread.mean, "p95_kmh": spread.p95,
        "worst_kmh": spread.worst, "bias_kmh": spread.bias,
    })
}
