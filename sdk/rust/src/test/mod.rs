//! A host for unit tests: drives a rule exactly as the real one does, without WebAssembly.
//!
//! It keeps the contract's promises (frames numbered from 0, time strictly increasing, ids with a first
//! sight) and reports a broken one as an error instead of passing it on.

pub(crate) mod values;

use std::cell::RefCell;
use std::collections::BTreeMap;

use ocellus_core::{
    CameraHandle, FrameInfo, Message, Name, Power, Powers, Rect, Size, TimeUs, TrackState, Value,
};
use serde::Serialize;
use serde_json::Value as Json;

use self::values::{Access, Values};
use crate::log::Level;
use crate::{Camera, Columns, Instance, Output, Rule, Site};

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

/// A rule on one camera, number 1, named `camera`.
pub struct Harness<R: Rule> {
    instance: Instance<R>,
    settings: String,
    site: Site,
    size: Size,
    next_sequence: u64,
    last_time: Option<TimeUs>,
    first_seen: BTreeMap<u64, u64>,
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
        let classes = ["person", "bicycle", "car", "motorcycle", "bus", "truck"];
        Harness::on_camera(settings, Size::new(1280, 720), &classes)
    }

    /// The same for a rule that has these powers.
    ///
    /// # Errors
    /// The rule's refusal of its settings.
    pub fn granted(
        settings: impl Serialize,
        powers: impl IntoIterator<Item = Power>,
    ) -> Result<Harness<R>, String> {
        let classes = ["person", "bicycle", "car", "motorcycle", "bus", "truck"];
        Harness::configured(settings, (Size::new(1280, 720), &classes), powers.into_iter().collect())
    }

    /// Configures the rule on a camera of this picture size whose model knows these classes.
    ///
    /// # Errors
    /// The rule's refusal of its settings.
    pub fn on_camera(settings: impl Serialize, size: Size, classes: &[&str]) -> Result<Harness<R>, String> {
        Harness::configured(settings, (size, classes), Powers::NONE)
    }

    fn configured(
        settings: impl Serialize,
        (size, classes): (Size, &[&str]),
        granted: Powers,
    ) -> Result<Harness<R>, String> {
        let settings = serde_json::to_value(settings).map_err(|error| error.to_string())?.to_string();
        let classes = classes.iter().map(|&name| name.to_owned()).collect();
        let camera = Camera { handle: CameraHandle(1), name: "camera".to_owned(), classes };
        let site = Site::new(vec![camera]).with_granted(granted);
        let mut harness = Harness {
            instance: Instance::new(),
            settings,
            site,
            size,
            next_sequence: 0,
            last_time: None,
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
            time: self.last_time.unwrap_or_default(),
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

    /// Shows the rule a frame at `time` seconds.
    ///
    /// # Errors
    /// The rule's own; a time that does not increase; a class that the camera's model does not know.
    pub fn frame(
        &mut self,
        time: f64,
        tracks: impl IntoIterator<Item = TrackBuilder>,
    ) -> Result<Output, String> {
        let mut columns = Columns::default();
        for track in tracks {
            self.add(&mut columns, time, &track)?;
        }
        self.columns(time, columns)
    }

    /// Shows the rule a frame whose columns are exactly these, well-formed or not.
    ///
    /// # Errors
    /// The rule's own; a time that does not increase.
    pub fn columns(&mut self, time: f64, columns: Columns) -> Result<Output, String> {
        let time = micros(time);
        if self.last_time.is_some_and(|last| time <= last) {
            return Err(format!("frame time {time} does not increase"));
        }
        let frame =
            FrameInfo { camera: CameraHandle(1), sequence: self.next_sequence, time, size: self.size };
        self.next_sequence += 1;
        self.last_time = Some(time);
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

    fn add(&mut self, columns: &mut Columns, time: f64, track: &TrackBuilder) -> Result<(), String> {
        let classes = self.site.cameras()[0].classes.clone();
        let class = classes
            .iter()
            .position(|class| *class == track.class)
            .and_then(|index| u32::try_from(index).ok())
            .ok_or_else(|| format!("{:?} is none of the camera's classes {classes:?}", track.class))?;
        let first_seen = *self.first_seen.entry(track.id).or_insert(micros(time).0);
        columns.ids.push(track.id);
        columns.classes.push(class);
        columns.confidences.push(track.confidence);
        columns.states.push(match track.state {
            TrackState::Tentative => 0,
            TrackState::Confirmed => 1,
            TrackState::Lost => 2,
        });
        let rect = track.rect;
        columns.boxes.extend([rect.x, rect.y, rect.width, rect.height]);
        columns.first_seen_us.push(first_seen);
        let (ground, sigma_m) = track.ground.unwrap_or(([f32::NAN; 4], f32::NAN));
        columns.ground.extend(ground);
        columns.ground_sigma.push(sigma_m);
        Ok(())
    }
}

/// A track of a test frame: confirmed, confidence 0.9, a box of 0.1 × 0.2 in the middle of the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackBuilder {
    id: u64,
    class: String,
    confidence: f32,
    state: TrackState,
    rect: Rect,
    /// Place and velocity, and the place's standard deviation.
    ground: Option<([f32; 4], f32)>,
}

/// A track of a test frame.
#[must_use]
pub fn track(id: u64, class: &str) -> TrackBuilder {
    TrackBuilder {
        id,
        class: class.to_owned(),
        confidence: 0.9,
        state: TrackState::Confirmed,
        rect: Rect::new(0.45, 0.4, 0.1, 0.2),
        ground: None,
    }
}

impl TrackBuilder {
    /// Its box, 0..1 of the picture.
    #[must_use]
    pub fn rect(self, rect: Rect) -> TrackBuilder {
        TrackBuilder { rect, ..self }
    }

    /// Width and height of its box; the foot point stays.
    #[must_use]
    pub fn sized(self, width: f32, height: f32) -> TrackBuilder {
        let foot = self.rect.foot();
        TrackBuilder { rect: Rect::new(0.0, 0.0, width, height), ..self }.foot_at(foot.x, foot.y)
    }

    /// Moves its box so that the foot point is there.
    #[must_use]
    pub fn foot_at(self, x: f32, y: f32) -> TrackBuilder {
        let Rect { width, height, .. } = self.rect;
        TrackBuilder { rect: Rect::new(x - width / 2.0, y - height, width, height), ..self }
    }

    /// Moves its box so that the centre is there.
    #[must_use]
    pub fn centre_at(self, x: f32, y: f32) -> TrackBuilder {
        let Rect { width, height, .. } = self.rect;
        TrackBuilder { rect: Rect::new(x - width / 2.0, y - height / 2.0, width, height), ..self }
    }

    /// Confidence of its last detection.
    #[must_use]
    pub fn confidence(self, confidence: f32) -> TrackBuilder {
        TrackBuilder { confidence, ..self }
    }

    /// Where a calibrated camera says that it stands, in metres, how fast it moves along both axes, in metres a second
    /// (NaN where that is not known yet), and how sure the place is, in metres.
    #[must_use]
    pub fn on_ground(self, [x_m, y_m]: [f32; 2], [vx_mps, vy_mps]: [f32; 2], sigma_m: f32) -> TrackBuilder {
        TrackBuilder { ground: Some(([x_m, y_m, vx_mps, vy_mps], sigma_m)), ..self }
    }

    /// Seen, but not believed yet.
    #[must_use]
    pub fn tentative(self) -> TrackBuilder {
        TrackBuilder { state: TrackState::Tentative, ..self }
    }

    /// Not seen in this frame.
    #[must_use]
    pub fn lost(self) -> TrackBuilder {
        TrackBuilder { state: TrackState::Lost, ..self }
    }
}

fn micros(seconds: f64) -> TimeUs {
    TimeUs(std::time::Duration::try_from_secs_f64(seconds).map_or(0, |time| {
        // Rounded, so that 0.1 is 100,000 µs and not one less.
        u64::try_from((time.as_nanos() + 500) / 1000).unwrap_or(u64::MAX)
    }))
}
