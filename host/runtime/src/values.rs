//! What a rule keeps under keys.
//!
//! An instance owns its values. They go back to the last checkpoint when it dies, so that values and state are of
//! one moment; and what changed goes to the owner's disk with each checkpoint, again and again until it is told
//! to be there.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a key.
pub(crate) const KEY_BYTES: usize = 256;
/// Bytes of a value.
pub(crate) const VALUE_BYTES: usize = 64 << 10;
/// What an entry counts besides its key and value.
const ENTRY_BYTES: usize = 64;
/// Changed keys that are remembered one by one while the owner cannot keep them. Beyond, all values are handed over
/// instead: keys that come and go while a disk is full would take memory without end.
const MOST_OPEN: usize = 4096;

/// Values under keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyValues {
    map: BTreeMap<Arc<str>, Arc<[u8]>>,
    bytes: usize,
}

impl KeyValues {
    /// The entries, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.map.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// What it counts against its limit: keys, values and 64 bytes an entry.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn put(&mut self, key: &Arc<str>, value: Option<Arc<[u8]>>) -> Option<Arc<[u8]>> {
        let before = match value {
            Some(value) => {
                self.bytes += cost(key, &value);
                self.map.insert(Arc::clone(key), value)
            }
            None => self.map.remove(key),
        };
        self.bytes -= before.as_ref().map_or(0, |value| cost(key, value));
        before
    }
}

impl FromIterator<(String, Vec<u8>)> for KeyValues {
    fn from_iter<T: IntoIterator<Item = (String, Vec<u8>)>>(entries: T) -> KeyValues {
        let mut values = KeyValues::default();
        for (key, value) in entries {
            values.put(&key.into(), Some(value.into()));
        }
        values
    }
}

fn cost(key: &str, value: &[u8]) -> usize {
    key.len() + value.len() + ENTRY_BYTES
}

/// Why a value was not set or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotGranted,
    NotNow,
    BadKey,
    TooLarge,
    Full { limit: usize },
}

/// What the running call may do with the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The power was not granted.
    None,
    /// There are no values yet.
    Early,
    Read,
    Write,
}

/// The values of an instance, with the way back to its last checkpoint.
#[derive(Debug)]
pub(crate) struct ValueRoom {
    values: KeyValues,
    /// What stood there at the last checkpoint, of keys that changed since. At most what may be kept now and what was
    /// kept then.
    undo: BTreeMap<Arc<str>, Option<Arc<[u8]>>>,
    access: Access,
    limit: usize,
}

impl ValueRoom {
    pub(crate) fn new(limit: usize) -> ValueRoom {
        ValueRoom { values: KeyValues::default(), undo: BTreeMap::new(), access: Access::None, limit }
    }

    pub(crate) fn allow(&mut self, access: Access) {
        self.access = access;
    }

    pub(crate) fn values(&self) -> &KeyValues {
        &self.values
    }

    /// Replaces all values; this is a checkpoint.
    pub(crate) fn fill(&mut self, values: KeyValues) {
        self.values = values;
        self.undo.clear();
    }

    /// The keys that changed since the last checkpoint, which is now.
    pub(crate) fn checkpoint(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.undo).into_keys().collect()
    }

    /// The values as they were at the last checkpoint.
    pub(crate) fn surrender(&mut self) -> KeyValues {
        for (key, value) in std::mem::take(&mut self.undo) {
            self.values.put(&key, value);
        }
        std::mem::take(&mut self.values)
    }

    pub(crate) fn get(&self, key: &str) -> Result<Option<&[u8]>, Refusal> {
        self.may(Access::Read)?;
        Ok(self.values.map.get(key).map(|value| &**value))
    }

    pub(crate) fn set(&mut self, key: String, value: Vec<u8>) -> Result<(), Refusal> {
        self.may(Access::Write)?;
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(Refusal::BadKey);
        }
        if value.len() > VALUE_BYTES {
            return Err(Refusal::TooLarge);
        }
        let former = self.values.map.get(key.as_str());
        let freed = former.map_or(0, |former| cost(&key, former));
        if self.values.bytes - freed + cost(&key, &value) > self.limit {
            return Err(Refusal::Full { limit: self.limit });
        }
        self.change(key.into(), Some(value.into()));
        Ok(())
    }

    pub(crate) fn delete(&mut self, key: &str) -> Result<bool, Refusal> {
        self.may(Access::Write)?;
        let known = self.values.map.get_key_value(key).map(|(key, _)| Arc::clone(key));
        let was_there = known.is_some();
        if let Some(key) = known {
            self.change(key, None);
        }
        Ok(was_there)
    }

    /// Keys that begin with `prefix`, after `after`, at most `limit`.
    pub(crate) fn keys(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, Refusal> {
        self.may(Access::Read)?;
        let from = after.map_or(prefix, |after| after.max(prefix));
        let from: (std::ops::Bound<&str>, _) = (std::ops::Bound::Included(from), std::ops::Bound::Unbounded);
        let keys = self.values.map.range::<str, _>(from).map(|(key, _)| &**key);
        let keys = keys.take_while(|key| key.starts_with(prefix)).filter(|key| after != Some(key));
        Ok(keys.take(limit).map(str::to_owned).collect())
    }

    fn may(&self, wanted: Access) -> Result<(), Refusal> {
        match (self.access, wanted) {
            (Access::None, _) => Err(Refusal::NotGranted),
            (Access::Early, _) | (Access::Read, Access::Write) => Err(Refusal::NotNow),
            _ => Ok(()),
        }
    }

    fn change(&mut self, key: Arc<str>, value: Option<Arc<[u8]>>) {
        let is_gone = value.is_none();
        let before = self.values.put(&key, value);
        match self.undo.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(before);
            }
            // It came and went since the checkpoint. To remember that would let keys without end take memory.
            Entry::Occupied(entry) if is_gone && entry.get().is_none() => {
                entry.remove();
            }
            Entry::Occupied(_) => {}
        }
    }
}

