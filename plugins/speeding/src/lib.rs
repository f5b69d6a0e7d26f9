//! Measures the speed of vehicles and says which were too fast.
//!
//! It needs a calibrated camera: the host then says of each track where it stands on the ground and how it moves.
//! A vehicle's speed in a zone is the mean over all that was seen of it there ([`passage`]). A vehicle is too fast
//! where that speed lies above the limit by more than `sureness` times its own standard deviation. It is reported
//! once a zone, when it has left or after `report_after_s`, as an event of kind `speeding` with the attributes
//! `zone`, `speed_kmh` (the mean), `peak_kmh` (the highest mean over a second), `uncertainty_kmh` (one standard
//! deviation of the mean), `limit_kmh`, `seconds` and `class`. With `"report": "all"` every vehicle that has left
//! is an event of kind `passage` with the same attributes.
//!
//! A track that takes over from one that vanished beside it goes on in its place ([`vehicle`]).

mod passage;
mod record;
mod settings;
mod state;
mod vehicle;

use std::collections::BTreeMap;
use std::time::Duration;

use ocellus_sdk::prelude::*;

use passage::{Passage, Place, Speed};
use record::{Finding, Record};
use settings::Zone;
pub use settings::{Report, Settings, ZoneSettings};
pub use state::State;
use vehicle::{Newcomer, Vehicle};

/// Vehicles kept at once: more are in no picture, and the state stays bounded.
const MOST_VEHICLES: usize = 256;
/// Passages of all of them together; a state of so many is within the limit of 1 MiB.
const MOST_PASSAGES: usize = 800;
/// Sightings without a place on the ground after which that is said.
const TELLING: u32 = 100;
/// Violations in an answer, unless asked for otherwise.
const ANSWERED: usize = 50;

/// The rule.
pub struct Speeding {
    settings: Settings,
    classes: ClassFilter,
    class_names: Vec<String>,
    zones: Vec<Zone>,
    report_after: Duration,
    vehicles: BTreeMap<u64, Vehicle>,
    record: Record,
    /// Sightings without a place on the ground, until there is one: then the camera is calibrated.
    unplaced: Option<u32>,
}

/// A track that drives, in one frame.
struct Sighting {
    id: u64,
    class: u32,
    foot: Point,
    head: Point,
    ground: Ground,
    first_seen: TimeUs,
}

impl Rule for Speeding {
    const NAME: &'static str = "speeding";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const SUMMARY: &'static str = "Measures the speed of vehicles and says which were too fast.";
    type Settings = Settings;
    type State = State;

    fn settings_schema() -> String {
        include_str!("../settings.schema.json").to_owned()
    }

    fn configure(settings: Settings, site: &Site) -> Result<Speeding, String> {
        let zones = settings.check()?;
        let classes = settings.vehicles(site)?;
        let class_names = site.cameras().first().map(|camera| camera.classes.to_vec()).unwrap_or_default();
        let report_after = settings.report_after();
        Ok(Speeding {
            settings,
            classes,
            class_names,
            zones,
            report_after,
            vehicles: BTreeMap::new(),
            record: Record::default(),
            unplaced: Some(0),
        })
    }

    fn process(&mut self, frame: &Frame, tracks: &Tracks) -> Result<Output, String> {
        let mut output = Output::new();
        let sightings = self.sightings(frame, tracks);
        self.hand_over(frame.time, &sightings);
        for sighting in &sightings {
            self.observe(frame.time, sighting);
        }
        self.settle(frame.time, &mut output);
        self.report(&sightings, &mut output);
        Ok(output)
    }

    fn finish(&mut self, _time: TimeUs) -> Result<Output, String> {
        let mut output = Output::new();
        let mut vehicles = std::mem::take(&mut self.vehicles);
        for vehicle in vehicles.values_mut() {
            self.judge(vehicle, &mut output, |_| true);
        }
        Ok(output)
    }

    fn save(&self) -> State {
        State::of(self)
    }

    fn restore(&mut self, state: State, _version: &str) -> Result<(), String> {
        state.give_to(self);
        Ok(())
    }

