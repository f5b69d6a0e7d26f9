//! The tracker of one camera, whatever its method.

use super::appearance::Memory;
use super::byte::Byte;
use super::cascade::Cascade;
use super::common::CommonMotion;
use super::kalman::BoxForm;
use super::motion::CameraMotion;
use super::object::Object;
use super::observed::{Ignored, Observed, Tracked};
use super::patience::Patience;
use super::scene::{Nature, Scene};
use super::settings::{Association, SettingsError, TrackerSettings};
use crate::time::TimeUs;
use crate::track::{Track, TrackState};

/// The tracker of one camera.
///
/// The same sequence of updates gives the same tracks, bit for bit. Equal matches are decided for the
/// older track, then for the detection that comes first in its list.
///
/// ```
/// use ocellus_core::tracker::{ByteTrackSettings, Observed, Tracker};
/// use ocellus_core::{Detection, Rect, TimeUs, TrackState};
///
/// let mut tracker = Tracker::new(ByteTrackSettings { frame_rate: 10.0, ..Default::default() })?;
/// for frame in 0..5_u16 {
///     let rect = Rect::new(f32::from(frame) * 4.0, 20.0, 30.0, 60.0);
///     let walker = Detection { rect, class: 0, confidence: 0.9 };
///     let time = TimeUs(u64::from(frame) * 100_000);
///     let seen = tracker.update(&Observed::new(time, &[walker]));
///     assert_eq!((seen.tracks[0].id, seen.tracks[0].state), (1, TrackState::Confirmed));
///     assert_eq!(seen.seen_as, [Some(0)]);
/// }
/// # Ok::<(), ocellus_core::tracker::SettingsError>(())
/// ```
#[derive(Debug)]
pub struct Tracker {
    settings: TrackerSettings,
    method: Method,
    scene: Scene,
    patience: Patience,
    /// For the trackers that take the camera's motion out.
    common: Option<CommonMotion>,
    last_id: u64,
    last_time: Option<TimeUs>,
    ignored: Ignored,
    unclaimed: Vec<u32>,
    tracks: Vec<Track>,
    seen_as: Vec<Option<usize>>,
}

/// How detections are matched with objects.
#[derive(Debug)]
enum Method {
    Byte(Byte),
    Cascade(Cascade),
}

impl Method {
    fn new(settings: &TrackerSettings) -> Method {
        match settings {
            TrackerSettings::ByteTrack(settings) => Method::Byte(Byte::from(settings)),
            TrackerSettings::BotSort(settings) => Method::Byte(Byte::from(settings)),
            TrackerSettings::DeepSort(settings) => Method::Cascade(Cascade::from(settings)),
        }
    }

    fn associate(&mut self, scene: &mut Scene) {
        match self {
            Method::Byte(byte) => byte.associate(scene),
            Method::Cascade(cascade) => cascade.associate(scene),
        }
    }

    fn unclaimed(&self, scene: &Scene, into: &mut Vec<u32>) {
        match self {
            Method::Byte(byte) => byte.unclaimed(scene, into),
            Method::Cascade(cascade) => cascade.unclaimed(into),
        }
    }

    /// What a track is that begins in the first frame of all. The papers differ.
    fn firstborn(&self) -> TrackState {
        match self {
            Method::Byte(_) => TrackState::Confirmed,
            Method::Cascade(_) => TrackState::Tentative,
        }
    }
}

impl TrackerSettings {
    fn nature(&self) -> Nature {
        match self {
            TrackerSettings::ByteTrack(settings) => {
                let form = if settings.learns() { BoxForm::Width } else { BoxForm::Aspect };
                Nature { form, memory: Memory::None, believed_after: 2 }
            }
            TrackerSettings::BotSort(settings) => Nature {
                form: BoxForm::Width,
                memory: Memory::Blend(settings.appearance_memory),
                believed_after: 2,
            },
            TrackerSettings::DeepSort(settings) => Nature {
                form: BoxForm::Width,
                memory: Memory::Gallery {
                    most: settings.gallery as usize,
                    tracks: settings.max_tracks as usize,
                },
                believed_after: settings.n_init,
            },
        }
    }

    /// Which box stands for a track between frames.
    pub(super) fn association(&self) -> Association {
        match self {
            TrackerSettings::ByteTrack(settings) => settings.association,
            TrackerSettings::BotSort(_) | TrackerSettings::DeepSort(_) => Association::Predicted,
        }
    }
}

