//! What the number plates of a camera's vehicles say, and which vehicles are worth a look.
//!
//! The lane keeps the votes of each track ([`Plates`]) and leaves after every frame what it would like to know next
//! ([`PlateWish`]). Whoever has the next picture chooses from that the parts to be looked at ([`PlatePlan::parts`]),
//! within the camera's budget. What was read is told to rules as it was, or masked or hashed; nothing else of a
//! text leaves this module.

mod choose;
mod log;
mod privacy;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use ocellus_core::plate::{Votes, normalised};
use ocellus_core::reading::PLATE;
use ocellus_core::tracker::Tracked;
use ocellus_core::{Picture, Rect, TimeUs, Track, TrackReading, TrackReadings};
use ocellus_inference::ReadPlate;

pub(crate) use self::choose::{PlateChoice, PlateLook, PlatePart, PlatePlan, PlateWish};
pub(crate) use self::log::PlateLog;
pub use self::log::SeenPlate;
pub use self::settings::{PlatePrivacy, PlatesError, PlatesSpec};

/// Readings that must agree before there is a verdict.
const LEAST_READINGS: u32 = 2;
/// Readings that must agree before a plate is sure, and the share of the weight that each of its characters must have.
const SURE_READINGS: u32 = 10;
const SURE_AGREEMENT: f64 = 0.8;
/// Letters and digits that a text must have to be taken for a plate.
const SHORTEST: usize = 3;
/// The least confidence of a reading that is told to anybody.
const LEAST_CONFIDENCE: f32 = 0.05;
/// Pixels of the largest picture of a plate that is kept, width and height.
const LARGEST_PICTURE: [u32; 2] = [512, 256];

/// What a track's plate says, as far as it is known.
#[derive(Debug, Clone)]
pub struct TrackPlate {
    /// The track's id.
    pub track: u64,
    /// The text that most readings speak for; masked or hashed where the camera is set so.
    pub text: String,
    /// Mean confidence of the readings that agree with it, 0..1.
    pub confidence: f64,
    /// How many readings agree with it but for one character.
    pub readings: u32,
    /// The clearest picture of it so far; none where the text is masked or hashed.
    pub picture: Option<Picture>,
}

/// A frame's tracks with what was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlateSighting<'a> {
    pub(crate) time: TimeUs,
    pub(crate) picture: &'a Picture,
    pub(crate) tracked: Tracked<'a>,
    /// One entry a detection, or none at all.
    pub(crate) looks: &'a [Option<PlateLook>],
}

/// The plates of one camera's tracks.
#[derive(Debug)]
pub(crate) struct Plates {
    privacy: PlatePrivacy,
    tracks: BTreeMap<u64, Plate>,
    /// Of the tracks that ended with the last frame.
    gone: Vec<SeenPlate>,
}

#[derive(Debug, Clone)]
struct Plate {
    votes: Votes,
    first: TimeUs,
    looked: Option<TimeUs>,
    /// The box as it was, and how its middle moved before, in pixels a second.
    rect: Rect,
    velocity: [f32; 2],
    time: TimeUs,
    is_sure: bool,
    best: Option<(f32, Picture)>,
    /// What is told of it; renewed with its votes.
    shown: Option<Arc<TrackPlate>>,
}

impl Plates {
    pub(crate) fn new(privacy: PlatePrivacy) -> Plates {
        Plates { privacy, tracks: BTreeMap::new(), gone: Vec::new() }
    }

    /// Takes a frame in; what was read in it, as rules are told. A track that is not there any more is forgotten.
    pub(crate) fn see(&mut self, sighting: PlateSighting<'_>) -> TrackReadings {
        let mut former = std::mem::take(&mut self.tracks);
        let mut told = Vec::new();
        for (track, seen_as) in sighting.tracked.iter() {
            let mut plate = Plate::next(former.remove(&track.id), track, sighting.time);
            if let Some(PlateLook(read)) = seen_as.and_then(|index| sighting.looks.get(index)?.as_ref()) {
                plate.looked = Some(sighting.time);
                told.extend(
                    read.as_ref().and_then(|read| self.take_in(track.id, &mut plate, read, sighting.picture)),
                );
            }
            self.tracks.insert(track.id, plate);
        }
        self.gone = former.into_values().filter_map(Plate::ended).collect();
        told.into()
    }

