//! Counts vehicles through a region of interest: how many entered, how many are inside, by type, how many a minute, for
//! how long, and how fast where the camera is calibrated.
//!
//! A vehicle that leaves is an event of kind `vehicle` with `type`, `seconds` and, where measured, `kmh`. The end of a
//! recording is one of kind `traffic-report` with the totals. The measurements `total_vehicles` and `current_in_roi`,
//! and both by type, stand in every frame.
//!
//! A vehicle has one type, which is what it was taken for most often, and one mean speed, however many frames show it.

mod settings;
mod stay;
mod totals;

use std::rc::Rc;
use std::time::Duration;

use ocellus_sdk::check_no_question;
use ocellus_sdk::follow::{Follower, Mover, SavedSighting};
use ocellus_sdk::prelude::*;
use ocellus_sdk::region::{Change, Patience, Region};
use ocellus_sdk::settings::seconds;

pub use settings::Settings;
pub use stay::Stay;
use totals::kmh;
pub use totals::{Totals, Type};

/// Events of one call: the host takes 1000. Further ones are counted, but not told.
const MOST_EVENTS: usize = 900;
/// Types that the report names; an event has at most 64 attributes.
const REPORTED_TYPES: usize = 48;

/// The rule.
pub struct TrafficStats {
    settings: Settings,
    outline: Polygon,
    region: Region,
    follower: Follower<Stay>,
    totals: Totals,
    names: Rc<[String]>,
    window: Duration,
    /// How many are inside, and how fast those are that were seen last.
    inside: u64,
    speed_mmps: Option<u64>,
}

/// What lasts over a restart or a change of version.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    roi: Vec<[f32; 2]>,
    totals: Totals,
    movers: Vec<Mover<Stay>>,
    glimpses: Vec<SavedSighting>,
}

impl Rule for TrafficStats {
    const NAME: &'static str = "traffic-stats";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Counts vehicles through a region: flow, dwell, types and speeds.";
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<TrafficStats, String> {
        let outline = settings.check()?;
        let follower = Follower::new(settings.following(), settings.vehicles(site)?);
        let names = site.cameras().first().map_or_else(|| Rc::from([]), |camera| camera.classes.clone());
        Ok(TrafficStats {
            region: Region::new(&outline, Size::new(1, 1)),
            window: seconds(settings.flow_s),
            settings,
            outline,
            follower,
            totals: Totals::default(),
            names,
            inside: 0,
            speed_mmps: None,
        })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        if !self.region.is_for(frame.size) {
            self.region = Region::new(&self.outline, frame.size);
        }
        self.totals.began_us.get_or_insert(frame.time.0);
        let mut output = Output::new();
        let (region, hysteresis, settle) = (&self.region, self.settings.hysteresis, self.settings.settle());
        let mut changes = Vec::new();
        let forgotten = self.follower.follow(
            (frame, tracks),
            |_, _| Stay::default(),
            |mover, sighting, now| {
                let near = region.near(sighting.near(hysteresis));
                let depth = region.depth(sighting.at, near * 4.0);
                let change = mover.data.presence.observe(depth, Patience { near, settle }, now);
                if let Some(change) = change {
                    changes.push(Changed::of(mover, change));
                }
                if mover.data.presence.is_inside() {
                    mover.data.take_for(sighting.class);
                }
            },
        );
        for mover in self.follower.unseen_mut(frame.time) {
            if let Some(change) = mover.data.presence.settle_unseen(frame.time, settle) {
                changes.push(Changed::of(mover, change));
            }
        }
        for change in changes {
            self.take(change, &mut output);
        }
        for mut mover in forgotten {
            self.end(&mut mover, &mut output);
        }
        self.measure_speeds(tracks);
        self.report(frame.time, &mut output);
        Ok(output)
    }

    fn finish(&mut self, time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        let mut movers: Vec<Mover<Stay>> = self.follower.movers().cloned().collect();
        for mover in &mut movers {
            self.end(mover, &mut output);
        }
        self.follower.restore(movers, []);
        self.report(time, &mut output);
        let lasted = time.since(TimeUs(self.totals.began_us.unwrap_or(time.0)));
        let event = output.event("traffic-report").attribute("total_vehicles", whole(self.totals.entries));
        let mut event = event.attribute("seconds", lasted.as_secs_f64());
        for (key, value) in
            [("mean_dwell_s", self.totals.mean_dwell_s()), ("mean_speed_kmh", self.totals.mean_kmh())]
        {
            if let Some(value) = value {
                event = event.attribute(key, value);
            }
        }
        for found in self.totals.types.iter().filter(|found| found.left > 0).take(REPORTED_TYPES) {
            event = event.attribute(&format!("type.{}", found.name), whole(found.left));
        }
        Ok(output)
    }