impl Tracker {
    /// A tracker that has seen nothing yet.
    ///
    /// # Errors
    /// [`SettingsError`] when a setting is out of its range.
    pub fn new(settings: impl Into<TrackerSettings>) -> Result<Tracker, SettingsError> {
        let settings = settings.into();
        settings.validate()?;
        let nature = settings.nature();
        Ok(Tracker {
            method: Method::new(&settings),
            scene: Scene::new(nature),
            patience: Patience::new(&settings),
            common: (nature.form == BoxForm::Width).then(CommonMotion::default),
            settings,
            last_id: 0,
            last_time: None,
            ignored: Ignored::default(),
            unclaimed: Vec::new(),
            tracks: Vec::new(),
            seen_as: Vec::new(),
        })
    }

    /// Numbers tracks from `first` on, so that those of a tracker before this one are not given again.
    #[must_use]
    pub fn numbered_from(mut self, first: u64) -> Tracker {
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
    pub fn settings(&self) -> &TrackerSettings {
        &self.settings
    }

    /// What could not be used so far.
    #[must_use]
    pub fn ignored(&self) -> Ignored {
        self.ignored
    }

    /// Takes a frame in and returns every live track by id, with the detection that it was seen as.
    ///
    /// Tracks seen in this frame are confirmed, or tentative until they were seen often enough to be
    /// believed (ByteTrack and BoT-SORT believe what is in the first frame of all at once); tracks that are
    /// kept but were not seen are lost and carry the predicted box. Call it for every frame, also without
    /// detections. A time that is not after the last one counts as the same moment.
    pub fn update(&mut self, observed: &Observed<'_>) -> Tracked<'_> {
        let last_time = self.last_time;
        let time = last_time.map_or(observed.time, |last| last.max(observed.time));
        self.last_time = Some(time);
        self.scene.time = time;

        if let Some(last) = last_time {
            self.predict(last, observed.camera_motion);
        }
        self.scene.observe(observed, self.settings.max_tracks() as usize, &mut self.ignored);
        if let Some(common) = &mut self.common {
            self.scene.shift = common.shift(&self.scene);
        }
        self.method.associate(&mut self.scene);
        self.take_camera_out();
        self.start_tracks(last_time.is_none());
        self.forget();
        if let Method::Byte(byte) = &mut self.method {
            byte.merge_duplicates(&mut self.scene.objects);
        }

        self.scene.objects.retain(|object| !object.gone);
        self.tracks.clear();
        self.tracks.extend(self.scene.objects.iter().map(Object::track));
        self.seen_as.clear();
        self.seen_as.extend(self.scene.objects.iter().map(|object| object.seen_as));
        Tracked { tracks: &self.tracks, seen_as: &self.seen_as }
    }

    /// Drops what is out of reach by now and moves the others on.
    fn predict(&mut self, last: TimeUs, motion: Option<CameraMotion>) {
        let time = self.scene.time;
        let steps = self.patience.steps(last, time);
        let patience = &self.patience;
        self.scene.objects.retain(|object| patience.may_return(object, time));
        let motion = motion.filter(|motion| {
            let is_plausible = motion.is_plausible();
            self.ignored.unusable_motions += u64::from(!is_plausible);
            is_plausible
        });
        // The port leaves a track that was seen once where it is.
        let is_port = self.settings.association() == Association::LastBox;
        self.scene.predict(steps, is_port.then_some(TrackState::Tentative));
        if let Some(motion) = &motion {
            self.scene.objects.iter_mut().for_each(|object| object.follow_camera(motion));
        }
        // Where it is, nobody can say: the speeds of boxes that leapt about.
        self.scene.objects.retain(|object| object.filter.is_sound());
    }

    /// Lets those out of sight, and newcomers, share what the camera does to those in sight.
    fn take_camera_out(&mut self) {
        let Some(common) = &mut self.common else { return };
        if self.scene.shift != [0.0; 2] {
            self.scene.correct_lost(common.correction(&self.scene.objects));
        }
        self.scene.drift = common.drift(&self.scene.objects);
    }

    /// Starts a track for each box that nobody claimed and that is sure enough.
    fn start_tracks(&mut self, is_first: bool) {
        let state = if is_first { self.method.firstborn() } else { TrackState::Tentative };
        let state = if self.scene.nature.believed_after <= 1 { TrackState::Confirmed } else { state };
        self.unclaimed.clear();
        self.method.unclaimed(&self.scene, &mut self.unclaimed);
        for &sighting in &self.unclaimed {
            if self.scene.objects.len() >= self.settings.max_tracks() as usize {
                self.ignored.surplus_tracks += 1;
                continue;
            }
            self.last_id += 1;
            self.scene.start(self.last_id, state, sighting);
        }
    }

    /// Lets go of tracks that were lost too long ago.
    fn forget(&mut self) {
        for object in &mut self.scene.objects {
            object.gone |= !self.patience.keeps(object, self.scene.time);
        }
    }
}
