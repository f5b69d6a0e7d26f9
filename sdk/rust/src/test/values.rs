//! Values under keys, as the real host keeps them: of the instance whose call runs on this thread.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::values::Refusal;

const KEY_BYTES: usize = 256;
const VALUE_BYTES: usize = 64 << 10;
const ENTRY_BYTES: usize = 64;
const LIMIT: usize = 1 << 20;

/// What a harness keeps for its rule.
pub(super) type Values = BTreeMap<String, Vec<u8>>;

/// What the running call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    None,
    Early,
    Read,
    Write,
}

thread_local! {
    static RUNNING: RefCell<(Access, Values)> = const { RefCell::new((Access::None, Values::new())) };
}

/// Runs a call that may use `values` so.
pub(super) fn with<T>(access: Access, values: &mut Values, call: impl FnOnce() -> T) -> T {
    RUNNING.set((access, std::mem::take(values)));
    let result = call();
    *values = RUNNING.replace((Access::None, Values::new())).1;
    result
}

fn running<T>(
    wanted: Access,
    use_them: impl FnOnce(&mut Values) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    RUNNING.with_borrow_mut(|(access, values)| match (*access, wanted) {
        (Access::None, _) => Err(Refusal::NotGranted),
        (Access::Early, _) | (Access::Read, Access::Write) => Err(Refusal::NotNow),
        _ => use_them(values),
    })
}

pub(crate) fn get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    running(Access::Read, |values| Ok(values.get(key).cloned()))
}

pub(crate) fn set(key: &str, value: &[u8]) -> Result<(), Refusal> {
    running(Access::Write, |values| {
        if key.is_empty() || key.len() > KEY_BYTES {
            return Err(Refusal::BadKey(KEY_BYTES as u32));
        }
        if value.len() > VALUE_BYTES {
            return Err(Refusal::TooLarge(VALUE_BYTES as u32));
        }
        let others = values.iter().filter(|(known, _)| *known != key);
        let used: usize = others.map(|(key, value)| key.len() + value.len() + ENTRY_BYTES).sum();
        if used + key.len() + value.len() + ENTRY_BYTES > LIMIT {
            return Err(Refusal::Full(LIMIT as u64));
        }
        values.insert(key.to_owned(), value.to_vec());
        Ok(())
    })
}

pub(crate) fn delete(key: &str) -> Result<bool, Refusal> {
    running(Access::Write, |values| Ok(values.remove(key).is_some()))
}

pub(crate) fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Refusal> {
    running(Access::Read, |values| {
        let keys = values.keys().filter(|key| key.starts_with(prefix));
        let keys = keys.filter(|key| after.is_none_or(|after| key.as_str() > after));
        Ok(keys.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    })
}
