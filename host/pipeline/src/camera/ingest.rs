//! Reads a source and keeps it open: `run`, a retry loop, around `run_once`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ocellus_core::TimeUs;
use ocellus_media::{Backoff, OpenOptions, SourceError, SourceSpec, Stop};

use super::calibration::CalibrationSpec;
use super::clock::LiveClock;
use super::feed::{Feed, Waiting};
use super::meter::{Meter, Stage};
use super::status::{SourceCell, SourceState};
use crate::detector::Roster;

/// What an ingest thread works with.
#[derive(Debug)]
pub(crate) struct Ingest {
    pub(crate) camera: ocellus_core::Name,
    pub(crate) source: SourceSpec,
    pub(crate) options: OpenOptions,
    /// The calibration that the camera starts with.
    pub(crate) calibration: Option<CalibrationSpec>,
    /// Shortest time between two frames that are taken.
    pub(crate) interval: Option<Duration>,
    pub(crate) cell: Arc<SourceCell>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) meter: Arc<Meter>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) stop: Stop,
}

/// How one opening of the source ended.
enum Outcome {
    Stopped,
    Ended,
    Failed(SourceError),
}

impl Ingest {
    /// Keeps the source open until it is stopped or a recording ends.
    pub(crate) fn run(&self) {
        let mut clock = LiveClock::default();
        let mut first = self.calibration.as_ref();
        let mut backoff = Backoff::new(seed_of(self.camera.as_str()));
        while !self.stop.is_stopped() {
            self.cell.set(SourceState::Connecting);
            clock.reopened();
            let mut pictures = 0;
            match self.run_once(&mut clock, &mut pictures, &mut first) {
                Outcome::Stopped => return,
                Outcome::Ended => return self.cell.set(SourceState::Ended { note: None }),
                Outcome::Failed(error @ SourceError::EndedEarly { .. }) => {
                    tracing::warn!(camera = %self.camera, %error, "the recording ended early");
                    return self.cell.set(SourceState::Ended { note: Some(error.to_string()) });
                }
                Outcome::Failed(error) => {
                    if pictures > 0 {
                        backoff.succeed();
                    }
                    let retry_in = backoff.fail();
                    tracing::warn!(camera = %self.camera, %error, ?retry_in, "the source failed");
                    self.cell.set(SourceState::Failed { reason: error.to_string(), retry_in });
                    let _ = self.stop.wait_for(retry_in);
                }
            }
        }
    }

    fn run_once(
        &self,
        clock: &mut LiveClock,
        pictures: &mut u64,
        first: &mut Option<&CalibrationSpec>,
    ) -> Outcome {
        let mut source = match ocellus_media::open(&self.source, &self.options, &self.stop) {
            Ok(source) => source,
            Err(_) if self.stop.is_stopped() => return Outcome::Stopped,
            Err(error) => return Outcome::Failed(error),
        };
        let info = source.info();
        tracing::info!(camera = %self.camera, source = %self.source, size = %info.size, "the source is open");
        // Later ones were held against pictures that were known by then.
        if let Some(Err(error)) = first.take().map(|calibration| calibration.fits(info.size)) {
            tracing::error!(camera = %self.camera, %error, "positions and speeds of this camera are wrong");
        }
        self.cell.opened(info.size, info.frame_rate);
        let mut gate = RateGate::new(self.interval);
        loop {
            let before = processor_time();
            let picture = match source.read() {
                _ if self.stop.is_stopped() => return Outcome::Stopped,
                Ok(Some(picture)) => picture,
                Ok(None) => return Outcome::Ended,
                Err(error) => return Outcome::Failed(error),
            };
            let captured = Instant::now();
            self.meter.add(Stage::Decode, processor_time().saturating_sub(before));
            self.cell.picture_arrived(captured);
            *pictures += 1;
            let time = clock.map(picture.time, wall_clock());
            if gate.admits(time) {
                self.feed.put(Waiting { picture: picture.picture, time, captured });
                self.roster.bell.ring();
            }
        }
    }
}

/// Thins out a source that is faster than the camera's `frame_rate`.
#[derive(Debug)]
struct RateGate {
    interval: Option<Duration>,
    next: TimeUs,
}

impl RateGate {
    fn new(interval: Option<Duration>) -> RateGate {
        RateGate { interval, next: TimeUs(0) }
    }

    /// Whether a frame at `time` is taken. Half an interval of early arrival is forgiven, so that
    /// jitter does not halve the rate.
    fn admits(&mut self, time: TimeUs) -> bool {
        let Some(interval) = self.interval else { return true };
        if time < self.next - interval / 2 {
            return false;
        }
        let on_grid = self.next + interval;
        self.next = if on_grid > time { on_grid } else { time + interval };
        true
    }
}

/// Processor time of this thread: reading waits for the camera most of the time, and that is no work.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

fn wall_clock() -> TimeUs {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    TimeUs(0) + since_epoch
}

/// A camera's own seed, so that cameras that fail together do not retry together.
fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_source_is_thinned_to_the_asked_rate() {
        let mut gate = RateGate::new(Some(Duration::from_millis(100)));
        let start = 1_000_000_000;
        let taken = (0..300_u64).filter(|tick| gate.admits(TimeUs(start + tick * 33_333))).count();
        assert!((99..=101).contains(&taken), "{taken}");
    }

    #[test]
    fn a_source_at_the_asked_rate_loses_nothing_to_jitter() {
        let mut gate = RateGate::new(Some(Duration::from_millis(100)));
        let taken = (0..300_u64)
            .filter(|tick| gate.admits(TimeUs(1_000_000_000 + tick * 100_000 + (tick % 3) * 20_000)))
            .count();
        assert_eq!(taken, 300);
    }
}