    /// Takes in what was read on a track; what rules are told of it.
    fn take_in(
        &self,
        track: u64,
        plate: &mut Plate,
        read: &ReadPlate,
        picture: &Picture,
    ) -> Option<TrackReading> {
        let text = normalised(&read.text).filter(|text| text.chars().count() >= SHORTEST)?;
        if !(LEAST_CONFIDENCE..=1.0).contains(&read.confidence) {
            return None;
        }
        plate.votes.add(&text, read.confidence);
        let sure = plate.votes.verdict(SURE_READINGS);
        plate.is_sure = sure.is_some_and(|verdict| verdict.agreement >= SURE_AGREEMENT);
        if self.privacy.keeps() {
            plate.keep_picture(read, picture);
        }
        plate.shown = plate.verdict(track, &self.privacy).map(Arc::new);
        let told =
            |text: String, confidence: f32| TrackReading { track, kind: PLATE.to_owned(), text, confidence };
        if self.privacy.keeps() {
            return Some(told(text, read.confidence));
        }
        // A mask of a single reading would tell rules to vote on masks; a fingerprint of one that is wrong means nothing.
        let shown = plate.shown.as_ref()?;
        Some(told(shown.text.clone(), shown.confidence as f32))
    }

    /// What is known of the plates of the last frame's tracks.
    pub(crate) fn known(&self) -> Arc<[Arc<TrackPlate>]> {
        self.tracks.values().filter_map(|plate| plate.shown.clone()).collect()
    }

    /// Those of the tracks that ended with the last frame.
    pub(crate) fn gone(&self) -> &[SeenPlate] {
        &self.gone
    }

    /// What would be good to know of the next frame.
    pub(crate) fn wishes(&self) -> Arc<[PlateWish]> {
        self.tracks.values().map(Plate::wish).collect()
    }
}

impl Plate {
    /// The track in this frame; `former` as it was in the one before.
    fn next(former: Option<Plate>, track: &Track, time: TimeUs) -> Plate {
        let Some(former) = former else {
            return Plate {
                votes: Votes::default(),
                first: track.first_seen,
                looked: None,
                rect: track.rect,
                velocity: [0.0; 2],
                time,
                is_sure: false,
                best: None,
                shown: None,
            };
        };
        let seconds = time.since(former.time).as_secs_f32();
        let (from, to) = (former.rect.centre(), track.rect.centre());
        let velocity = match seconds > 0.0 {
            true => [(to.x - from.x) / seconds, (to.y - from.y) / seconds],
            false => former.velocity,
        };
        Plate { rect: track.rect, velocity, time, ..former }
    }

    /// Keeps the picture of the plate where it is wider and surer than the one before.
    fn keep_picture(&mut self, read: &ReadPlate, picture: &Picture) {
        let worth = read.confidence * read.rect.width;
        if self.best.as_ref().is_some_and(|(best, _)| *best >= worth) {
            return;
        }
        let part = picture.part(&read.rect).map(|(part, _)| part);
        let [width, height] = LARGEST_PICTURE;
        if let Some(part) = part.filter(|part| part.size().width <= width && part.size().height <= height) {
            self.best = Some((worth, part));
        }
    }

    fn verdict(&self, track: u64, privacy: &PlatePrivacy) -> Option<TrackPlate> {
        let verdict = self.votes.verdict(LEAST_READINGS)?;
        Some(TrackPlate {
            track,
            text: privacy.shown(&verdict.text),
            confidence: verdict.confidence,
            readings: verdict.readings,
            picture: self.best.as_ref().map(|(_, picture)| picture.clone()),
        })
    }

    /// What is known at the end of the track; none where there was no verdict.
    fn ended(self) -> Option<SeenPlate> {
        Some(SeenPlate { plate: self.shown?, first: self.first, last: self.time, in_view: false })
    }

    fn wish(&self) -> PlateWish {
        let Plate { rect, velocity, time, looked, is_sure, .. } = *self;
        PlateWish { rect, velocity, time, looked, is_sure }
    }
}

#[cfg(test)]
mod tests {
    use ocellus_core::{Size, TrackState};

    use super::*;

    fn picture() -> Picture {
        let size = Size::new(320, 240);
        Picture::from_i420(size, vec![99_u8; Picture::byte_len(size)]).unwrap()
    }

    fn track(id: u64) -> Track {
        let rect = Rect::new(50.0, 50.0, 100.0, 60.0);
        let state = TrackState::Confirmed;
        Track { id, class: 0, confidence: 0.9, state, rect, first_seen: TimeUs(0), ground: None }
    }

    fn read(text: &str, confidence: f32) -> Option<PlateLook> {
        let rect = Rect::new(80.0, 90.0, 40.0, 12.0);
        let read = ReadPlate { rect, found: 0.9, text: text.to_owned(), confidence };
        Some(PlateLook((!text.is_empty()).then_some(read)))
    }

