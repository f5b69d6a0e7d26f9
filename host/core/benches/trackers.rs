//! How well our trackers keep identities beside the Python references, on ground-truth boxes of MOT17 and on degraded
//! ones.
//!
//! The references' numbers are golden (`tests/golden/tracking`), ours are computed. With `-- --write DIR` the boxes that
//! the references are to be given are written, and nothing is measured.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench ends where it cannot go on")]

use std::path::{Path, PathBuf};

use ocellus_core::eval::{self, LabelledBox, Scores, Sequence as Scored};
use ocellus_core::mot::{MotDetections, track_sequence};
use ocellus_core::tracker::{ByteTrackSettings, SettingsError};
use serde_json::Value;

#[path = "../tests/eval/mot17.rs"]
mod mot17;

use mot17::{MOT17, Sequence, digest};

/// What a row of ours may lack to the best reference, in points of a hundred.
const MARGIN: f64 = 0.3;
const MEASURES: [&str; 3] = ["HOTA", "IDF1", "MOTA"];
/// SORT on the detections of TUD-Campus, as published.
const SORT_ON_TUD: f64 = 62.7;

fn main() -> Result<(), SettingsError> {
    let Some(data) = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from) else {
        println!("SKIPPED: OCELLUS_TEST_DATA is unset");
        return Ok(());
    };
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
        write_boxes(&data, Path::new(&arguments[at + 1]));
        return Ok(());
    }
    let golden = golden();
    let sequences = MOT17.map(|name| Sequence::mot17(&data, name));
    for kind in ["clean", "degraded"] {
        print_kind(kind, &sequences, &golden)?;
    }
    print_tud(&Sequence::tud_campus(&data), &golden)
}

/// Writes what the references are to be given.
fn write_boxes(data: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for name in MOT17 {
        let sequence = Sequence::mot17(data, name);
        let boxes = [
            ("clean", sequence.clean()),
            ("degraded", sequence.degraded()),
            ("broken", sequence.broken_tracks()),
            ("switching", sequence.switching_tracks()),
        ];
        for (kind, text) in boxes {
            std::fs::write(folder.join(format!("{name}.{kind}.txt")), text).unwrap();
        }
    }
}

fn golden() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/tracking/trackers.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// A column of the table: HOTA, IDF1 and MOTA of each sequence, then of all.
struct Column {
    name: String,
    rows: Vec<[f64; 3]>,
}

fn print_kind(kind: &str, sequences: &[Sequence], golden: &Value) -> Result<(), SettingsError> {
    let mut rows = Vec::new();
    let mut all = Scores::default();
    for sequence in sequences {
        let boxes = if kind == "clean" { sequence.clean() } else { sequence.degraded() };
        for reference in references(golden) {
            let given = &reference.1[kind][sequence.name]["input"];
            assert_eq!(*given, digest(&boxes), "{} was given other boxes of {}", reference.0, sequence.name);
        }
        let scores = score(sequence, &boxes)?;
        all.add(&scores);
        rows.push(row_of(&scores));
    }
    rows.push(row_of(&all));
    let names = sequences.iter().map(|sequence| sequence.name).chain(["COMBINED_SEQ"]);
    let mut columns = vec![Column { name: "ours: ByteTrack".into(), rows }];
    for (name, scores) in references(golden) {
        let row = |at: &str| MEASURES.map(|key| scores[kind][at][key].as_f64().unwrap());
        columns.push(Column { name, rows: names.clone().map(row).collect() });
    }
    println!("\n{kind} boxes of the ground truth: HOTA, IDF1, MOTA");
    print_table(&columns, names);
    Ok(())
}

fn print_table(columns: &[Column], names: impl Iterator<Item = &'static str>) {
    let names: Vec<&str> = names.map(|name| if name == "COMBINED_SEQ" { "all" } else { name }).collect();
    print!("{:<28}", "");
    names.iter().for_each(|name| print!("{name:>20}"));
    println!();
    for Column { name, rows } in columns {
        print!("{name:<28}");
        rows.iter().for_each(|[hota, idf1, mota]| print!("  {hota:>5.1} {idf1:>5.1} {mota:>5.1}"));
        println!();
    }
    // Ours less the best reference, measure by measure.
    print!("{:<28}", "ours less the best reference");
    let mut held = true;
    for index in 0..names.len() {
        let best = |measure: usize| {
            columns[1..].iter().map(|column| column.rows[index][measure]).fold(f64::NEG_INFINITY, f64::max)
        };
        let lead = [0, 1, 2].map(|measure| columns[0].rows[index][measure] - best(measure));
        held &= lead.iter().all(|lead| *lead >= -MARGIN);
        print!("  {:>+5.1} {:>+5.1} {:>+5.1}", lead[0], lead[1], lead[2]);
    }
    println!("\nlimit: at most {MARGIN} below the best: {}", if held { "held" } else { "NOT HELD" });
}

/// Each reference by its name with its version, with its numbers.
fn references(golden: &Value) -> impl Iterator<Item = (String, &Value)> {
    golden.as_object().unwrap().iter().flat_map(|(package, golden)| {
        let version = golden["version"].as_str().unwrap();
        let trackers = golden["trackers"].as_object().unwrap().iter();
        trackers.map(move |(name, scores)| (format!("{package} {version} {name}"), scores))
    })
}

/// What our tracker's boxes are worth.
fn score(sequence: &Sequence, boxes: &str) -> Result<Scores, SettingsError> {
    let settings = ByteTrackSettings { frame_rate: sequence.frame_rate, ..ByteTrackSettings::default() };
    let found = track_sequence(settings, &MotDetections::parse(boxes).unwrap())?;
    let tracks = found.iter().map(|row| LabelledBox {
        frame: row.frame,
        id: row.id,
        x: row.rect.x.into(),
        y: row.rect.y.into(),
        width: row.rect.width.into(),
        height: row.rect.height.into(),
    });
    Ok(Scored::new(sequence.truth.clone(), tracks.collect()).unwrap().score().unwrap())
}

fn row_of(scores: &Scores) -> [f64; 3] {
    [scores.hota.hota(), scores.identity.idf1(), scores.clear.mota()].map(|share| share * 100.0)
}

/// TUD-Campus with the detections of MOT15.
fn print_tud(sequence: &Sequence, golden: &Value) -> Result<(), SettingsError> {
    let boxes = std::fs::read_to_string(sequence.folder.join("det.txt")).unwrap();
    println!(
        "\nTUD-Campus, detections of MOT15: HOTA, IDF1, MOTA (SORT is published with MOTA {SORT_ON_TUD})"
    );
    let [hota, idf1, mota] = row_of(&score(sequence, &boxes)?);
    println!("{:<28}  {hota:>5.1} {idf1:>5.1} {mota:>5.1}", "ours: ByteTrack");
    for (name, scores) in references(golden) {
        let [hota, idf1, mota] = MEASURES.map(|key| scores["TUD-Campus"][key].as_f64().unwrap());
        println!("{name:<28}  {hota:>5.1} {idf1:>5.1} {mota:>5.1}");
    }
    Ok(())
}
