//! What lasts over a restart or a change of version.

use ocellus_sdk::follow::{MOST_MOVERS, Mover, SavedSighting};
use ocellus_sdk::prelude::*;

use crate::LineCrossing;
use crate::counts::{Counts, Interval};
use crate::passage::{Passage, Side};
use crate::settings::LineSettings;

/// A state is at most 1 MiB, and the longest passage takes 32 bytes of it. Counts by class take 100 kB at most.
const MOST_PASSAGES: usize = 20_480;

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
    glimpses: Vec<SavedSighting>,
    /// Length of the intervals, and when the one that runs began.
    #[serde(default)]
    interval: Option<(u64, Option<u64>)>,
    /// When an interval began that was not told of yet and is not gone on with.
    #[serde(default)]
    left_open_us: Option<u64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedLine {
    line: LineSettings,
    entries: u64,
    exits: u64,
    #[serde(default)]
    classes: Vec<(String, u64, u64)>,
    /// In the interval that runs; none where there are no intervals.
    #[serde(default)]
    lately: Option<Counts>,
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
            entries: line.counts.entries,
            exits: line.counts.exits,
            classes: line.counts.classes.clone(),
            lately: (rule.interval.is_some() || rule.left_open.is_some()).then(|| line.lately.clone()),
        };
        let mover = |mover: &Mover<Vec<Passage>>| SavedMover {
            id: mover.id,
            at: [mover.at.x, mover.at.y],
            time_us: mover.time.0,
            velocity: mover.velocity,
            size: mover.size,
            class: mover.class,
            sightings: mover.sightings,
            predecessor: mover.predecessor,
            passages: mover.data.iter().map(SavedPassage::of).collect(),
        };
        State {
            lines: rule.lines.iter().map(line).collect(),
            movers: rule.follower.movers().map(mover).collect(),
            glimpses: rule.follower.saved_glimpses(),
            interval: rule.interval.as_ref().map(Interval::saved),
            left_open_us: rule.left_open.map(|time| time.0),
        }
    }

    /// Counts go to the line of the same name. Where a line was moved, its tracks start anew, since
    /// their sides were those of another line.
    pub(crate) fn give_to(self, rule: &mut LineCrossing) -> Result<(), String> {
        let mut movers = Vec::new();
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
        for saved in self.movers.into_iter().take(most_movers(rule.lines.len())) {
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
            movers.push(Mover {
                id: saved.id,
                at: Point::new(saved.at[0], saved.at[1]),
                time: TimeUs(saved.time_us),
                velocity: saved.velocity,
                size: saved.size,
                class: saved.class,
                sightings: saved.sightings,
                predecessor: saved.predecessor,
                data: passages,
            });
        }
        let goes_on = match (&mut rule.interval, self.interval) {
            (Some(interval), Some(saved)) => interval.resume(saved),
            _ => false,
        };
        let (_, began) = self.interval.unwrap_or_default();
        rule.left_open = self.left_open_us.or(began.filter(|_| !goes_on)).map(TimeUs);
        for line in &mut rule.lines {
            let Some(saved) = self.lines.iter().find(|saved| saved.line.name == line.settings.name) else {
                continue;
            };
            let SavedLine { entries, exits, classes, lately, .. } = saved;
            line.counts = Counts { entries: *entries, exits: *exits, classes: classes.clone() }.checked();
            line.lately = lately.clone().unwrap_or_default().checked();
        }
        rule.follower.restore(movers, self.glimpses);
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
