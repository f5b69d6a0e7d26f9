//! Opening the data folder, and what is done when it is damaged.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::database::Database;
use crate::engine::{Engine, Parts, panic_text};
use crate::error::{StoreError, is_full};
use crate::events;
use crate::folder::{self, Folder};
use crate::keys::{self, Table};
use crate::mark::Mark;
use crate::room::{Purpose, Room};
use crate::tail::Tail;
use crate::{plugins, states, value};

/// The format of the database that this release writes.
const SCHEMA: u32 = 1;

/// What a database is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// Memory for pages read from the disk, in bytes; sled treats it as a rough aim.
    pub cache_bytes: u64,
    /// What an acknowledged change survives.
    pub durability: Durability,
}

impl Default for DatabaseSettings {
    fn default() -> DatabaseSettings {
        DatabaseSettings { cache_bytes: 64 << 20, durability: Durability::PowerLoss }
    }
}

/// What an acknowledged change survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however it comes; the system's cache may hold the last writes.
    ProcessKill,
    /// Also the end of power: the drive is told to write before a change is acknowledged.
    PowerLoss,
}

/// An open database and what was found wrong on the way.
#[derive(Debug)]
pub struct Opened {
    /// The database, ready to use.
    pub database: Database,
    /// What was damaged; tell the operator loudly.
    pub damage: Option<Damage>,
}

/// What was damaged, what was lost, and where the remains are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What was found.
    pub what: String,
    /// Where the damaged database was moved; `None` when it could be used after a repair.
    pub moved_to: Option<PathBuf>,
    /// Sequences of acknowledged events that are gone. They are not given out again.
    pub lost_events: Option<Range<u64>>,
    /// Plugin files that lost their row, moved here; they can be uploaded again.
    pub plugins: Vec<PathBuf>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the database is damaged: {}", self.what)?;
        match &self.moved_to {
            Some(place) => write!(f, "; it was moved to {} and a clean one started", place.display())?,
            None => write!(f, "; it goes on with what is left")?,
        }
        if let Some(lost) = &self.lost_events {
            write!(f, "; events {} to {} are lost", lost.start, lost.end.saturating_sub(1))?;
        }
        if let [first, ..] = &self.plugins[..] {
            let folder = first.parent().unwrap_or(first);
            write!(f, "; {} plugins to upload again are in {}", self.plugins.len(), folder.display())?;
        }
        Ok(())
    }
}

/// Why a database did not open.
enum Trouble {
    /// It is damaged: move it aside.
    Damaged(String),
    /// Something else: leave it alone.
    Refused(StoreError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Trouble {
        match error {
            StoreError::Damaged { what, why } => Trouble::Damaged(format!("{what}: {why}")),
            error => Trouble::Refused(error),
        }
    }
}

/// A database whose fixed rows are in order.
struct Sound {
    db: sled::Db,
    tail: Tail,
    /// What is odd about it, though it can be used.
    oddity: Option<String>,
}

impl Database {
    /// Opens the data folder with the default settings, creating it when missing.
    ///
    /// # Errors
    /// As [`Database::open_with`].
    pub fn open(folder: &Path) -> Result<Opened, StoreError> {
        Database::open_with(folder, &DatabaseSettings::default())
    }

