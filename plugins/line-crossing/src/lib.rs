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
//! - a track that takes over from one that vanished beside it goes on in its place ([`handover`]).

mod gate;
mod handover;
mod mover;
mod passage;
mod settings;
mod state;

use ocellus_sdk::prelude::*;

use gate::Gate;
use mover::{Mover, Movers, Sighting};
use passage::{Passage, Side, Step};
use settings::Times;
pub use settings::{Anchor, Entry, LineSettings, Settings};
pub use state::State;

/// Anchors further outside the picture than this are no objects, whatever the tracker says.
const FURTHEST: f32 = 10.0;

/// The rule.
pub struct LineCrossing {
    settings: Settings,
    classes: ClassFilter,
    lines: Vec<Line>,
    movers: Movers,
    /// Tracks of the last frame that were not believed yet: where one that is believed now began.
    glimpses: Vec<(TimeUs, Sighting)>,
    times: Times,
    /// Movers kept at once, so that memory and state stay bounded.
    most_movers: usize,
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
        let times = settings.times();
        let most_movers = state::most_movers(lines.len());
        Ok(LineCrossing {
            settings,
            classes,
            lines,
            movers: Movers::default(),
            glimpses: Vec::new(),
            times,
            most_movers,
            aspect,
        })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        self.lay_out(frame.size);
        let mut output = Output::new();
        let (sightings, seen) = self.sightings(frame, tracks, TrackState::Confirmed);
        let oldest = frame.time - self.times.memory;
        self.movers.retain(|mover| mover.time >= oldest);
        let newcomers: Vec<&Sighting> =
            sightings.iter().filter(|sighting| !self.movers.contains(sighting.id)).collect();
        if !newcomers.is_empty() {
            self.hand_over(frame.time, &newcomers, &seen);
            self.make_room(newcomers.len(), &seen);
        }
        for sighting in &sightings {
            self.observe(sighting, frame.time, &mut output);
        }
        self.settle_unseen(frame.time, &seen, &mut output);
        let (glimpses, _) = self.sightings(frame, tracks, TrackState::Tentative);
        self.glimpses = glimpses.into_iter().take(self.most_movers).map(|seen| (frame.time, seen)).collect();
        self.report(&mut output);
        Ok(output)
    }

    fn finish(&mut self, _time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        // Nothing can contradict any more what was last seen.
        for mover in self.movers.iter_mut() {
            settle(&mut self.lines, mover, Passage::settle_finally, &mut output);
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

    fn query(&self, _request: Json) -> Result<Json, String> {
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

    /// The tracks of this frame in a state and of a class that counts, each id once, and their ids in order.
    fn sightings(&self, frame: &Frame, tracks: &Tracks, state: TrackState) -> (Vec<Sighting>, Vec<u64>) {
        let most = tracks.iter().size_hint().1.unwrap_or(0);
        let (mut sightings, mut seen) = (Vec::with_capacity(most), Vec::with_capacity(most));
        let counts = |track: &TrackView<'_>| {
            track.state() == state && self.classes.accepts(frame.camera, track.class())
        };
        for track in tracks.iter().filter(counts) {
            let at = match self.settings.anchor {
                Anchor::Foot => track.foot(),
                Anchor::Centre => track.centre(),
            };
            let rect = track.rect();
            let is_sane = at.x.abs() <= FURTHEST
                && at.y.abs() <= FURTHEST
                && (0.0..=FURTHEST).contains(&rect.width)
                && (0.0..=FURTHEST).contains(&rect.height);
            if let Err(place) = seen.binary_search(&track.id())
                && is_sane
            {
                seen.insert(place, track.id());
                sightings.push(Sighting {
                    id: track.id(),
                    class: track.class(),
                    at,
                    size: [rect.width, rect.height],
                    first_seen: track.first_seen(),
                });
            }
        }
        (sightings, seen)
    }

    /// Newcomers take over from tracks that vanished beside them.
    fn hand_over(&mut self, now: TimeUs, newcomers: &[&Sighting], seen: &[u64]) {
        let longest = self.times.handover;
        if longest.is_zero() {
            return;
        }
        let has_vanished =
            |mover: &&Mover| seen.binary_search(&mover.id).is_err() && now.since(mover.time) <= longest;
        let vanished: Vec<&Mover> = self.movers.iter().filter(has_vanished).collect();
        for (from, to) in handover::pairs(now, self.aspect, &vanished, newcomers) {
            if let Some(mover) = self.movers.remove(from) {
                self.movers.insert(Mover { id: to, predecessor: Some(from), ..mover });
            }
        }
    }

    /// Forgets those unseen for longest, so that there is a place for each newcomer. (One that took over
    /// needs none, so this may forget a few too early.)
    fn make_room(&mut self, newcomers: usize, seen: &[u64]) {
        let over = (self.movers.len() + newcomers).saturating_sub(self.most_movers);
        for _ in 0..over {
            let unseen = self.movers.iter().filter(|mover| seen.binary_search(&mover.id).is_err());
            match unseen.min_by_key(|mover| (mover.time, mover.id)).map(|mover| mover.id) {
                Some(id) => self.movers.remove(id),
                None => return,
            };
        }
    }

    /// A track first seen just before the line has its side from when it was not believed yet; such a
    /// glimpse alone never counts.
    fn observe(&mut self, sighting: &Sighting, now: TimeUs, output: &mut Output) {
        let is_new = !self.movers.contains(sighting.id);
        let glimpse = self.glimpses.iter().find(|(_, glimpse)| is_new && glimpse.id == sighting.id);
        if let Some((time, glimpse)) = glimpse.copied() {
            self.step(&glimpse, time, output);
        }
        self.step(sighting, now, output);
    }

    fn step(&mut self, sighting: &Sighting, now: TimeUs, output: &mut Output) {
        let Some(mover) = self
            .movers
            .get_or_insert(sighting.id, self.most_movers, || Mover::new(sighting, now, self.lines.len()))
        else {
            return;
        };
        let step = Step {
            near: self.settings.near(sighting.size[1]),
            settle: self.times.settle,
            from: mover.at,
            to: sighting.at,
            now,
        };
        for (line, passage) in self.lines.iter_mut().zip(&mut mover.passages) {
            if let Some(side) = passage.observe(&line.gate, &step) {
                line.count(side, sighting.id, output);
            }
        }
        mover.move_to(sighting, now);
    }

    /// A side that nobody contradicts for long enough counts, seen or not.
    fn settle_unseen(&mut self, now: TimeUs, seen: &[u64], output: &mut Output) {
        let after = self.times.settle;
        for mover in self.movers.iter_mut() {
            if seen.binary_search(&mover.id).is_err() {
                settle(&mut self.lines, mover, |passage| passage.settle_unseen(now, after), output);
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
fn settle(
    lines: &mut [Line],
    mover: &mut Mover,
    settle: impl Fn(&mut Passage) -> Option<Side>,
    output: &mut Output,
) {
    for (line, passage) in lines.iter_mut().zip(&mut mover.passages) {
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
