//! Cameras declared over REST, and the numbers that all cameras keep for ever.

use std::fmt;

use ocellus_core::{CameraHandle, Name, TimeUs};
use serde::{Deserialize, Serialize};

use crate::database::{Database, Row, sealed_row};
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::room::Purpose;

/// What declares a camera.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraDeclaration {
    /// Its name.
    pub name: Name,
    /// Its source as text, passwords included; never print it.
    pub source: String,
    /// Its other settings, as JSON text.
    pub settings: String,
}

impl fmt::Debug for CameraDeclaration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraDeclaration").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A declared camera.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraRecord {
    /// Its name.
    pub name: Name,
    /// Its number, the same since its name was first used.
    pub handle: CameraHandle,
    /// Its source as text, passwords included; never print it.
    pub source: String,
    /// Its other settings, as JSON text.
    pub settings: String,
    /// When it was declared.
    pub created: TimeUs,
    /// When it was last declared anew.
    pub changed: TimeUs,
}

impl fmt::Debug for CameraRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraRecord")
            .field("name", &self.name)
            .field("handle", &self.handle.0)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize, Deserialize)]
struct StoredCamera {
    name: String,
    source: String,
    settings: String,
    created_us: u64,
    changed_us: u64,
}

impl Row for StoredCamera {
    const TABLE: Table = Table::Camera;
}

#[derive(Serialize, Deserialize)]
struct StoredHandle {
    name: String,
    handle: u32,
    /// Track numbers up to this one may have been given.
    #[serde(default)]
    track_ids: u64,
}

impl Row for StoredHandle {
    const TABLE: Table = Table::Handle;
}

impl Database {
    /// The number of a camera, whether the config file or REST declares it. A new name gets the next free number,
    /// from 1; a deleted camera's number comes back with its name and is never given to another.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the stored number is, and those of any change.
    pub fn handle_for(&self, camera: &Name) -> Result<CameraHandle, StoreError> {
        let id = camera.as_str().as_bytes();
        if let Some(stored) = self.row::<StoredHandle>(id)? {
            return Ok(CameraHandle(stored.handle));
        }
        self.acknowledge(self.engine.commit("numbering a camera", Purpose::Adding(256), |draft| {
            // Another thread may have been faster.
            if let Some(stored) = self.row::<StoredHandle>(id)? {
                return Ok(CameraHandle(stored.handle));
            }
            let handle = draft.tail.next_handle;
            draft.tail.next_handle = handle.saturating_add(1);
            let key = keys::row(Table::Handle, id);
            let sealed =
                sealed_row(&key, &StoredHandle { name: camera.as_str().to_owned(), handle, track_ids: 0 })?;
            draft.batch.insert(key, sealed);
            Ok(CameraHandle(handle))
        })?)
    }

    /// Sets the next `count` track numbers of a camera aside and returns the first of them. They are not given
    /// again after a restart, since rules remember tracks by their number.
    ///
    /// # Errors
    /// [`StoreError::NoSuch`] for a camera without a handle, and those of any change.
    pub fn reserve_track_ids(&self, camera: &Name, count: u64) -> Result<u64, StoreError> {
        let id = camera.as_str().as_bytes();
        self.acknowledge(self.engine.commit("numbering tracks", Purpose::Adding(256), |draft| {
            let no_such = || StoreError::NoSuch { what: "camera", name: camera.to_string() };
            let mut stored = self.row::<StoredHandle>(id)?.ok_or_else(no_such)?;
            let first = stored.track_ids.saturating_add(1);
            stored.track_ids = stored.track_ids.saturating_add(count);
            let key = keys::row(Table::Handle, id);
            let sealed = sealed_row(&key, &stored)?;
            draft.batch.insert(key, sealed);
            Ok(first)
        })?)
    }

    /// All numbers ever given, by name.
    ///
    /// # Errors
    /// When the database cannot be read; single damaged rows are left out and counted.
    pub fn handles(&self) -> Result<Vec<(Name, CameraHandle)>, StoreError> {
        let stored = self.all_rows::<StoredHandle>()?;
        Ok(stored
            .into_iter()
            .filter_map(|row| Some((Name::new(&row.name).ok()?, CameraHandle(row.handle))))
            .collect())
    }

    /// Declares a camera or changes its declaration.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::DiskFull`], [`StoreError::Failed`].
    pub fn put_camera(&self, camera: &CameraDeclaration, now: TimeUs) -> Result<CameraRecord, StoreError> {
        let handle = self.handle_for(&camera.name)?;
        let id = camera.name.as_str().as_bytes();
        // A damaged row is replaced rather than in the way.
        let before = self.row::<StoredCamera>(id).unwrap_or_default();
        let stored = StoredCamera {
            name: camera.name.as_str().to_owned(),
            source: camera.source.clone(),
            settings: camera.settings.clone(),
            created_us: before.map_or(now.0, |before| before.created_us),
            changed_us: now.0,
        };
        self.put("storing a camera", id, &stored)?;
        let CameraDeclaration { name, source, settings } = camera.clone();
        Ok(CameraRecord { name, handle, source, settings, created: TimeUs(stored.created_us), changed: now })
    }

    /// A declared camera.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when its row is.
    pub fn camera(&self, name: &Name) -> Result<Option<CameraRecord>, StoreError> {
        let stored = self.row::<StoredCamera>(name.as_str().as_bytes())?;
        stored.map(|stored| self.camera_record(stored, name.clone())).transpose()
    }

    /// All declared cameras, by name.
    ///
    /// # Errors
    /// When the database cannot be read; single damaged rows are left out and counted.
    pub fn cameras(&self) -> Result<Vec<CameraRecord>, StoreError> {
        let stored = self.all_rows::<StoredCamera>()?;
        let named = stored.into_iter().filter_map(|row| Some((Name::new(&row.name).ok()?, row)));
        named.map(|(name, row)| self.camera_record(row, name)).collect()
    }

    /// Forgets a camera's declaration, but not its number; whether there was one.
    ///
    /// # Errors
    /// Those of any change.
    pub fn delete_camera(&self, name: &Name) -> Result<bool, StoreError> {
        self.delete::<StoredCamera>("deleting a camera", name.as_str().as_bytes())
    }

    fn camera_record(&self, stored: StoredCamera, name: Name) -> Result<CameraRecord, StoreError> {
        let handle = self.handle_for(&name)?;
        let StoredCamera { source, settings, created_us, changed_us, .. } = stored;
        let (created, changed) = (TimeUs(created_us), TimeUs(changed_us));
        Ok(CameraRecord { name, handle, source, settings, created, changed })
    }
}
