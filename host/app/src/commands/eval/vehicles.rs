//! The vehicles of a scene with their speeds, and which of them each track is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::ensure;
use ocellus_core::eval::LabelledBox;

use super::boxes::{VISIBLE, check_room, frame_number};
use super::scene::{Frame, SceneTruth};

/// What scenes call vehicles whose speed is measured; people and bicycles are not asked for.
const VEHICLES: [&str; 5] = ["car", "truck", "bus", "van", "motorcycle"];
/// Seconds in view, well enough to be seen, from which on a vehicle without a measurement is missed.
const ENOUGH_S: f64 = 2.5;
/// A vehicle that is slower stands, in km/h.
const STANDS_KMH: f64 = 1.0;
/// A track is on the object whose box it shares more than this of (intersection over union).
const SHARED: f64 = 0.4;

/// The vehicles of a scene, by the object's id.
#[derive(Debug, Default)]
pub(super) struct Vehicles {
    vehicles: BTreeMap<u64, Vehicle>,
    /// In how many frames each track was on each object.
    tracks: BTreeMap<u64, BTreeMap<u64, usize>>,
}

/// What is known of one.
#[derive(Debug, Default)]
struct Vehicle {
    /// Of all frames, to be divided by their number.
    sum_kmh: f64,
    frames: u32,
    seen_s: f64,
}

impl Vehicle {
    fn kmh(&self) -> f64 {
        self.sum_kmh / f64::from(self.frames.max(1))
    }
}

impl Vehicles {
    /// Reads the truth of a scene beside tracks of the same frames.
    pub(super) fn read(path: &Path, mut tracks: Vec<LabelledBox>) -> anyhow::Result<Vehicles> {
        let mut scene = SceneTruth::open(path)?;
        let name = format!("truth {}", path.display());
        let is_vehicle: Vec<bool> =
            scene.header.classes.iter().map(|class| VEHICLES.contains(&class.as_str())).collect();
        let period_s = 1.0 / scene.header.frame_rate;
        tracks.sort_by_key(|track| track.frame);
        let mut vehicles = Vehicles::default();
        while let Some(mut frame) = scene.next()? {
            frame.objects.retain(|object| is_vehicle.get(object.class) == Some(&true));
            let number = frame_number(&name, frame.frame)?;
            let from = tracks.partition_point(|track| track.frame < number);
            let to = tracks.partition_point(|track| track.frame <= number);
            vehicles.see(&frame, number, &tracks[from..to], period_s);
            check_room(&name, vehicles.vehicles.len())?;
        }
        ensure!(
            !vehicles.vehicles.is_empty(),
            "{name} has no vehicles; name the truth of a scene with some, such as road"
        );
        Ok(vehicles)
    }

    fn see(&mut self, frame: &Frame, number: u32, tracks: &[LabelledBox], period_s: f64) {
        for object in &frame.objects {
            let vehicle = self.vehicles.entry(object.id).or_default();
            vehicle.sum_kmh += object.speed_mps * 3.6;
            vehicle.frames += 1;
            vehicle.seen_s += if object.visibility >= VISIBLE { period_s } else { 0.0 };
        }
        for track in tracks {
            let shared = frame.objects.iter().map(|object| (object.label(number).iou(track), object.id));
            let Some((share, object)) = shared.max_by(|a, b| a.0.total_cmp(&b.0)) else { continue };
            if share > SHARED {
                *self.tracks.entry(track.id).or_default().entry(object).or_default() += 1;
            }
        }
    }

    /// The object that a track was on in most frames, with its mean speed in km/h.
    pub(super) fn of_track(&self, track: u64) -> Option<(u64, f64)> {
        let (object, _) = self.tracks.get(&track)?.iter().max_by_key(|(_, frames)| **frames)?;
        Some((*object, self.vehicles.get(object)?.kmh()))
    }

    /// Those that drove in view for long enough to be measured.
    pub(super) fn to_be_measured(&self) -> BTreeSet<u64> {
        // Half a nanosecond of slack, as periods are no round numbers.
        let is_asked = |vehicle: &Vehicle| vehicle.seen_s + 5e-10 >= ENOUGH_S && vehicle.kmh() >= STANDS_KMH;
        self.vehicles.iter().filter(|(_, vehicle)| is_asked(vehicle)).map(|(object, _)| *object).collect()
    }
}
