//! What is told: events, labels and numbers.

use ocellus_sdk::prelude::*;

use crate::Association;
use crate::tracklet::Key;

/// Labels of a frame.
const MOST_LABELS: usize = 256;
/// Who was seen so lately is present.
const PRESENT_US: u64 = 2_000_000;

impl Association {
    pub(crate) fn camera_name(&self, handle: u32) -> &str {
        self.site.camera(CameraHandle(handle)).map_or("unknown", |camera| camera.name.as_str())
    }

    /// A track is somebody new.
    pub(crate) fn tell_new(&self, number: u32, id: u64, output: &mut Output) {
        let Some(tracklet) = self.book.tracklet(number) else { return };
        output
            .event("identity")
            .track(tracklet.track)
            .attribute("identity", id.cast_signed())
            .attribute("camera", self.camera_name(tracklet.camera))
            .attribute("since_us", tracklet.since_us().cast_signed());
    }

    /// A track is somebody known, of whom it is not one yet.
    pub(crate) fn tell_again(&self, number: u32, (id, score): (u64, f32), output: &mut Output) {
        let Some(tracklet) = self.book.tracklet(number) else { return };
        let without = [number];
        let others = self.book.tracks_but(id, &without);
        let before = others.filter(|other| other.first.us <= tracklet.first.us);
        // One who is on both cameras now was seen by the other a moment ago.
        let last = before.max_by_key(|other| (other.last.us.min(tracklet.first.us), other.first.us));
        let mut event = output
            .event("seen-again")
            .track(tracklet.track)
            .attribute("identity", id.cast_signed())
            .attribute("camera", self.camera_name(tracklet.camera))
            .attribute("since_us", tracklet.since_us().cast_signed())
            .attribute("evidence", tenth(f64::from(score)));
        if let Some(last) = last {
            let away_us = tracklet.first.us.saturating_sub(last.last.us);
            event = event
                .attribute("from", self.camera_name(last.camera))
                .attribute("seconds", tenth(away_us as f64 / 1e6));
        }
        let _ = event;
    }

    /// What was said of the beginning of a track that was cut holds up to the cut: what it is from there is said again.
    pub(crate) fn tell_rest(&self, number: u32, output: &mut Output) {
        let Some(tracklet) = self.book.tracklet(number).filter(|tracklet| tracklet.is_cut) else { return };
        let later = self.book.all_of(tracklet.camera).filter(|(other, part)| {
            *other != number && part.track == tracklet.track && part.since_us() >= tracklet.since_us()
        });
        for (other, part) in later {
            if let Some(id) = part.identity {
                self.tell_again(other, (id, 0.0), output);
            }
        }
    }

    /// A track is no longer an identity, since a time.
    pub(crate) fn tell_split(&self, key: Key, (from, since_us): (u64, u64), output: &mut Output) {
        output
            .event("split")
            .track(key.1)
            .attribute("identity", from.cast_signed())
            .attribute("camera", self.camera_name(key.0))
            .attribute("since_us", since_us.cast_signed());
    }

    /// Writes who everybody in the picture is, and how many there are.
    pub(crate) fn draw(&self, (frame, tracks): (&Frame, &Tracks), output: &mut Output) {
        let mut labels = 0;
        for track in tracks.iter().filter(TrackView::is_confirmed) {
            let number = self.book.current((frame.camera.0, track.id()));
            let Some(id) = number.and_then(|number| self.book.tracklet(number)?.identity) else { continue };
            if labels < MOST_LABELS {
                let rect = track.rect();
                output.draw_label(Point::new(rect.x, rect.y), Tone::Neutral, format!("#{id}"));
                labels += 1;
            }
        }
        self.measure(frame.time, output);
    }

    pub(crate) fn measure(&self, now: TimeUs, output: &mut Output) {
        let present = self.book.identities().filter(|(_, known)| known.last_us + PRESENT_US >= now.0).count();
        output.measure("present", present as f64);
        output.measure("known", self.book.len() as f64);
        output.measure("identities", self.book.count as f64);
    }
}

/// To a tenth.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