    /// Opens the data folder, creating it when missing.
    ///
    /// A damaged database is no error: it is moved to `sled.damaged-<n>`, a clean one is started, sequences and
    /// camera handles go on above those given out before, and [`Opened::damage`] tells.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process has the folder open, [`StoreError::Newer`] for data of a later
    /// release, [`StoreError::DiskFull`] and [`StoreError::Io`] when the system refuses. The data is left as it was.
    pub fn open_with(folder: &Path, settings: &DatabaseSettings) -> Result<Opened, StoreError> {
        let folder = Folder::open(folder)?;
        let (mark, marked) = Mark::open(&folder.mark())?;
        let place = folder.place_for_damaged();
        let mut damage = None;
        let found = match folder.suspected() {
            Some(why) => Err(Trouble::Damaged(format!("a change failed on it before ({why})"))),
            None => open_sled(&folder, settings),
        };
        let sound = match found {
            Ok(sound) => sound,
            Err(Trouble::Refused(error)) => return Err(error),
            Err(Trouble::Damaged(what)) => {
                set_aside(&folder, &place)?;
                folder.forget_suspicion()?;
                damage =
                    Some(Damage { what, moved_to: Some(place.clone()), lost_events: None, plugins: vec![] });
                open_sled(&folder, settings).map_err(|trouble| match trouble {
                    Trouble::Refused(error) => error,
                    Trouble::Damaged(why) => StoreError::damaged("the database just created", why),
                })?
            }
        };
        let Sound { db, tail, oddity } = sound;
        let found = tail.clone();
        let log = folder.sled().join("db");
        let room = Room::open(&log)?;
        let durability = settings.durability;
        let mut engine = Engine::new(Parts { db, folder, room, mark, durability, tail });

        let lost = marked.filter(|marked| marked.revision > found.revision);
        if oddity.is_some() || lost.is_some() {
            let what = oddity.unwrap_or_else(|| "acknowledged changes are missing from it".to_owned());
            let damage =
                damage.get_or_insert(Damage { what, moved_to: None, lost_events: None, plugins: vec![] });
            if let Some(marked) = lost {
                damage.lost_events = go_on_above(&mut engine, &marked)?;
            }
        }
        let orphans = plugins::sweep(&engine, damage.is_some().then_some(place.as_path()))?;
        if let Some(damage) = &mut damage {
            damage.plugins = orphans;
            tracing::error!(folder = %engine.folder.root().display(), "{damage}");
        }
        states::sweep(&engine)?;
        Ok(Opened { database: Database::new(Arc::new(engine)), damage })
    }
}

/// Opens sled and checks the rows that must be there.
fn open_sled(folder: &Folder, settings: &DatabaseSettings) -> Result<Sound, Trouble> {
    let path = folder.sled();
    folder::make(&path)?;
    remove_half_snapshots(&path)?;
    let db = start_sled(&path, settings)?;
    // Reading may meet damage that opening did not.
    catch_unwind(AssertUnwindSafe(|| check(&db, folder)))
        .unwrap_or_else(|panic| {
            Err(Trouble::Damaged(format!("its engine failed on reading ({})", panic_text(&*panic))))
        })
        .map(|(tail, oddity)| Sound { db, tail, oddity })
}

/// sled writes its snapshots under another name first, then takes a half-written one that a kill or a full disk left
/// for a finished, damaged one. The snapshot before is still there.
fn remove_half_snapshots(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::io("listing the database's files", path, error);
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        if file.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(&file)
                .map_err(|error| StoreError::io("removing a half snapshot", &file, error))?;
        }
    }
    Ok(())
}

fn start_sled(path: &Path, settings: &DatabaseSettings) -> Result<sled::Db, Trouble> {
    let config = sled::Config::new()
        .path(path)
        .cache_capacity(settings.cache_bytes)
        // What is not flushed on purpose, rule states, reaches the disk at least this often.
        .flush_every_ms(Some(500));
    // The folder is locked by us, so sled's own lock can only be held by a database that this process has just
    // closed: sled lets go of it on a thread of its own, a little after.
    const TRIES: u32 = 100;
    for attempt in 1..=TRIES {
        let error = match catch_unwind(AssertUnwindSafe(|| config.open())) {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(error)) => error,
            Err(panic) => {
                return Err(Trouble::Damaged(format!("its engine failed ({})", panic_text(&*panic))));
            }
        };
        match error {
            sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
                if attempt < TRIES {
                    std::thread::sleep(Duration::from_millis(50));
                }
            }
            sled::Error::Io(error) if names_damage(&error) => {
                return Err(Trouble::Damaged(format!("its engine could not read it ({error})")));
            }
            sled::Error::Io(error) => {
                return Err(StoreError::io("opening the database", path, error).into());
            }
            error => return Err(Trouble::Damaged(format!("its engine refused it ({error})"))),
        }
    }
    Err(Trouble::Refused(StoreError::Locked {
        folder: path.to_owned(),
        holder: "a database handle".to_owned(),
    }))
}

