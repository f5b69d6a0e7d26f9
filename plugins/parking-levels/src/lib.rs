//! Adds up parking spaces by level: what the rules `parking` of several cameras say, and what is told by hand of
//! spaces that no camera sees.
//!
//! Each change of a level's numbers is an event of kind `parking-level` with the attributes `level`, `name`, `location`,
//! `total`, `occupied` and `available`; the numbers are measurements, too. The answer to a question is a location with
//! its levels.

mod command;
mod level;
mod settings;

use ocellus_sdk::check_no_question;
use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::seconds;

use command::Command;
use level::Level;
pub use level::{Memory, Report, Spots, Told};
pub use settings::{LevelSettings, Settings};

/// What `parking` rules tell on the bus.
const TOPIC: &str = "parking-level";
/// More spaces than this are on no level.
const MOST_SPACES: i64 = 1_000_000;

/// The rule.
pub struct ParkingLevels {
    location: String,
    levels: Vec<Level>,
    forget_us: u64,
    /// Heard since the last frame.
    heard: Vec<(usize, Report)>,
}

/// What lasts over a restart or a change of version: levels by their ids.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    levels: Vec<(String, Memory)>,
}

impl Rule for ParkingLevels {
    const NAME: &'static str = "parking-levels";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Adds up parking spaces by level, over cameras and what is told by hand.";
    const SCOPE: Scope = Scope::Site;
    const POWERS: Powers = Powers::NONE.with(Power::Messages);
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<ParkingLevels, String> {
        settings.check()?;
        site.require(Power::Messages)?;
        let forget_us = seconds(settings.forget_s).as_micros() as u64;
        let level = |settings: LevelSettings| Level { settings, memory: Memory::default() };
        let levels = settings.levels.into_iter().map(level).collect();
        Ok(ParkingLevels { location: settings.location, levels, forget_us, heard: Vec::new() })
    }

    fn topics(&self) -> Vec<String> {
        vec![TOPIC.to_owned()]
    }

    fn hear(&mut self, message: &Message) {
        let get =
            |key: &str| message.attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        let text = |key: &str| match get(key) {
            Some(Value::Text(text)) => text.as_str(),
            _ => "",
        };
        let count = |key: &str| match get(key) {
            Some(Value::Integer(count)) if (0..=MOST_SPACES).contains(count) => u32::try_from(*count).ok(),
            _ => None,
        };
        let place = self.levels.iter().position(|level| level.settings.id == text("level"));
        if text("location") == self.location
            && let Some(place) = place
            && let (Some(total), Some(occupied), Some(available)) =
                (count("total"), count("occupied"), count("available"))
        {
            let spots = Spots { total, occupied, available };
            let (camera, rule) = (message.camera.to_string(), message.rule.to_string());
            self.heard.push((place, Report { camera, rule, heard_us: 0, spots }));
        }
    }

    fn process(&mut self, frame: &Frame, _tracks: &Tracks) -> Result<Output, String> {
        for (place, report) in std::mem::take(&mut self.heard) {
            self.levels[place].hear(Report { heard_us: frame.time.0, ..report });
        }
        Ok(self.report(frame.time))
    }

    fn finish(&mut self, time: TimeUs) -> Result<Output, String> {
        Ok(self.report(time))
    }

    fn save(&self) -> State {
        let saved = |level: &Level| (level.settings.id.clone(), level.memory.clone());
        State { levels: self.levels.iter().map(saved).collect() }
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        for (id, memory) in state.levels {
            if let Some(level) = self.levels.iter_mut().find(|level| level.settings.id == id) {
                level.memory = memory;
            }
        }
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        check_no_question(&request)?;
        let mut answer = JsonMap::new();
        answer.insert("location".to_owned(), Json::from(self.location.as_str()));
        answer.insert("levels".to_owned(), Json::Array(self.levels.iter().map(Level::answer).collect()));
        Ok(Json::Object(answer))
    }

    fn command(&mut self, time: TimeUs, request: Json) -> Result<Output, String> {
        Command::read(request)?.apply(&mut self.levels, time)?;
        Ok(self.report(time))
    }
}

impl ParkingLevels {
    fn report(&mut self, now: TimeUs) -> Output {
        let mut output = Output::new();
        for level in &mut self.levels {
            level.forget(now, self.forget_us);
            level.report(now, &self.location, &mut output);
        }
        output
    }
}

ocellus_sdk::export!(ParkingLevels);
