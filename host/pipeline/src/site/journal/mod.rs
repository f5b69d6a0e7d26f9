//! Recording the calls of a rule, as they happen.

mod noted;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use ocellus_core::{Name, Power, Powers};
use ocellus_runtime::{Memory, OnRefusal, Share, prepare_swap};

use super::ask::ask;
use super::rule::RuleEntry;
use super::tap::{Listener, Tap};
use super::{Site, SiteError};
use crate::camera::lane::{LaneCommand, NotRecorded};
use crate::embeddings::KnownEmbeddings;
use crate::journal::{
    AskedLine, Bytes, CommandedLine, EndedLine, FORMAT, JournalCamera, JournalHeader, JournalLimits,
    JournalLine, JournalMemory, MessageEntry, Said, SavedLine, SeenLine, VERSION, VERSION_WITH_EMBEDDINGS,
    VERSION_WITH_READINGS,
};
use crate::readings::write_readings;
use crate::record::entry_of;

pub(crate) use self::noted::{Made, Noted, NotedCall};

/// How long a rule may be silent before the journal ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A journal that is being written, line by line. Dropping it ends the recording.
pub struct RuleJournal {
    header: Option<Box<JournalHeader>>,
    /// None once it has ended, so that another one may begin.
    lane: Option<Listener<Noted>>,
    calls: u64,
    wanted: u64,
    /// What the journal has said of tracks' appearance, by camera.
    known: BTreeMap<u32, KnownEmbeddings>,
}

impl std::fmt::Debug for RuleJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let RuleJournal { calls, wanted, .. } = self;
        f.debug_struct("RuleJournal").field("calls", calls).field("wanted", wanted).finish_non_exhaustive()
    }
}

impl Site {
    /// Records the next `calls` calls of a rule on a camera, or those for the whole site where it is a site rule. The
    /// rule goes on with a fresh instance that has the memory of the old one. Frames, corrections, questions, and
    /// each saving of the state are calls. Blocks until the lane's next frame boundary.
    ///
    /// # Errors
    /// [`SiteError::NotFound`]; [`SiteError::Recorded`] while another journal of that instance goes on; or that the
    /// rule is not running.
    pub fn record_rule(&self, rule: &Name, camera: &Name, calls: u64) -> Result<RuleJournal, SiteError> {
        let _turn = self.0.take_turn_of(rule)?;
        let entry = self.0.rules().get(rule).cloned().ok_or_else(|| SiteError::no_rule(rule))?;
        let place = self.place_of(rule, camera)?;
        let refused = |reason: String| SiteError::Rule { rule: rule.clone(), reason };
        let fresh = prepare_swap(&entry.probed, place.share, OnRefusal::Abort)
            .map_err(|error| refused(error.to_string()))?;
        let (tap, lane) = Tap::new();
        let (reply, answer) = sync_channel(1);
        let command = LaneCommand::Record { rule: rule.clone(), fresh: Box::new(fresh), tap, reply };
        let begun = ask(&place, command, &answer)?.ok_or_else(|| SiteError::no_rule(rule))?;
        let memory = begun.map_err(|not| match not {
            NotRecorded::Already => SiteError::Recorded { rule: rule.clone(), place: place.seat.to_string() },
            NotRecorded::Refused(reason) => refused(reason),
        })?;
        let header = Some(Box::new(header(&entry, place.share, &memory)));
        Ok(RuleJournal { header, lane: Some(lane), calls: 0, wanted: calls, known: BTreeMap::new() })
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
        version: version_for(granted.powers()),
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
        limits: JournalLimits::from(&probed.binding().limits),
        memory: remembered(memory),
    }
}

/// Only a rule that may see embeddings or readings has them in its journal.
fn version_for(powers: Powers) -> u32 {
    match (powers.has(Power::Readings), powers.has(Power::Embeddings)) {
        (true, _) => VERSION_WITH_READINGS,
        (false, true) => VERSION_WITH_EMBEDDINGS,
        (false, false) => VERSION,
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
        let lane = self.lane.as_ref()?;
        let next = match self.calls < self.wanted {
            true => next_call(lane, &mut self.known),
            false => Err(None),
        };
        let line = next.unwrap_or_else(|early| {
            self.lane = None;
            JournalLine::Ended(EndedLine { calls: self.calls, early })
        });
        if self.lane.is_some() {
            self.calls += 1;
        }
        Some(text(&line))
    }
}

/// The next call, or why there is none.
fn next_call(
    lane: &Listener<Noted>,
    known: &mut BTreeMap<u32, KnownEmbeddings>,
) -> Result<JournalLine, Option<String>> {
    let early = |why: &str| Err(Some(why.to_owned()));
    if lane.missed.load(Ordering::Relaxed) > 0 {
        return early("whoever took the journal was too slow for the rule");
    }
    match lane.inbox.recv_timeout(PATIENCE) {
        Ok(Noted::Call(call)) => Ok(line(*call, known)),
        Ok(Noted::Ended(why)) => early(why),
        Err(RecvTimeoutError::Timeout) => early("the rule was shown nothing for a minute"),
        Err(RecvTimeoutError::Disconnected) => early("the rule was removed, or the host ended"),
    }
}

fn line(call: NotedCall, known: &mut BTreeMap<u32, KnownEmbeddings>) -> JournalLine {
    let NotedCall { made, came, logs } = call;
    let said = Said::of(&came, &logs);
    match made {
        Made::Seen { info, tracks, embeddings, readings, messages, wall } => {
            let mut tracks: Vec<_> = tracks.iter().map(entry_of).collect();
            known.entry(info.camera.0).or_default().write(&mut tracks, &embeddings);
            write_readings(&mut tracks, &readings);
            JournalLine::Seen(SeenLine {
                camera: info.camera.0,
                frame: info.sequence,
                time_us: info.time.0,
                wall_us: wall.map(|wall| wall.0),
                width: info.size.width,
                height: info.size.height,
                tracks,
                messages: messages.iter().map(MessageEntry::from).collect(),
                said,
            })
        }
        Made::Commanded { at, request } => {
            let wall_us = at.wall.map(|wall| wall.0);
            JournalLine::Commanded(CommandedLine { time_us: at.time.0, wall_us, request, said })
        }
        Made::Saved => JournalLine::Saved(SavedLine { said }),
        Made::Asked { request } => JournalLine::Asked(AskedLine { request, said }),
    }
}

fn text(line: &impl serde::Serialize) -> Vec<u8> {
    // Texts, numbers and lists of these: there is nothing in it that JSON could not say.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text
}
