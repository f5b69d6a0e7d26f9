//! Recording the calls of a rule, as they happen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use ocellus_core::Name;
use ocellus_runtime::{Memory, OnRefusal, Share, prepare_swap};

use super::ask::ask;
use super::rule::RuleEntry;
use super::shadow::{Heard, Tap, Told};
use super::{Site, SiteError};
use crate::camera::lane::LaneCommand;
use crate::journal::{
    Bytes, CommandedLine, EndedLine, EventEntry, FORMAT, JournalCamera, JournalHeader, JournalLine,
    JournalMemory, MessageEntry, Said, SeenLine, VERSION,
};
use crate::record::entry_of;

/// How long a rule may be silent before the journal ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A journal that is being written, line by line. Dropping it ends the recording.
pub struct RuleJournal {
    header: Option<Box<JournalHeader>>,
    inbox: Receiver<Told>,
    missed: Arc<AtomicU64>,
    calls: u64,
    wanted: u64,
    has_ended: bool,
}

impl std::fmt::Debug for RuleJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let RuleJournal { calls, wanted, .. } = self;
        f.debug_struct("RuleJournal").field("calls", calls).field("wanted", wanted).finish_non_exhaustive()
    }
}

impl Site {
    /// Records the next `calls` calls of a rule on a camera, or those for the whole site where it is a site rule. The
    /// rule goes on with a fresh instance that has the memory of the old one. One journal at a time for each
    /// instance: a second ends the first. Blocks until the lane's next frame boundary.
    ///
    /// # Errors
    /// [`SiteError::NotFound`], or that the rule is not running.
    pub fn record_rule(&self, rule: &Name, camera: &Name, calls: u64) -> Result<RuleJournal, SiteError> {
        let _turn = self.0.take_turn()?;
        let entry = self.0.rules().get(rule).cloned().ok_or_else(|| SiteError::no_rule(rule))?;
        let place = self.place_of(rule, camera)?;
        let refused = |reason: String| SiteError::Rule { rule: rule.clone(), reason };
        let fresh = prepare_swap(&entry.probed, place.share, OnRefusal::Abort)
            .map_err(|error| refused(error.to_string()))?;
        let (tap, inbox) = Tap::new();
        let missed = tap.missed();
        let (reply, answer) = sync_channel(1);
        let command = LaneCommand::Record { rule: rule.clone(), fresh: Box::new(fresh), tap, reply };
        let begun = ask(&place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
        let memory = begun.map_err(refused)?;
        let header = Some(Box::new(header(&entry, place.share, &memory)));
        Ok(RuleJournal { header, inbox, missed, calls: 0, wanted: calls, has_ended: false })
    }
}

fn header(entry: &RuleEntry, share: Share, memory: &Memory) -> JournalHeader {
    let probed = &entry.probed;
    let cameras = probed.binding().cameras.iter().map(|camera| JournalCamera {
        handle: camera.handle.0,
        name: camera.name.to_string(),
        classes: camera.classes.to_vec(),
    });
    let granted = &entry.grants.granted;
    JournalHeader {
        format: FORMAT.to_owned(),
        version: VERSION,
        rule: entry.record.name.to_string(),
        plugin: entry.record.plugin.to_string(),
        plugin_version: probed.description().version.to_string(),
        digest: entry.record.digest.to_string(),
        settings: entry.record.settings.clone(),
        camera: match share {
            Share::Camera(handle) => Some(handle.0),
            Share::Site => None,
        },
        cameras: cameras.collect(),
        powers: granted.powers().iter().map(|power| power.as_str().to_owned()).collect(),
        webhooks: granted.webhooks().map(str::to_owned).collect(),
        memory: remembered(memory),
    }
}

fn remembered(memory: &Memory) -> JournalMemory {
    let values = memory.values.iter().map(|(key, value)| (key.to_owned(), Bytes(value.to_vec())));
    let values = values.collect();
    match &memory.state {
        Some(snapshot) => JournalMemory {
            version: Some(snapshot.version.to_string()),
            time_us: snapshot.time.0,
            state: Bytes(snapshot.state.to_vec()),
            values,
        },
        None => JournalMemory { values, ..JournalMemory::default() },
    }
}

impl RuleJournal {
    /// The next line, with its end; `None` after the last. Blocks until the rule is called again, a minute at most.
    pub fn next_line(&mut self) -> Option<Vec<u8>> {
        if let Some(header) = self.header.take() {
            return Some(text(&header));
        }
        if self.has_ended {
            return None;
        }
        let line = match self.next_call() {
            Ok(line) => line,
            Err(early) => {
                self.has_ended = true;
                JournalLine::Ended(EndedLine { calls: self.calls, early })
            }
        };
        Some(text(&line))
    }

    /// The next call, or how the journal ends.
    fn next_call(&mut self) -> Result<JournalLine, Option<String>> {
        if self.calls >= self.wanted {
            return Err(None);
        }
        loop {
            if self.missed.load(Ordering::Relaxed) > 0 {
                return Err(Some("whoever took the journal was too slow for the rule".to_owned()));
            }
            let told = self.inbox.recv_timeout(PATIENCE).map_err(|error| match error {
                RecvTimeoutError::Timeout => Some("the rule was shown nothing for a minute".to_owned()),
                RecvTimeoutError::Disconnected => Some("the rule was removed".to_owned()),
            })?;
            if let Some(line) = self.line(told)? {
                self.calls += 1;
                return Ok(line);
            }
        }
    }

    /// The line of a call, if there was one.
    fn line(&mut self, told: Told) -> Result<Option<JournalLine>, Option<String>> {
        Ok(match told {
            Told::Changed => return Err(Some("the rule was changed".to_owned())),
            Told::Frame { info, tracks, messages, wall, said, .. } => self.said(said).map(|said| {
                JournalLine::Seen(SeenLine {
                    camera: info.camera.0,
                    frame: info.sequence,
                    time_us: info.time.0,
                    wall_us: wall.map(|wall| wall.0),
                    width: info.size.width,
                    height: info.size.height,
                    tracks: tracks.iter().map(entry_of).collect(),
                    messages: messages.iter().map(MessageEntry::from).collect(),
                    said,
                })
            }),
            Told::Command { at, request, said, .. } => self.said(said).map(|said| {
                let wall_us = at.wall.map(|wall| wall.0);
                JournalLine::Commanded(CommandedLine { time_us: at.time.0, wall_us, request, said })
            }),
        })
    }

    /// After a fatal failure the instance is another one: the journal ends with the call that killed it.
    fn said(&mut self, heard: Heard) -> Option<Said> {
        Some(match heard {
            Heard::Nothing => return None,
            Heard::Events(events) => Said::Events(events.iter().map(EventEntry::from).collect()),
            Heard::Failed { error, is_fatal } => {
                if is_fatal {
                    self.wanted = self.calls + 1;
                }
                Said::Failed(error)
            }
        })
    }
}

fn text(line: &impl serde::Serialize) -> Vec<u8> {
    // Texts, numbers and lists of these: there is nothing in it that JSON could not say.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text
}
