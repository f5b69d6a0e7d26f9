//! Counts objects that cross lines.
//!
//! Each line has a name and a direction that is an entry. Every crossing is an event of kind
//! `line-crossing` with the attributes `line`, `direction` (`entry` or `exit`) and `class`; the counts so far
//! are the measurements `<line>.entries` and `<line>.exits`, and by class `<line>.entries.<class>`. With
//! `interval_s`, `line-total` says for each interval how often each line was crossed in it.
//!
//! What counts, and what does not:
//! - only confirmed tracks move; a lost one keeps its place until it is seen again;
//! - a side counts once the anchor is beyond the hysteresis ([`passage`]), so trembling counts nothing;
//! - the path must lead through the line itself, not around its end ([`gate`]);
//! - a track that takes over from one that vanished beside it goes on in its place ([`Follower`]).

mod counts;
mod gate;
mod passage;
mod settings;
mod state;

use std::rc::Rc;
use std::time::Duration;

use ocellus_sdk::check_no_question;
use ocellus_sdk::follow::{Follower, Mover};
use ocellus_sdk::prelude::*;

use counts::{Counts, Direction, Interval, Span};
use gate::Gate;
use passage::{Passage, Side, Step};
pub use settings::{Entry, LineSettings, Settings};
pub use state::State;

/// Bytes of a measurement's name that the host takes.
const MEASUREMENT_BYTES: usize = 128;
/// Measurements a call: the host takes a thousand.
const MOST_MEASUREMENTS: usize = 900;

/// The rule.
pub struct LineCrossing {
    settings: Settings,
    lines: Vec<Line>,
    /// None where no totals are wanted.
    interval: Option<Interval>,
    /// When an interval began that an instance before counted, and that this one will not go on with.
    left_open: Option<TimeUs>,
    /// The camera's class names.
    names: Rc<[String]>,
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
    counts: Counts,
    /// Of the interval that runs.
    lately: Counts,
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
            counts: Counts::default(),
            lately: Counts::default(),
        };
        let lines: Vec<Line> = settings.lines.iter().map(line).collect();
        let follower = Follower::new(settings.following(state::most_movers(lines.len())), classes);
        let settle = settings.settle();
        let interval = settings.interval_us().map(Interval::new);
        let names = site.cameras().first().map_or_else(|| Rc::from([]), |camera| camera.classes.clone());
        Ok(LineCrossing { settings, lines, interval, left_open: None, names, follower, settle, aspect })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        self.lay_out(frame.size);
        let mut output = Output::new();
        self.close(frame.time, &mut output);
        if let Some(span) = self.interval.as_mut().and_then(|interval| interval.observe(frame.time)) {
            self.total(span, &mut output);
        }
        let (settings, settle, lines) = (&self.settings, self.settle, &mut self.lines);
        let names = &self.names;
        let count = lines.len();
        self.follower.follow(
            (frame, tracks),
            |_, _| vec![Passage::default(); count],
            |mover, sighting, now| {
                let near = sighting.near(settings.hysteresis);
                let step = Step { near, settle, from: mover.at, to: sighting.at, now };
                for (line, passage) in lines.iter_mut().zip(&mut mover.data) {
                    if let Some(side) = passage.observe(&line.gate, &step) {
                        line.count(side, (sighting.id, name_of(names, sighting.class)), &mut output);
                    }
                }
            },
        );
        // A side that nobody contradicts for long enough counts, seen or not.
        for mover in self.follower.unseen_mut(frame.time) {
            let settle_unseen = |passage: &mut Passage| passage.settle_unseen(frame.time, settle);
            settle_with((&mut self.lines, &self.names), mover, settle_unseen, &mut output);
        }
        self.report(&mut output);
        Ok(output)
    }

    fn finish(&mut self, time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        // Nothing can contradict any more what was last seen.
        for mover in self.follower.movers_mut() {
            settle_with((&mut self.lines, &self.names), mover, Passage::settle_finally, &mut output);
        }
        self.close(time, &mut output);
        if let Some(span) = self.interval.as_mut().and_then(|interval| interval.end(time)) {
            self.total(span, &mut output);
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
            lines.insert(line.settings.name.clone(), Json::Object(line.counts.answer()));
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

    /// Says what was counted in an interval that the settings before had.
    fn close(&mut self, now: TimeUs, output: &mut Output) {
        if let Some(from) = self.left_open.take() {
            self.total(Span { from, to: now.max(from) }, output);
        }
    }

    /// Says how often each line was crossed in an interval that is over, and begins the next.
    fn total(&mut self, span: Span, output: &mut Output) {
        for line in &mut self.lines {
            let Counts { entries, exits, classes } = std::mem::take(&mut line.lately);
            let mut event = output
                .event("line-total")
                .attribute("line", line.settings.name.as_str())
                .attribute("from_us", span.from.0 as i64)
                .attribute("to_us", span.to.0 as i64)
                .attribute("entries", entries as i64)
                .attribute("exits", exits as i64);
            for (class, entries, exits) in classes {
                event = event
                    .attribute(&format!("entries.{class}"), entries as i64)
                    .attribute(&format!("exits.{class}"), exits as i64);
            }
        }
    }

    fn report(&self, output: &mut Output) {
        let mut room = MOST_MEASUREMENTS.saturating_sub(2 * self.lines.len());
        for line in &self.lines {
            let name = &line.settings.name;
            let Counts { entries, exits, classes } = &line.counts;
            output.measure(format!("{name}.entries"), *entries as f64);
            output.measure(format!("{name}.exits"), *exits as f64);
            for (class, entries, exits) in classes {
                let fits = name.len() + ".entries.".len() + class.len() <= MEASUREMENT_BYTES;
                if fits && room >= 2 {
                    room -= 2;
                    output.measure(format!("{name}.entries.{class}"), *entries as f64);
                    output.measure(format!("{name}.exits.{class}"), *exits as f64);
                }
            }
            let label = format!("{name}  in {entries} out {exits}");
            output.draw_line(line.settings.segment(), Tone::Neutral, label);
        }
    }
}

/// What the camera calls a class.
fn name_of(names: &[String], class: u32) -> Option<&str> {
    names.get(usize::try_from(class).ok()?).map(String::as_str)
}

/// Counts what settles without being seen.
fn settle_with(
    (lines, names): (&mut [Line], &[String]),
    mover: &mut Mover<Vec<Passage>>,
    settle: impl Fn(&mut Passage) -> Option<Side>,
    output: &mut Output,
) {
    for (line, passage) in lines.iter_mut().zip(&mut mover.data) {
        if let Some(side) = settle(passage) {
            line.count(side, (mover.id, name_of(names, mover.class)), output);
        }
    }
}

impl Line {
    /// Counts an arrival on `side`.
    fn count(&mut self, side: Side, (track, class): (u64, Option<&str>), output: &mut Output) {
        let is_entry = side == self.settings.entry.arrives_on();
        let direction = if is_entry { Direction::Entry } else { Direction::Exit };
        self.counts.add(direction, class);
        self.lately.add(direction, class);
        let event = output
            .event("line-crossing")
            .track(track)
            .attribute("line", self.settings.name.as_str())
            .attribute("direction", direction.word());
        if let Some(class) = class {
            event.attribute("class", class);
        }
    }
}

ocellus_sdk::export!(LineCrossing);
