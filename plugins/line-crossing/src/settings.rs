//! Settings, and what is wrong with them.

use std::time::Duration;

use ocellus_sdk::follow::{Anchor, Following};
use ocellus_sdk::prelude::*;
use ocellus_sdk::settings::{check_range, seconds};

use crate::passage::Side;

/// Lines of one rule.
const MOST_LINES: usize = 64;
/// Characters of a line's name.
const LONGEST_NAME: usize = 64;
/// Bytes of it: with `.entries` behind it, it names a measurement, and the host takes 128 bytes.
const NAME_BYTES: usize = 120;
/// Below this a line is a dot, in shares of the picture.
const SHORTEST_LINE: f32 = 1e-3;
/// Settings of the rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The lines, each with a name of its own.
    pub lines: Vec<LineSettings>,
    /// Names of the classes that count; all of them if left out.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// The point of the box that crosses.
    #[serde(default)]
    pub anchor: Anchor,
    /// How far beyond the line the anchor must be for its side to count, in picture heights. 0 counts
    /// every change of side from one frame to the next as it is, and nothing but that.
    #[serde(default = "default_hysteresis")]
    #[schemars(range(min = 0.0, max = 0.5))]
    pub hysteresis: f64,
    /// Seconds that the anchor must stay beyond the line, unless it is beyond three times the hysteresis.
    #[serde(default = "default_settle_s")]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub settle_s: f64,
    /// A new track goes on in the place of one that vanished beside it up to so many seconds before; 0
    /// switches this off. 2 if left out, and 0 if the hysteresis is 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub handover_s: Option<f64>,
    /// Seconds after which a track that was not seen starts anew.
    #[serde(default = "default_memory_s")]
    #[schemars(range(min = 0.0, max = 3600.0))]
    pub memory_s: f64,
    /// Every so many seconds an event says how often each line was crossed since the last one; none if left out.
    #[serde(default)]
    #[schemars(range(min = 1.0, max = 86_400.0))]
    pub interval_s: Option<f64>,
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("format" = "line"))]
pub struct LineSettings {
    /// Its name in events; each line has its own.
    pub name: String,
    /// Where it starts.
    pub from: Position,
    /// Where it ends. An end at the picture's edge reaches beyond it.
    pub to: Position,
    /// Which direction is an entry.
    #[serde(default)]
    pub entry: Entry,
}

/// Which direction is an entry: as seen on a line that is drawn from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// From where cross(to − from, p − from) is positive to where it is negative, y pointing down: from
    /// the picture's left to its right over a line drawn from top to bottom.
    #[default]
    LeftToRight,
    /// The other way.
    RightToLeft,
}

fn default_hysteresis() -> f64 {
    0.01
}

fn default_settle_s() -> f64 {
    0.2
}

fn default_memory_s() -> f64 {
    5.0
}

impl Settings {
    /// Refuses what cannot be meant.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.lines.is_empty() || self.lines.len() > MOST_LINES {
            return Err(format!("lines has {} lines; give 1 to {MOST_LINES}", self.lines.len()));
        }
        for (index, line) in self.lines.iter().enumerate() {
            line.check(index)?;
            if let Some(first) = self.lines[..index].iter().position(|other| other.name == line.name) {
                return Err(format!(
                    "lines[{index}].name is {:?} like lines[{first}].name; give each line a name of its own",
                    line.name
                ));
            }
        }
        if self.classes.as_ref().is_some_and(Vec::is_empty) {
            return Err("classes is empty; name the classes that count, or leave it out for all".to_owned());
        }
        check_range("hysteresis", self.hysteresis, 0.0..=0.5, "picture heights")?;
        check_range("settle_s", self.settle_s, 0.0..=10.0, "seconds")?;
        check_range("handover_s", self.handover_s.unwrap_or(0.0), 0.0..=10.0, "seconds")?;
        if let Some(interval_s) = self.interval_s {
            check_range("interval_s", interval_s, 1.0..=86_400.0, "seconds")?;
        }
        check_range("memory_s", self.memory_s, 0.0..=3600.0, "seconds")
    }

    /// How long an interval is, where totals are wanted.
    pub(crate) fn interval_us(&self) -> Option<u64> {
        self.interval_s.map(|interval_s| seconds(interval_s).as_micros() as u64)
    }

    /// How long an anchor must stay beyond a line.
    pub(crate) fn settle(&self) -> Duration {
        seconds(self.settle_s)
    }

    /// How tracks are followed, at most so many of them.
    pub(crate) fn following(&self, most: usize) -> Following {
        let default = if self.hysteresis > 0.0 { 2.0 } else { 0.0 };
        let handover_s = self.handover_s.unwrap_or(default).min(self.memory_s);
        let (memory, handover) = (seconds(self.memory_s), seconds(handover_s));
        Following { anchor: self.anchor, memory, handover, most }
    }
}

impl LineSettings {
    /// Where it runs, in shares of the picture.
    pub(crate) fn segment(&self) -> Segment {
        let point = |position: Position| Point::new(position.0[0], position.0[1]);
        Segment::new(point(self.from), point(self.to))
    }

    fn check(&self, index: usize) -> Result<(), String> {
        let length = self.name.chars().count();
        if length == 0 || length > LONGEST_NAME {
            return Err(format!("lines[{index}].name has {length} characters; give it 1 to {LONGEST_NAME}"));
        }
        if self.name.len() > NAME_BYTES {
            let bytes = self.name.len();
            return Err(format!("lines[{index}].name has {bytes} bytes; give it at most {NAME_BYTES}"));
        }
        if self.name.contains(char::is_control) {
            return Err(format!("lines[{index}].name is {:?}; leave out control characters", self.name));
        }
        self.from.checked(&format!("lines[{index}].from"))?;
        self.to.checked(&format!("lines[{index}].to"))?;
        if self.segment().length() < SHORTEST_LINE {
            return Err(format!(
                "lines[{index}] ({:?}) starts and ends at [{}, {}]; move one end away",
                self.name, self.from.0[0], self.from.0[1]
            ));
        }
        Ok(())
    }
}

impl Entry {
    /// The side on which an entry arrives.
    pub(crate) fn arrives_on(self) -> Side {
        match self {
            Entry::LeftToRight => Side::Negative,
            Entry::RightToLeft => Side::Positive,
        }
    }
}
