//! Says which parking spaces are occupied.
//!
//! A change that held for `hold_s` is an event of kind `parking` with the attributes `space` (its name)
//! and `occupied` (yes or no). A space is unknown at first, and its first settled state is an event too,
//! so the last event of each space is its state: a consumer needs nothing else. The numbers of spaces
//! `total`, `occupied` and `available` are measurements; a space not settled yet is neither occupied
//! nor available. Spaces can be on levels: each change of a level's numbers is an event of kind `parking-level`, and a
//! message to the rule `parking-levels`, which adds up the cameras of a location.
//!
//! An operator or a sensor corrects a space with a command ([`Correction`]): for a time, or until the camera sees it
//! change.
//!
//! A space becomes occupied by vehicles that are seen, and stays so while its vehicle is lost but
//! expected to be there: a detector that blinks frees no space.

mod correction;
mod fill;
mod level;
mod settings;
mod space;

use std::time::Duration;

use ocellus_sdk::check_no_question;
use ocellus_sdk::prelude::*;

use correction::Command;
pub use correction::Correction;
use fill::Vehicle;
use level::Levels;
pub use level::Spots;
pub use settings::{LevelSettings, Match, RectSettings, Settings, SpaceSettings};
use space::Space;
pub use space::{SavedSpace, SavedTelling, State};

/// Vehicles looked at in one frame, so that a flood of boxes costs bounded time.
const MOST_VEHICLES: usize = 1024;

/// The rule.
pub struct Parking {
    settings: Settings,
    vehicles: ClassFilter,
    spaces: Vec<Space>,
    levels: Levels,
    hold: Duration,
}

impl Rule for Parking {
    const NAME: &'static str = "parking";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Says which parking spaces are occupied, and how many by level.";
    const POWERS: Powers = Powers::NONE.with(Power::Messages);
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<Parking, String> {
        let spaces = settings.check()?;
        let vehicles = settings.vehicles(site)?;
        let hold = settings.hold();
        let topic = Name::new(level::TOPIC).ok().filter(|_| site.granted(Power::Messages));
        let levels = Levels::new(&settings.location, &settings.levels, topic);
        Ok(Parking { settings, vehicles, spaces, levels, hold })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        let counts = |track: &TrackView<'_>| {
            track.state() != TrackState::Tentative && self.vehicles.accepts(frame.camera, track.class())
        };
        let vehicle = |track: TrackView<'_>| Vehicle { rect: track.rect(), is_seen: track.is_confirmed() };
        let vehicles: Vec<Vehicle> = tracks.iter().filter(counts).map(vehicle).take(MOST_VEHICLES).collect();
        let filled = fill::fill(&self.settings, &self.spaces, &vehicles);
        let mut output = Output::new();
        for (space, filled) in self.spaces.iter_mut().zip(filled) {
            space.observe(filled, frame.time, self.hold);
            space.tell(frame.time, &mut output);
        }
        self.report(frame.time, &mut output);
        Ok(output)
    }

    fn save(&self) -> State {
        State::of(&self.spaces, &self.levels)
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        state.give_to(&mut self.spaces, &mut self.levels);
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        check_no_question(&request)?;
        let mut answer = Spots::of(self.spaces.iter()).answer();
        let by_name = |value: fn(&Space) -> Json| {
            Json::Object(self.spaces.iter().map(|space| (space.name.clone(), value(space))).collect())
        };
        answer.insert("spaces".to_owned(), by_name(|space| Json::from(space.state())));
        answer.insert("updated_us".to_owned(), by_name(|space| Json::from(space.updated.map(|time| time.0))));
        let corrections =
            self.spaces.iter().filter_map(|space| Some(space.correction?.answer(space.name.as_str())));
        answer.insert("corrections".to_owned(), Json::Array(corrections.collect()));
        answer.insert("location".to_owned(), Json::from(self.levels.location()));
        answer.insert("levels".to_owned(), self.levels.answer());
        Ok(Json::Object(answer))
    }

    fn command(&mut self, time: TimeUs, request: Json) -> Result<Output, String> {
        let commands = Command::read(request)?;
        let place = |command: &Command| {
            let known = self.spaces.iter().position(|space| space.name == command.space);
            known.ok_or_else(|| format!("there is no space {:?}; query tells their names", command.space))
        };
        let places = commands.iter().map(place).collect::<Result<Vec<_>, String>>()?;
        let mut output = Output::new();
        for (command, place) in commands.iter().zip(places) {
            let space = &mut self.spaces[place];
            space.correction = command.correction(time);
            space.tell(time, &mut output);
        }
        self.report(time, &mut output);
        Ok(output)
    }
}

impl Parking {
    fn report(&mut self, now: TimeUs, output: &mut Output) {
        for (name, count) in Spots::of(self.spaces.iter()).named() {
            output.measure(name, f64::from(count));
        }
        self.levels.count(&self.spaces);
        self.levels.report(now, output);
        for space in &self.spaces {
            let tone = match space.state() {
                Some(true) => Tone::Bad,
                Some(false) => Tone::Good,
                None => Tone::Neutral,
            };
            output.draw_polygon(&space.polygon, tone, space.name.as_str());
        }
    }
}

ocellus_sdk::export!(Parking);
