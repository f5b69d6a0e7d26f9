//! Snapshots of what rules remember.
//!
//! They come every second from every instance, so they are not flushed one by one: the database does so on its own
//! about twice a second. A killed process loses at most the snapshots of the last half second, a power cut those of the
//! last seconds; what is read back is always one whole snapshot, or an error.
//!
//! Small ones are rows. Large ones are files, since a leaf of the database's tree holds up to 16 rows and is rewritten as
//! a whole.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use ocellus_core::{CameraHandle, Name, TimeUs};
use serde::{Deserialize, Serialize};
use sled::IVec;

use crate::database::Database;
use crate::digest::Digest;
use crate::engine::{Draft, Engine};
use crate::error::StoreError;
use crate::folder::{self, Survives};
use crate::keys::{self, Table};
use crate::room::Purpose;
use crate::value;
use crate::values::{self, Values};

/// The largest state, in bytes.
pub const STATE_LIMIT: usize = 1 << 20;
/// The largest state that is a row, in bytes.
const ROW_LIMIT: usize = 4 << 10;
/// The most states that one rule has: one for each camera that there ever was.
const STATES_LIMIT: usize = 100_000;

/// Which instance of a rule a state belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StateKey {
    /// The rule.
    pub rule: Name,
    /// Where the instance works.
    pub place: StatePlace,
}

/// Where an instance works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatePlace {
    /// One instance for all cameras of the rule.
    Site,
    /// One instance for this camera.
    Camera(CameraHandle),
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRecord {
    /// The version of the plugin that saved it.
    pub version: String,
    /// The digest of the plugin that saved it.
    pub digest: Digest,
    /// The time of the last frame that it includes.
    pub time: TimeUs,
    /// What the plugin saved.
    pub bytes: Vec<u8>,
}

/// A state as stored, in a row or in a file. Large bytes follow as they are.
#[derive(Serialize, Deserialize)]
struct StoredState {
    version: String,
    digest: [u8; 32],
    time_us: u64,
    size: u32,
}

/// All that an instance remembers at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryRecord {
    /// The instance.
    pub key: StateKey,
    /// Its state; `None` where it has none.
    pub state: Option<StateRecord>,
    /// All that it keeps under keys.
    pub values: Vec<(String, Vec<u8>)>,
}

/// What the row says when the state is in a file: nothing, for the file tells it all.
const IN_FILE: &[u8] = b"";

impl StateKey {
    fn key(&self) -> Vec<u8> {
        self.row(Table::State)
    }

    /// The key of this instance's row in `table`, or what those of its rows begin with.
    pub(crate) fn row(&self, table: Table) -> Vec<u8> {
        let mut key = keys::of_rule(table, &self.rule);
        match self.place {
            StatePlace::Site => key.push(0),
            StatePlace::Camera(CameraHandle(handle)) => {
                key.push(1);
                key.extend_from_slice(&handle.to_be_bytes());
            }
        }
        key
    }

    pub(crate) fn what(&self) -> String {
        match self.place {
            StatePlace::Site => format!("the state of rule {}", self.rule),
            StatePlace::Camera(CameraHandle(handle)) => {
                format!("the state of rule {} on camera number {handle}", self.rule)
            }
        }
    }
}

/// The keys of the rows of all that a rule remembers.
pub(crate) struct MemoryRows {
    states: Vec<IVec>,
    values: Vec<IVec>,
}

/// Rows to write, and to remove where there is no value.
pub(crate) type Rows = Vec<(Vec<u8>, Option<Vec<u8>>)>;

impl MemoryRows {
    pub(crate) fn draft_removal(&self, draft: &mut Draft) {
        self.states.iter().chain(&self.values).for_each(|row| draft.batch.remove(row));
    }
}

impl Database {
    /// Stores a snapshot in place of the one before. It reaches the disk within about half a second, not at once.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] over [`STATE_LIMIT`], [`StoreError::DiskFull`], [`StoreError::Io`],
    /// [`StoreError::Failed`]. The snapshot before is kept then.
    pub fn put_state(&self, key: &StateKey, state: &StateRecord) -> Result<(), StoreError> {
        self.put_memory(key, state, Values::Changed(&[]))
    }