    /// `{}` or `{"limit": 100}`: the newest violations, oldest first.
    fn query(&self, request: Json) -> Result<Json, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Request {
            limit: Option<usize>,
        }
        let limit = match request {
            Json::Null => None,
            other => {
                let read = Request::deserialize(other)
                    .map_err(|error| format!("{error}; ask for {{}} or {{\"limit\": 100}}"))?;
                read.limit
            }
        };
        let violations: Vec<_> = self.record.newest(limit.unwrap_or(ANSWERED)).collect();
        let violations = serde_json::to_value(&violations).map_err(|error| error.to_string())?;
        let mut answer = JsonMap::new();
        answer.insert("total".to_owned(), Json::from(self.record.count()));
        answer.insert("violations".to_owned(), violations);
        Ok(Json::Object(answer))
    }
}

impl Speeding {
    fn sightings(&mut self, frame: &Frame, tracks: &Tracks) -> Vec<Sighting> {
        let mut sightings = Vec::new();
        for track in tracks {
            if !track.is_confirmed() || !self.classes.accepts(frame.camera, track.class()) {
                continue;
            }
            let Some(ground) = track.ground() else {
                self.miss_ground();
                continue;
            };
            self.unplaced = None;
            let rect = track.rect();
            let head = Point::new(rect.x, rect.y);
            let first_seen = track.first_seen();
            sightings.push(Sighting {
                first_seen,
                id: track.id(),
                class: track.class(),
                foot: track.foot(),
                head,
                ground,
            });
            if sightings.len() == MOST_VEHICLES {
                break;
            }
        }
        sightings
    }

    /// Says once that a camera without calibration has no speeds.
    fn miss_ground(&mut self) {
        let Some(unplaced) = &mut self.unplaced else { return };
        *unplaced = unplaced.saturating_add(1);
        if *unplaced == TELLING {
            log::warn(
                "no vehicle has a place on the ground: calibrate the camera, or no speed can be measured",
            );
        }
    }

    /// Has each track whose speed has just become known go on as the vehicle that should be there by now and is not seen.
    fn hand_over(&mut self, time: TimeUs, sightings: &[Sighting]) {
        for sighting in sightings {
            let is_new = self.vehicles.get(&sighting.id).is_none_or(Vehicle::is_new);
            let Some(place) = Place::of(time, &sighting.ground).filter(|_| is_new) else { continue };
            let newcomer = Newcomer { place, first_seen: sighting.first_seen };
            let is_seen = |id: u64| sightings.iter().any(|sighting| sighting.id == id);
            let vanished = self.vehicles.values().filter(|vehicle| !is_seen(vehicle.id) && !vehicle.is_new());
            let candidates = vanished.filter_map(|vehicle| Some((vehicle.misses(&newcomer)?, vehicle.id)));
            let best = candidates.min_by(|one, other| one.0.total_cmp(&other.0));
            if let Some((_, former)) = best
                && let Some(vehicle) = self.vehicles.remove(&former)
            {
                self.vehicles.insert(sighting.id, vehicle.renamed(sighting.id));
            }
        }
    }

    fn observe(&mut self, time: TimeUs, sighting: &Sighting) {
        if self.vehicles.len() >= MOST_VEHICLES && !self.vehicles.contains_key(&sighting.id) {
            return;
        }
        let passages: usize = self.vehicles.values().map(|vehicle| vehicle.visits.len()).sum();
        let room = passages + self.zones.len() <= MOST_PASSAGES;
        let (id, ground) = (sighting.id, &sighting.ground);
        let vehicle =
            self.vehicles.entry(id).or_insert_with(|| Vehicle::new(id, sighting.class, time, ground));
        vehicle.class = sighting.class;
        vehicle.see(time, ground);
        let Some(place) = Place::of(time, ground) else { return };
        for (number, zone) in self.zones.iter().enumerate() {
            if zone.contains(sighting.foot) && (room || vehicle.visits.contains_key(&number)) {
                vehicle.visit(number, &place);
            }
        }
    }

