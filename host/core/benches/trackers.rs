//! How well our trackers keep identities beside the Python references, on ground-truth boxes of MOT17 and on degraded
//! ones.
//!
//! The references' numbers are golden (`tests/golden/tracking`), ours are computed. With `-- --write DIR` the boxes that
//! the references are to be given are written, and nothing is measured.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unwrap_used, reason = "a bench ends where it cannot go on")]

use std::path::{Path, PathBuf};

#[path = "../tests/eval/mot17.rs"]
mod mot17;

use mot17::{MOT17, Sequence};

fn main() {
    let Some(data) = std::env::var_os("OCELLUS_TEST_DATA").map(PathBuf::from) else {
        println!("SKIPPED: OCELLUS_TEST_DATA is unset");
        return;
    };
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == "--write") {
        write_boxes(&data, Path::new(&arguments[at + 1]));
    }
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
        ];
        for (kind, text) in boxes {
            std::fs::write(folder.join(format!("{name}.{kind}.txt")), text).unwrap();
        }
    }
}
