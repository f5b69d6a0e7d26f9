//! Sequences of MOTChallenge, and boxes made from their ground truth: as clean as it is, or degraded by seed.
//!
//! The text that is made here is also what the reference trackers were given (`tests/golden/tracking`), so it is made
//! of additions and multiplications only, which are the same on every machine. Whoever includes this file has
//! `ocellus_core::eval` beside it.

#![allow(dead_code, reason = "each program that includes this uses its part of it")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::eval::{BoxReader, LabelledBox, Role, TruthBox};

/// The sequences of MOT17 that the test data has.
pub(crate) const MOT17: [&str; 4] = ["MOT17-02", "MOT17-05", "MOT17-11", "MOT17-13"];

/// A sequence with its ground truth.
pub(crate) struct Sequence {
    pub(crate) name: &'static str,
    pub(crate) frame_rate: f32,
    pub(crate) size: (f64, f64),
    pub(crate) truth: Vec<TruthBox>,
    pub(crate) folder: PathBuf,
}

impl Sequence {
    /// Reads a sequence of MOT17 from the test data.
    pub(crate) fn mot17(data: &Path, name: &'static str) -> Sequence {
        let folder = data.join("mot/mot17").join(name);
        let info = std::fs::read_to_string(folder.join("seqinfo.ini")).unwrap();
        let number = |key: &str| -> f64 {
            let line = info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap().trim().parse().unwrap()
        };
        Sequence {
            name,
            frame_rate: number("frameRate") as f32,
            size: (number("imWidth"), number("imHeight")),
            truth: read_truth(&folder.join("gt.txt")),
            folder,
        }
    }

    /// TUD-Campus of MOT15.
    pub(crate) fn tud_campus(data: &Path) -> Sequence {
        let folder = data.join("mot/mot15/TUD-Campus");
        let truth = read_truth(&folder.join("gt.txt"));
        Sequence { name: "TUD-Campus", frame_rate: 25.0, size: (640.0, 480.0), truth, folder }
    }

    /// Boxes by the name of their kind: `clean`, `degraded`, `degraded-N` by another seed, `found`.
    pub(crate) fn boxes(&self, kind: &str) -> String {
        match kind.split_once('-') {
            Some(("degraded", seed)) => self.degraded_by(seed.parse().unwrap()),
            _ if kind == "degraded" => self.degraded(),
            _ if kind == "found" => self.found(),
            _ => self.clean(),
        }
    }

    /// The boxes that are to be found, as detections.
    pub(crate) fn clean(&self) -> String {
        let mut text = String::new();
        for row in self.truth.iter().filter(|row| row.role == Role::Counted) {
            line(&mut text, "-1", &row.label, 1.0);
        }
        text
    }

    /// The same, of which a tenth is missing; the others are moved and resized by up to 5 % of their size, and for
    /// every twenty there is a false one of the same size somewhere in the picture.
    pub(crate) fn degraded(&self) -> String {
        self.degraded_by(0)
    }

    /// The same by another seed; 0 is the usual one.
    fn degraded_by(&self, seed: u64) -> String {
        let mut dice = self.dice(seed);
        let mut text = String::new();
        for row in self.truth.iter().filter(|row| row.role == Role::Counted) {
            for found in degrade(&mut dice, &row.label, self.size).into_iter().flatten() {
                line(&mut text, "-1", &found, dice.within(0.75, 1.0));
            }
        }
        text
    }

    /// The boxes of another tracker (Lif_T on Faster R-CNN), as detections that are all believed.
    fn found(&self) -> String {
        let rows = std::fs::read_to_string(self.folder.join("lif_t_frcnn.txt")).unwrap();
        let mut text = String::new();
        for row in rows.lines() {
            let mut values = row.split(',').map(|value| value.parse::<f64>().unwrap());
            let [frame, _, x, y, width, height] = std::array::from_fn(|_| values.next().unwrap());
            let label = LabelledBox { frame: frame as u32, id: 0, x, y, width, height };
            line(&mut text, "-1", &label, 1.0);
        }
        text
    }