    /// Ends the visits of those that have left, and reports those that stay and are too fast.
    fn settle(&mut self, now: TimeUs, output: &mut Output) {
        let mut vehicles = std::mem::take(&mut self.vehicles);
        vehicles.retain(|_, vehicle| {
            let left =
                |passage: &Passage| now.0.saturating_sub(passage.last_us) as f64 / 1e6 > vehicle::AWAY_S;
            self.judge(vehicle, output, left);
            !vehicle.is_gone(now)
        });
        self.vehicles = vehicles;
    }

    /// Reports what is due of a vehicle: of a zone that it `has_left`, which ends the passage, and where it was too fast
    /// for long.
    fn judge(&mut self, vehicle: &mut Vehicle, output: &mut Output, has_left: impl Fn(&Passage) -> bool) {
        let (id, class) = (vehicle.id, self.class_names.get(vehicle.class as usize));
        for (number, visit) in &mut vehicle.visits {
            let (Some(zone), Some(passage)) = (self.zones.get(*number), &visit.passage) else { continue };
            let left = has_left(passage);
            if !left && passage.time_s() < self.report_after.as_secs_f64() {
                continue;
            }
            if let Some(speed) = self.settings.judged(passage) {
                let finding = finding(id, class.map(String::as_str), zone, passage, speed);
                if left && self.settings.report == Report::All {
                    finding.write("passage", output);
                }
                if !visit.is_reported && self.settings.is_too_fast(speed, zone.limit_kmh) {
                    visit.is_reported = true;
                    finding.write("speeding", output);
                    self.record.add(&finding);
                }
            }
            if left {
                visit.passage = None;
            }
        }
    }

    fn report(&mut self, sightings: &[Sighting], output: &mut Output) {
        let mut over = vec![0_u32; self.zones.len()];
        let (mut measured, mut speeding) = (0, 0);
        for sighting in sightings {
            let Some(mps) = sighting.ground.speed_mps() else { continue };
            let kmh = f64::from(mps) * 3.6;
            let mut is_over = false;
            let mut is_inside = false;
            for (zone, over) in self.zones.iter().zip(&mut over) {
                if zone.contains(sighting.foot) {
                    is_inside = true;
                    if kmh > zone.limit_kmh {
                        is_over = true;
                        *over += 1;
                    }
                }
            }
            if is_inside {
                measured += 1;
                speeding += u32::from(is_over);
                let tone = if is_over { Tone::Bad } else { Tone::Neutral };
                output.draw_label(sighting.head, tone, format!("{kmh:.0} km/h"));
            }
        }
        for (zone, over) in self.zones.iter().zip(over) {
            if let Some(polygon) = &zone.polygon {
                let tone = if over > 0 { Tone::Bad } else { Tone::Neutral };
                output.draw_polygon(polygon, tone, format!("{} {:.0} km/h", zone.name, zone.limit_kmh));
            }
        }
        output.measure("vehicles", f64::from(measured));
        output.measure("speeding_count", f64::from(speeding));
        output.measure("violations", self.record.count() as f64);
    }
}

impl Settings {
    /// The speed, where enough of the vehicle was seen.
    fn judged(&self, passage: &Passage) -> Option<Speed> {
        let enough = passage.time_s() >= self.min_time_s && passage.way_m() >= self.min_distance_m;
        if enough { passage.speed() } else { None }
    }

    fn is_too_fast(&self, speed: Speed, limit_kmh: f64) -> bool {
        speed.mean_kmh - self.sureness * speed.sigma_kmh > limit_kmh
    }
}

fn finding<'a>(
    track: u64,
    class: Option<&'a str>,
    zone: &'a Zone,
    passage: &Passage,
    speed: Speed,
) -> Finding<'a> {
    let (from_us, to_us) = (passage.first_us, passage.last_us);
    Finding { track, zone: &zone.name, class, from_us, to_us, speed, limit_kmh: zone.limit_kmh }
}

ocellus_sdk::export!(Speeding);
