//! A zone: where it is, what counts in it, and its numbers.

use std::time::Duration;

use ocellus_sdk::prelude::*;
use ocellus_sdk::region::Region;
use ocellus_sdk::settings::seconds;

use crate::settings::ZoneSettings;

/// Classes that a zone counts apart; further ones are in the total only.
pub(crate) const MOST_CLASSES: usize = 12;
/// Bytes of a class's name in that of a measurement.
const CLASS_BYTES: usize = 56;

/// The way to go, as one looks at the picture.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) towards: [f32; 2],
    pub(crate) tolerance_deg: f64,
    pub(crate) aspect: f32,
}

/// A zone with its numbers.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) settings: ZoneSettings,
    pub(crate) polygon: Polygon,
    pub(crate) region: Region,
    pub(crate) way: Option<Way>,
    pub(crate) dwell_us: Option<u64>,
    pub(crate) loitering_us: Option<u64>,
    pub(crate) absence: Duration,
    pub(crate) numbers: Numbers,
    /// Who is inside now, by class in the order of `numbers.classes`, and in all.
    pub(crate) now: Vec<u32>,
    pub(crate) count: u32,
}

/// What lasts of a zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Numbers {
    pub(crate) entries: u64,
    pub(crate) exits: u64,
    /// All stays that are over, together.
    pub(crate) stayed_us: u64,
    /// Classes that were inside so far.
    pub(crate) classes: Vec<String>,
    pub(crate) over: Breach,
    pub(crate) under: Breach,
}

/// Whether a limit is broken, and since when it seems to be otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Breach {
    pub(crate) is_broken: bool,
    pending_us: Option<u64>,
}

impl Breach {
    /// Takes in one frame; whether it is broken now, if that has changed.
    fn observe(&mut self, is_beyond: bool, now: TimeUs, hold: Duration) -> Option<bool> {
        if is_beyond == self.is_broken {
            self.pending_us = None;
            return None;
        }
        let since = TimeUs(*self.pending_us.get_or_insert(now.0));
        (now.since(since) >= hold).then(|| {
            *self = Breach { is_broken: is_beyond, pending_us: None };
            is_beyond
        })
    }
}

impl Zone {
    pub(crate) fn new(settings: ZoneSettings, polygon: Polygon) -> Zone {
        let micros = |value: Option<f64>| value.map(|value| seconds(value).as_micros() as u64);
        let size = Size::new(1, 1);
        let mut zone = Zone {
            region: Region::new(&polygon, size),
            way: None,
            dwell_us: micros(settings.dwell_s),
            loitering_us: micros(settings.loitering_s),
            absence: seconds(settings.absence_s),
            numbers: Numbers::default(),
            now: Vec::new(),
            count: 0,
            settings,
            polygon,
        };
        zone.lay_out(size);
        zone
    }

    /// Distances are measured in picture heights, so they depend on the picture's shape.
    pub(crate) fn lay_out(&mut self, size: Size) {
        self.region = Region::new(&self.polygon, size);
        let aspect = size.width.max(1) as f32 / size.height.max(1) as f32;
        self.way = self.settings.direction.map(|direction| {
            let ([x1, y1], [x2, y2]) = (direction.from.0, direction.to.0);
            Way { towards: [(x2 - x1) * aspect, y2 - y1], tolerance_deg: direction.tolerance_deg, aspect }
        });
    }

    /// Nobody is inside, until [`Zone::add`] says otherwise.
    pub(crate) fn empty(&mut self) {
        (self.now, self.count) = (vec![0; self.numbers.classes.len()], 0);
    }

    /// One more of this class is inside.
    pub(crate) fn add(&mut self, class: Option<&str>) {
        self.count += 1;
        let Some(class) = class.filter(|class| !class.is_empty() && class.len() <= CLASS_BYTES) else {
            return;
        };
        match self.numbers.classes.iter().position(|known| known == class) {
            Some(place) => self.now[place] += 1,
            None if self.numbers.classes.len() < MOST_CLASSES && !class.contains(char::is_control) => {
                self.numbers.classes.push(class.to_owned());
                self.now.push(1);
            }
            None => {}
        }
    }

    /// Tells of limits that are broken from now on, or no more.
    pub(crate) fn judge(&mut self, now: TimeUs, output: &mut Output) {
        let hold = seconds(self.settings.limit_s);
        let count = self.count;
        let Numbers { over, under, .. } = &mut self.numbers;
        let limits = [
            ("over", self.settings.over, over, self.settings.over.is_some_and(|most| count > most)),
            ("under", self.settings.under, under, self.settings.under.is_some_and(|least| count < least)),
        ];
        for (limit, bound, breach, is_beyond) in limits {
            if let Some(broken) = breach.observe(is_beyond, now, hold) {
                output
                    .event("zone-limit")
                    .attribute("zone", self.settings.name.as_str())
                    .attribute("limit", limit)
                    .attribute("bound", i64::from(bound.unwrap_or(0)))
                    .attribute("broken", broken)
                    .attribute("count", i64::from(count));
            }
        }
    }

    /// Measures and draws.
    pub(crate) fn report(&self, output: &mut Output) {
        let name = &self.settings.name;
        output.measure(format!("{name}.count"), f64::from(self.count));
        for (class, count) in self.numbers.classes.iter().zip(&self.now) {
            output.measure(format!("{name}.count.{class}"), f64::from(*count));
        }
        output.measure(format!("{name}.entries"), self.numbers.entries as f64);
        output.measure(format!("{name}.exits"), self.numbers.exits as f64);
        let is_broken = self.numbers.over.is_broken || self.numbers.under.is_broken;
        let has_limit = self.settings.over.or(self.settings.under).is_some();
        let tone = match (has_limit, is_broken) {
            (_, true) => Tone::Bad,
            (true, false) => Tone::Good,
            (false, false) => Tone::Neutral,
        };
        output.draw_polygon(&self.polygon, tone, format!("{name}  {}", self.count));
        if let Some(direction) = self.settings.direction {
            let point = |position: Position| Point::new(position.0[0], position.0[1]);
            output.draw_line(Segment::new(point(direction.from), point(direction.to)), Tone::Neutral, "");
        }
    }

    /// Its numbers for a question.
    pub(crate) fn answer(&self) -> Json {
        let numbers = &self.numbers;
        let mut answer = JsonMap::new();
        answer.insert("count".to_owned(), Json::from(self.count));
        let classes =
            numbers.classes.iter().zip(&self.now).map(|(class, count)| (class.clone(), Json::from(*count)));
        answer.insert("classes".to_owned(), Json::Object(classes.collect()));
        answer.insert("entries".to_owned(), Json::from(numbers.entries));
        answer.insert("exits".to_owned(), Json::from(numbers.exits));
        let mean_s = numbers.stayed_us as f64 / 1e6 / numbers.exits.max(1) as f64;
        answer.insert("mean_stay_s".to_owned(), (numbers.exits > 0).then_some(mean_s).into());
        answer.insert("over".to_owned(), Json::from(numbers.over.is_broken));
        answer.insert("under".to_owned(), Json::from(numbers.under.is_broken));
        Json::Object(answer)
    }
}