/// Which values have changed since they were last known to be on the owner's disk.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    number: u64,
    kept: Arc<AtomicU64>,
    /// The checkpoint in which a key changed last.
    open: BTreeMap<Arc<str>, u64>,
    /// The last checkpoint of which it is not known any more what changed.
    unknown: Option<u64>,
}

/// A key and its new value, or `None` where it is gone.
pub type ValueChange = (Arc<str>, Option<Arc<[u8]>>);

/// Values that changed, for the owner to keep; `None` for a key that is gone.
#[derive(Debug, Clone, Default)]
pub struct ValueChanges {
    /// By key.
    pub changes: Vec<ValueChange>,
    /// These are all values that there are: what is kept under other keys is gone.
    pub are_all: bool,
    number: u64,
    kept: Arc<AtomicU64>,
}

impl ValueChanges {
    /// Says that they are kept. Changes of which this is not said come again with the next checkpoint.
    pub fn confirm(&self) {
        self.kept.fetch_max(self.number, Ordering::AcqRel);
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && !self.are_all
    }
}

impl Ledger {
    /// Notes that these keys changed.
    pub(crate) fn note(&mut self, keys: impl IntoIterator<Item = Arc<str>>) {
        let number = self.number + 1;
        self.open.extend(keys.into_iter().map(|key| (key, number)));
        if self.open.len() > MOST_OPEN {
            self.open.clear();
            self.unknown = Some(number);
        }
    }

    /// Notes that `after` stands where `before` stood.
    pub(crate) fn replaced(&mut self, before: &KeyValues, after: &KeyValues) {
        let keys: BTreeSet<&Arc<str>> = before.map.keys().chain(after.map.keys()).collect();
        let changed = keys.into_iter().filter(|key| before.map.get(*key) != after.map.get(*key));
        self.note(changed.cloned().collect::<Vec<_>>());
    }

