//! The numbers of the references.

use std::path::Path;

use serde_json::Value;

use super::mot17::{Sequence, digest};
use super::table::Column;

const MEASURES: [&str; 3] = ["HOTA", "IDF1", "MOTA"];

/// What `reference.py` found.
pub(crate) struct References {
    /// On boxes that are clean or degraded, and on TUD-Campus.
    known: Value,
    /// On those that are held out.
    held_out: Value,
}

impl References {
    pub(crate) fn read() -> References {
        let golden = |name: &str| {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/tracking");
            serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
        };
        References { known: golden("trackers.json"), held_out: golden("heldout.json") }
    }

    /// The means over these kinds of boxes, of each reference that was given them all.
    pub(crate) fn columns(&self, sequences: &[Sequence], kinds: &[&str]) -> Vec<Column> {
        let mut columns = Vec::new();
        for (name, kin, scores) in trackers(&self.known).chain(trackers(&self.held_out)) {
            if kinds.iter().any(|kind| scores[kind].is_null()) {
                continue;
            }
            let mut column = Column { kin: kin.to_owned(), ..Column::empty(&name, sequences.len() + 1) };
            for kind in kinds {
                for sequence in sequences {
                    let given = &scores[kind][sequence.name]["input"];
                    let ours = digest(&sequence.boxes(kind));
                    assert_eq!(*given, ours, "{name} was given other boxes of {}", sequence.name);
                }
                let at = sequences.iter().map(|sequence| sequence.name).chain(["COMBINED_SEQ"]);
                let rows: Vec<[f64; 3]> = at.map(|at| row(&scores[kind][at])).collect();
                column.add(&rows, kinds.len());
            }
            columns.push(column);
        }
        columns
    }

    /// Each on TUD-Campus.
    pub(crate) fn on_tud(&self) -> impl Iterator<Item = (String, [f64; 3])> {
        trackers(&self.known).map(|(name, _, scores)| (name, row(&scores["TUD-Campus"])))
    }
}

fn row(scores: &Value) -> [f64; 3] {
    MEASURES.map(|key| scores[key].as_f64().unwrap())
}

/// Each reference by its name with its package, its kind, and its numbers.
fn trackers(golden: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    golden.as_object().unwrap().iter().flat_map(|(package, golden)| {
        let version = golden["version"].as_str().unwrap();
        let trackers = golden["trackers"].as_object().unwrap().iter();
        trackers.map(move |(kin, scores)| (format!("{package} {version} {kin}"), kin.as_str(), scores))
    })
}
