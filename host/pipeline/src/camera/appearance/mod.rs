//! What a camera's tracks look like, and which detections are worth a look.
//!
//! The lane keeps a smoothed embedding of each track ([`Appearance`]) and leaves after every frame what it would like
//! to know next ([`Wish`]). Whoever has the next picture chooses from that the detections to be looked at
//! ([`Plan::choose`]), within the camera's budget.

mod choose;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use ocellus_core::embedding::{SmoothEmbedding, visibility};
use ocellus_core::tracker::Tracked;
use ocellus_core::{Detection, Embedding, Point, Rect, Size, TimeUs, Track, TrackEmbeddings, TrackState};

pub(crate) use self::choose::{Choice, Plan, Wish, sure};
pub use self::settings::{EmbeddingError, EmbeddingSpec};

/// The longest time over which a track's box is moved on by its last velocity.
const LONGEST_STEP_S: f32 = 1.0;

/// A frame's tracks with what was looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting<'a> {
    pub(crate) time: TimeUs,
    pub(crate) size: Size,
    pub(crate) tracked: Tracked<'a>,
    pub(crate) detections: &'a [Detection],
    /// One entry a detection, or none at all.
    pub(crate) looks: &'a [Option<Embedding>],
}

/// The appearance of one camera's tracks.
#[derive(Debug, Default)]
pub(crate) struct Appearance {
    tracks: BTreeMap<u64, Look>,
}

#[derive(Debug, Clone)]
struct Look {
    smooth: Option<SmoothEmbedding>,
    /// When the last embedding was taken in.
    refreshed: Option<TimeUs>,
    /// The track as it was, and how its middle moved before, in pixels a second.
    track: Track,
    velocity: [f32; 2],
    time: TimeUs,
}

impl Appearance {
    /// Takes a frame in; what each of its tracks looks like now, in their order. A track that is not there any more is
    /// forgotten.
    pub(crate) fn see(&mut self, sighting: Sighting<'_>) -> TrackEmbeddings {
        let mut former = std::mem::take(&mut self.tracks);
        let mut shown = Vec::with_capacity(sighting.tracked.tracks.len());
        for (track, seen_as) in sighting.tracked.iter() {
            let mut look = Look::next(former.remove(&track.id), track, sighting.time);
            if let Some((embedding, weight)) = seen_as.and_then(|index| sighting.look(index)) {
                look.take_in(embedding, weight, sighting.time);
            }
            shown.push(look.smooth.as_ref().map(|smooth| smooth.current().clone()));
            self.tracks.insert(track.id, look);
        }
        shown.into()
    }

    /// What would be good to know of the next frame.
    pub(crate) fn wishes(&self) -> Arc<[Wish]> {
        self.tracks.values().map(Look::wish).collect()
    }
}

impl Sighting<'_> {
    /// What a detection looks like, and what that is worth.
    fn look(&self, index: usize) -> Option<(&Embedding, f32)> {
        let (embedding, detection) = (self.looks.get(index)?.as_ref()?, self.detections.get(index)?);
        let shown = visible(detection, self.detections, self.size);
        Some((embedding, shown * detection.confidence.clamp(0.0, 1.0)))
    }
}

/// Confidence below which a box in front is not believed to hide anything.
const LEAST_COVER: f32 = 0.3;

/// How much of a detection shows, among all of its picture.
fn visible(detection: &Detection, all: &[Detection], size: Size) -> f32 {
    let others = all.iter().filter(|other| other.confidence >= LEAST_COVER).map(|other| other.rect);
    visibility(&detection.rect, others, size)
}

impl Look {
    /// The track in this frame; `former` as it was in the one before.
    fn next(former: Option<Look>, track: &Track, time: TimeUs) -> Look {
        let Some(former) = former else {
            return Look { smooth: None, refreshed: None, track: *track, velocity: [0.0; 2], time };
        };
        let seconds = time.since(former.time).as_secs_f32();
        let (from, to) = (former.track.rect.centre(), track.rect.centre());
        let velocity = match seconds > 0.0 {
            true => [(to.x - from.x) / seconds, (to.y - from.y) / seconds],
            false => former.velocity,
        };
        Look { track: *track, velocity, time, ..former }
    }

    fn take_in(&mut self, embedding: &Embedding, weight: f32, time: TimeUs) {
        match &mut self.smooth {
            Some(smooth) => smooth.see(embedding, weight),
            None => self.smooth = Some(SmoothEmbedding::new(embedding, weight)),
        }
        self.refreshed = Some(time);
    }