    /// What is not known to be kept, as of `values`.
    pub(crate) fn changes(&mut self, values: &KeyValues) -> ValueChanges {
        let kept = self.kept.load(Ordering::Acquire);
        self.open.retain(|_, number| *number > kept);
        self.unknown = self.unknown.filter(|number| *number > kept);
        let are_all = self.unknown.is_some();
        if self.open.is_empty() && !are_all {
            return ValueChanges::default();
        }
        self.number += 1;
        let changes = match are_all {
            true => {
                values.map.iter().map(|(key, value)| (Arc::clone(key), Some(Arc::clone(value)))).collect()
            }
            false => self.open.keys().map(|key| (Arc::clone(key), values.map.get(key).cloned())).collect(),
        };
        ValueChanges { changes, are_all, number: self.number, kept: Arc::clone(&self.kept) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> ValueRoom {
        let mut room = ValueRoom::new(1000);
        room.allow(Access::Write);
        room
    }

    fn set(room: &mut ValueRoom, key: &str, value: &str) -> Result<(), Refusal> {
        room.set(key.to_owned(), value.as_bytes().to_vec())
    }

    #[test]
    fn a_failure_brings_back_what_stood_at_the_last_checkpoint() {
        let mut room = room();
        set(&mut room, "kept", "1").unwrap();
        set(&mut room, "gone", "1").unwrap();
        assert_eq!(room.checkpoint().len(), 2);
        set(&mut room, "kept", "2").unwrap();
        set(&mut room, "kept", "3").unwrap();
        set(&mut room, "new", "1").unwrap();
        room.delete("gone").unwrap();
        let values = room.surrender();
        let entries: Vec<(&str, &[u8])> = values.iter().collect();
        assert_eq!(entries, [("gone", b"1".as_slice()), ("kept", b"1".as_slice())]);
        assert_eq!(values.bytes(), 2 * (4 + 1 + ENTRY_BYTES));
    }

    #[test]
    fn what_the_call_may_not_do_is_refused_and_changes_nothing() {
        let mut room = room();
        set(&mut room, "a", "1").unwrap();
        room.allow(Access::Read);
        assert_eq!(set(&mut room, "a", "2"), Err(Refusal::NotNow));
        assert_eq!(room.delete("a"), Err(Refusal::NotNow));
        assert_eq!(room.get("a"), Ok(Some(b"1".as_slice())));
        room.allow(Access::None);
        assert_eq!(room.get("a"), Err(Refusal::NotGranted));
        assert_eq!(room.keys("", None, 9), Err(Refusal::NotGranted));
    }

    #[test]
    fn what_is_too_large_is_refused_and_replacing_counts_once() {
        let mut room = room();
        assert_eq!(set(&mut room, "", "1"), Err(Refusal::BadKey));
        assert_eq!(set(&mut room, &"k".repeat(257), "1"), Err(Refusal::BadKey));
        assert_eq!(room.set("k".into(), vec![0; VALUE_BYTES + 1]), Err(Refusal::TooLarge));
        for _ in 0..3 {
            room.set("k".into(), vec![0; 900]).unwrap();
        }
        assert_eq!(room.set("l".into(), vec![0; 10]), Err(Refusal::Full { limit: 1000 }));
        room.delete("k").unwrap();
        assert_eq!(room.values().bytes(), 0);
    }

    #[test]
    fn keys_that_come_and_go_between_two_checkpoints_leave_nothing_behind() {
        let mut room = room();
        set(&mut room, "kept", "1").unwrap();
        room.checkpoint();
        for number in 0..1000 {
            let key = format!("key {number}");
            set(&mut room, &key, "1").unwrap();
            room.delete(&key).unwrap();
        }
        set(&mut room, "kept", "2").unwrap();
        room.delete("kept").unwrap();
        assert_eq!(room.undo.len(), 1, "{:?}", room.undo);
        assert_eq!(room.surrender().iter().collect::<Vec<_>>(), [("kept", b"1".as_slice())]);
    }

    #[test]
    fn keys_are_listed_page_by_page() {
        let mut room = room();
        for key in ["a", "b.1", "b.2", "b.3", "c"] {
            set(&mut room, key, "").unwrap();
        }
        assert_eq!(room.keys("b.", None, 2).unwrap(), ["b.1", "b.2"]);
        assert_eq!(room.keys("b.", Some("b.2"), 2).unwrap(), ["b.3"]);
        assert_eq!(room.keys("b.", Some("zzz"), 2).unwrap(), Vec::<String>::new());
        assert_eq!(room.keys("", Some("a"), 9).unwrap().len(), 4);
    }

    #[test]
    fn changes_come_again_until_they_are_known_to_be_kept() {
        let mut room = room();
        let mut ledger = Ledger::default();
        set(&mut room, "a", "1").unwrap();
        ledger.note(room.checkpoint());
        let lost = ledger.changes(room.values());
        assert_eq!(lost.changes.len(), 1);
        set(&mut room, "b", "1").unwrap();
        ledger.note(room.checkpoint());
        let both = ledger.changes(room.values());
        assert_eq!(both.changes.len(), 2, "the first was not confirmed");
        both.confirm();
        set(&mut room, "b", "2").unwrap();
        room.delete("a").unwrap();
        ledger.note(room.checkpoint());
        lost.confirm();
        let last = ledger.changes(room.values());
        let last: Vec<_> = last.changes.iter().map(|(key, value)| (&**key, value.as_deref())).collect();
        assert_eq!(last, [("a", None), ("b", Some(b"2".as_slice()))]);
    }

    #[test]
    fn keys_without_end_that_are_never_kept_become_a_list_of_all_values() {
        let mut room = room();
        let mut ledger = Ledger::default();
        set(&mut room, "stays", "1").unwrap();
        for number in 0..2 * MOST_OPEN {
            let key = format!("key {number}");
            set(&mut room, &key, "1").unwrap();
            ledger.note(room.checkpoint());
            room.delete(&key).unwrap();
            ledger.note(room.checkpoint());
            assert!(ledger.open.len() <= MOST_OPEN);
        }
        let all = ledger.changes(room.values());
        assert!(all.are_all);
        assert_eq!(all.changes, [("stays".into(), Some(b"1".as_slice().into()))]);
        room.delete("stays").unwrap();
        ledger.note(room.checkpoint());
        let none = ledger.changes(room.values());
        assert!(none.are_all && none.changes.is_empty() && !none.is_empty(), "that there is nothing is news");
        none.confirm();
        set(&mut room, "new", "1").unwrap();
        ledger.note(room.checkpoint());
        let one = ledger.changes(room.values());
        assert!(!one.are_all, "what changed since is known again");
        assert_eq!(one.changes.len(), 1);
    }

    #[test]
    fn values_in_place_of_others_are_changes_where_they_differ() {
        let entries = |texts: &[(&str, &str)]| -> KeyValues {
            texts.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
        };
        let (before, after) =
            (entries(&[("a", "1"), ("b", "1"), ("c", "1")]), entries(&[("b", "1"), ("c", "2")]));
        let mut ledger = Ledger::default();
        ledger.replaced(&before, &after);
        let changes = ledger.changes(&after);
        let keys: Vec<_> = changes.changes.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["a", "c"]);
    }
}
