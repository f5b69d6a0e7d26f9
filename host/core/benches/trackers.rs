//! How well our trackers keep identities beside the Python references, on ground-truth boxes of MOT17 and on degraded
//! ones.
//!
//! The references' numbers are golden (`tests/golden/tracking`), ours are computed. With `-- --write DIR` the boxes that
//! the references are to be given are written, and nothing is measured.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench ends where it cannot go on")]

use std::path::{Path, PathBuf};

use ocellus_core::eval::{self, LabelledBox, Scores, Sequence as Scored};
use ocellus_core::mot::{MotDetections, MotRow, track_sequence};
use ocellus_core::tracker::{SettingsError, TrackerKind, TrackerSettings};
use serde_json::Value;

#[path = "../tests/eval/mot17.rs"]
mod mot17;

use mot17::{MOT17, Sequence, digest};

/// What makes tracks of detections.
type Track = fn(&Sequence, &MotDetections) -> Result<Vec<MotRow>, SettingsError>;
/// Our trackers, each with the same settings for all sequences.
const OURS: [(&str, Track); 3] = [
    ("ours: ByteTrack", |sequence, boxes| track(TrackerKind::ByteTrack, sequence, boxes)),
    ("ours: BoT-SORT", |sequence, boxes| track(TrackerKind::BotSort, sequence, boxes)),
    ("ours: DeepSORT", |sequence, boxes| track(TrackerKind::DeepSort, sequence, boxes)),
];

/// With the defaults, and without looks, which these boxes do not have.
fn track(
    kind: TrackerKind,
    sequence: &Sequence,
    boxes: &MotDetections,
) -> Result<Vec<MotRow>, SettingsError> {
    track_sequence(TrackerSettings::default_of(kind).at_rate(sequence.frame_rate), boxes)
}

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
    let boxes: Vec<String> = sequences
        .iter()
        .map(|sequence| if kind == "clean" { sequence.clean() } else { sequence.degraded() })
        .collect();
    let names = || sequences.iter().map(|sequence| sequence.name).chain(["COMBINED_SEQ"]);
    let mut ours = Vec::new();
    for (name, track) in OURS {
        let (mut rows, mut all) = (Vec::new(), Scores::default());
        for (sequence, boxes) in sequences.iter().zip(&boxes) {
            let scores = score(sequence, boxes, track)?;
            all.add(&scores);
            rows.push(row_of(&scores));
        }
        rows.push(row_of(&all));
        ours.push(Column { name: name.to_owned(), rows });
    }
    let mut theirs = Vec::new();
    for (name, scores) in references(golden) {
        for (sequence, boxes) in sequences.iter().zip(&boxes) {
            let given = &scores[kind][sequence.name]["input"];
            assert_eq!(*given, digest(boxes), "{name} was given other boxes of {}", sequence.name);
        }
        let row = |at: &str| MEASURES.map(|key| scores[kind][at][key].as_f64().unwrap());
        theirs.push(Column { name, rows: names().map(row).collect() });
    }
    println!("\n{kind} boxes of the ground truth: HOTA, IDF1, MOTA");
    print_table(names(), &ours, &theirs);
    Ok(())
}

fn print_table(names: impl Iterator<Item = &'static str>, ours: &[Column], theirs: &[Column]) {
    print!("{:<28}", "");
    names.map(|name| if name == "COMBINED_SEQ" { "all" } else { name }).for_each(|name| print!("{name:>21}"));
    println!();
    for Column { name, rows } in ours.iter().chain(theirs) {
        print!("{name:<28}");
        rows.iter().for_each(|[hota, idf1, mota]| print!("   {hota:>5.1} {idf1:>5.1} {mota:>5.1} "));
        println!();
    }
    for Column { name, rows } in ours {
        // Less the best reference, measure by measure.
        let leads: Vec<[f64; 3]> =
            rows.iter().enumerate().map(|(index, row)| lead(row, index, theirs)).collect();
        let held = leads.iter().flatten().all(|lead| *lead >= -MARGIN);
        print!("{:<28}", format!("{} - best", name.trim_start_matches("ours: ")));
        leads.iter().for_each(|[hota, idf1, mota]| print!("   {hota:>+5.1} {idf1:>+5.1} {mota:>+5.1} "));
        println!(" limit -{MARGIN}: {}", if held { "held" } else { "NOT HELD" });
    }
}

/// What a row of ours has more than the best reference in each measure.
fn lead(row: &[f64; 3], index: usize, theirs: &[Column]) -> [f64; 3] {
    let best = |measure: usize| {
        theirs.iter().map(|column| column.rows[index][measure]).fold(f64::NEG_INFINITY, f64::max)
    };
    [0, 1, 2].map(|measure| row[measure] - best(measure))
}

/// Each reference by its name with its version, with its numbers.
fn references(golden: &Value) -> impl Iterator<Item = (String, &Value)> {
    golden.as_object().unwrap().iter().flat_map(|(package, golden)| {
        let version = golden["version"].as_str().unwrap();
        let trackers = golden["trackers"].as_object().unwrap().iter();
        trackers.map(move |(name, scores)| (format!("{package} {version} {name}"), scores))
    })
}

/// What the boxes of a tracker of ours are worth.
fn score(sequence: &Sequence, boxes: &str, track: Track) -> Result<Scores, SettingsError> {
    let found = track(sequence, &MotDetections::parse(boxes).unwrap())?;
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
    for (name, track) in OURS {
        let [hota, idf1, mota] = row_of(&score(sequence, &boxes, track)?);
        println!("{name:<28}  {hota:>5.1} {idf1:>5.1} {mota:>5.1}");
    }
    for (name, scores) in references(golden) {
        let [hota, idf1, mota] = MEASURES.map(|key| scores["TUD-Campus"][key].as_f64().unwrap());
        println!("{name:<28}  {hota:>5.1} {idf1:>5.1} {mota:>5.1}");
    }
    Ok(())
}