    fn save(&self) -> State {
        State {
            roi: self.outline.corners().iter().map(|corner| [corner.x, corner.y]).collect(),
            totals: self.totals.clone(),
            movers: self.follower.movers().cloned().collect(),
            glimpses: self.follower.saved_glimpses(),
        }
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        let State { roi, totals, movers, glimpses } = state;
        self.totals = totals;
        self.totals.forget_more_types();
        // Where the region was moved, who is inside enters anew: it was another region.
        if self.outline.corners().iter().map(|corner| [corner.x, corner.y]).eq(roi) {
            self.follower.restore(movers, glimpses);
        }
        self.count();
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        check_no_question(&request)?;
        let mut answer = JsonMap::new();
        let mut say = |key: &str, value: Json| answer.insert(key.to_owned(), value);
        say("total_vehicles", Json::from(self.totals.entries));
        say("current_in_roi", Json::from(self.inside));
        say("left", Json::from(self.totals.exits));
        say("mean_dwell_s", Json::from(self.totals.mean_dwell_s()));
        say("mean_speed_kmh", Json::from(self.totals.mean_kmh()));
        say("current_speed_kmh", Json::from(self.speed_mmps.map(kmh)));
        say("since_us", Json::from(self.totals.began_us));
        let of_type = |found: &Type| {
            let mut numbers = JsonMap::new();
            numbers.insert("total".to_owned(), Json::from(found.left + found.inside));
            numbers.insert("current".to_owned(), Json::from(found.inside));
            (found.name.clone(), Json::Object(numbers))
        };
        say("types", Json::Object(self.totals.types.iter().map(of_type).collect()));
        Ok(Json::Object(answer))
    }
}

/// A vehicle that has entered or left.
struct Changed {
    track: u64,
    change: Change,
    /// As it was before it entered, or until it left.
    stay: Stay,
}

impl Changed {
    fn of(mover: &mut Mover<Stay>, change: Change) -> Changed {
        let stay = mover.data.clone();
        if let Change::Entered(since) = change {
            mover.data.enter(since);
        }
        Changed { track: mover.id, change, stay }
    }
}

impl TrafficStats {
    fn take(&mut self, Changed { track, change, stay }: Changed, output: &mut Output) {
        match change {
            Change::Entered(since) => self.totals.enter(since, self.window),
            Change::Left(at) => self.leave((track, at), &stay, output),
        }
    }

    /// Nothing more is seen of it.
    fn end(&mut self, mover: &mut Mover<Stay>, output: &mut Output) {
        if let Some(change) = mover.data.presence.settle_finally() {
            let changed = Changed::of(mover, change);
            self.take(changed, output);
        }
        if mover.data.presence.is_inside() {
            let stay = std::mem::take(&mut mover.data);
            self.leave((mover.id, mover.time), &stay, output);
        }
    }

    fn leave(&mut self, (track, at): (u64, TimeUs), stay: &Stay, output: &mut Output) {
        let stayed_us = at.0.saturating_sub(stay.since_us);
        let names = Rc::clone(&self.names);
        let name = stay.class().and_then(|class| name_of(&names, class));
        self.totals.leave(stay, stayed_us, name);
        if output.events().len() >= MOST_EVENTS {
            return;
        }
        let mut event = output.event("vehicle").track(track);
        if let Some(name) = name {
            event = event.attribute("type", name);
        }
        event = event.attribute("seconds", stayed_us as f64 / 1e6);
        if let Some(speed_mmps) = stay.mean_mmps() {
            event.attribute("kmh", kmh(speed_mmps));
        }
    }

    /// Takes in how fast those are that are inside and seen.
    fn measure_speeds(&mut self, tracks: &Tracks) {
        let (mut sum, mut count) = (0_u64, 0_u64);
        for track in tracks.iter().filter(TrackView::is_confirmed) {
            let Some(speed_mps) = track.ground().and_then(|ground| ground.speed_mps()) else { continue };
            let Some(mover) = self.follower.get_mut(track.id()) else { continue };
            if mover.data.presence.is_inside() && speed_mps.is_finite() {
                let speed_mmps = (f64::from(speed_mps) * 1e3).round() as u64;
                mover.data.drive(speed_mmps);
                sum = sum.saturating_add(speed_mmps);
                count += 1;
            }
        }
        self.speed_mmps = sum.checked_div(count);
    }

    /// Counts who is inside, by type.
    fn count(&mut self) {
        self.totals.types.iter_mut().for_each(|found| found.inside = 0);
        self.inside = 0;
        for stay in self.follower.movers().map(|mover| &mover.data) {
            if stay.presence.is_inside() {
                self.inside += 1;
                let name = stay.class().and_then(|class| name_of(&self.names, class));
                if let Some(found) = self.totals.of_type(name) {
                    found.inside += 1;
                }
            }
        }
    }

    fn report(&mut self, now: TimeUs, output: &mut Output) {
        self.count();
        output.measure("total_vehicles", self.totals.entries as f64);
        output.measure("current_in_roi", self.inside as f64);
        output.measure("flow_per_minute", self.totals.flow_per_minute(now, self.window));
        for found in &self.totals.types {
            output.measure(format!("total_vehicles.{}", found.name), (found.left + found.inside) as f64);
            output.measure(format!("current_in_roi.{}", found.name), found.inside as f64);
        }
        let speed = self.speed_mmps.map(kmh);
        for (name, value) in [("mean_dwell_s", self.totals.mean_dwell_s()), ("current_speed_kmh", speed)] {
            if let Some(value) = value {
                output.measure(name, value);
            }
        }
        let label = format!("{} in, {} now", self.totals.entries, self.inside);
        output.draw_polygon(&self.outline, Tone::Neutral, label);
    }
}

fn name_of(names: &[String], class: u32) -> Option<&str> {
    names.get(usize::try_from(class).ok()?).map(String::as_str)
}

/// As attributes have it.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

ocellus_sdk::export!(TrafficStats);
