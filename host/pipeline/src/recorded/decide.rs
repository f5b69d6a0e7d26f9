//! Rules over a recording, in order, with an event log.

use std::io::{self, Write};
use std::sync::Arc;

use ocellus_core::{
    CameraHandle, Event, EventRecord, FrameInfo, Message, Name, RuleOutput, Size, TimeUs, Track,
};
use ocellus_runtime::{
    Binding, BoundCamera, CallError, DeadlineMode, Grants, Instance, Limits, LogLevel, Runtime, Share, Shown,
    TrackColumns,
};

use crate::record::Facts;
use crate::wire::EventLine;

/// The handle that a recording's camera has; where there are several, that of the first one.
pub(super) const CAMERA: CameraHandle = CameraHandle(1);

/// The target of what rules write to their logs over a recording.
const RULE_LOG: &str = "ocellus_rule";
/// Warnings of all rules that are shown as such; further ones are as chatty as the rest of a log.
const WARNINGS: u32 = 20;

/// A rule to be run over a recording.
#[derive(Debug, Clone)]
pub struct RuleSource {
    /// Where the component came from, for messages.
    pub origin: String,
    /// The component.
    pub component: Vec<u8>,
    /// Its settings, a JSON text.
    pub settings: String,
    /// Its name in events; the plugin's where `None`.
    pub name: Option<Name>,
    /// What it may do beyond seeing tracks. Addresses are never called over a recording.
    pub grants: Grants,
}

/// Why a rule cannot be run, or was stopped.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The plugin or its settings were refused.
    #[error("{origin}: {reason}")]
    Refused {
        /// The file.
        origin: String,
        /// Why.
        reason: String,
    },
    /// Two rules go by one name.
    #[error("two rules are named {0}; give each its own with --rule-name")]
    SameName(Name),
    /// The rule failed for good.
    #[error("rule {rule} at frame {frame}: {error}")]
    Rule {
        /// The rule.
        rule: Name,
        /// Sequence of the frame.
        frame: u64,
        /// What happened.
        error: CallError,
    },
    /// Events could not be written.
    #[error("events cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// A rule that is ready for a recording.
pub struct RecordedRule {
    pub(super) name: Name,
    /// Of the first camera, or of all where the rule is of site scope.
    pub(super) instance: Instance,
    /// Of the further cameras, where each has its own.
    further: Vec<Instance>,
}

impl RecordedRule {
    /// Verifies, compiles, binds and probes a rule for a camera with these classes.
    ///
    /// # Errors
    /// [`DecideError::Refused`] with the step's own message.
    pub fn prepare(
        runtime: &Runtime,
        source: &RuleSource,
        camera: &Name,
        classes: &Arc<[String]>,
    ) -> Result<RecordedRule, DecideError> {
        RecordedRule::prepare_on(runtime, source, &[(camera.clone(), Arc::clone(classes))])
    }

    /// The same for several cameras, each with its classes: a rule of site scope sees them all, of any other one each
    /// camera has an instance.
    ///
    /// # Errors
    /// [`DecideError::Refused`] with the step's own message.
    pub fn prepare_on(
        runtime: &Runtime,
        source: &RuleSource,
        cameras: &[(Name, Arc<[String]>)],
    ) -> Result<RecordedRule, DecideError> {
        let refused = |reason: String| DecideError::Refused { origin: source.origin.clone(), reason };
        let compiled = runtime.load(source.component.clone()).map_err(|error| refused(error.to_string()))?;
        let name = source.name.clone().unwrap_or_else(|| compiled.description().name.clone());
        let binding = Binding {
            rule: name.clone(),
            settings: source.settings.clone(),
            cameras: bound_cameras(cameras),
            limits: Limits::default(),
            grants: source.grants.clone(),
            deadline: DeadlineMode::Recorded,
        };
        let bound = compiled.bind(binding).map_err(|error| refused(error.to_string()))?;
        let probed = bound.probe().map_err(|error| refused(error.to_string()))?;
        let start = |share| probed.instantiate(share).map_err(|error| refused(error.to_string()));
        let shares = probed.shares();
        let instance = start(shares.first().copied().unwrap_or(Share::Camera(CAMERA)))?;
        let further = shares.into_iter().skip(1).map(start).collect::<Result<_, _>>()?;
        Ok(RecordedRule { name, instance, further })
    }

