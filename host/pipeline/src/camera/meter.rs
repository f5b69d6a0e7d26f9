//! Where a camera's time goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::region::IgnoredCounts;
use crate::embedder::LookCounts;
use crate::reader::ReadCounts;

/// Time spent in one stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageTime {
    /// Frames that went through it.
    pub count: u64,
    /// Time in all.
    pub total: Duration,
    /// Longest.
    pub max: Duration,
}

/// Time spent in each stage, since the camera was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StageTimes {
    /// Reading and decoding, in processor time: waiting for the camera is not counted.
    pub decode: StageTime,
    /// Inference, a frame's share of its batch.
    pub detect: StageTime,
    /// Looking at detections, a frame's share of its round; frames in which nothing was looked at do not count.
    pub embed: StageTime,
    /// Looking for number plates and reading them, a frame's share of its round; frames without a look do not count.
    pub read: StageTime,
    /// Tracking.
    pub track: StageTime,
    /// All rules.
    pub rules: StageTime,
    /// Drawing and JPEG encoding.
    pub encode: StageTime,
}

/// A stage.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stage {
    Decode,
    Detect,
    Embed,
    Track,
    Rules,
    Encode,
    Read,
}

#[derive(Debug, Default)]
struct Cell {
    count: AtomicU64,
    total_ns: AtomicU64,
    max_ns: AtomicU64,
}

/// Counters that the camera's threads write without waiting for each other.
#[derive(Debug)]
pub(crate) struct Meter {
    cells: [Cell; 7],
    pub(crate) frames: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) events: AtomicU64,
    looks_wanted: AtomicU64,
    looks_embedded: AtomicU64,
    reads_wanted: AtomicU64,
    reads_made: AtomicU64,
    plates: AtomicU64,
    ignored_outside: AtomicU64,
    ignored_masked: AtomicU64,
    recent: Mutex<Recent>,
}

/// Frames of the current and the last window.
#[derive(Debug)]
struct Recent {
    since: Instant,
    frames: u32,
    rate: f32,
}

const WINDOW: Duration = Duration::from_secs(3);

impl Meter {
    pub(crate) fn new(now: Instant) -> Meter {
        Meter {
            cells: Default::default(),
            frames: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            events: AtomicU64::new(0),
            looks_wanted: AtomicU64::new(0),
            looks_embedded: AtomicU64::new(0),
            reads_wanted: AtomicU64::new(0),
            reads_made: AtomicU64::new(0),
            plates: AtomicU64::new(0),
            ignored_outside: AtomicU64::new(0),
            ignored_masked: AtomicU64::new(0),
            recent: Mutex::new(Recent { since: now, frames: 0, rate: 0.0 }),
        }
    }

    pub(crate) fn add(&self, stage: Stage, elapsed: Duration) {
        let cell = &self.cells[stage as usize];
        let nanos = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        cell.count.fetch_add(1, Ordering::Relaxed);
        cell.total_ns.fetch_add(nanos, Ordering::Relaxed);
        cell.max_ns.fetch_max(nanos, Ordering::Relaxed);
    }

    pub(crate) fn drop_frame(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_looks(&self, wanted: u64, embedded: u64) {
        self.looks_wanted.fetch_add(wanted, Ordering::Relaxed);
        self.looks_embedded.fetch_add(embedded, Ordering::Release);
    }

    pub(crate) fn looks(&self) -> LookCounts {
        // Read in the other order than written, so that no more were looked at than were wanted.
        let embedded = self.looks_embedded.load(Ordering::Acquire);
        let wanted = self.looks_wanted.load(Ordering::Acquire);
        LookCounts { wanted, embedded, skipped: wanted.saturating_sub(embedded) }
    }

    /// Counts looks for plates: wanted, made, and the plates that were read.
    pub(crate) fn count_reads(&self, [wanted, made, plates]: [u64; 3]) {
        self.reads_wanted.fetch_add(wanted, Ordering::Relaxed);
        self.plates.fetch_add(plates, Ordering::Relaxed);
        self.reads_made.fetch_add(made, Ordering::Release);
    }

    pub(crate) fn reads(&self) -> ReadCounts {
        // Read in the other order than written, so that no more were made than were wanted.
        let made = self.reads_made.load(Ordering::Acquire);
        let wanted = self.reads_wanted.load(Ordering::Acquire);
        let plates = self.plates.load(Ordering::Relaxed);
        ReadCounts { wanted, made, skipped: wanted.saturating_sub(made), plates }
    }

    pub(crate) fn count_ignored(&self, ignored: IgnoredCounts) {
        self.ignored_outside.fetch_add(ignored.outside, Ordering::Relaxed);
        self.ignored_masked.fetch_add(ignored.masked, Ordering::Relaxed);
    }

    pub(crate) fn ignored(&self) -> IgnoredCounts {
        IgnoredCounts {
            outside: self.ignored_outside.load(Ordering::Relaxed),
            masked: self.ignored_masked.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn frame_done(&self, now: Instant) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.frames += 1;
        let elapsed = now.saturating_duration_since(recent.since);
        if elapsed >= WINDOW {
            *recent = Recent { since: now, frames: 0, rate: recent.frames as f32 / elapsed.as_secs_f32() };
        }
    }

    /// Frames a second over the last full window, or the running one where it is longer.
    pub(crate) fn frame_rate(&self, now: Instant) -> f32 {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(recent.since);
        let running = recent.frames as f32 / elapsed.as_secs_f32().max(0.001);
        let is_first = recent.rate == 0.0 && elapsed > Duration::from_millis(500);
        if is_first || elapsed > WINDOW { running } else { recent.rate }
    }

    pub(crate) fn stages(&self) -> StageTimes {
        let read = |stage: Stage| {
            let cell = &self.cells[stage as usize];
            StageTime {
                count: cell.count.load(Ordering::Relaxed),
                total: Duration::from_nanos(cell.total_ns.load(Ordering::Relaxed)),
                max: Duration::from_nanos(cell.max_ns.load(Ordering::Relaxed)),
            }
        };
        StageTimes {
            decode: read(Stage::Decode),
            detect: read(Stage::Detect),
            embed: read(Stage::Embed),
            read: read(Stage::Read),
            track: read(Stage::Track),
            rules: read(Stage::Rules),
            encode: read(Stage::Encode),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_falls_when_frames_stop() {
        let start = Instant::now();
        let meter = Meter::new(start);
        for tick in 1..=40_u32 {
            meter.frame_done(start + Duration::from_millis(100) * tick);
        }
        let at_four = meter.frame_rate(start + Duration::from_secs(4));
        assert!((at_four - 10.0).abs() < 1.0, "{at_four}");
        assert!(meter.frame_rate(start + Duration::from_secs(30)) < 1.0);
    }
}
