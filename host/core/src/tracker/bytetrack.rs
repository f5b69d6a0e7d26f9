//! ByteTrack: every detection box counts, also the unsure ones.
//!
//! Written from Zhang et al., "ByteTrack: Multi-Object Tracking by Associating Every Detection Box"
//! (ECCV 2022, arXiv:2110.06864), algorithm 1 and section 4.1: sure boxes are matched with all tracks by
//! IoU, at least 0.2 of it; unsure boxes with the tracks in sight that are left, at least 0.5; a new
//! track is believed on its second sighting; a track out of sight is kept for a while. What the paper
//! leaves open follows the authors' code, but for these points:
//! * Time counts, not frames: a lost track is kept `track_buffer` ÷ 30 seconds and the motion model moves
//!   by the time that passed, so frames that a busy host dropped do no harm.
//! * The first match uses IoU alone, as the paper says. The code multiplies IoU with the confidence, so
//!   that with a match threshold of 0.8 a box of confidence 0.3 must overlap by two thirds, and with the
//!   0.7 of new tracks can never confirm one: fine for detectors that are sure, not for small models.
//! * Of a track in sight and a lost one on the same spot the code drops the younger, so an object can
//!   vanish for a frame, or somebody hidden behind another for good. Here two that were in sight together
//!   are two; otherwise they become one, in sight, under the older identity.
//!
//! With [`Association::LastBox`] all of it is as in the C++ port, that port's oddities included.

use super::matching::Matcher;
use super::object::Object;
use super::patience::Patience;
use super::settings::{Association, ByteTrackSettings, ClassMatching, SettingsError};
use crate::detection::Detection;
use crate::geometry::Rect;
use crate::time::TimeUs;
use crate::track::{Track, TrackState};

/// Distance (1 − IoU) below which an unsure box continues a track.
const LOW_LIMIT: f32 = 0.5;
/// Distance below which a box confirms a track that was seen once.
const TENTATIVE_LIMIT: f32 = 0.7;
/// IoU above which a track in sight and a lost one are the same object.
const DUPLICATE_IOU: f32 = 0.85;
/// Coordinates beyond this many pixels are nobody's picture.
const FARTHEST_PX: f32 = 1e7;

/// The tracker of one camera.
///
/// The same sequence of updates gives the same tracks, bit for bit. Equal matches are decided for the
/// older track, then for the detection that comes first in its list.
///
/// ```
/// use ocellus_core::tracker::{ByteTrack, ByteTrackSettings};
/// use ocellus_core::{Detection, Rect, TimeUs, TrackState};
///
/// let mut tracker = ByteTrack::new(ByteTrackSettings { frame_rate: 10.0, ..Default::default() })?;
/// for frame in 0..5_u16 {
///     let rect = Rect::new(f32::from(frame) * 4.0, 20.0, 30.0, 60.0);
///     let walker = Detection { rect, class: 0, confidence: 0.9 };
///     let tracks = tracker.update(TimeUs(u64::from(frame) * 100_000), &[walker]);
///     assert_eq!((tracks[0].id, tracks[0].state), (1, TrackState::Confirmed));
/// }
/// # Ok::<(), ocellus_core::tracker::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct ByteTrack {
    settings: ByteTrackSettings,
    /// By id.
    objects: Vec<Object>,
    last_id: u64,
    last_time: Option<TimeUs>,
    ignored: Ignored,
    matcher: Matcher,
    patience: Patience,
    detections: Vec<Detection>,
    lists: Lists,
    output: Vec<Track>,
}

/// What a tracker could not use, counted since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ignored {
    /// Detections that are no boxes: not finite, without size, or beyond 10⁷ pixels.
    pub unusable_detections: u64,
    /// Usable detections beyond `max_tracks` in one frame.
    pub surplus_detections: u64,
    /// Tracks not started since `max_tracks` were alive.
    pub surplus_tracks: u64,
}

/// Indices of objects and detections by what is to be done with them.
#[derive(Debug, Default)]
struct Lists {
    high: Vec<u32>,
    low: Vec<u32>,
    pool: Vec<u32>,
    tentative: Vec<u32>,
    seen: Vec<u32>,
    lost: Vec<u32>,
}