/// Whether an error on reading speaks of the content rather than of the disk or of permissions.
fn names_damage(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    !is_full(error) && matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

type Checked = (Tail, Option<String>);

fn check(db: &sled::Db, folder: &Folder) -> Result<Checked, Trouble> {
    let engine = |error: sled::Error| Trouble::Damaged(format!("its engine failed on reading ({error})"));
    let Some(schema) = db.get(keys::SCHEMA).map_err(engine)? else {
        if db.iter().next().is_some() {
            return Err(Trouble::Damaged("it names no format".to_owned()));
        }
        return start_clean(db, folder);
    };
    let schema = value::open(keys::SCHEMA, &schema)
        .map_err(|why| Trouble::Damaged(format!("the row that names its format is damaged: {why}")))?;
    let found = schema
        .first_chunk::<4>()
        .map(|bytes| u32::from_le_bytes(*bytes))
        .ok_or_else(|| Trouble::Damaged("the row that names its format is too short".to_owned()))?;
    if found > SCHEMA {
        let folder = folder.root().to_owned();
        return Err(Trouble::Refused(StoreError::Newer { folder, found, known: SCHEMA }));
    }
    let sealed = db.get(keys::TAIL).map_err(engine)?;
    let mut tail = sealed
        .ok_or_else(|| "it is missing".to_owned())
        .and_then(|sealed| {
            Tail::decode(value::open(keys::TAIL, &sealed)?).ok_or_else(|| "it has another length".to_owned())
        })
        .map_err(|why| Trouble::Damaged(format!("the row of its counters is damaged: {why}")))?;
    let last = events::last_sequence(db).map_err(engine)?;
    let mut oddity = None;
    if let Some(last) = last.filter(|last| *last >= tail.next_event) {
        oddity = Some(format!("it holds event {last}, its counters end before {}", tail.next_event));
        tail.next_event = last.saturating_add(1);
    }
    // These are few, and without them the site is not itself: damage among them is better met now.
    for table in [Table::Camera, Table::Handle, Table::Plugin, Table::Rule, Table::State] {
        db.scan_prefix([table as u8]).try_for_each(|row| row.map(|_| ())).map_err(engine)?;
    }
    Ok((tail, oddity))
}

fn start_clean(db: &sled::Db, folder: &Folder) -> Result<Checked, Trouble> {
    let tail = Tail::default();
    let mut batch = sled::Batch::default();
    batch.insert(keys::SCHEMA, value::seal(keys::SCHEMA, &SCHEMA.to_le_bytes()));
    batch.insert(keys::TAIL, value::seal(keys::TAIL, &tail.encode()));
    db.apply_batch(batch).and_then(|()| db.flush()).map_err(|error| match error {
        sled::Error::Io(error) => {
            Trouble::Refused(StoreError::io("starting the database", &folder.sled(), error))
        }
        error => Trouble::Refused(StoreError::damaged("the database just created", error.to_string())),
    })?;
    Ok((tail, None))
}

/// Moves the damaged database away, with the rule states that belong to its camera handles.
fn set_aside(folder: &Folder, place: &Path) -> Result<(), StoreError> {
    let moved = |from: &Path, to: &Path| {
        fs::rename(from, to).map_err(|error| StoreError::io("moving the damaged database aside", from, error))
    };
    moved(&folder.sled(), place)?;
    moved(&folder.states(), &place.join("states"))?;
    folder::make(&folder.states())?;
    folder::sync_parent(&folder.sled())
        .map_err(|error| StoreError::io("moving the damaged database aside", place, error))
}

/// Goes on above everything that was acknowledged, and tells which events are gone.
fn go_on_above(engine: &mut Engine, marked: &Tail) -> Result<Option<Range<u64>>, StoreError> {
    let (lost, revision) = engine.commit("repairing the database", Purpose::Freeing, |draft| {
        let tail = &mut draft.tail;
        // After a clean start all that was kept is gone, otherwise what came after the cut.
        let lost = if tail.events == 0 { marked.first_event } else { tail.next_event }..marked.next_event;
        tail.next_event = tail.next_event.max(marked.next_event);
        if tail.events == 0 {
            tail.first_event = tail.next_event;
        }
        tail.next_handle = tail.next_handle.max(marked.next_handle);
        tail.revision = tail.revision.max(marked.revision + 1);
        Ok((!lost.is_empty()).then_some(lost))
    })?;
    engine.make_durable(revision)?;
    Ok(lost)
}