    /// The instance that sees this camera.
    fn instance_of(&mut self, camera: CameraHandle) -> &mut Instance {
        match (camera.0 as usize).checked_sub(CAMERA.0 as usize + 1) {
            Some(place) => self.further.get_mut(place).unwrap_or(&mut self.instance),
            None => &mut self.instance,
        }
    }

    /// The rule's name in events.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }
}

/// Cameras with the handles that they have here.
fn bound_cameras(cameras: &[(Name, Arc<[String]>)]) -> Vec<BoundCamera> {
    let bound = |(handle, (name, classes)): (u32, &(Name, Arc<[String]>))| BoundCamera {
        handle: CameraHandle(handle),
        name: name.clone(),
        classes: Arc::clone(classes),
    };
    (CAMERA.0..).zip(cameras).map(bound).collect()
}

/// Asks all rules about each frame and writes their events.
pub(super) struct Decider<'a> {
    /// Of each camera its name, and its last frame so far.
    cameras: Vec<(Name, (u64, TimeUs))>,
    /// The camera whose turn it is.
    turn: CameraHandle,
    rules: Vec<RecordedRule>,
    columns: TrackColumns,
    /// What rules said in the frame before, in their order.
    said: Vec<Message>,
    events: &'a mut (dyn Write + Send),
    written: u64,
    refusals: u64,
    /// Warnings of rules that were shown.
    warned: u32,
}

