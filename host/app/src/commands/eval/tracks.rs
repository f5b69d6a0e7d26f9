//! `ocellus eval tracks`.

use std::path::Path;

use anyhow::{Context, ensure};
use ocellus_core::eval::{Cameras, HotaAt, Scores, Sequence};
use ocellus_pipeline::recorded::Ending;
use serde_json::{Value, json};

use super::boxes::{read_tracks, read_truth};
use super::identities::Identities;
use super::table::{Table, percent, print_json};
use crate::args::eval::{EvalTracksArgs, Format};
use crate::exit::Outcome;

/// The row of all sequences together.
const COMBINED: &str = "combined";

pub(super) fn run(args: &EvalTracksArgs) -> anyhow::Result<Outcome> {
    ensure!(
        args.truth.len() == args.tracks.len(),
        "--truth is given {} times and --tracks {} times; give both once for each sequence, in the same order",
        args.truth.len(),
        args.tracks.len()
    );
    let classes = args.classes.as_deref();
    let (mut rows, mut all, mut outcome) = (Vec::new(), Scores::default(), Outcome::Done);
    let mut cameras = Cameras::default();
    let identities = args.identities.as_deref().map(Identities::read).transpose()?;
    let shared_ids = args.shared_ids || identities.is_some();
    for (truth, tracks) in args.truth.iter().zip(&args.tracks) {
        let (truth_boxes, clock) = read_truth(truth, classes)?;
        let (track_boxes, ending) =
            read_tracks(tracks, (classes, identities.as_ref()), clock.map(|clock| clock.frame_rate))?;
        let track_boxes = match clock {
            Some(clock) => clock.within(&truth.display().to_string(), track_boxes),
            None => track_boxes,
        };
        let about = || format!("{} beside {}", tracks.display(), truth.display());
        if track_boxes.is_empty() {
            let which = if identities.is_some() { " of tracks that --identities names" } else { "" };
            eprintln!("warning: {} has no boxes{which}", tracks.display());
        }
        if shared_ids {
            cameras.add(truth_boxes.clone(), track_boxes.clone());
        }
        let scores =
            Sequence::new(truth_boxes, track_boxes).and_then(|boxes| boxes.score()).with_context(about)?;
        all.add(&scores);
        rows.push((name_of(truth), scores));
        if let Ending::Early(reason) = ending {
            eprintln!("warning: {reason}; what is missing counts as not found");
            outcome = Outcome::EndedEarly;
        }
    }
    if shared_ids {
        let (truth, tracks) = cameras.into_boxes();
        all = Sequence::new(truth, tracks).and_then(|boxes| boxes.score()).context("all cameras together")?;
    }
    match args.format {
        Format::Table => print_table(&rows, &all)?,
        Format::Json => print_json(&json!({
            "sequences": rows.iter().map(|(name, scores)| to_json(name, scores)).collect::<Vec<_>>(),
            COMBINED: to_json(COMBINED, &all),
        }))?,
    }
    Ok(outcome)
}

/// A sequence is called after its truth: `MOT17-02/gt/gt.txt` and `MOT17-02.txt` are both MOT17-02.
fn name_of(truth: &Path) -> String {
    let is_telling = |name: &&str| !matches!(*name, "gt" | "truth" | "." | ".." | "/");
    let stem = truth.file_stem().and_then(|stem| stem.to_str());
    let folders = truth.ancestors().skip(1).filter_map(|folder| folder.file_name()?.to_str());
    stem.into_iter().chain(folders).find(is_telling).unwrap_or("sequence").to_owned()
}

fn print_table(rows: &[(String, Scores)], all: &Scores) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "sequence", "HOTA", "DetA", "AssA", "LocA", "MOTA", "MOTP", "IDF1", "IDP", "IDR", "IDSW", "Frag",
        "FP", "FN", "MT", "ML",
    ]);
    for (name, scores) in rows {
        table.row(cells(name, scores));
    }
    if rows.len() > 1 {
        table.row(cells(COMBINED, all));
    }
    table.print()
}

fn cells(name: &str, Scores { hota, clear, identity }: &Scores) -> Vec<String> {
    let shares = [
        hota.hota(),
        hota.det_a(),
        hota.ass_a(),
        hota.loc_a(),
        clear.mota(),
        clear.motp(),
        identity.idf1(),
        identity.idp(),
        identity.idr(),
    ];
    let counts = [
        clear.identity_switches,
        clear.fragmentations,
        clear.false_positives,
        clear.false_negatives,
        clear.mostly_tracked,
        clear.mostly_lost,
    ];
    let shares = shares.into_iter().map(percent);
    [name.to_owned()].into_iter().chain(shares).chain(counts.map(|count| count.to_string())).collect()
}

fn to_json(name: &str, Scores { hota, clear, identity }: &Scores) -> Value {
    let at = |measure: fn(&HotaAt) -> f64| hota.at().iter().map(measure).collect::<Vec<f64>>();
    json!({
        "name": name,
        "hota": hota.hota(), "det_a": hota.det_a(), "ass_a": hota.ass_a(), "loc_a": hota.loc_a(),
        "alphas": at(|at| at.alpha),
        "hota_at": at(HotaAt::hota), "det_a_at": at(HotaAt::det_a), "ass_a_at": at(HotaAt::ass_a),
        "loc_a_at": at(HotaAt::loc_a),
        "mota": clear.mota(), "motp": clear.motp(),
        "true_positives": clear.true_positives, "false_positives": clear.false_positives,
        "false_negatives": clear.false_negatives,
        "identity_switches": clear.identity_switches, "fragmentations": clear.fragmentations,
        "mostly_tracked": clear.mostly_tracked, "partly_tracked": clear.partly_tracked,
        "mostly_lost": clear.mostly_lost,
        "idf1": identity.idf1(), "idp": identity.idp(), "idr": identity.idr(),
        "id_true_positives": identity.true_positives, "id_false_positives": identity.false_positives,
        "id_false_negatives": identity.false_negatives,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_called_after_the_first_telling_part_of_its_path() {
        let cases = [
            ("mot/MOT17-02/gt/gt.txt", "MOT17-02"),
            ("MOT17-02/gt.txt", "MOT17-02"),
            ("here/MOT17-02.txt", "MOT17-02"),
            ("gt.txt", "sequence"),
            ("../truth.jsonl", "sequence"),
        ];
        for (path, name) in cases {
            assert_eq!(name_of(Path::new(path)), name);
        }
    }
}