    /// The degraded boxes as tracks whose identities change now and then; without the false ones, so that what crosses a
    /// line is the same as in the truth.
    pub(crate) fn switching_tracks(&self) -> String {
        let mut dice = self.dice(0);
        let (mut text, mut last, mut aliases) = (String::new(), 0, BTreeMap::new());
        for row in self.truth.iter().filter(|row| row.role == Role::Counted) {
            let [found, _] = degrade(&mut dice, &row.label, self.size);
            let alias = aliases.entry(row.label.id).or_insert(0);
            if *alias == 0 || dice.within(0.0, 1.0) < 0.02 {
                last += 1;
                *alias = last;
            }
            if let Some(found) = found {
                line(&mut text, &alias.to_string(), &found, 1.0);
            }
        }
        text
    }

    /// Tracks with every mistake that there is: all kinds of boxes of the truth, degraded, under identities that
    /// change now and then, are swapped, or go to something else.
    pub(crate) fn broken_tracks(&self) -> String {
        let mut dice = self.dice(0);
        let (mut text, mut last, mut aliases) = (String::new(), 0, BTreeMap::new());
        for row in &self.truth {
            let [found, false_one] = degrade(&mut dice, &row.label, self.size);
            for (found, is_false) in [(found, false), (false_one, true)] {
                let Some(found) = found else { continue };
                let alias = aliases.entry((!is_false).then_some(row.label.id)).or_insert(0);
                if is_false || *alias == 0 || dice.within(0.0, 1.0) < 0.02 {
                    last += 1;
                    *alias = last;
                }
                line(&mut text, &alias.to_string(), &found, 1.0);
            }
        }
        text
    }

    fn dice(&self, seed: u64) -> Dice {
        Dice(self.name.bytes().fold(17 + seed, |seed, byte| seed * 31 + u64::from(byte)))
    }
}

fn read_truth(file: &Path) -> Vec<TruthBox> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut reader = BoxReader::default();
    let mut rows: Vec<TruthBox> = text.lines().filter_map(|line| reader.truth(line).unwrap()).collect();
    rows.sort_by_key(|row| (row.label.frame, row.label.id));
    rows
}

/// The box moved and resized, unless it is missed; and one time in twenty a false one of its size.
fn degrade(dice: &mut Dice, truth: &LabelledBox, (width, height): (f64, f64)) -> [Option<LabelledBox>; 2] {
    // Always the same number of throws, so that one chance does not move all others.
    let missed = dice.within(0.0, 1.0) < 0.1;
    let [dx, dy, dw, dh] = std::array::from_fn(|_| dice.within(-0.05, 0.05));
    let is_false = dice.within(0.0, 1.0) < 0.05;
    let (x, y) = (dice.within(0.0, width), dice.within(0.0, height));
    let found = LabelledBox {
        x: truth.x + dx * truth.width,
        y: truth.y + dy * truth.height,
        width: truth.width + dw * truth.width,
        height: truth.height + dh * truth.height,
        ..*truth
    };
    let false_one = LabelledBox { x: x - truth.width * 0.5, y: y - truth.height * 0.5, ..*truth };
    [(!missed).then_some(found), is_false.then_some(false_one)]
}

fn line(text: &mut String, id: &str, label: &LabelledBox, confidence: f64) {
    let LabelledBox { frame, x, y, width, height, .. } = label;
    writeln!(text, "{frame},{id},{x:.3},{y:.3},{width:.3},{height:.3},{confidence:.3}").unwrap();
}

/// splitmix64: a few lines, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn within(&mut self, least: f64, most: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let drawn = (z ^ (z >> 31)) >> 11;
        least + (most - least) * drawn as f64 / (1_u64 << 53) as f64
    }
}

/// FNV-1a, to tell whether a text is the one that a reference was given.
pub(crate) fn digest(text: &str) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}
