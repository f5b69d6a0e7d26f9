//! Keeps a log of the number plates that were read: one entry a vehicle, its text voted from all readings.
//!
//! A new entry is an event of kind `plate`, one whose text is corrected by later readings of kind `plate-corrected`;
//! both say the `entry`'s number, `plate`, `confidence` and `readings`. Plates on lists are `plate-allowed`,
//! `plate-denied` and `plate-unlisted`. The answer to a question is the log, newest first.
//!
//! Readings are made by the host; the rule needs the power `readings`. Where texts are masked or hashed, they are kept
//! nowhere as they were read: not in events, not in the log, and not in the state, so that a vehicle that is being read
//! when the rule changes is voted on anew.

mod entries;
mod plate;
mod privacy;
mod question;
mod settings;
mod watch;

use ocellus_sdk::follow::{Follower, Mover, SavedSighting};
use ocellus_sdk::prelude::*;

pub use entries::{Entries, Entry};
use plate::{Verdict, Votes};
use privacy::Privacy;
use question::Question;
pub use settings::{ListKind, LookAlike, PrivacySettings, Settings, WatchList};
use watch::Watch;

/// Events of one call: the host takes 1000. Further ones are logged, but not told.
const MOST_EVENTS: usize = 900;

/// The rule.
pub struct PlateLog {
    settings: Settings,
    privacy: Privacy,
    watch: Watch,
    follower: Follower<Vehicle>,
    entries: Entries,
    /// Whether it was said that lists are of no use here.
    has_warned: bool,
}

/// What is remembered of a vehicle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Vehicle {
    #[serde(with = "plate::saved")]
    votes: Votes,
    /// When it was first read.
    first_us: Option<u64>,
    /// Its entry's number, once it has one.
    entry: Option<u64>,
    /// The track that was read last.
    #[serde(default)]
    track: Option<u64>,
}

impl Vehicle {
    /// One more reading. A newcomer goes on in the place of a vehicle that vanished nearby; where its plate says
    /// something else altogether, it is another vehicle after all.
    fn add(&mut self, track: u64, text: &str, confidence: f32) {
        let is_newcomer = self.track.replace(track).is_some_and(|former| former != track);
        if is_newcomer && self.votes.verdict(1).is_some_and(|former| !plate::alike(&former.text, text)) {
            *self = Vehicle { track: Some(track), ..Vehicle::default() };
        }
        self.votes.add(text, confidence);
    }
}

/// What lasts over a restart or a change of version.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    entries: Entries,
    movers: Vec<Mover<Vehicle>>,
    glimpses: Vec<SavedSighting>,
}

impl Rule for PlateLog {
    const NAME: &'static str = "plate-log";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Keeps a log of the number plates that were read, one entry a vehicle.";
    const POWERS: Powers = Powers::NONE.with(Power::Readings);
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<PlateLog, String> {
        let (watch, privacy) = (settings.check()?, settings.privacy()?);
        site.require(Power::Readings)?;
        let follower = Follower::new(settings.following(), ClassFilter::all());
        Ok(PlateLog { settings, privacy, watch, follower, entries: Entries::default(), has_warned: false })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        let mut output = Output::new();
        self.follower.follow((frame, tracks), |_, _| Vehicle::default(), |_, _, _| {});
        for track in tracks.iter().filter(TrackView::is_confirmed) {
            self.read(&track, frame.time, &mut output);
        }
        self.entries.forget(self.settings.keep as usize, self.settings.keep_for(), frame.time);
        self.draw(tracks, &mut output);
        output.measure("plates", self.entries.count as f64);
        Ok(output)
    }

    fn save(&self) -> State {
        let saved = |mover: &Mover<Vehicle>| {
            let mut mover = mover.clone();
            if !self.privacy.keeps_texts() {
                mover.data.votes = Votes::default();
            }
            mover
        };
        State {
            entries: self.entries.clone(),
            movers: self.follower.movers().map(saved).collect(),
            glimpses: self.follower.saved_glimpses(),
        }
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        self.entries = state.entries;
        self.entries.forget(self.settings.keep as usize, None, TimeUs(0));
        self.follower.restore(state.movers, state.glimpses);
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        Question::read(request)?.answer(&self.entries, &self.settings.lists)
    }
}

