//! The plates of a camera's latest vehicles, with their clearest pictures.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use ocellus_core::TimeUs;

use super::TrackPlate;
use crate::camera::LiveFrame;

/// Vehicles that are remembered after they have gone. A picture has at most 192 KiB, and seldom more than 10.
const KEPT: usize = 50;

/// A vehicle's plate, while the vehicle is in view and after.
#[derive(Debug, Clone)]
pub struct SeenPlate {
    /// What it says, with its clearest picture.
    pub plate: Arc<TrackPlate>,
    /// When the vehicle was seen first.
    pub first: TimeUs,
    /// When it was seen last.
    pub last: TimeUs,
    /// Whether it is followed still.
    pub in_view: bool,
}

/// The plates of the vehicles that have gone, the latest at the end.
#[derive(Debug, Default)]
pub(crate) struct PlateLog(Mutex<VecDeque<SeenPlate>>);

impl PlateLog {
    pub(crate) fn add(&self, gone: &[SeenPlate]) {
        if gone.is_empty() {
            return;
        }
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend(gone.iter().cloned());
        let surplus = log.len().saturating_sub(KEPT);
        log.drain(..surplus);
    }

    /// All plates that are known: those of the vehicles in `frame`, the newest, and of those that have gone, the one
    /// seen last first.
    pub(crate) fn latest(&self, frame: Option<&LiveFrame>) -> Vec<SeenPlate> {
        let mut all: Vec<SeenPlate> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect();
        // The lane adds whoever has gone before it publishes the frame that is without them.
        let in_view = frame.into_iter().flat_map(in_view);
        let in_view: Vec<SeenPlate> =
            in_view.filter(|seen| all.iter().all(|gone| gone.plate.track != seen.plate.track)).collect();
        all.extend(in_view);
        all.sort_by_key(|seen| std::cmp::Reverse((seen.last, seen.plate.track)));
        all
    }
}

fn in_view(frame: &LiveFrame) -> impl Iterator<Item = SeenPlate> {
    frame.plates.iter().map(|plate| {
        let track = frame.tracks.iter().find(|track| track.id == plate.track);
        let last = frame.info.time;
        let first = track.map_or(last, |track| track.first_seen);
        SeenPlate { plate: Arc::clone(plate), first, last, in_view: true }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gone(track: u64) -> SeenPlate {
        let text = format!("AB {track}");
        let plate = TrackPlate { track, text, confidence: 0.9, readings: 3, picture: None };
        SeenPlate { plate: Arc::new(plate), first: TimeUs(track), last: TimeUs(track + 1), in_view: false }
    }

    #[test]
    fn only_the_latest_are_kept_and_the_last_one_comes_first() {
        let log = PlateLog::default();
        for track in 0..KEPT as u64 + 10 {
            log.add(&[gone(track)]);
        }
        let tracks: Vec<u64> = log.latest(None).iter().map(|seen| seen.plate.track).collect();
        assert_eq!(tracks, (10..KEPT as u64 + 10).rev().collect::<Vec<_>>());
    }
}
