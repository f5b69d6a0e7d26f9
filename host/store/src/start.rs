//! Starting sled, and the rows that must be there.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use crate::engine::panic_text;
use crate::error::{StoreError, is_full};
use crate::events;
use crate::folder::{self, Folder};
use crate::keys::{self, Table};
use crate::open::DatabaseSettings;
use crate::tail::Tail;
use crate::value;

/// The format of the database that this release writes.
const SCHEMA: u32 = 1;

/// Why a database did not open.
pub(crate) enum Trouble {
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
pub(crate) struct Sound {
    pub(crate) db: sled::Db,
    pub(crate) tail: Tail,
    /// What is odd about it, though it can be used.
    pub(crate) oddity: Option<String>,
}

/// Opens sled and checks the rows that must be there.
pub(crate) fn open_sled(folder: &Folder, settings: &DatabaseSettings) -> Result<Sound, Trouble> {
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

pub(crate) fn start_sled(path: &Path, settings: &DatabaseSettings) -> Result<sled::Db, Trouble> {
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
    for table in Table::FEW {
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
