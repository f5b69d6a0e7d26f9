//! `ocellus eval speeds`.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use ocellus_core::eval::{Pairing, Spread};
use ocellus_pipeline::recorded::Ending;
use serde_json::{Map, Value, json};

use super::boxes::read_tracks;
use super::events::{EventEntry, each_event, read_truth};
use super::scene::{SceneTruth, is_scene};
use super::table::{Table, decimals, print_json, signed};
use super::truth::{Speed, Truth};
use super::vehicles::Vehicles;
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
    vehicles: usize,
    errors_kmh: Vec<f64>,
    missed: usize,
    invented: usize,
}

pub(super) fn run(args: &EvalSpeedsArgs) -> anyhow::Result<Outcome> {
    let truth = read_truth(&args.events)?;
    let path = &args.events.truth;
    let compared = match (&args.tracks, is_scene(path)?) {
        (Some(tracks), true) => by_track(args, &truth, tracks)?,
        (None, false) => by_time(args, &truth)?,
        (None, true) => bail!(
            "truth {} is that of a scene, which says where vehicles are and not when a rule reports them; give --tracks too, \
             what `analyze --tracks` wrote beside the events",
            path.display()
        ),
        (Some(_), false) => bail!(
            "--tracks goes with the truth of a scene; truth {} has the times of its vehicles, leave it out",
            path.display()
        ),
    };
    let spread = Spread::of(&compared.errors_kmh).with_context(|| match args.tracks {
        Some(_) => format!(
            "no event of kind {} is about a vehicle of the truth; are events, tracks and truth of the same recording? --kind \
             says what is looked for",
            args.kind
        ),
        None => format!(
            "no event of kind {} is about a vehicle of the truth within {} s; is it the same recording? --kind and \
             --tolerance say what is looked for",
            args.kind, args.events.tolerance
        ),
    })?;
    match args.events.format {
        Format::Table => print_table(&compared, &spread)?,
        Format::Json => print_json(&to_json(&compared, &spread))?,
    }
    Ok(Outcome::Done)
}

/// Events beside the vehicles of a scene, by their tracks.
fn by_track(args: &EvalSpeedsArgs, truth: &Truth, tracks: &Path) -> anyhow::Result<Compared> {
    let frame_rate = SceneTruth::open(&args.events.truth)?.header.frame_rate;
    let (boxes, ending) = read_tracks(tracks, (None, None), Some(frame_rate))?;
    if let Ending::Early(reason) = ending {
        eprintln!("warning: {reason}; events about what is missing count as invented");
    }
    let vehicles = Vehicles::read(&args.events.truth, boxes)?;
    let mut compared = Compared::default();
    let mut measured = BTreeSet::new();
    let mut told = BTreeSet::new();
    each_event(&args.events, truth, |time_s, event| {
        let Some(speed) = speed_of(args, time_s, event)? else { return Ok(()) };
        let track = event.track.with_context(|| {
            format!(
                "an event of kind {} at {time_s:.3} s is about no track; it cannot be told whose speed it is",
                args.kind
            )
        })?;
        match vehicles.of_track(track) {
            // A vehicle has one speed in each zone.
            Some((object, kmh))
                if told.insert((object, event.attributes.get("zone").map(Value::to_string))) =>
            {
                measured.insert(object);
                compared.errors_kmh.push(speed - kmh);
            }
            _ => compared.invented += 1,
        }
        Ok(())
    })?;
    let asked = vehicles.to_be_measured();
    compared.missed = asked.difference(&measured).count();
    compared.vehicles = asked.union(&measured).count();
    Ok(compared)
}

/// The speed that an event of the wanted kind tells.
fn speed_of(args: &EvalSpeedsArgs, time_s: f64, event: &EventEntry) -> anyhow::Result<Option<f64>> {
    if event.kind != args.kind {
        return Ok(None);
    }
    let speed = event.attributes.get(&args.attribute).and_then(Value::as_f64);
    let speed = speed.with_context(|| {
        format!(
            "an event of kind {} at {time_s:.3} s has no number {}; name the attribute with --attribute",
            args.kind, args.attribute
        )
    })?;
    Ok(Some(speed))
}

/// Events beside the vehicles of a truth with times.
fn by_time(args: &EvalSpeedsArgs, truth: &Truth) -> anyhow::Result<Compared> {
    ensure!(
        !truth.speeds.is_empty(),
        "truth {} has no speeds; add some, or name another",
        args.events.truth.display()
    );
    let mut groups = groups(truth);
    let mut unasked = 0_u64;
    each_event(&args.events, truth, |time_s, event| {
        let Some(speed) = speed_of(args, time_s, event)? else { return Ok(()) };
        match groups.iter_mut().find(|group| event.has(&group.attributes)) {
            Some(group) => group.measured.push((time_s, speed)),
            None => unasked += 1,
        }
        Ok(())
    })?;
    if unasked > 0 {
        eprintln!("note: {unasked} events have none of the attributes that the truth asks for");
    }
    compare(&groups, args.events.tolerance)
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
    compared.vehicles = compared.errors_kmh.len() + compared.missed;
    Ok(compared)
}

fn print_table(compared: &Compared, spread: &Spread) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "vehicles", "measured", "missed", "invented", "median", "mean", "p95", "worst", "bias", "(km/h)",
    ]);
    table.row(vec![
        compared.vehicles.to_string(),
        spread.count.to_string(),
        compared.missed.to_string(),
        compared.invented.to_string(),
        decimals(spread.median),
        decimals(spread.mean),
        decimals(spread.p95),
        decimals(spread.worst),
        signed(spread.bias),
        String::new(),
    ]);
    table.print()
}

fn to_json(compared: &Compared, spread: &Spread) -> Value {
    json!({
        "vehicles": compared.vehicles, "measured": spread.count,
        "missed": compared.missed, "invented": compared.invented,
        "median_kmh": spread.median, "mean_kmh": spread.mean, "p95_kmh": spread.p95,
        "worst_kmh": spread.worst, "bias_kmh": spread.bias,
    })
}
