//! What lasts over a restart or a change of version.

use ocellus_sdk::prelude::*;

use crate::LineCrossing;
use crate::mover::{Mover, Movers, Sighting};
use crate::passage::{Passage, Side};
use crate::settings::LineSettings;

/// A state is at most 1 MiB, and the longest passage takes 32 bytes of it.
const MOST_PASSAGES: usize = 24_576;
/// More objects than this are in no picture.
const MOST_MOVERS: usize = 1024;

/// Tracks kept at once with so many lines.
pub(crate) fn most_movers(lines: usize) -> usize {
    (MOST_PASSAGES / lines.max(1)).min(MOST_MOVERS)
}

/// All that the rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    lines: Vec<SavedLine>,
    movers: Vec<SavedMover>,
    #[serde(default)]
    glimpses: Vec<SavedGlimpse>,
}

/// Time, id, class, anchor, size and first sighting of a track that was not believed yet.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct SavedGlimpse(u64, u64, u32, [f32; 2], [f32; 2], u64);

impl SavedGlimpse {
    fn of((time, seen): &(TimeUs, Sighting)) -> SavedGlimpse {
        SavedGlimpse(time.0, seen.id, seen.class, [seen.at.x, seen.at.y], seen.size, seen.first_seen.0)
    }

    fn read(self) -> (TimeUs, Sighting) {
        let SavedGlimpse(time, id, class, [x, y], size, first_seen) = self;
        let (at, first_seen) = (Point::new(x, y), TimeUs(first_seen));
        (TimeUs(time), Sighting { id, class, at, size, first_seen })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedLine {
    line: LineSettings,
    entries: u64,
    exits: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedMover {
    id: u64,
    at: [f32; 2],
    time_us: u64,
    velocity: [f32; 2],
    size: [f32; 2],
    class: u32,
    sightings: u32,
    predecessor: Option<u64>,
    passages: Vec<SavedPassage>,
}

/// Settled side, last side (both as signs), passages through, whether the last was one (1 or 0), pending
/// since.
#[derive(Debug, Serialize, Deserialize)]
struct SavedPassage(i8, i8, i8, u8, Option<u64>);

impl State {
    pub(crate) fn of(rule: &LineCrossing) -> State {
        let line = |line: &crate::Line| SavedLine {
            line: line.settings.clone(),
            entries: line.entries,
            exits: line.exits,
        };
        let mover = |mover: &Mover| SavedMover {
            id: mover.id,
            at: [mover.at.x, mover.at.y],
            time_us: mover.time.0,
            velocity: mover.velocity,
            size: mover.size,
            class: mover.class,
            sightings: mover.sightings,
            predecessor: mover.predecessor,
            passages: mover.passages.iter().map(SavedPassage::of).collect(),
        };
        State {
            lines: rule.lines.iter().map(line).collect(),
            movers: rule.movers.iter().map(mover).collect(),
            glimpses: rule.glimpses.iter().map(SavedGlimpse::of).collect(),
        }
    }

    /// Counts go to the line of the same name. Where a line was moved, its tracks start anew, since
    /// their sides were those of another line.
    pub(crate) fn give_to(self, rule: &mut LineCrossing) -> Result<(), String> {
        let mut movers = Movers::default();
        let same_place = |settings: &LineSettings, saved: &SavedLine| {
            saved.line.name == settings.name
                && saved.line.from == settings.from
                && saved.line.to == settings.to
        };
        let places: Vec<Option<usize>> = rule
            .lines
            .iter()
            .map(|line| self.lines.iter().position(|saved| same_place(&line.settings, saved)))
            .collect();
        for saved in self.movers.into_iter().take(rule.most_movers) {
            if saved.passages.len() != self.lines.len() {
                return Err(format!(
                    "the state of track {} speaks of {} lines, its list of {}",
                    saved.id,
                    saved.passages.len(),
                    self.lines.len()
                ));
            }
            let kept = |place: &Option<usize>| {
                place
                    .and_then(|index| saved.passages.get(index))
                    .map_or_else(Passage::default, SavedPassage::read)
            };
            let passages = places.iter().map(kept).collect();
            movers.insert(Mover {
                id: saved.id,
                at: Point::new(saved.at[0], saved.at[1]),
                time: TimeUs(saved.time_us),
                velocity: saved.velocity,
                size: saved.size,
                class: saved.class,
                sightings: saved.sightings,
                predecessor: saved.predecessor,
                passages,
            });
        }
        for line in &mut rule.lines {
            if let Some(saved) = self.lines.iter().find(|saved| saved.line.name == line.settings.name) {
                line.entries = saved.entries;
                line.exits = saved.exits;
            }
        }
        rule.movers = movers;
        rule.glimpses = self.glimpses.into_iter().take(rule.most_movers).map(SavedGlimpse::read).collect();
        Ok(())
    }
}

impl SavedPassage {
    fn of(passage: &Passage) -> SavedPassage {
        let sign = |side: Option<Side>| side.map_or(0, Side::sign);
        let pending = passage.pending.map(|time| time.0);
        let last_through = u8::from(passage.is_last_through);
        SavedPassage(sign(passage.settled), sign(passage.last), passage.through, last_through, pending)
    }

    fn read(&self) -> Passage {
        let &SavedPassage(settled, last, through, last_through, pending) = self;
        Passage {
            settled: Side::of_sign(settled),
            last: Side::of_sign(last),
            through,
            is_last_through: last_through != 0,
            pending: pending.map(TimeUs),
        }
    }
}