impl PlateLog {
    /// Takes in what was read on a track.
    fn read(&mut self, track: &TrackView<'_>, now: TimeUs, output: &mut Output) {
        if track.readings().next().is_none() {
            return;
        }
        let Some(mover) = self.follower.get_mut(track.id()) else { return };
        let before = mover.data.votes.clone();
        for reading in track.readings().filter(|reading| reading.kind == self.settings.kind) {
            let is_sure = f64::from(reading.confidence) >= self.settings.min_confidence;
            let text = plate::normalised(&reading.text)
                .filter(|text| is_sure && text.chars().count() >= self.settings.min_length);
            if let Some(text) = text {
                mover.data.add(track.id(), &text, reading.confidence);
            }
        }
        if mover.data.votes == before {
            return;
        }
        let first_us = *mover.data.first_us.get_or_insert(now.0);
        let Some(verdict) = mover.data.votes.verdict(self.settings.min_readings) else { return };
        let entry = mover.data.entry;
        let number = self.enter((track.id(), entry), &verdict, (TimeUs(first_us), now), output);
        if let Some(mover) = self.follower.get_mut(track.id()) {
            mover.data.entry = Some(number);
        }
    }

    /// Writes a verdict into the log: into the vehicle's entry, or that of the same plate shortly before, or a new
    /// one.
    fn enter(
        &mut self,
        (track, entry): (u64, Option<u64>),
        verdict: &Verdict,
        (first, now): (TimeUs, TimeUs),
        output: &mut Output,
    ) -> u64 {
        let text = self.privacy.shown(&verdict.text);
        let confidence = (verdict.confidence * 1000.0).round() as u32;
        let again = || {
            let since = now - self.settings.again();
            let tells_apart = self.privacy.tells_apart() && !watch::is_masked(&text);
            tells_apart.then(|| self.entries.latest(&text, since)).flatten()
        };
        let meaning = self.watch.meaning(&verdict.text);
        if watch::is_masked(&verdict.text) && !self.watch.is_empty() && !self.has_warned {
            self.has_warned = true;
            log::warn(
                "the camera masks plates, so that none can be found on a list; set the camera's plates.privacy to keep, or leave \
                 out the lists",
            );
        }
        let list = meaning.event().and_then(|(_, list)| list.map(str::to_owned));
        let known = entry.or_else(again);
        if let Some(found) = known.and_then(|number| self.entries.get_mut(number)) {
            let is_corrected = found.text != text;
            (found.last_us, found.track) = (now.0, track);
            (found.confidence, found.readings) = (confidence, found.readings.max(verdict.readings));
            let number = found.number;
            if is_corrected {
                (found.text, found.list) = (text, list);
                self.tell("plate-corrected", number, output);
                self.tell_meaning(&meaning, number, output);
            }
            return number;
        }
        let readings = verdict.readings;
        let (first_us, last_us) = (first.0, now.0);
        let number =
            self.entries.add(Entry { number: 0, text, confidence, readings, first_us, last_us, track, list });
        self.tell("plate", number, output);
        self.tell_meaning(&meaning, number, output);
        number
    }

    fn tell_meaning(&mut self, meaning: &watch::Meaning, number: u64, output: &mut Output) {
        if let Some((kind, _)) = meaning.event() {
            self.tell(kind, number, output);
        }
    }

    fn tell(&mut self, kind: &str, number: u64, output: &mut Output) {
        let Some(entry) = self.entries.get_mut(number).filter(|_| output.events().len() < MOST_EVENTS) else {
            return;
        };
        let event = output
            .event(kind)
            .track(entry.track)
            .attribute("entry", i64::try_from(number).unwrap_or(i64::MAX))
            .attribute("plate", entry.text.as_str())
            .attribute("confidence", f64::from(entry.confidence) / 1000.0)
            .attribute("readings", i64::from(entry.readings));
        if let Some(list) = &entry.list {
            event.attribute("list", list.as_str());
        }
    }

    /// Writes each vehicle's plate beside its box.
    fn draw(&mut self, tracks: &Tracks, output: &mut Output) {
        for track in tracks.iter().filter(TrackView::is_confirmed) {
            let number = self.follower.get_mut(track.id()).and_then(|mover| mover.data.entry);
            let Some(entry) = number.and_then(|number| self.entries.get_mut(number)) else { continue };
            let rect = track.rect();
            output.draw_label(Point::new(rect.x, rect.bottom()), Tone::Neutral, entry.text.as_str());
        }
    }
}

ocellus_sdk::export!(PlateLog);