impl ByteTrack {
    /// A tracker that has seen nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] when a setting is out of its range.
    pub fn new(settings: ByteTrackSettings) -> Result<ByteTrack, SettingsError> {
        settings.validate()?;
        Ok(ByteTrack {
            matcher: Matcher::new(&settings),
            patience: Patience::new(&settings),
            settings,
            objects: Vec::new(),
            last_id: 0,
            last_time: None,
            ignored: Ignored::default(),
            detections: Vec::new(),
            lists: Lists::default(),
            output: Vec::new(),
        })
    }

    /// Numbers tracks from `first` on, so that those of a tracker before this one are not given again.
    #[must_use]
    pub fn numbered_from(mut self, first: u64) -> ByteTrack {
        self.last_id = self.last_id.max(first.saturating_sub(1));
        self
    }

    /// The highest track number given so far; 0 before the first.
    #[must_use]
    pub fn last_id(&self) -> u64 {
        self.last_id
    }

    /// The settings it was made with.
    #[must_use]
    pub fn settings(&self) -> &ByteTrackSettings {
        &self.settings
    }

    /// What could not be used so far.
    #[must_use]
    pub fn ignored(&self) -> Ignored {
        self.ignored
    }

    /// Takes the detections of the frame at `time`, in pixels, and returns every live track by id.
    ///
    /// Tracks seen in this frame are confirmed, or tentative on their first sighting (in the first frame
    /// of all, confirmed at once); tracks that are kept but were not seen are lost and carry the
    /// predicted box. Call it for every frame, also without detections. A `time` that is not after the
    /// last one counts as the same moment.
    pub fn update(&mut self, time: TimeUs, detections: &[Detection]) -> &[Track] {
        let last_time = self.last_time;
        let time = last_time.map_or(time, |last| last.max(time));
        self.last_time = Some(time);

        if let Some(last) = last_time {
            self.predict(last, time);
        }
        self.sort_detections(detections);
        self.match_objects(time);
        let newborn = if last_time.is_none() { TrackState::Confirmed } else { TrackState::Tentative };
        self.start_tracks(time, newborn);
        self.forget(time);
        self.merge_duplicates();

        self.objects.retain(|object| !object.gone);
        self.output.clear();
        self.output.extend(self.objects.iter().map(Object::track));
        &self.output
    }

    /// Drops what is out of reach by now and moves the others on.
    fn predict(&mut self, last: TimeUs, time: TimeUs) {
        let steps = self.patience.steps(last, time);
        let patience = &self.patience;
        self.objects.retain(|object| patience.may_return(object, time));
        for object in &mut self.objects {
            match (object.state, self.settings.association) {
                // The port leaves a track that was seen once where it is.
                (TrackState::Tentative, Association::LastBox) => continue,
                (TrackState::Lost, _) => object.filter.freeze_height(),
                _ => {}
            }
            object.filter.predict(steps);
        }
    }

    /// Keeps the usable detections, and says which are sure and which are not.
    fn sort_detections(&mut self, detections: &[Detection]) {
        self.detections.clear();
        self.detections.extend(detections.iter().filter(|detection| is_usable(detection)));
        self.ignored.unusable_detections += (detections.len() - self.detections.len()) as u64;
        let most = self.settings.max_tracks as usize;
        if self.detections.len() > most {
            self.ignored.surplus_detections += (self.detections.len() - most) as u64;
            self.detections.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
            self.detections.truncate(most);
        }

        let high = self.settings.track_high_thresh;
        let low = self.settings.track_low_thresh;
        let floor = if low > 0.0 { low } else { f32::NEG_INFINITY };
        self.lists.high.clear();
        self.lists.low.clear();
        for (detection, index) in self.detections.iter().zip(0..) {
            if detection.confidence >= high {
                self.lists.high.push(index);
            } else if detection.confidence >= floor {
                self.lists.low.push(index);
            }
        }
    }

