//! Counts objects that cross lines.
//!
//! Each line has a name and a direction that is an entry. Every crossing is an event of kind
//! `line-crossing` with the attributes `line` and `direction` (`entry` or `exit`); the counts so far
//! are the measurements `<line>.entries` and `<line>.exits`.
//!
//! What counts, and what does not:
//! - only confirmed tracks move; a lost one keeps its place until it is seen again;
//! - a side counts once the anchor is beyond the hysteresis ([`passage`]), so trembling counts nothing;
//! - the path must lead through the line itself, not around its end ([`gate`]);
//! - a track that takes over from one that vanished beside it goes on in its place ([`Follower`]).

mod gate;
mod passage;
mod settings;
mod state;

use std::time::Duration;

use ocellus_sdk::check_no_question;
use ocellus_sdk::follow::{Follower, Mover};
use ocellus_sdk::prelude::*;

use gate::Gate;
use passage::{Passage, Side, Step};
pub use settings::{Entry, LineSettings, Settings};
pub use state::State;

/// The rule.
pub struct LineCrossing {
    settings: Settings,
    lines: Vec<Line>,
    /// A passage a line for each track.
    follower: Follower<Vec<Passage>>,
    /// How long an anchor must stay beyond a line.
    settle: Duration,
    /// Width over height of the picture that the gates were laid out for.
    aspect: f32,
}

/// A line with its counts.
struct Line {
    settings: LineSettings,
    gate: Gate,
    entries: u64,
    exits: u64,
}

impl Rule for LineCrossing {
    const NAME: &'static str = "line-crossing";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Counts objects that cross lines, by direction.";
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<LineCrossing, String> {
        settings.check()?;
        let classes = match &settings.classes {
            Some(names) => site.classes(names).map_err(|error| format!("classes: {error}"))?,
            None => ClassFilter::all(),
        };
        let aspect = 1.0;
        let line = |line: &LineSettings| Line {
            gate: Gate::new(line.segment(), aspect),
            settings: line.clone(),
            entries: 0,
            exits: 0,
        };
        let lines: Vec<Line> = settings.lines.iter().map(line).collect();
        let follower = Follower::new(settings.following(state::most_movers(lines.len())), classes);
        let settle = settings.settle();
        Ok(LineCrossing { settings, lines, follower, settle, aspect })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        self.lay_out(frame.size);
        let mut output = Output::new();
        let (settings, settle, lines) = (&self.settings, self.settle, &mut self.lines);
        let count = lines.len();
        self.follower.follow(
            (frame, tracks),
            |_, _| vec![Passage::default(); count],
            |mover, sighting, now| {
                let near = sighting.near(settings.hysteresis);
                let step = Step { near, settle, from: mover.at, to: sighting.at, now };
                for (line, passage) in lines.iter_mut().zip(&mut mover.data) {
                    if let Some(side) = passage.observe(&line.gate, &step) {
                        line.count(side, sighting.id, &mut output);
                    }
                }
            },
        );
        // A side that nobody contradicts for long enough counts, seen or not.
        for mover in self.follower.unseen_mut(frame.time) {
            let settle_unseen = |passage: &mut Passage| passage.settle_unseen(frame.time, settle);
            settle_with(&mut self.lines, mover, settle_unseen, &mut output);
        }
        self.report(&mut output);
        Ok(output)
    }

    fn finish(&mut self, _time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        // Nothing can contradict any more what was last seen.
        for mover in self.follower.movers_mut() {
            settle_with(&mut self.lines, mover, Passage::settle_finally, &mut output);
        }
        self.report(&mut output);
        Ok(output)
    }

    fn save(&self) -> State {
        State::of(self)
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        state.give_to(self)
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        check_no_question(&request)?;
        let mut lines = JsonMap::new();
        for line in &self.lines {
            let mut counts = JsonMap::new();
            counts.insert("entries".to_owned(), Json::from(line.entries));
            counts.insert("exits".to_owned(), Json::from(line.exits));
            lines.insert(line.settings.name.clone(), Json::Object(counts));
        }
        let mut answer = JsonMap::new();
        answer.insert("lines".to_owned(), Json::Object(lines));
        Ok(Json::Object(answer))
    }
}

impl LineCrossing {
    /// Distances are measured in picture heights, so the gates depend on the picture's shape.
    fn lay_out(&mut self, size: Size) {
        let aspect = size.width.max(1) as f32 / size.height.max(1) as f32;
        if aspect != self.aspect {
            self.aspect = aspect;
            for line in &mut self.lines {
                line.gate = Gate::new(line.settings.segment(), aspect);
            }
        }
    }

    fn report(&self, output: &mut Output) {
        for line in &self.lines {
            let name = &line.settings.name;
            output.measure(format!("{name}.entries"), line.entries as f64);
            output.measure(format!("{name}.exits"), line.exits as f64);
            let label = format!("{name}  in {} out {}", line.entries, line.exits);
            output.draw_line(line.settings.segment(), Tone::Neutral, label);
        }
    }
}

/// Counts what settles without being seen.
fn settle_with(
    lines: &mut [Line],
    mover: &mut Mover<Vec<Passage>>,
    settle: impl Fn(&mut Passage) -> Option<Side>,
    output: &mut Output,
) {
    for (line, passage) in lines.iter_mut().zip(&mut mover.data) {
        if let Some(side) = settle(passage) {
            line.count(side, mover.id, output);
        }
    }
}

impl Line {
    /// Counts an arrival on `side`.
    fn count(&mut self, side: Side, track: u64, output: &mut Output) {
        let direction = if side == self.settings.entry.arrives_on() {
            self.entries += 1;
            "entry"
        } else {
            self.exits += 1;
            "exit"
        };
        output
            .event("line-crossing")
            .track(track)
            .attribute("line", self.settings.name.as_str())
            .attribute("direction", direction);
    }
}

ocellus_sdk::export!(LineCrossing);