    fn wish(&self) -> Wish {
        Wish {
            rect: self.track.rect,
            velocity: self.velocity,
            time: self.time,
            refreshed: self.refreshed,
            is_lost: self.track.state == TrackState::Lost,
        }
    }
}

/// Where a box is after `from`, if its middle goes on moving as it did.
pub(crate) fn moved(rect: &Rect, velocity: [f32; 2], seconds: f32) -> Rect {
    let seconds = seconds.clamp(0.0, LONGEST_STEP_S);
    let to = Point::new(rect.x + velocity[0] * seconds, rect.y + velocity[1] * seconds);
    Rect::new(to.x, to.y, rect.width, rect.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size::new(640, 480);

    fn towards(axis: usize) -> Embedding {
        let mut values = [0.0; 16];
        values[axis] = 1.0;
        Embedding::new(&values).unwrap()
    }

    fn track(id: u64, rect: Rect) -> Track {
        let state = TrackState::Confirmed;
        Track { id, class: 0, confidence: 0.9, state, rect, first_seen: TimeUs(0), ground: None }
    }

    fn detection(rect: Rect) -> Detection {
        Detection { rect, class: 0, confidence: 0.9 }
    }

    #[test]
    fn a_track_keeps_what_it_looked_like_while_nobody_looks_and_forgets_it_with_the_track() {
        let mut appearance = Appearance::default();
        let rect = Rect::new(100.0, 100.0, 40.0, 80.0);
        let (tracks, detections) = ([track(1, rect)], [detection(rect)]);
        let mut see = |frame: u64, seen_as: Option<usize>, looks: &[Option<Embedding>]| {
            let tracked = Tracked { tracks: &tracks, seen_as: &[seen_as] };
            let time = TimeUs(frame * 100_000);
            let sighting = Sighting { time, size: SIZE, tracked, detections: &detections, looks };
            (appearance.see(sighting), appearance.wishes())
        };
        let (shown, wishes) = see(0, Some(0), &[]);
        assert_eq!((&*shown, wishes[0].refreshed), (&[None][..], None));
        let (first, _) = see(1, Some(0), &[Some(towards(3))]);
        assert_eq!(first[0], Some(towards(3).rounded()));
        let (later, wishes) = see(2, None, &[Some(towards(5))]);
        assert!(later[0].as_ref().unwrap().is_same(first[0].as_ref().unwrap()), "seen as none: nothing new");
        assert_eq!(wishes[0].refreshed, Some(TimeUs(100_000)));
        let nobody = Tracked { tracks: &[], seen_as: &[] };
        let time = TimeUs(300_000);
        let gone = Sighting { time, size: SIZE, tracked: nobody, detections: &[], looks: &[] };
        assert!(appearance.see(gone).is_empty() && appearance.wishes().is_empty());
    }

    #[test]
    fn a_picture_in_which_it_is_hidden_changes_less_than_one_in_the_open() {
        let shift = |hidden: bool| {
            let mut appearance = Appearance::default();
            let rect = Rect::new(100.0, 100.0, 40.0, 80.0);
            let front = Rect::new(104.0, 104.0, 40.0, 80.0);
            let mut detections = vec![detection(rect)];
            if hidden {
                detections.push(detection(front));
            }
            let tracks = [track(1, rect)];
            let mut shown = None;
            for (frame, axis) in [(0, 0), (1, 1)] {
                let detections = if frame == 0 { &detections[..1] } else { &detections[..] };
                let looks = [Some(towards(axis))];
                let tracked = Tracked { tracks: &tracks, seen_as: &[Some(0)] };
                let sighting =
                    Sighting { time: TimeUs(frame), size: SIZE, tracked, detections, looks: &looks };
                shown = appearance.see(sighting)[0].clone();
            }
            shown.unwrap().cosine(&towards(1)).unwrap()
        };
        assert!(shift(true) < shift(false) - 0.1, "{} {}", shift(true), shift(false));
    }

    #[test]
    fn a_wish_follows_the_track_and_no_further_than_a_second() {
        let rect = Rect::new(100.0, 100.0, 40.0, 80.0);
        assert_eq!(moved(&rect, [10.0, -5.0], 0.5), Rect::new(105.0, 97.5, 40.0, 80.0));
        assert_eq!(moved(&rect, [10.0, -5.0], 60.0), Rect::new(110.0, 95.0, 40.0, 80.0));
        assert_eq!(moved(&rect, [10.0, -5.0], -1.0), rect);
    }
}
