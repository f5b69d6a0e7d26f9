//! What an operator or a sensor knows better than the camera.

use std::collections::BTreeMap;
use std::time::Duration;

use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_range, seconds};

/// Corrections of one command.
const MOST: usize = 1000;
/// A year.
const LONGEST_S: f64 = 31_536_000.0;
/// Less is over before anybody sees it.
const SHORTEST_S: f64 = 0.1;

/// The state that a space has by correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// Nothing if it is said to be unknown.
    pub(crate) occupied: Option<bool>,
    pub(crate) since_us: u64,
    /// Until then whatever the camera sees; until the camera sees a change, where left out.
    pub(crate) until_us: Option<u64>,
}

/// A command for one space.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    pub(crate) space: String,
    state: Wanted,
    #[serde(default)]
    for_s: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wanted {
    Occupied,
    Empty,
    Unknown,
    /// No correction any more.
    AsSeen,
}

impl Command {
    /// One command, or a list of them.
    pub(crate) fn read(request: Json) -> Result<Vec<Command>, String> {
        let list = match request {
            Json::Array(list) => list,
            one => vec![one],
        };
        if list.is_empty() || list.len() > MOST {
            return Err(format!("the command has {} corrections; give 1 to {MOST}", list.len()));
        }
        let read = |(index, one): (usize, Json)| {
            let command = Command::deserialize(one).map_err(|error| {
                format!(
                    "correction {index}: {error}; give {{\"space\": NAME, \"state\": \"occupied\"}}, and \"for_s\" \
                     where it holds for a time"
                )
            })?;
            if let Some(for_s) = command.for_s {
                check_range(&format!("correction {index}: for_s"), for_s, SHORTEST_S..=LONGEST_S, "seconds")?;
            }
            if command.state == Wanted::AsSeen && command.for_s.is_some() {
                return Err(format!("correction {index}: as-seen ends a correction; leave out for_s"));
            }
            Ok(command)
        };
        let commands = list.into_iter().enumerate().map(read).collect::<Result<Vec<Command>, String>>()?;
        let mut known = BTreeMap::new();
        for (index, command) in commands.iter().enumerate() {
            if let Some(first) = known.insert(command.space.as_str(), index) {
                return Err(format!(
                    "correction {index} is of space {:?} like correction {first}; give one a space",
                    command.space
                ));
            }
        }
        Ok(commands)
    }

    /// What it makes of a space at `now`.
    pub(crate) fn correction(&self, now: TimeUs) -> Option<Correction> {
        let occupied = match self.state {
            Wanted::Occupied => Some(true),
            Wanted::Empty => Some(false),
            Wanted::Unknown => None,
            Wanted::AsSeen => return None,
        };
        let until = |for_s: f64| (now + seconds(for_s).max(Duration::from_micros(1))).0;
        Some(Correction { occupied, since_us: now.0, until_us: self.for_s.map(until) })
    }
}

impl Correction {
    /// As an answer has it.
    pub(crate) fn answer(self, space: &str) -> Json {
        let state = match self.occupied {
            Some(true) => "occupied",
            Some(false) => "empty",
            None => "unknown",
        };
        let mut answer = JsonMap::new();
        answer.insert("space".to_owned(), Json::from(space));
        answer.insert("state".to_owned(), Json::from(state));
        answer.insert("since_us".to_owned(), Json::from(self.since_us));
        answer.insert("until_us".to_owned(), Json::from(self.until_us));
        Json::Object(answer)
    }
}
