//! The rule as a Python function, in the interpreter's own loop: no boundary, no encoding.

use std::io::Write;
use std::process::{Command, Stdio};

use ocellus_core::Track;
use serde::Deserialize;

use crate::Failure;
use crate::frames::SIZE;
use crate::measure::{Figures, TURNS, WARM_UP};

const PROGRAM: &str = include_str!("line.py");

#[derive(Deserialize)]
struct Answer {
    p50_us: f64,
    p99_us: f64,
    crossings: u64,
}

pub(crate) fn run(frames: &[Vec<Track>]) -> Result<Figures, Failure> {
    let rows: Vec<Vec<(u64, [f32; 4])>> = frames
        .iter()
        .map(|tracks| {
            let row = |track: &Track| {
                let rect = track.rect.normalised(SIZE);
                (track.id, [rect.x, rect.y, rect.width, rect.height])
            };
            tracks.iter().map(row).collect()
        })
        .collect();
    let mut child = Command::new("python3")
        .args(["-c", PROGRAM, &TURNS.to_string(), &WARM_UP.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no pipe to python3")?.write_all(&serde_json::to_vec(&rows)?)?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("python3 ended with {}", output.status).into());
    }
    let Answer { p50_us, p99_us, crossings } = serde_json::from_slice(&output.stdout)?;
    Ok(Figures { p50_us, p99_us, crossings })
}