    /// The associations in their order: sure boxes with all believed tracks, unsure boxes with those in
    /// sight, what is left of the sure boxes with tracks seen once.
    fn match_objects(&mut self, time: TimeUs) {
        let Lists { high, low, pool, tentative, .. } = &mut self.lists;
        pool.clear();
        tentative.clear();
        for (object, index) in self.objects.iter().zip(0..) {
            if object.state == TrackState::Tentative { tentative.push(index) } else { pool.push(index) }
        }

        self.matcher.run((&self.objects, pool), (&self.detections, high), self.settings.match_thresh);
        see(&mut self.objects, &self.matcher.matches, (&self.detections, time));

        pool.retain(|&index| self.objects[index as usize].state == TrackState::Confirmed);
        self.matcher.run((&self.objects, pool), (&self.detections, low), LOW_LIMIT);
        see(&mut self.objects, &self.matcher.matches, (&self.detections, time));
        for &index in pool.iter() {
            self.objects[index as usize].state = TrackState::Lost;
        }

        self.matcher.run((&self.objects, tentative), (&self.detections, high), TENTATIVE_LIMIT);
        see(&mut self.objects, &self.matcher.matches, (&self.detections, time));
        for &index in tentative.iter() {
            self.objects[index as usize].gone = true;
        }
    }

    /// Starts a track for each sure box that nobody claimed.
    fn start_tracks(&mut self, time: TimeUs, state: TrackState) {
        for &index in &self.lists.high {
            let detection = &self.detections[index as usize];
            if detection.confidence < self.settings.new_track_thresh {
                continue;
            }
            if self.objects.len() >= self.settings.max_tracks as usize {
                self.ignored.surplus_tracks += 1;
                continue;
            }
            self.last_id += 1;
            self.objects.push(Object::new(self.last_id, state, detection, time));
        }
    }

    /// Lets go of tracks that were lost too long ago.
    fn forget(&mut self, time: TimeUs) {
        for object in &mut self.objects {
            object.gone |= !self.patience.keeps(object, time);
        }
    }

    /// Makes one of a track in sight and a lost one on the same spot.
    fn merge_duplicates(&mut self) {
        let Lists { seen, lost, .. } = &mut self.lists;
        seen.clear();
        lost.clear();
        for (object, index) in self.objects.iter().zip(0..) {
            match object.state {
                _ if object.gone => {}
                TrackState::Lost => lost.push(index),
                TrackState::Tentative | TrackState::Confirmed => seen.push(index),
            }
        }
        for (seen, lost) in self.matcher.overlapping(&self.objects, (seen, lost), DUPLICATE_IOU) {
            let (a, b) = (&self.objects[seen as usize], &self.objects[lost as usize]);
            match self.settings.association {
                Association::LastBox => {
                    let younger = if a.age() > b.age() { lost } else { seen };
                    self.objects[younger as usize].gone = true;
                }
                Association::Predicted => {
                    let differ =
                        self.settings.class_aware == ClassMatching::Require && a.class() != b.class();
                    if differ || a.gone || b.gone || !a.may_have_been(b) {
                        continue;
                    }
                    // Objects stand by id: the older one keeps its place.
                    let (older, younger) = if a.id < b.id { (seen, lost) } else { (lost, seen) };
                    let heir = a.clone();
                    self.objects[younger as usize].gone = true;
                    self.objects[older as usize].continue_as(&heir);
                }
            }
        }
    }
}

fn is_usable(detection: &Detection) -> bool {
    let Rect { x, y, width, height } = detection.rect;
    // A height near zero makes an aspect ratio out of all proportion. NaN fails each comparison.
    let has_size = width >= 1e-3 && height >= 1e-3;
    let is_near = [x, y, width, height].iter().all(|value| value.abs() <= FARTHEST_PX);
    has_size && is_near && detection.confidence.is_finite()
}

fn see(objects: &mut [Object], matches: &[(u32, u32)], (detections, time): (&[Detection], TimeUs)) {
    for &(object, detection) in matches {
        objects[object as usize].see(&detections[detection as usize], time);
    }
}