impl<'a> Decider<'a> {
    pub(super) fn new(
        camera: Name,
        rules: Vec<RecordedRule>,
        events: &'a mut (dyn Write + Send),
    ) -> Result<Decider<'a>, DecideError> {
        Decider::over(vec![camera], rules, events)
    }

    /// Over the frames of several cameras, which have their turns ([`Decider::turn_to`]).
    pub(super) fn over(
        cameras: Vec<Name>,
        rules: Vec<RecordedRule>,
        events: &'a mut (dyn Write + Send),
    ) -> Result<Decider<'a>, DecideError> {
        for (index, rule) in rules.iter().enumerate() {
            if rules[..index].iter().any(|other| other.name == rule.name) {
                return Err(DecideError::SameName(rule.name.clone()));
            }
        }
        Ok(Decider {
            cameras: cameras.into_iter().map(|camera| (camera, (0, TimeUs(0)))).collect(),
            turn: CAMERA,
            rules,
            columns: TrackColumns::new(),
            said: Vec::new(),
            events,
            written: 0,
            refusals: 0,
            warned: 0,
        })
    }

    /// What comes next is of the camera at this place.
    pub(super) fn turn_to(&mut self, place: usize) {
        self.turn =
            CameraHandle(u32::try_from(place).map_or(CAMERA.0, |place| CAMERA.0.saturating_add(place)));
    }

    /// The camera whose turn it is.
    fn camera(&self) -> Option<&(Name, (u64, TimeUs))> {
        self.cameras.get((self.turn.0 as usize).checked_sub(CAMERA.0 as usize)?)
    }

    /// One frame through all rules.
    pub(super) fn frame(
        &mut self,
        (sequence, time): (u64, TimeUs),
        size: Size,
        tracks: &[Track],
        facts: Facts<'_>,
    ) -> Result<(), DecideError> {
        let camera = self.turn;
        let info = FrameInfo { camera, sequence, time, size };
        if let Some((_, last)) = self.cameras.get_mut((camera.0 - CAMERA.0) as usize) {
            *last = (sequence, time);
        }
        self.columns.fill(tracks, size);
        self.columns.fill_embeddings(facts.embeddings);
        self.columns.fill_readings(facts.readings);
        let said = std::mem::take(&mut self.said);
        for index in 0..self.rules.len() {
            let rule = &mut self.rules[index];
            let messages = heard_by(rule, &said);
            let shown = Shown { tracks: &self.columns, messages: &messages, wall: None };
            let result = rule.instance_of(camera).process(&info, shown);
            self.take(index, sequence, time, result)?;
        }
        Message::sort(&mut self.said);
        Ok(())
    }

    /// The recording is over: last reports.
    pub(super) fn finish(&mut self, sequence: u64, time: TimeUs) -> Result<(), DecideError> {
        for index in 0..self.rules.len() {
            if self.rules[index].further.is_empty() {
                let result = self.rules[index].instance.finish(time);
                self.take(index, sequence, time, result)?;
                continue;
            }
            for place in 0..self.cameras.len() {
                self.turn_to(place);
                let (sequence, time) = self.cameras[place].1;
                let result = self.rules[index].instance_of(self.turn).finish(time);
                self.take(index, sequence, time, result)?;
            }
        }
        Ok(self.events.flush()?)
    }

    /// Events written, and calls that a rule itself answered with an error.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.written, self.refusals)
    }

    fn take(
        &mut self,
        index: usize,
        sequence: u64,
        time: TimeUs,
        result: Result<RuleOutput, CallError>,
    ) -> Result<(), DecideError> {
        let rule = self.rules[index].name.clone();
        self.show_log(index);
        let Some((camera, _)) = self.camera().cloned() else { return Ok(()) };
        match result {
            Ok(output) => {
                let said = output.publications.into_iter().map(|publication| Message {
                    time,
                    camera: camera.clone(),
                    rule: rule.clone(),
                    topic: publication.topic,
                    attributes: publication.attributes.into(),
                });
                self.said.extend(said);
                if output.events.is_empty() {
                    return Ok(());
                }
                for event in output.events {
                    self.write((&camera, &rule), sequence, time, event)?;
                }
                // Events are rare, and somebody may follow them, or end the run the hard way.
                Ok(self.events.flush()?)
            }
            Err(error @ CallError::Refused { .. }) => {
                self.refusals += 1;
                tracing::warn!(%rule, frame = sequence, %error, "the rule reports an error and goes on");
                Ok(())
            }
            Err(error) => Err(DecideError::Rule { rule, frame: sequence, error }),
        }
    }

    fn write(
        &mut self,
        (camera, rule): (&Name, &Name),
        frame: u64,
        time: TimeUs,
        event: Event,
    ) -> Result<(), DecideError> {
        self.written += 1;
        let record = EventRecord {
            sequence: self.written,
            time,
            frame,
            camera: camera.clone(),
            rule: rule.clone(),
            event,
        };
        serde_json::to_writer(&mut *self.events, &EventLine::from(&record)).map_err(io::Error::from)?;
        Ok(self.events.write_all(b"\n")?)
    }

    fn show_log(&mut self, index: usize) {
        let rule = &mut self.rules[index];
        for line in rule.instance_of(self.turn).drain_logs().lines {
            let (name, level, text) = (&rule.name, line.level, line.message);
            let is_shown = matches!(level, LogLevel::Warn | LogLevel::Error) && self.warned < WARNINGS;
            self.warned += u32::from(is_shown);
            match is_shown {
                true => tracing::warn!(target: RULE_LOG, rule = %name, "{text}"),
                false => tracing::info!(target: RULE_LOG, rule = %name, level = level.as_str(), "{text}"),
            }
        }
    }
}

/// What others said on the topics that a rule named.
fn heard_by(rule: &RecordedRule, said: &[Message]) -> Vec<Message> {
    let topics = rule.instance.topics();
    let heard = |message: &&Message| message.rule != rule.name && topics.contains(&message.topic);
    said.iter().filter(heard).cloned().collect()
}
