//! Frames by their times: which frame of a truth each frame of a recording is, and how far a truth goes.

use std::time::Duration;

use ocellus_core::TimeUs;
use ocellus_core::eval::LabelledBox;

/// When the frames of a scene's truth are.
#[derive(Debug, Clone, Copy)]
pub(super) struct SceneClock {
    pub(super) frame_rate: f64,
    /// The number of the last one, counted from 1.
    pub(super) last: u32,
}

impl SceneClock {
    /// Leaves out what lies behind the end of the truth called `name`: a live recording goes on longer.
    pub(super) fn within(self, name: &str, mut tracks: Vec<LabelledBox>) -> Vec<LabelledBox> {
        let all = tracks.len();
        tracks.retain(|track| track.frame <= self.last);
        let beyond = all - tracks.len();
        if beyond > 0 {
            eprintln!(
                "note: {beyond} boxes lie behind frame {}, the last of truth {name}, and are left out",
                self.last
            );
        }
        tracks
    }
}

/// Which frame of the truth each frame of a recording is, counted from 0.
pub(super) struct Numbers {
    /// Of the truth, where that has times.
    frame_rate: Option<f64>,
    first: Option<(u64, TimeUs)>,
    last: Option<(u64, TimeUs)>,
    /// The shortest and the longest time between two frames.
    gaps: Option<(Duration, Duration)>,
}

impl Numbers {
    pub(super) fn new(frame_rate: Option<f64>) -> Numbers {
        Numbers { frame_rate, first: None, last: None, gaps: None }
    }

    pub(super) fn next(&mut self, sequence: u64, time: TimeUs) -> u64 {
        let (first, began) = *self.first.get_or_insert((sequence, time));
        let number = match self.frame_rate {
            Some(rate) => (time.since(began).as_secs_f64() * rate).round() as u64,
            None => sequence - first,
        };
        let (number, gap) = match self.last {
            Some((last, before)) => (number.max(last.saturating_add(1)), Some(time.since(before))),
            None => (number, None),
        };
        if let Some(gap) = gap {
            let (least, most) = self.gaps.unwrap_or((gap, gap));
            self.gaps = Some((least.min(gap), most.max(gap)));
        }
        self.last = Some((number, time));
        number
    }

    /// Says where counting frames must have gone wrong.
    pub(super) fn warn(&self, name: &str) {
        if let (None, Some((least, most))) = (self.frame_rate, self.gaps)
            && most > least * 3 / 2
        {
            eprintln!(
                "warning: between frames of {name} pass {:.0} to {:.0} ms: it leaves some out, and a truth without times is compared \
                 frame by frame; record the file with `ocellus analyze`, which leaves none out",
                least.as_secs_f64() * 1e3,
                most.as_secs_f64() * 1e3
            );
        }
    }
}
