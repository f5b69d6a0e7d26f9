//! What happened, for rules to be held against: a small JSON file, or the truth of a scene.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::scene::{SceneTruth, is_scene};
use crate::commands::files;

/// A larger file is something else: a day of a busy gate takes some megabytes.
const MOST_BYTES: u64 = 64 << 20;

/// More often nothing happens in a recording; sums of such numbers cannot overflow.
const MOST_TIMES: u64 = 1_000_000_000;
/// Seconds of a recording at most: thirty years.
const MOST_S: f64 = 1e9;

/// Times are in seconds from the beginning of the recording, or from `start_us`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Truth {
    /// The `time_us` of an event at second 0: 0 for a recording, the time of day for events of a live host.
    #[serde(default)]
    pub(super) start_us: u64,
    /// What is before is not looked at.
    #[serde(default)]
    pub(super) from_s: f64,
    /// What is from here on is not looked at.
    #[serde(default)]
    pub(super) to_s: Option<f64>,
    #[serde(default)]
    pub(super) counts: Vec<Count>,
    #[serde(default)]
    pub(super) occupancy: Vec<Space>,
    #[serde(default)]
    pub(super) speeds: Vec<Speed>,
}

/// How often something happened: `count`, or `times_s` with each moment.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Count {
    /// The kind of the events that tell of it.
    pub(super) kind: String,
    /// What these events have, besides other attributes.
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
    #[serde(default)]
    pub(super) count: Option<u64>,
    #[serde(default)]
    pub(super) times_s: Option<Vec<f64>>,
}

/// When a space was occupied; it was free otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Space {
    pub(super) space: String,
    pub(super) occupied_s: Vec<(f64, f64)>,
}

/// A vehicle with its speed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Speed {
    pub(super) time_s: f64,
    pub(super) speed_kmh: f64,
    /// What the event has, besides other attributes.
    #[serde(default)]
    pub(super) attributes: Map<String, Value>,
}

impl Truth {
    pub(super) fn read(path: &Path) -> anyhow::Result<Truth> {
        if is_scene(path)? {
            return of_scene(path);
        }
        let name = format!("truth {}", path.display());
        let text = files::read_text("truth", path, MOST_BYTES)?;
        let truth: Truth = serde_json::from_str(&text).with_context(|| {
            format!("{name} is not a truth of events; docs/operating.md says how one is written")
        })?;
        truth.check().with_context(|| name)?;
        Ok(truth)
    }

    fn check(&self) -> anyhow::Result<()> {
        let Truth { from_s, to_s, .. } = self;
        ensure!((0.0..MOST_S).contains(from_s), "from_s is {}, use seconds, 0 or more", short(*from_s));
        if let Some(to_s) = to_s {
            ensure!(*to_s < MOST_S, "to_s is {}, use seconds of the recording", short(*to_s));
            ensure!(to_s > from_s, "to_s is {to_s}, it must be after from_s, which is {from_s}");
        }
        for (index, count) in self.counts.iter().enumerate() {
            let has_one = count.count.is_some() != count.times_s.is_some();
            ensure!(has_one, "counts[{index}] must have count or times_s, and not both");
            let times = count.count.unwrap_or_default();
            ensure!(times <= MOST_TIMES, "counts[{index}].count is {times}, use at most {MOST_TIMES}");
            check_times(&format!("counts[{index}].times_s"), count.times_s.iter().flatten())?;
        }
        for Space { space, occupied_s } in &self.occupancy {
            check_spans(space, occupied_s)?;
            let same = self.occupancy.iter().filter(|other| other.space == *space).count();
            ensure!(same == 1, "occupancy has space {space} {same} times; put all its spans into one entry");
        }
        for (index, speed) in self.speeds.iter().enumerate() {
            check_times(&format!("speeds[{index}].time_s"), [&speed.time_s])?;
            let kmh = speed.speed_kmh;
            ensure!(
                (0.0..=1000.0).contains(&kmh),
                "speeds[{index}].speed_kmh is {}, use 0 to 1000",
                short(kmh)
            );
        }
        Ok(())
    }

    /// The window that is looked at, in seconds.
    pub(super) fn window(&self) -> (f64, f64) {
        (self.from_s, self.to_s.unwrap_or(f64::INFINITY))
    }
}

fn check_times<'a>(what: &str, times: impl IntoIterator<Item = &'a f64>) -> anyhow::Result<()> {
    for time in times {
        ensure!(
            (0.0..MOST_S).contains(time),
            "{what} has {}; use seconds from the beginning, 0 or more",
            short(*time)
        );
    }
    Ok(())
}

/// A number for a message: 1e300 and not three hundred digits.
fn short(value: f64) -> String {
    if value.abs() < 1e15 { value.to_string() } else { format!("{value:e}") }
}

fn check_spans(space: &str, spans: &[(f64, f64)]) -> anyhow::Result<()> {
    let mut spans = spans.to_vec();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (from, to) in &spans {
        ensure!(
            *from >= 0.0 && from < to && *to < MOST_S,
            "space {space} is occupied from {} to {}; a span begins at 0 or later and ends after it begins",
            short(*from),
            short(*to)
        );
    }
    if let Some(pair) = spans.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        bail!(
            "space {space} is occupied twice from {} to {}; make one span of the two",
            pair[1].0,
            pair[0].1
        );
    }
    Ok(())
}

/// What a scene says of its lines and spaces.
fn of_scene(path: &Path) -> anyhow::Result<Truth> {
    let mut scene = SceneTruth::open(path)?;
    let count = |line: &str, direction: &str| {
        let attributes = [("line".to_owned(), json!(line)), ("direction".to_owned(), json!(direction))];
        Count {
            kind: "line-crossing".into(),
            attributes: attributes.into_iter().collect(),
            count: None,
            times_s: Some(Vec::new()),
        }
    };
    let lines = scene.header.lines.iter();
    let mut counts: Vec<Count> =
        lines.flat_map(|line| ["entry", "exit"].map(|direction| count(&line.name, direction))).collect();
    let space = |space: String| Space { space, occupied_s: Vec::new() };
    let spaces = scene.header.spaces.iter();
    let mut occupancy: Vec<Space> = spaces.map(|named| space(named.name.clone())).collect();
    let period_s = 1.0 / scene.header.frame_rate;
    let mut end_s = 0.0;
    while let Some(frame) = scene.next()? {
        let time_s = frame.time_us as f64 / 1e6;
        end_s = time_s + period_s;
        for crossing in &frame.crossings {
            let is_it = |count: &&mut Count| {
                count.attributes["line"] == crossing.line.as_str()
                    && count.attributes["direction"] == crossing.direction.as_str()
            };
            if let Some(times) = counts.iter_mut().find(is_it).and_then(|count| count.times_s.as_mut()) {
                times.push(time_s);
            }
        }
        for state in frame.occupancy.iter().filter(|state| state.occupied) {
            let Some(space) = occupancy.iter_mut().find(|space| space.space == state.space) else { continue };
            match space.occupied_s.last_mut() {
                // Half a period of slack: frame times are whole microseconds.
                Some(last) if time_s - last.1 < period_s / 2.0 => last.1 = end_s,
                _ => space.occupied_s.push((time_s, end_s)),
            }
        }
    }
    Ok(Truth { to_s: Some(end_s), counts, occupancy, ..Truth::default() })
}
