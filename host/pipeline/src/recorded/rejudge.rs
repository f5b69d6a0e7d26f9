//! A journal through a rule again.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::ops::ControlFlow;
use std::sync::Arc;

use ocellus_core::{CameraHandle, FrameInfo, Message, Name, Power, Powers, Size, TimeUs};
use ocellus_runtime::{
    Binding, BoundCamera, CallError, DeadlineMode, Grants, Instance, Memory, Moment, Runtime, Share, Shown,
    Snapshot, TrackColumns,
};

use super::Ending;
use super::decide::DecideError;
use crate::embeddings::KnownEmbeddings;
use crate::journal::{
    Came, DifferentPart, EndedLine, JournalError, JournalHeader, JournalLine, JournalReader, MessageEntry,
    Said, SeenLine,
};
use crate::readings::read_readings;
use crate::record::track_of;

/// What a journal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejudgeReport {
    /// Calls made.
    pub calls: u64,
    /// Events that the rule reported in them.
    pub events: u64,
    /// The calls that came to something else than in the journal, if any did.
    pub different: Option<Divergences>,
    /// Whether these were all.
    pub ending: Ending,
}

/// Calls that came to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergences {
    /// How many.
    pub calls: u64,
    /// In how many of them each part differs, by its name.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The line of the first.
    pub line: u64,
    /// What differs there.
    pub parts: Vec<DifferentPart>,
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

/// Makes every call of the journal again, on an instance of the plugin that begins with the same memory and has the
/// same limits but those of time. `proceed` is told the number of calls done, and says whether to go on.
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
    let mut again = Again::new(revive(journal.header(), runtime, component).map_err(refused)?);
    let ending = loop {
        let Some(line) = journal.next_line()? else {
            break Ending::Early(
                "the journal is cut: it has no end; record it again for all calls".to_owned(),
            );
        };
        if let JournalLine::Ended(ended) = line {
            break again.end(journal, ended)?;
        }
        if !again.instance.is_alive() {
            break again.died();
        }
        again.call(line, journal.line()).map_err(|reason| wrong(journal, reason))?;
        if proceed(again.calls).is_break() {
            break Ending::Stopped;
        }
    };
    let Again { calls, events, different, .. } = again;
    Ok(RejudgeReport { calls, events, different, ending })
}

/// The calls of a journal, made again so far.
struct Again {
    instance: Instance,
    columns: TrackColumns,
    /// By camera.
    known: BTreeMap<u32, KnownEmbeddings>,
    calls: u64,
    events: u64,
    /// The line of the last call.
    line: u64,
    different: Option<Divergences>,
}

impl Again {
    fn new(mut instance: Instance) -> Again {
        // What it has logged so far is not of the journal's calls.
        drop(instance.drain_logs());
        Again {
            instance,
            columns: TrackColumns::new(),
            known: BTreeMap::new(),
            calls: 0,
            events: 0,
            line: 1,
            different: None,
        }
    }

    /// Makes the call of `line`, and compares.
    fn call(&mut self, line: JournalLine, number: u64) -> Result<(), String> {
        let (came, recorded) = match line {
            JournalLine::Seen(seen) => (self.see(&seen)?, seen.said),
            JournalLine::Commanded(line) => {
                let at = Moment { time: TimeUs(line.time_us), wall: line.wall_us.map(TimeUs) };
                (self.instance.command(at, &line.request).into(), line.said)
            }
            JournalLine::Saved(line) => {
                let state: Result<Arc<[u8]>, CallError> = self.instance.checkpoint().map(Arc::from);
                (state.into(), line.said)
            }
            JournalLine::Asked(line) => (self.instance.query(&line.request).into(), line.said),
            JournalLine::Ended(_) => return Ok(()),
        };
        self.calls += 1;
        self.line = number;
        if let Came::Output(output) = &came {
            self.events += output.events.len() as u64;
        }
        let now = Said::of(&came, &self.instance.drain_logs());
        self.compare(&recorded, &now);
        Ok(())
    }

    fn see(&mut self, seen: &SeenLine) -> Result<Came, String> {
        let info = FrameInfo {
            camera: CameraHandle(seen.camera),
            sequence: seen.frame,
            time: TimeUs(seen.time_us),
            size: Size::new(seen.width, seen.height),
        };
        let tracks: Vec<_> = seen.tracks.iter().map(track_of).collect();
        self.columns.fill(&tracks, info.size);
        let embeddings = self.known.entry(seen.camera).or_default().read(&seen.tracks)?;
        self.columns.fill_embeddings(&embeddings);
        self.columns.fill_readings(&read_readings(&seen.tracks)?);
        let messages = seen.messages.iter().map(message).collect::<Result<Vec<_>, _>>()?;
        let shown = Shown { tracks: &self.columns, messages: &messages, wall: seen.wall_us.map(TimeUs) };
        Ok(self.instance.process(&info, shown).into())
    }

    fn compare(&mut self, recorded: &Said, now: &Said) {
        let parts = recorded.differences(now);
        if parts.is_empty() {
            return;
        }
        let kinds: Vec<_> = parts.iter().map(|part| part.kind).collect();
        let first = || Divergences { calls: 0, kinds: BTreeMap::new(), line: self.line, parts };
        let different = self.different.get_or_insert_with(first);
        different.calls += 1;
        for kind in kinds {
            *different.kinds.entry(kind).or_default() += 1;
        }
    }

    /// The journal's last line: nothing may be missing before it, nor stand behind it.
    fn end<R: BufRead>(
        &self,
        journal: &mut JournalReader<R>,
        ended: EndedLine,
    ) -> Result<Ending, JournalError> {
        if ended.calls != self.calls {
            return Err(JournalError::Cut { found: self.calls, said: ended.calls });
        }
        if journal.next_line()?.is_some() {
            return Err(wrong(journal, "it stands behind the end".to_owned()));
        }
        Ok(match ended.early {
            _ if !self.instance.is_alive() => self.died(),
            Some(early) => Ending::Early(early),
            None => Ending::Whole,
        })
    }

    fn died(&self) -> Ending {
        Ending::Early(format!("the rule failed at line {}", self.line))
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
    let power = |name: &String| {
        Power::named(name)
            .ok_or_else(|| format!("power {name:?} of the journal is not known to this program"))
    };
    let powers = header.powers.iter().map(power).collect::<Result<Vec<_>, _>>()?;
    let powers: Powers = powers.into_iter().collect();
    let binding = Binding {
        rule: name(&header.rule)?,
        settings: header.settings.clone(),
        cameras: cameras.collect::<Result<_, String>>()?,
        limits: header.limits.checked()?,
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
