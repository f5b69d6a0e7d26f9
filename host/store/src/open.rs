//! Opening the data folder.

use std::path::Path;
use std::sync::Arc;

use crate::ballast;
use crate::damage::{self, Damage};
use crate::database::Database;
use crate::engine::{Engine, Parts};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::mark::Mark;
use crate::room::Room;
use crate::start::{Sound, Trouble, open_sled};
use crate::{plugins, states};

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
    /// A damaged database is no error: it is moved to `sled.damaged-<n>` and a clean one is started with those of its
    /// cameras, plugins and rules that are intact. Sequences and camera handles go on above those given out before,
    /// and [`Opened::damage`] tells.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process has the folder open, [`StoreError::Newer`] for data of a later
    /// release, [`StoreError::DiskFull`] and [`StoreError::Io`] when the system refuses. The data is left as it was.
    pub fn open_with(folder: &Path, settings: &DatabaseSettings) -> Result<Opened, StoreError> {
        let folder = Folder::open(folder)?;
        let (mark, marked) = Mark::open(&folder.mark())?;
        let place = folder.place_for_damaged();
        let opened = match open_or_set_aside(&folder, &place, settings) {
            Err(StoreError::DiskFull { .. }) if ballast::drop(&folder) => {
                open_or_set_aside(&folder, &place, settings)?
            }
            opened => opened?,
        };
        let (Sound { db, tail, oddity }, moved) = opened;
        ballast::take(&folder);
        let lost = marked.as_ref().is_some_and(|marked| marked.revision > tail.revision);
        let room = Room::open(&folder.sled().join("db"))?;
        let engine = Engine::new(Parts { db, folder, room, mark, durability: settings.durability, tail });
        let database = Database::new(Arc::new(engine));

        let lost = lost.then(|| Damage::found("acknowledged changes are missing from it".to_owned()));
        let mut damage = moved.or(oddity.map(Damage::found)).or(lost);
        if let Some(damage) = &mut damage {
            if damage.moved_to.is_some() {
                damage.rescued = damage::rescue(&database.engine, &place, settings)?;
            }
            damage.lost_events = damage::go_on_above(&database, marked.as_ref())?;
        }
        let orphans = plugins::sweep(&database.engine, damage.is_some().then_some(place.as_path()))?;
        if let Some(damage) = &mut damage {
            damage.plugins = orphans;
            tracing::error!(folder = %database.folder().display(), "{damage}");
        }
        states::sweep(&database.engine)?;
        let database = database.with_damage(damage.as_ref());
        Ok(Opened { database, damage })
    }
}

/// A sound database: the one that is there, or a clean one in place of a damaged one.
fn open_or_set_aside(
    folder: &Folder,
    place: &Path,
    settings: &DatabaseSettings,
) -> Result<(Sound, Option<Damage>), StoreError> {
    let found = match folder.suspected() {
        Some(why) => Err(Trouble::Damaged(format!("a change failed on it before ({why})"))),
        None => open_sled(folder, settings),
    };
    let what = match found {
        Ok(sound) => return Ok((sound, None)),
        Err(Trouble::Refused(error)) => return Err(error),
        Err(Trouble::Damaged(what)) => what,
    };
    damage::set_aside(folder, place)?;
    let clean = open_sled(folder, settings).map_err(|trouble| match trouble {
        Trouble::Refused(error) => error,
        Trouble::Damaged(why) => StoreError::damaged("the database just created", why),
    })?;
    Ok((clean, Some(Damage { moved_to: Some(place.to_owned()), ..Damage::found(what) })))
}
