//! What a rule keeps under keys, over restarts and versions; needs the power
//! [`KeyValue`](ocellus_core::Power::KeyValue).
//!
//! Use it for what is too large or too rarely changed for the state, which is saved as a whole every second. Each
//! instance has values of its own. After a failure values and state are both as they were at the last save.

use std::fmt;

/// Why a value was not read or set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The operator has not granted it.
    NotGranted,
    /// `configure` comes before there are values; `save` and `query` must not change any.
    NotNow,
    /// The key is empty or longer than this many bytes.
    BadKey(u32),
    /// The value is longer than this many bytes.
    TooLarge(u32),
    /// With it there would be more than this many bytes in all.
    Full(u64),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotGranted => f.write_str("the power key-value is not granted to this rule"),
            Refusal::NotNow => f.write_str("values cannot be used so in this call"),
            Refusal::BadKey(limit) => write!(f, "the key must have 1 to {limit} bytes"),
            Refusal::TooLarge(limit) => write!(f, "the value has more than {limit} bytes"),
            Refusal::Full(limit) => write!(f, "the rule would keep more than {limit} bytes"),
        }
    }
}

impl std::error::Error for Refusal {}

/// For use with `?` in a rule's functions.
impl From<Refusal> for String {
    fn from(refusal: Refusal) -> String {
        refusal.to_string()
    }
}

/// The value of a key.
///
/// # Errors
/// [`Refusal::NotGranted`], [`Refusal::NotNow`].
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Refusal> {
    backend::get(key)
}

/// Sets the value of a key, in place of the one before.
///
/// # Errors
/// [`Refusal`]; the value before stays.
pub fn set(key: &str, value: &[u8]) -> Result<(), Refusal> {
    backend::set(key, value)
}

/// Forgets a key; whether it was there.
///
/// # Errors
/// [`Refusal::NotGranted`], [`Refusal::NotNow`].
pub fn delete(key: &str) -> Result<bool, Refusal> {
    backend::delete(key)
}

/// At most `limit` keys that begin with `prefix`, sorted; the first after `after` if given.
///
/// # Errors
/// [`Refusal::NotGranted`], [`Refusal::NotNow`].
pub fn keys(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Refusal> {
    backend::keys(prefix, after, limit)
}

#[cfg(target_family = "wasm")]
use crate::guest::values as backend;
#[cfg(not(target_family = "wasm"))]
use crate::test::values as backend;
