//! What rules keep under keys: a row for each.

use std::sync::Arc;

use crate::database::Database;
use crate::error::StoreError;
use crate::keys::Table;
use crate::states::StateKey;
use crate::value;

/// A key and its new value, or `None` where it is gone.
pub type ValueChange = (Arc<str>, Option<Arc<[u8]>>);

/// The rows that a change makes.
pub(crate) fn rows(of: &StateKey, changes: &[ValueChange]) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let prefix = of.row(Table::Value);
    let row = |(key, change): &ValueChange| {
        let row = [prefix.as_slice(), key.as_bytes()].concat();
        let sealed = change.as_ref().map(|bytes| value::seal(&row, bytes));
        (row, sealed)
    };
    changes.iter().map(row).collect()
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
