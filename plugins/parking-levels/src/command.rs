//! What people and sensors tell of the spaces that no camera sees.

use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_range, seconds};

use crate::level::{Level, Told};

/// A year.
const LONGEST_S: f64 = 31_536_000.0;
/// Less is over before anybody sees it.
const SHORTEST_S: f64 = 0.1;

/// A command for one level.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    level: String,
    /// So many of the unseen spaces are occupied.
    #[serde(default)]
    occupied: Option<u32>,
    /// So many more than before: a barrier's sensor counts in and out.
    #[serde(default)]
    change: Option<i32>,
    /// What was told is no longer true; with `rule`, what that one reports.
    #[serde(default)]
    forget: bool,
    /// A rule that is no more, or counts other spaces now.
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    for_s: Option<f64>,
}

/// The wanted number of a level.
#[derive(Debug, Clone, Copy)]
enum Wanted {
    Count(u32),
    Change(i32),
    Nothing,
}

impl Command {
    pub(crate) fn read(request: Json) -> Result<Command, String> {
        let command = Command::deserialize(request).map_err(|error| {
            format!(
                "{error}; give {{\"level\": ID, \"occupied\": 17}}, or \"change\": 1, or \"forget\": true"
            )
        })?;
        command.wanted()?;
        command.reporter()?;
        if let Some(for_s) = command.for_s {
            check_range("for_s", for_s, SHORTEST_S..=LONGEST_S, "seconds")?;
        }
        Ok(command)
    }

    fn wanted(&self) -> Result<Wanted, String> {
        match (self.occupied, self.change, self.forget) {
            (Some(count), None, false) => Ok(Wanted::Count(count)),
            (None, Some(change), false) => Ok(Wanted::Change(change)),
            (None, None, true) => Ok(Wanted::Nothing),
            _ => Err("give one of occupied, change and forget".to_owned()),
        }
    }

    /// The rule whose reports are to be forgotten.
    fn reporter(&self) -> Result<Option<&str>, String> {
        match (&self.rule, self.forget) {
            (Some(rule), true) => Ok(Some(rule)),
            (Some(_), false) => {
                Err("rule goes with \"forget\": true, which forgets what that rule reports".to_owned())
            }
            (None, _) => Ok(None),
        }
    }

    /// Does what it says, or refuses and changes nothing.
    pub(crate) fn apply(&self, levels: &mut [Level], now: TimeUs) -> Result<(), String> {
        let known: Vec<&str> = levels.iter().map(|level| level.settings.id.as_str()).collect();
        let place = known.iter().position(|id| *id == self.level);
        let place = place
            .ok_or_else(|| format!("there is no level {:?}; there are {}", self.level, known.join(", ")))?;
        let level = &mut levels[place];
        if let Some(rule) = self.reporter()? {
            return level.forget_rule(rule);
        }
        let unseen = level.settings.unseen;
        if unseen == 0 {
            return Err(format!(
                "cameras see all spaces of level {:?}; correct these by commands to their rules, or say in unseen how \
                 many no camera sees",
                self.level
            ));
        }
        let occupied = match self.wanted()? {
            Wanted::Count(count) if count > unseen => {
                return Err(format!(
                    "occupied is {count}; level {:?} has {unseen} unseen spaces",
                    self.level
                ));
            }
            Wanted::Count(count) => count,
            Wanted::Change(by) => {
                // A sensor that missed a car must not be refused the next one.
                let before = level.memory.told.map_or(0, |told| told.occupied);
                before.saturating_add_signed(by).min(unseen)
            }
            Wanted::Nothing => {
                level.memory.told = None;
                return Ok(());
            }
        };
        let until_us = self.for_s.map(|for_s| (now + seconds(for_s)).0);
        level.memory.told = Some(Told { occupied, since_us: now.0, until_us });
        Ok(())
    }
}
