//! Says which parking spaces are occupied.
//!
//! A change that held for `hold_s` is an event of kind `parking` with the attributes `space` (its name)
//! and `occupied` (yes or no). A space is unknown at first, and its first settled state is an event too,
//! so the last event of each space is its state: a consumer needs nothing else. The numbers of spaces
//! `total`, `occupied` and `available` are measurements; a space not settled yet is neither occupied
//! nor available.
//!
//! A space becomes occupied by vehicles that are seen, and stays so while its vehicle is lost but
//! expected to be there: a detector that blinks frees no space.

mod fill;
mod settings;
mod space;

use std::time::Duration;

use ocellus_sdk::prelude::*;

use fill::Vehicle;
pub use settings::{Match, Settings, SpaceSettings};
use space::Space;
pub use space::{SavedSpace, State};

/// Vehicles looked at in one frame, so that a flood of boxes costs bounded time.
const MOST_VEHICLES: usize = 1024;

/// The rule.
pub struct Parking {
    settings: Settings,
    vehicles: ClassFilter,
    spaces: Vec<Space>,
    hold: Duration,
}

impl Rule for Parking {
    const NAME: &'static str = "parking";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Says which parking spaces are occupied.";
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<Parking, String> {
        let spaces = settings.check()?;
        let vehicles = settings.vehicles(site)?;
        let hold = settings.hold();
        Ok(Parking { settings, vehicles, spaces, hold })
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
            if let Some(occupied) = space.observe(filled, frame.time, self.hold) {
                output
                    .event("parking")
                    .attribute("space", space.name.as_str())
                    .attribute("occupied", occupied);
            }
        }
        self.report(&mut output);
        Ok(output)
    }

    fn save(&self) -> State {
        State::of(&self.spaces)
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        state.give_to(&mut self.spaces);
        Ok(())
    }

    fn query(&self, _request: Json) -> Result<Json, String> {
        let mut spaces = JsonMap::new();
        for space in &self.spaces {
            spaces.insert(space.name.clone(), Json::from(space.occupied));
        }
        let mut answer = JsonMap::new();
        for (name, count) in self.numbers() {
            answer.insert(name.to_owned(), Json::from(count));
        }
        answer.insert("spaces".to_owned(), Json::Object(spaces));
        Ok(Json::Object(answer))
    }

    fn command(&mut self, _time: TimeUs, _request: Json) -> Result<Output, String> {
        Err("parking takes no corrections in this version; its spaces follow what the camera sees".to_owned())
    }
}

impl Parking {
    fn numbers(&self) -> [(&'static str, usize); 3] {
        let count = |state: Option<bool>| self.spaces.iter().filter(|space| space.occupied == state).count();
        [("total", self.spaces.len()), ("occupied", count(Some(true))), ("available", count(Some(false)))]
    }

    fn report(&self, output: &mut Output) {
        for (name, count) in self.numbers() {
            output.measure(name, count as f64);
        }
        for space in &self.spaces {
            let tone = match space.occupied {
                Some(true) => Tone::Bad,
                Some(false) => Tone::Good,
                None => Tone::Neutral,
            };
            output.draw_polygon(&space.polygon, tone, space.name.as_str());
        }
    }
}

ocellus_sdk::export!(Parking);
