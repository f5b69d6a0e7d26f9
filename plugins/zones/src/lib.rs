//! Says who is in which zone, for how long, which way they go, and how many they are.
//!
//! Events, each with the attribute `zone`: `zone-enter`, `zone-leave` (after `seconds`; `how` is `left`, `vanished` or
//! `ended`), `zone-dwell`, `zone-loitering`, `zone-wrong-way`, and `zone-limit` where there are too many or too few.
//! How many are inside is the measurement `<zone>.count`, by class `<zone>.count.<class>`.
//!
//! A track enters once its anchor is clearly inside ([`ocellus_sdk::region`]), and one that takes over from a track
//! that vanished beside it goes on with its stay ([`ocellus_sdk::follow`]). Who is not seen stays where they were last
//! seen for `memory_s`.

mod settings;
mod state;
mod visit;
mod watch;
mod zone;

use std::rc::Rc;

use ocellus_sdk::check_no_question;
use ocellus_sdk::follow::Follower;
use ocellus_sdk::prelude::*;

pub use settings::{Direction, Settings, ZoneSettings};
pub use state::State;
pub use visit::Visit;
use watch::{How, Watch};
use zone::Zone;
pub use zone::{Breach, Numbers};

/// The rule.
pub struct Zones {
    settings: Settings,
    zones: Vec<Zone>,
    follower: Follower<Vec<Visit>>,
    /// The camera's class names.
    names: Rc<[String]>,
    size: Size,
}

impl Rule for Zones {
    const NAME: &'static str = "zones";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Says who is in which zone, for how long, which way they go, and how many.";
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<Zones, String> {
        let polygons = settings.check()?;
        let classes = match &settings.classes {
            Some(names) => site.classes(names).map_err(|error| format!("classes: {error}"))?,
            None => ClassFilter::all(),
        };
        let zones = settings.zones.iter().cloned().zip(polygons);
        let zones = zones.map(|(zone, polygon)| Zone::new(zone, polygon)).collect();
        let follower = Follower::new(settings.following(), classes);
        let names = site.cameras().first().map_or_else(|| Rc::from([]), |camera| camera.classes.clone());
        Ok(Zones { settings, zones, follower, names, size: Size::new(1, 1) })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        if self.size != frame.size {
            self.size = frame.size;
            self.zones.iter_mut().for_each(|zone| zone.lay_out(frame.size));
        }
        let mut output = Output::new();
        let known: usize = self.follower.movers().map(|mover| mover.data.len()).sum();
        let mut watch = Watch::new(
            (&self.settings, &mut self.zones),
            &self.names,
            state::MOST_VISITS.saturating_sub(known),
        );
        let forgotten = self.follower.follow(
            (frame, tracks),
            |_, _| Vec::new(),
            |mover, sighting, now| watch.step(mover, sighting, now, &mut output),
        );
        for mut mover in forgotten {
            watch.end(&mut mover, How::Vanished, &mut output);
        }
        for mover in self.follower.unseen_mut(frame.time) {
            watch.settle(mover, frame.time, &mut output);
        }
        self.count();
        self.zones.iter_mut().for_each(|zone| zone.judge(frame.time, &mut output));
        self.zones.iter().for_each(|zone| zone.report(&mut output));
        Ok(output)
    }

    fn finish(&mut self, _time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        let mut watch = Watch::new((&self.settings, &mut self.zones), &self.names, 0);
        for mover in self.follower.movers_mut() {
            watch.end(mover, How::Ended, &mut output);
        }
        self.count();
        self.zones.iter().for_each(|zone| zone.report(&mut output));
        Ok(output)
    }

    fn save(&self) -> State {
        State::of(self)
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        state.give_to(self);
        Ok(())
    }

    fn query(&self, request: Json) -> Result<Json, String> {
        check_no_question(&request)?;
        let zones = self.zones.iter().map(|zone| (zone.settings.name.clone(), zone.answer()));
        let mut answer = JsonMap::new();
        answer.insert("zones".to_owned(), Json::Object(zones.collect()));
        Ok(Json::Object(answer))
    }
}

impl Zones {
    /// Counts who is inside.
    fn count(&mut self) {
        self.zones.iter_mut().for_each(Zone::empty);
        for mover in self.follower.movers() {
            let class = usize::try_from(mover.class).ok().and_then(|class| self.names.get(class));
            for visit in mover.data.iter().filter(|visit| visit.presence.is_inside()) {
                if let Some(zone) = self.zones.get_mut(visit.zone) {
                    zone.add(class.map(String::as_str));
                }
            }
        }
    }
}

ocellus_sdk::export!(Zones);