    /// The same with values under keys, `None` for those that are gone. What is read back after a kill
    /// is of one moment; only a state over 4 KiB may be that of the next save.
    ///
    /// # Errors
    /// As [`Database::put_state`].
    pub fn put_memory(
        &self,
        key: &StateKey,
        state: &StateRecord,
        values: Values<'_>,
    ) -> Result<(), StoreError> {
        let mut rows = match values {
            Values::Changed(changes) => values::rows(key, changes),
            Values::All(entries) => {
                let there = entries.iter().filter_map(|(key, value)| Some((&**key, value.as_deref()?)));
                self.value_rows_instead(key, there)?
            }
        };
        let (row, sealed) = self.state_row(key, state, Survives::ProcessKill)?;
        if self.engine.get(&row)?.is_none_or(|stored| stored != sealed) {
            rows.push((row, Some(sealed)));
        }
        match rows.is_empty() {
            true => Ok(()),
            false => self.engine.apply_loose("storing a rule's state", rows),
        }
    }

    /// Returns once all states that were stored are on the disk.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Failed`].
    pub fn flush_states(&self) -> Result<(), StoreError> {
        self.engine.flush()
    }

    /// The row of a state; that of a large one is written to its file first.
    fn state_row(
        &self,
        key: &StateKey,
        state: &StateRecord,
        survives: Survives,
    ) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let size = state.bytes.len();
        if size > STATE_LIMIT {
            return Err(StoreError::TooLarge { what: key.what(), size, limit: STATE_LIMIT });
        }
        let row = key.key();
        let sealed = seal(key, &row, state)?;
        if size <= ROW_LIMIT {
            return Ok((row, sealed));
        }
        folder::write_whole(&self.state_file(&row), &sealed, survives)?;
        let in_file = value::seal(&row, IN_FILE);
        Ok((row, in_file))
    }

    /// The rows that make an instance remember this and nothing else.
    pub(crate) fn memory_rows(&self, memory: &MemoryRecord) -> Result<Rows, StoreError> {
        let MemoryRecord { key, state, values } = memory;
        let there = values.iter().map(|(key, value)| (key.as_str(), value.as_slice()));
        let mut rows = self.value_rows_instead(key, there)?;
        rows.push(match state {
            Some(state) => {
                let (row, sealed) = self.state_row(key, state, Survives::PowerLoss)?;
                (row, Some(sealed))
            }
            None => (key.key(), None),
        });
        Ok(rows)
    }

    /// The rows that make these values all that an instance keeps under keys.
    fn value_rows_instead<'a>(
        &self,
        key: &StateKey,
        values: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Rows, StoreError> {
        let stored = self.engine.rows(&key.row(Table::Value), usize::MAX)?;
        Ok(values::rows_instead(key, values, &stored))
    }

    /// The last snapshot of an instance.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it is: the instance then starts without a memory.
    pub fn state(&self, key: &StateKey) -> Result<Option<StateRecord>, StoreError> {
        let row = key.key();
        let Some(stored) = self.engine.get(&row)? else { return Ok(None) };
        self.read_state(&row, &stored).map(Some).map_err(|why| {
            self.engine.report_damaged(&key.what(), &why);
            StoreError::damaged(key.what(), why)
        })
    }

    /// The state of a row, or why it is damaged.
    fn read_state(&self, row: &[u8], stored: &[u8]) -> Result<StateRecord, String> {
        let payload = value::open(row, stored)?;
        if payload != IN_FILE {
            return unpack(payload);
        }
        let path = self.state_file(row);
        let file = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        unpack(value::open(row, &file)?)
    }

    /// Forgets what instances of a rule remember if `is_ours` denies it: it is told the digest that saved the state, or
    /// `None` where there are only values, or no sound state. How many states were forgotten.
    ///
    /// # Errors
    /// Those of any change.
    pub fn retain_states(
        &self,
        rule: &Name,
        is_ours: impl Fn(Option<Digest>) -> bool,
    ) -> Result<usize, StoreError> {
        let saved = self.engine.rows(&keys::of_rule(Table::State, rule), STATES_LIMIT)?;
        let mut states = Vec::new();
        let mut known = BTreeMap::new();
        for (row, stored) in saved {
            let is_kept = is_ours(self.read_state(&row, &stored).ok().map(|state| state.digest));
            known.insert(instance(&row).to_vec(), is_kept);
            states.extend((!is_kept).then_some(row));
        }
        let is_unsaved_kept = is_ours(None);
        let mut values = self.memory_of(rule)?.values;
        values.retain(|value| !known.get(instance(value)).unwrap_or(&is_unsaved_kept));
        self.forget(&MemoryRows { states, values })
    }

    /// Forgets all states of a rule and what it keeps under keys; how many states there were.
    ///
    /// # Errors
    /// Those of any change.
    pub fn delete_states(&self, rule: &Name) -> Result<usize, StoreError> {
        self.forget(&self.memory_of(rule)?)
    }

    fn forget(&self, memory: &MemoryRows) -> Result<usize, StoreError> {
        if memory.states.is_empty() && memory.values.is_empty() {
            return Ok(0);
        }
        self.acknowledge(self.engine.commit("deleting a rule's states", Purpose::Freeing, |draft| {
            memory.draft_removal(draft);
            Ok(())
        })?)?;
        self.remove_state_files(memory)?;
        Ok(memory.states.len())
    }

    /// The rows of all that a rule remembers.
    pub(crate) fn memory_of(&self, rule: &Name) -> Result<MemoryRows, StoreError> {
        let keys = |table, limit| -> Result<Vec<IVec>, StoreError> {
            let rows = self.engine.rows(&keys::of_rule(table, rule), limit)?;
            Ok(rows.into_iter().map(|(row, _)| row).collect())
        };
        Ok(MemoryRows { states: keys(Table::State, STATES_LIMIT)?, values: keys(Table::Value, usize::MAX)? })
    }

    /// Removes the files of states whose rows are gone.
    pub(crate) fn remove_state_files(&self, memory: &MemoryRows) -> Result<(), StoreError> {
        for row in &memory.states {
            let path = self.state_file(row);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("removing a rule's state", &path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn state_file(&self, row: &[u8]) -> PathBuf {
        self.engine.folder.states().join(file_name(row))
    }
}

/// Rule and place of an instance, as the key of its state and those of its values have them after their first byte.
fn instance(row: &[u8]) -> &[u8] {
    let row = row.get(1..).unwrap_or_default();
    let rule = row.iter().position(|byte| *byte == 0).unwrap_or(row.len());
    // What `StateKey::row` writes after the rule's end: 0 for the site, or 1 and four bytes of a camera's handle.
    let place = if row.get(rule + 1) == Some(&0) { 1 } else { 5 };
    row.get(..rule + 1 + place).unwrap_or(row)
}

/// A name that no other row's file has: rule names are safe in file names, the rest becomes hexadecimal digits.
fn file_name(row: &[u8]) -> String {
    let row = row.get(1..).unwrap_or_default();
    let (rule, place) = row.split_at(row.iter().position(|byte| *byte == 0).unwrap_or(row.len()));
    let place: String = place.iter().skip(1).map(|byte| format!("{byte:02x}")).collect();
    format!("{}@{place}.state", rule.escape_ascii())
}

fn seal(key: &StateKey, row: &[u8], state: &StateRecord) -> Result<Vec<u8>, StoreError> {
    let header = StoredState {
        version: state.version.clone(),
        digest: *state.digest.as_bytes(),
        time_us: state.time.0,
        size: u32::try_from(state.bytes.len()).unwrap_or(u32::MAX),
    };
    let mut payload =
        postcard::to_allocvec(&header).map_err(|error| StoreError::damaged(key.what(), error.to_string()))?;
    payload.extend_from_slice(&state.bytes);
    Ok(value::seal(row, &payload))
}

fn unpack(payload: &[u8]) -> Result<StateRecord, String> {
    let (header, bytes) =
        postcard::take_from_bytes::<StoredState>(payload).map_err(|error| error.to_string())?;
    if usize::try_from(header.size) != Ok(bytes.len()) {
        return Err(format!("it has {} bytes, its header says {}", bytes.len(), header.size));
    }
    let StoredState { version, digest, time_us, .. } = header;
    Ok(StateRecord { version, digest: Digest::from(digest), time: TimeUs(time_us), bytes: bytes.to_vec() })
}

/// Removes what interrupted writes left, and files whose row is gone or holds the state itself by now.
pub(crate) fn sweep(engine: &Engine) -> Result<(), StoreError> {
    let rows = engine.rows(&[Table::State as u8], STATES_LIMIT)?;
    let in_file =
        |row: &[u8], stored: &[u8]| value::open(row, stored).is_ok_and(|payload| payload == IN_FILE);
    let needed: std::collections::HashSet<String> =
        rows.iter().filter(|(row, stored)| in_file(row, stored)).map(|(row, _)| file_name(row)).collect();
    for path in folder::files_without_leftovers(&engine.folder.states())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".state") && !needed.contains(&name) {
            fs::remove_file(&path)
                .map_err(|error| StoreError::io("removing a rule's state", &path, error))?;
        }
    }
    Ok(())
}
