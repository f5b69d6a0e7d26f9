//! What rules keep under keys: a row for each.

use std::collections::BTreeMap;
use std::sync::Arc;

use sled::IVec;

use crate::database::Database;
use crate::error::StoreError;
use crate::keys::Table;
use crate::states::{Rows, StateKey};
use crate::value;

/// A key and its new value, or `None` where it is gone.
pub type ValueChange = (Arc<str>, Option<Arc<[u8]>>);

/// What an instance keeps under keys.
#[derive(Debug, Clone, Copy)]
pub enum Values<'a> {
    /// What has changed; all else stays.
    Changed(&'a [ValueChange]),
    /// All that there is; what was kept under other keys is gone.
    All(&'a [ValueChange]),
}

/// The rows that a change makes.
pub(crate) fn rows(of: &StateKey, changes: &[ValueChange]) -> Rows {
    let prefix = of.row(Table::Value);
    let row = |(key, change): &ValueChange| {
        let row = [prefix.as_slice(), key.as_bytes()].concat();
        let sealed = change.as_ref().map(|bytes| value::seal(&row, bytes));
        (row, sealed)
    };
    changes.iter().map(row).collect()
}

/// The rows that make `values` all that there is, where `stored` is what there was.
pub(crate) fn rows_instead<'a>(
    of: &StateKey,
    values: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    stored: &[(IVec, IVec)],
) -> Rows {
    let prefix = of.row(Table::Value);
    let sealed = values.into_iter().map(|(key, bytes)| {
        let row = [prefix.as_slice(), key.as_bytes()].concat();
        let sealed = value::seal(&row, bytes);
        (row, sealed)
    });
    let mut wanted: BTreeMap<Vec<u8>, Vec<u8>> = sealed.collect();
    let mut rows = Rows::new();
    for (row, before) in stored {
        match wanted.remove(&**row) {
            Some(now) if *before == now => {}
            now => rows.push((row.to_vec(), now)),
        }
    }
    rows.extend(wanted.into_iter().map(|(row, now)| (row, Some(now))));
    rows
}

impl Database {
    /// All that an instance keeps under keys. What is damaged is left out and counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn values(&self, of: &StateKey) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let prefix = of.row(Table::Value);
        let rows = self.engine.rows(&prefix, usize::MAX)?;
        let opened = rows.iter().filter_map(|(row, sealed)| {
            let key = String::from_utf8_lossy(row.get(prefix.len()..).unwrap_or_default()).into_owned();
            match value::open(row, sealed) {
                Ok(bytes) => Some((key, bytes.to_vec())),
                Err(why) => {
                    self.engine.report_damaged(&format!("{} under key {key:?}", of.what()), &why);
                    None
                }
            }
        });
        Ok(opened.collect())
    }
}
