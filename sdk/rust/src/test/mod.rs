//! A host for unit tests: drives a rule exactly as the real one does, without WebAssembly.
//!
//! It keeps the contract's promises (frames numbered from 0, time strictly increasing, ids with a first
//! sight) and reports a broken one as an error instead of passing it on.

mod track;
pub(crate) mod values;

use std::cell::RefCell;
use std::collections::BTreeMap;

use ocellus_core::{CameraHandle, FrameInfo, Message, Name, Power, Powers, Size, TimeUs, Value};
use serde::Serialize;
use serde_json::Value as Json;

pub use self::track::{TrackBuilder, track};
use self::values::{Access, Values};
use crate::log::Level;
use crate::{Camera, Columns, Instance, Output, Rule, Site};

/// What the model of a harness's camera knows, unless told otherwise.
const CLASSES: [&str; 6] = ["person", "bicycle", "car", "motorcycle", "bus", "truck"];
/// Log lines kept; older ones are dropped.
const LOG_LINES: usize = 10_000;

thread_local! {
    static LOG: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

/// Keeps a log line for [`Harness::log`].
pub(crate) fn log(level: Level, message: &str) {
    LOG.with_borrow_mut(|log| {
        if log.len() == LOG_LINES {
            log.remove(0);
        }
        log.push((level, message.to_owned()));
    });
}

/// Compares the JSON Schema of a rule's settings with the file that the rule hands out; for a unit test.
/// With `UPDATE_SCHEMA=1` in the environment it writes the file instead.
///
/// # Errors
/// The file is not current or cannot be read or written.
pub fn check_schema<R: Rule>(path: &str) -> Result<(), String> {
    let schema = crate::settings::schema_of::<R::Settings>();
    let current = serde_json::to_string_pretty(&schema).map_err(|error| error.to_string())? + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        return std::fs::write(path, current).map_err(|error| format!("{path}: {error}"));
    }
    let found = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let said = serde_json::from_str::<Json>(&R::settings_schema());
    if found == current && said.is_ok_and(|said| said == schema) {
        Ok(())
    } else {
        Err(format!(
            "{path} is not the schema of the settings; run the test with UPDATE_SCHEMA=1 to write it"
        ))
    }
}

/// A rule on one camera, number 1, named `camera`; or on several, for a rule of site scope.
pub struct Harness<R: Rule> {
    instance: Instance<R>,
    settings: String,
    site: Site,
    size: Size,
    /// Of each camera that was shown: the next frame's sequence, and the time of the last.
    shown: BTreeMap<CameraHandle, (u64, TimeUs)>,
    first_seen: BTreeMap<(CameraHandle, u64), u64>,
    granted: Powers,
    values: Values,
    wall: Option<TimeUs>,
    heard: Vec<Message>,
}