    fn see(plates: &mut Plates, frame: u64, look: Option<PlateLook>) -> TrackReadings {
        let (tracks, looks, picture) = ([track(7)], [look], picture());
        let tracked = Tracked { tracks: &tracks, seen_as: &[Some(0)] };
        plates.see(PlateSighting { time: TimeUs(frame * 100_000), picture: &picture, tracked, looks: &looks })
    }

    fn texts(readings: &TrackReadings) -> Vec<&str> {
        readings.iter().map(|reading| reading.text.as_str()).collect()
    }

    #[test]
    fn rules_are_told_each_reading_once_and_viewers_what_most_speaks_for() {
        let mut plates = Plates::new(PlatePrivacy::default());
        assert_eq!(texts(&see(&mut plates, 0, read("ab 123", 0.9))), ["AB123"]);
        assert!(plates.known().is_empty(), "one reading is no verdict");
        assert_eq!(texts(&see(&mut plates, 1, read("A8123", 0.4))), ["A8123"]);
        assert!(see(&mut plates, 2, None).is_empty());
        let known = plates.known();
        assert_eq!((known[0].track, known[0].text.as_str(), known[0].readings), (7, "AB123", 2));
        assert_eq!(known[0].picture.as_ref().map(Picture::size), Some(Size::new(40, 12)));
        assert_eq!(plates.wishes()[0].looked, Some(TimeUs(100_000)));
    }

    #[test]
    fn what_is_no_plate_is_told_to_nobody_and_still_was_a_look() {
        let mut plates = Plates::new(PlatePrivacy::default());
        for (frame, look) in [read("", 0.0), read("A1", 0.9), read("AB123", 0.01), read("AB123", f32::NAN)]
            .into_iter()
            .enumerate()
        {
            assert!(see(&mut plates, frame as u64, look).is_empty());
        }
        assert_eq!(plates.wishes()[0].looked, Some(TimeUs(300_000)));
        assert!(plates.known().is_empty());
    }

    #[test]
    fn a_plate_is_sure_once_enough_readings_agree() {
        let mut plates = Plates::new(PlatePrivacy::default());
        for frame in 0..9 {
            see(&mut plates, frame, read("AB123", 0.9));
        }
        assert!(!plates.wishes()[0].is_sure);
        see(&mut plates, 9, read("AB123", 0.9));
        assert!(plates.wishes()[0].is_sure);
        let mut torn = Plates::new(PlatePrivacy::default());
        for frame in 0..40 {
            see(&mut torn, frame, read(if frame % 2 == 0 { "AB123" } else { "AB128" }, 0.9));
        }
        assert!(!torn.wishes()[0].is_sure, "half of them say something else");
    }

    #[test]
    fn nothing_of_a_masked_or_hashed_text_is_told() {
        let key = "a key of some length".to_owned();
        for privacy in [PlatePrivacy::Mask { shown: 2 }, PlatePrivacy::Hash { key }] {
            let mut plates = Plates::new(privacy.clone());
            assert!(see(&mut plates, 0, read("AB123", 0.9)).is_empty(), "before anything is known");
            see(&mut plates, 1, read("AB123", 0.9));
            // One that is read wrong changes nothing of what is told.
            let told = see(&mut plates, 2, read("AB128", 0.9));
            let known = plates.known();
            assert_eq!(texts(&told), [known[0].text.as_str()]);
            assert_eq!(known[0].text, privacy.shown("AB123"));
            assert!(!known[0].text.contains("123") && known[0].picture.is_none());
        }
    }

    #[test]
    fn a_track_that_has_gone_is_told_once_with_what_is_known_of_it() {
        let mut plates = Plates::new(PlatePrivacy::default());
        see(&mut plates, 0, read("AB123", 0.9));
        see(&mut plates, 3, read("AB123", 0.9));
        assert!(plates.gone().is_empty());
        let picture = picture();
        let nobody = |plates: &mut Plates, time| {
            let tracked = Tracked { tracks: &[], seen_as: &[] };
            plates.see(PlateSighting { time: TimeUs(time), picture: &picture, tracked, looks: &[] });
        };
        nobody(&mut plates, 900_000);
        let [gone] = plates.gone() else { panic!("{:?}", plates.gone()) };
        assert_eq!((gone.plate.track, gone.plate.text.as_str(), gone.in_view), (7, "AB123", false));
        assert_eq!((gone.first, gone.last), (TimeUs(0), TimeUs(300_000)));
        assert!(gone.plate.picture.is_some() && plates.wishes().is_empty());
        nobody(&mut plates, 1_000_000);
        assert!(plates.gone().is_empty());
        see(&mut plates, 11, read("AB123", 0.9));
        nobody(&mut plates, 1_200_000);
        assert!(plates.gone().is_empty(), "one reading is no verdict");
    }
}
