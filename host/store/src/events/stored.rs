//! Events as they are stored, apart from the vocabulary so that either may change without the other.

use ocellus_core::{Event, EventRecord, Name, TimeUs, Value};
use serde::{Deserialize, Serialize};

use super::NewEvent;
use crate::error::StoreError;
use crate::keys::{self, Table};
use crate::value;

/// The largest event, in stored bytes.
pub(crate) const EVENT_LIMIT: usize = 64 * 1024;

/// An event without its sequence, which is its key. The order of fields is the format: postcard names nothing.
#[derive(Serialize, Deserialize)]
struct Stored {
    time_us: u64,
    frame: u64,
    camera: String,
    rule: String,
    kind: String,
    track: Option<u64>,
    attributes: Vec<(String, StoredValue)>,
}

/// Numbers are stored bit for bit, NaN and infinities too.
#[derive(Serialize, Deserialize)]
enum StoredValue {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
}

/// The sealed value of an event that gets `sequence`.
pub(super) fn seal(new: &NewEvent, sequence: u64) -> Result<Vec<u8>, StoreError> {
    let what = || format!("event {:?} of rule {:?} on camera {:?}", new.event.kind, new.rule, new.camera);
    let attributes = new.event.attributes.iter().map(|(key, value)| {
        let value = match value {
            Value::Flag(flag) => StoredValue::Flag(*flag),
            Value::Integer(integer) => StoredValue::Integer(*integer),
            Value::Number(number) => StoredValue::Number(*number),
            Value::Text(text) => StoredValue::Text(text.clone()),
        };
        (key.clone(), value)
    });
    let stored = Stored {
        time_us: new.time.0,
        frame: new.frame,
        camera: new.camera.as_str().to_owned(),
        rule: new.rule.as_str().to_owned(),
        kind: new.event.kind.clone(),
        track: new.event.track,
        attributes: attributes.collect(),
    };
    let payload =
        postcard::to_allocvec(&stored).map_err(|error| StoreError::damaged(what(), error.to_string()))?;
    if payload.len() > EVENT_LIMIT {
        return Err(StoreError::TooLarge { what: what(), size: payload.len(), limit: EVENT_LIMIT });
    }
    Ok(value::seal(&keys::numbered(Table::Event, sequence), &payload))
}

/// The event that [`seal`] sealed, or what is wrong with it.
pub(super) fn open(sequence: u64, sealed: &[u8]) -> Result<EventRecord, String> {
    let payload = value::open(&keys::numbered(Table::Event, sequence), sealed)?;
    let stored: Stored = postcard::from_bytes(payload).map_err(|error| error.to_string())?;
    let name = |text: &str| Name::new(text).map_err(|error| error.to_string());
    let attributes = stored.attributes.into_iter().map(|(key, value)| {
        let value = match value {
            StoredValue::Flag(flag) => Value::Flag(flag),
            StoredValue::Integer(integer) => Value::Integer(integer),
            StoredValue::Number(number) => Value::Number(number),
            StoredValue::Text(text) => Value::Text(text),
        };
        (key, value)
    });
    Ok(EventRecord {
        sequence,
        time: TimeUs(stored.time_us),
        frame: stored.frame,
        camera: name(&stored.camera)?,
        rule: name(&stored.rule)?,
        event: Event { kind: stored.kind, track: stored.track, attributes: attributes.collect() },
    })
}

/// What an event counts towards the limit on bytes: key and value of its row.
pub(super) fn cost(sealed: &[u8]) -> u64 {
    (keys::numbered(Table::Event, 0).len() + sealed.len()) as u64
}
