//! Keys of the database's one tree.
//!
//! One tree, because sled applies a batch atomically to one tree: an event, its index entries and the tail row stand
//! or fall together. The first byte says what a row is; numbers are big endian, so that keys sort as the numbers do.

use ocellus_core::Name;

/// The format version of the whole database.
pub(crate) const SCHEMA: &[u8] = b"\0schema";
/// The [`crate::tail::Tail`].
pub(crate) const TAIL: &[u8] = b"\0tail";

/// The first byte of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    /// The index of the events, by block of sequences.
    EventBlock = b'b',
    /// Events, by sequence.
    Event = b'e',
    /// Declared cameras, by name.
    Camera = b'C',
    /// Camera handles, by name.
    Handle = b'H',
    /// Plugins, by digest.
    Plugin = b'P',
    /// Rules, by name.
    Rule = b'R',
    /// Small rule states, by rule and place.
    State = b'S',
    /// What became of plugin versions, by number.
    Transition = b'T',
    /// What rules keep under keys, by rule, place and key.
    Value = b'V',
}

impl Table {
    /// The tables of few rows: all but the events.
    pub(crate) const FEW: [Table; 7] = [
        Table::Camera,
        Table::Handle,
        Table::Plugin,
        Table::Rule,
        Table::State,
        Table::Transition,
        Table::Value,
    ];
}

/// The key of a row named by `id`.
pub(crate) fn row(table: Table, id: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + id.len());
    key.push(table as u8);
    key.extend_from_slice(id);
    key
}

/// The key of a row numbered `number`.
pub(crate) fn numbered(table: Table, number: u64) -> [u8; 9] {
    let mut key = [table as u8; 9];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number at the end of a numbered key.
pub(crate) fn number_at_end(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

/// What all keys of one rule in a table begin with. Names hold no NUL, so no rule's prefix is another one's.
pub(crate) fn of_rule(table: Table, rule: &Name) -> Vec<u8> {
    let mut key = row(table, rule.as_str().as_bytes());
    key.push(0);
    key
}
