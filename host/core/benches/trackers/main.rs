//! How well our trackers keep identities beside the Python references, on boxes of MOT17: as clean as the ground truth is,
//! degraded, and such that no constant of ours was chosen by (degraded by other seeds, or found by another tracker).
//!
//! Each of ours is held against the references of its own kind and against the best of all. Their numbers are golden
//! (`tests/golden/tracking`), ours are computed. With `-- --write DIR` the boxes that the references are to be given are
//! written, and nothing is measured.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench ends where it cannot go on")]

use std::path::{Path, PathBuf};

use ocellus_core::eval::{self, LabelledBox, Scores, Sequence as Scored};
use ocellus_core::mot::{MotDetections, track_sequence};
use ocellus_core::tracker::{ByteTrackSettings, MotionModel, SettingsError, TrackerKind, TrackerSettings};

#[path = "../../tests/eval/mot17.rs"]
mod mot17;
mod references;
mod table;

use mot17::{MOT17, Sequence};
use references::References;
use table::{Column, Table};

/// One of our trackers, with the same settings for all sequences.
struct Ours {
    name: &'static str,
    settings: fn() -> TrackerSettings,
    /// The references of its kind, by their name. None of the packages has a DeepSORT; without looks, which these boxes do
    /// not have, it is a SORT that believes a track after three sightings, as theirs does.
    kin: &'static str,
}

/// With the defaults but for what the name says.
const OURS: [Ours; 4] = [
    Ours {
        name: "ByteTrack",
        settings: || TrackerSettings::default_of(TrackerKind::ByteTrack),
        kin: "ByteTrack",
    },
    Ours {
        name: "BoT-SORT",
        settings: || TrackerSettings::default_of(TrackerKind::BotSort),
        kin: "BoT-SORT",
    },
    Ours { name: "DeepSORT", settings: || TrackerSettings::default_of(TrackerKind::DeepSort), kin: "SORT" },
    Ours { name: "ByteTrack, motion = paper", settings: by_the_paper, kin: "ByteTrack" },
];

fn by_the_paper() -> TrackerSettings {
    ByteTrackSettings { motion: MotionModel::Paper, ..ByteTrackSettings::default() }.into()
}

/// What the tables are of: a title, and the kinds of boxes whose means are shown.
const TABLES: [(&str, &[&str]); 4] = [
    ("boxes of the ground truth", &["clean"]),
    ("degraded boxes of the ground truth", &["degraded"]),
    ("degraded by four other seeds, means", &["degraded-1", "degraded-2", "degraded-3", "degraded-4"]),
    ("boxes that another tracker found", &["found"]),
];
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
    let references = References::read();
    let sequences = MOT17.map(|name| Sequence::mot17(&data, name));
    for (title, kinds) in TABLES {
        let ours = OURS.iter().map(|ours| Ok((column(ours, &sequences, kinds)?, ours.kin)));
        let table = Table {
            title,
            ours: ours.collect::<Result<_, _>>()?,
            theirs: references.columns(&sequences, kinds),
        };
        table.print();
    }
    print_tud(&Sequence::tud_campus(&data), &references)
}

/// Writes what the references are to be given.
fn write_boxes(data: &Path, folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for name in MOT17 {
        let sequence = Sequence::mot17(data, name);
        let kinds = TABLES.iter().flat_map(|(_, kinds)| kinds.iter());
        let boxes = kinds.map(|kind| (*kind, sequence.boxes(kind)));
        let tracks = [("broken", sequence.broken_tracks()), ("switching", sequence.switching_tracks())];
        for (kind, text) in boxes.chain(tracks) {
            std::fs::write(folder.join(format!("{name}.{kind}.txt")), text).unwrap();
        }
    }
}

/// The means of a tracker of ours over kinds of boxes.
fn column(ours: &Ours, sequences: &[Sequence], kinds: &[&str]) -> Result<Column, SettingsError> {
    let mut column = Column::empty(ours.name, sequences.len() + 1);
    for kind in kinds {
        let (mut rows, mut all) = (Vec::new(), Scores::default());
        for sequence in sequences {
            let scores = score(ours, sequence, &sequence.boxes(kind))?;
            all.add(&scores);
            rows.push(row_of(&scores));
        }
        rows.push(row_of(&all));
        column.add(&rows, kinds.len());
    }
    Ok(column)
}

/// What the boxes of a tracker of ours are worth.
fn score(ours: &Ours, sequence: &Sequence, boxes: &str) -> Result<Scores, SettingsError> {
    let settings = (ours.settings)().at_rate(sequence.frame_rate);
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

/// HOTA, IDF1 and MOTA in hundredths.
fn row_of(scores: &Scores) -> [f64; 3] {
    [scores.hota.hota(), scores.identity.idf1(), scores.clear.mota()].map(|share| share * 100.0)
}

/// TUD-Campus with the detections of MOT15.
fn print_tud(sequence: &Sequence, references: &References) -> Result<(), SettingsError> {
    let boxes = std::fs::read_to_string(sequence.folder.join("det.txt")).unwrap();
    println!(
        "\nTUD-Campus, detections of MOT15: HOTA, IDF1, MOTA (SORT is published with MOTA {SORT_ON_TUD})"
    );
    let print = |name: &str, [hota, idf1, mota]: [f64; 3]| {
        println!("{name:<36}  {hota:>5.1} {idf1:>5.1} {mota:>5.1}");
    };
    for ours in &OURS {
        print(&format!("ours: {}", ours.name), row_of(&score(ours, sequence, &boxes)?));
    }
    references.on_tud().for_each(|(name, row)| print(&name, row));
    Ok(())
}
