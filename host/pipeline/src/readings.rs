//! Readings as recordings hold them: with the track, in the frame in which they were made.

use ocellus_core::reading::{KIND_BYTES, TEXT_BYTES};
use ocellus_core::{TrackReading, TrackReadings};

use crate::wire::{ReadingEntry, TrackEntry};

/// Readings of one track in one frame.
const MOST: usize = 16;

/// Says in `entries` what was read on their tracks.
pub(crate) fn write_readings(entries: &mut [TrackEntry], readings: &[TrackReading]) {
    for TrackReading { track, kind, text, confidence } in readings {
        if let Some(entry) = entries.iter_mut().find(|entry| entry.id == *track) {
            let (kind, text) = (kind.clone(), text.clone());
            entry.readings.push(ReadingEntry { kind, text, confidence: *confidence });
        }
    }
}

/// What was read on the tracks of a frame.
///
/// # Errors
/// A text naming the track whose reading is none.
pub(crate) fn read_readings(entries: &[TrackEntry]) -> Result<TrackReadings, String> {
    let mut readings = Vec::new();
    for entry in entries {
        if entry.readings.len() > MOST {
            let count = entry.readings.len();
            return Err(format!("track {}: it has {count} readings, and at most {MOST} are read", entry.id));
        }
        for reading in &entry.readings {
            check(reading).map_err(|reason| format!("track {}: {reason}", entry.id))?;
            let ReadingEntry { kind, text, confidence } = reading.clone();
            readings.push(TrackReading { track: entry.id, kind, text, confidence });
        }
    }
    Ok(readings.into())
}

fn check(reading: &ReadingEntry) -> Result<(), String> {
    let ReadingEntry { kind, text, confidence } = reading;
    if kind.len() > KIND_BYTES || text.len() > TEXT_BYTES {
        return Err(format!("a reading is longer than {KIND_BYTES} bytes of kind and {TEXT_BYTES} of text"));
    }
    if !(0.0..=1.0).contains(confidence) {
        return Err(format!("the confidence of a reading is {confidence}, it must be from 0 to 1"));
    }
    Ok(())
}