impl<R: Rule> std::fmt::Debug for Harness<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Harness").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl<R: Rule> Harness<R> {
    /// Configures the rule on a camera of 1280 × 720 pixels whose model knows `person`, `bicycle`, `car`,
    /// `motorcycle`, `bus` and `truck`.
    ///
    /// # Errors
    /// The rule's refusal of its settings.
    pub fn new(settings: impl Serialize) -> Result<Harness<R>, String> {
        Harness::on_camera(settings, Size::new(1280, 720), &CLASSES)
    }

    /// The same for a rule that has these powers.
    ///
    /// # Errors
    /// The rule's refusal of its settings.
    pub fn granted(
        settings: impl Serialize,
        powers: impl IntoIterator<Item = Power>,
    ) -> Result<Harness<R>, String> {
        Harness::on_cameras(settings, &["camera"], powers)
    }

    /// The same on cameras of these names, numbered from 1.
    ///
    /// # Errors
    /// The rule's refusal of its settings.
    pub fn on_cameras(
        settings: impl Serialize,
        names: &[&str],
        powers: impl IntoIterator<Item = Power>,
    ) -> Result<Harness<R>, String> {
        let place = (names, Size::new(1280, 720), CLASSES.as_slice());
        Harness::configured(settings, place, powers.into_iter().collect())
    }

    /// Configures the rule on a camera of this picture size whose model knows these classes.
    ///
    /// # Errors
    /// The rule's refusal of its settings.
    pub fn on_camera(settings: impl Serialize, size: Size, classes: &[&str]) -> Result<Harness<R>, String> {
        Harness::configured(settings, (&["camera"], size, classes), Powers::NONE)
    }

    fn configured(
        settings: impl Serialize,
        (names, size, classes): (&[&str], Size, &[&str]),
        granted: Powers,
    ) -> Result<Harness<R>, String> {
        let settings = serde_json::to_value(settings).map_err(|error| error.to_string())?.to_string();
        let classes: std::rc::Rc<[String]> = classes.iter().map(|&name| name.to_owned()).collect();
        let camera = |(handle, name): (u32, &&str)| Camera {
            handle: CameraHandle(handle),
            name: (*name).to_owned(),
            classes: classes.clone(),
        };
        let site = Site::new((1..).zip(names).map(camera).collect()).with_granted(granted);
        let mut harness = Harness {
            instance: Instance::new(),
            settings,
            site,
            size,
            shown: BTreeMap::new(),
            first_seen: BTreeMap::new(),
            granted,
            values: Values::new(),
            wall: None,
            heard: Vec::new(),
        };
        let (settings, site) = (harness.settings.clone(), harness.site.clone());
        harness.call(Access::Early, |instance| instance.configure(&settings, site))?;
        Ok(harness)
    }

    /// Sets the time of day, in seconds since the Unix epoch, for the calls that follow. The rule sees it where
    /// [`Power::WallClock`] is granted.
    pub fn set_wall_clock(&mut self, seconds: f64) {
        self.wall = Some(micros(seconds));
    }

    /// Has rule `rule` on a camera named `other` say something before the next frame. The rule hears it where it named the
    /// topic and [`Power::Messages`] is granted.
    ///
    /// # Errors
    /// A rule's name or a topic that is none.
    pub fn say(&mut self, rule: &str, topic: &str, attributes: &[(&str, Value)]) -> Result<(), String> {
        let name = |text: &str| Name::new(text).map_err(|error| error.to_string());
        self.heard.push(Message {
            time: self.shown.values().map(|(_, time)| *time).max().unwrap_or_default(),
            camera: name("other")?,
            rule: name(rule)?,
            topic: name(topic)?,
            attributes: attributes.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
        });
        Ok(())
    }

    /// What the rule keeps under a key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&[u8]> {
        self.values.get(key).map(Vec::as_slice)
    }

    fn call<T>(&mut self, access: Access, call: impl FnOnce(&mut Instance<R>) -> T) -> T {
        // The time of day belongs to frames and commands.
        let wall = self.wall.filter(|_| self.granted.has(Power::WallClock) && access == Access::Write);
        let access = if self.granted.has(Power::KeyValue) { access } else { Access::None };
        crate::call::begin(wall);
        values::with(access, &mut self.values, || call(&mut self.instance))
    }

    /// Shows the rule a frame at `time` seconds, of the first camera.
    ///
    /// # Errors
    /// The rule's own; a time that does not increase; a class that the camera's model does not know.
    pub fn frame(
        &mut self,
        time: f64,
        tracks: impl IntoIterator<Item = TrackBuilder>,
    ) -> Result<Output, String> {
        self.frame_of(1, time, tracks)
    }

    /// Shows the rule a frame of camera number `camera`, counted from 1.
    ///
    /// # Errors
    /// As [`Harness::frame`]; a camera that is none.
    pub fn frame_of(
        &mut self,
        camera: u32,
        time: f64,
        tracks: impl IntoIterator<Item = TrackBuilder>,
    ) -> Result<Output, String> {
        let camera = CameraHandle(camera);
        let mut columns = Columns::default();
        for track in tracks {
            self.add(&mut columns, (camera, time), &track)?;
        }
        self.show(camera, time, columns)
    }

    /// Shows the rule a frame whose columns are exactly these, well-formed or not.
    ///
    /// # Errors
    /// The rule's own; a time that does not increase.
    pub fn columns(&mut self, time: f64, columns: Columns) -> Result<Output, String> {
        self.show(CameraHandle(1), time, columns)
    }

    fn show(&mut self, camera: CameraHandle, time: f64, mut columns: Columns) -> Result<Output, String> {
        let time = micros(time);
        let last = self.shown.get(&camera).copied();
        if last.is_some_and(|(_, last)| time <= last) {
            return Err(format!("frame time {time} does not increase"));
        }
        if !self.granted.has(Power::Readings) {
            columns.readings.clear();
        }
        if !self.granted.has(Power::Embeddings) {
            (columns.embeddings, columns.embedding_rows, columns.embedding_size) = Default::default();
        }
        let sequence = last.map_or(0, |(next, _)| next);
        let frame = FrameInfo { camera, sequence, time, size: self.size };
        self.shown.insert(camera, (sequence + 1, time));
        let topics = self.instance.topics();
        let mut heard = std::mem::take(&mut self.heard);
        heard.retain(|message| {
            self.granted.has(Power::Messages) && topics.iter().any(|topic| topic == message.topic.as_str())
        });
        Message::sort(&mut heard);
        self.call(Access::Write, |instance| {
            instance.hear(&heard)?;
            instance.process(&frame, columns)
        })
    }

    /// Tells the rule that the stream ended at `time` seconds.
    ///
    /// # Errors
    /// The rule's own.
    pub fn finish(&mut self, time: f64) -> Result<Output, String> {
        self.call(Access::Write, |instance| instance.finish(micros(time)))
    }

    /// The rule's state.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let access = if self.granted.has(Power::KeyValue) { Access::Read } else { Access::None };
        values::with(access, &mut self.values.clone(), || self.instance.save())
    }

    /// Gives the rule a state that plugin version `version` saved.
    ///
    /// # Errors
    /// The rule's refusal.
    pub fn restore(&mut self, state: &[u8], version: &str) -> Result<(), String> {
        self.call(Access::Write, |instance| instance.restore(state, version))
    }

    /// What the host does at a change of version: a new instance with the same settings takes over the
    /// old one's state.
    ///
    /// # Errors
    /// The rule's refusal of settings or state.
    pub fn swap(&mut self) -> Result<(), String> {
        let state = self.save();
        let mut successor = Instance::new();
        let (settings, site) = (self.settings.clone(), self.site.clone());
        self.call(Access::Early, |_| successor.configure(&settings, site))?;
        self.call(Access::Write, |_| successor.restore(&state, R::VERSION))?;
        self.instance = successor;
        Ok(())
    }

    /// Asks the rule.
    ///
    /// # Errors
    /// The rule's refusal, or an answer that is not JSON.
    pub fn query(&mut self, request: &Json) -> Result<Json, String> {
        let answer = self.call(Access::Read, |instance| instance.query(&request.to_string()))?;
        serde_json::from_str(&answer).map_err(|error| format!("the answer is not JSON: {error}"))
    }

    /// Hands the rule an operator's correction at `time` seconds.
    ///
    /// # Errors
    /// The rule's refusal.
    pub fn command(&mut self, time: f64, request: &Json) -> Result<Output, String> {
        self.call(Access::Write, |instance| instance.command(micros(time), &request.to_string()))
    }

    /// The lines logged on this thread since the last call.
    #[must_use]
    pub fn log(&mut self) -> Vec<(Level, String)> {
        LOG.take()
    }

    fn add(
        &mut self,
        columns: &mut Columns,
        (camera, time): (CameraHandle, f64),
        track: &TrackBuilder,
    ) -> Result<(), String> {
        let known = self.site.camera(camera).ok_or_else(|| format!("there is no camera {}", camera.0))?;
        let classes = known.classes.clone();
        let class = classes
            .iter()
            .position(|class| *class == track.class)
            .and_then(|index| u32::try_from(index).ok())
            .ok_or_else(|| format!("{:?} is none of the camera's classes {classes:?}", track.class))?;
        let first_seen = *self.first_seen.entry((camera, track.id)).or_insert(micros(time).0);
        track.add_to(columns, class, first_seen);
        Ok(())
    }
}

fn micros(seconds: f64) -> TimeUs {
    TimeUs(std::time::Duration::try_from_secs_f64(seconds).map_or(0, |time| {
        // Rounded, so that 0.1 is 100,000 µs and not one less.
        u64::try_from((time.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)
    }))
}
