//! A journal through a rule again.

use std::io::BufRead;
use std::ops::ControlFlow;

use ocellus_core::{CameraHandle, FrameInfo, Message, Name, Power, RuleOutput, Size, TimeUs};
use ocellus_runtime::{
    Binding, BoundCamera, CallError, DeadlineMode, Grants, Instance, Limits, Memory, Moment, Runtime, Share,
    Shown, Snapshot, TrackColumns,
};

use super::Ending;
use super::decide::DecideError;
use crate::journal::{
    EventEntry, JournalError, JournalHeader, JournalLine, JournalReader, MessageEntry, Said, SeenLine,
};
use crate::record::track_of;

/// What a journal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejudgeReport {
    /// Calls made.
    pub calls: u64,
    /// Events that the rule reported in them.
    pub events: u64,
    /// The first call that came to something else than in the journal, and how many did.
    pub different: Option<(Divergence, u64)>,
    /// Whether these were all.
    pub ending: Ending,
}

/// A call that came to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The line of the journal.
    pub line: u64,
    /// What stands there, as JSON.
    pub recorded: String,
    /// What came now, as JSON.
    pub now: String,
}

/// Why a journal cannot be judged again.
#[derive(Debug, thiserror::Error)]
pub enum RejudgeError {
    /// The journal is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The plugin or what it was bound to was refused.
    #[error(transparent)]
    Decide(#[from] DecideError),
}

/// Makes every call of the journal again, on an instance of the plugin that begins with the same memory. `proceed`
/// is told the number of calls done, and says whether to go on.
///
/// # Errors
/// [`RejudgeError`] naming the line or the refusal.
pub fn rejudge<R: BufRead>(
    journal: &mut JournalReader<R>,
    runtime: &Runtime,
    (origin, component): (&str, Vec<u8>),
    mut proceed: impl FnMut(u64) -> ControlFlow<()>,
) -> Result<RejudgeReport, RejudgeError> {
    let refused = |reason: String| DecideError::Refused { origin: origin.to_owned(), reason };
    let mut instance = revive(journal.header(), runtime, component).map_err(refused)?;
    let mut columns = TrackColumns::new();
    let mut report = RejudgeReport { calls: 0, events: 0, different: None, ending: Ending::Whole };
    loop {
        let Some(line) = journal.next_line()? else {
            report.ending = Ending::Early("the journal has no end; who recorded it was cut off".to_owned());
            return Ok(report);
        };
        let (result, recorded) = match line {
            JournalLine::Seen(seen) => {
                let recorded = seen.said.clone();
                (see(&mut instance, &mut columns, &seen).map_err(|reason| wrong(journal, reason))?, recorded)
            }
            JournalLine::Commanded(line) => {
                let at = Moment { time: TimeUs(line.time_us), wall: line.wall_us.map(TimeUs) };
                (instance.command(at, &line.request), line.said)
            }
            JournalLine::Ended(ended) => {
                if let Some(early) = ended.early {
                    report.ending = Ending::Early(early);
                }
                return Ok(report);
            }
        };
        report.calls += 1;
        let now = match &result {
            Ok(output) => Said::Events(output.events.iter().map(EventEntry::from).collect()),
            Err(error) => Said::Failed(error.to_string()),
        };
        if let Said::Events(events) = &now {
            report.events += events.len() as u64;
        }
        if !same(&now, &recorded) {
            let text = |said: &Said| serde_json::to_string(said).unwrap_or_default();
            let first = || Divergence { line: journal.line(), recorded: text(&recorded), now: text(&now) };
            let (first, count) = report.different.take().unwrap_or_else(|| (first(), 0));
            report.different = Some((first, count + 1));
        }
        if !instance.is_alive() {
            report.ending = Ending::Early(format!("the rule failed at line {}", journal.line()));
            return Ok(report);
        }
        if proceed(report.calls).is_break() {
            report.ending = Ending::Stopped;
            return Ok(report);
        }
    }
}

/// A failure is the same whatever its words: they hold addresses of another build.
fn same(now: &Said, recorded: &Said) -> bool {
    match (now, recorded) {
        (Said::Failed(_), Said::Failed(_)) => true,
        _ => now == recorded,
    }
}

fn wrong<R: BufRead>(journal: &JournalReader<R>, reason: String) -> JournalError {
    JournalError::Line { line: journal.line(), reason }
}

fn name(text: &str) -> Result<Name, String> {
    Name::new(text).map_err(|error| error.to_string())
}

fn revive(header: &JournalHeader, runtime: &Runtime, component: Vec<u8>) -> Result<Instance, String> {
    let compiled = runtime.load(component).map_err(|error| error.to_string())?;
    let cameras = header.cameras.iter().map(|camera| {
        let classes = camera.classes.clone().into();
        Ok(BoundCamera { handle: CameraHandle(camera.handle), name: name(&camera.name)?, classes })
    });
    let powers = header.powers.iter().filter_map(|name| Power::named(name)).collect();
    let binding = Binding {
        rule: name(&header.rule)?,
        settings: header.settings.clone(),
        cameras: cameras.collect::<Result<_, String>>()?,
        limits: Limits { values: 64 << 20, ..Limits::default() },
        grants: Grants::new(powers, &header.webhooks).map_err(|error| error.to_string())?,
        deadline: DeadlineMode::Recorded,
    };
    let bound = compiled.bind(binding).map_err(|error| error.to_string())?;
    let probed = bound.probe().map_err(|error| error.to_string())?;
    let share = match header.camera {
        Some(handle) => Share::Camera(CameraHandle(handle)),
        None => Share::Site,
    };
    if !probed.shares().contains(&share) {
        return Err("it has another scope than the rule of the journal".to_owned());
    }
    let state = match &header.memory.version {
        Some(version) => Some(Snapshot {
            plugin: name(&header.plugin)?,
            version: version.parse().map_err(|error| format!("version {version:?}: {error}"))?,
            digest: header.digest.parse().map_err(|error| format!("digest: {error}"))?,
            time: TimeUs(header.memory.time_us),
            state: header.memory.state.0.clone().into(),
        }),
        None => None,
    };
    let values = header.memory.values.iter().map(|(key, value)| (key.clone(), value.0.clone())).collect();
    probed.revive(share, &Memory { state, values }).map_err(|error| error.to_string())
}

fn see(
    instance: &mut Instance,
    columns: &mut TrackColumns,
    seen: &SeenLine,
) -> Result<Result<RuleOutput, CallError>, String> {
    let info = FrameInfo {
        camera: CameraHandle(seen.camera),
        sequence: seen.frame,
        time: TimeUs(seen.time_us),
        size: Size::new(seen.width, seen.height),
    };
    let tracks: Vec<_> = seen.tracks.iter().map(track_of).collect();
    columns.fill(&tracks, info.size);
    let messages = seen.messages.iter().map(message).collect::<Result<Vec<_>, _>>()?;
    let shown = Shown { tracks: columns, messages: &messages, wall: seen.wall_us.map(TimeUs) };
    Ok(instance.process(&info, shown))
}

fn message(entry: &MessageEntry) -> Result<Message, String> {
    let attributes = entry.attributes.iter().map(|(key, value)| (key.clone(), value.clone().into()));
    Ok(Message {
        time: TimeUs(entry.time_us),
        camera: name(&entry.camera)?,
        rule: name(&entry.rule)?,
        topic: name(&entry.topic)?,
        attributes: attributes.collect(),
    })
}
