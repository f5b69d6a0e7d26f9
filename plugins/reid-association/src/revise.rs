//! What was decided is looked at again: tracks that became another person, that are twice in one picture, or that are
//! another identity by what is known meanwhile.

use ocellus_sdk::prelude::*;

use crate::Association;
use crate::evidence::{Terms, are_together};
use crate::round::{BETTER, UNSEEN_US};
use crate::tracklet::Tracklet;

/// Time between looks at decisions that are older.
const REVISE_US: u64 = 1_500_000;
/// Older decisions that are looked at in a round.
const MOST_REVISED: usize = 2;
/// How long a track that is over is looked at again, and how long the time between such looks is.
const OVER_US: [u64; 2] = [120_000_000, 6_000_000];
/// How much must speak against an identity for a track to leave it.
const AGAINST: f32 = -3.0;
/// No identity has this number.
const NOBODY: u64 = 0;
/// Who joined so soon before a tracker went over to another person may have been that one.
const DRIFT_US: u64 = 2_000_000;
/// Looks in a row that are another's.
const MOST_ODD: u32 = 3;

impl Association {
    /// A track that looks like another since several looks, by which nobody of its identity is known: the tracker has
    /// gone over to somebody else.
    pub(crate) fn cut_the_odd(&mut self, (camera, now): (u32, TimeUs), output: &mut Output) {
        let odd = self.book.currents(camera).filter(|(_, track)| track.odd >= MOST_ODD);
        let odd: Vec<u32> = odd.map(|(number, _)| number).collect();
        for number in odd {
            let Some(tracklet) = self.book.tracklet(number) else { continue };
            let (from, lost_us) = (tracklet.identity, tracklet.lost_us());
            let numbers = from.and_then(|id| self.book.identity(id)).map_or(&[][..], |known| &known.tracks);
            // Who joined them lately may have been the other one already.
            let is_late = |other: &&u32| {
                self.book
                    .tracklet(**other)
                    .is_some_and(|other| other.first.us + DRIFT_US >= lost_us && !other.is_told)
            };
            let late: Vec<u32> = numbers.iter().filter(is_late).copied().chain([number]).collect();
            let mean = from.and_then(|id| Terms::mean(self.book.tracks_but(id, &late)));
            let known = self.terms.newest(tracklet, mean.as_ref());
            // It may be one of them by now, and the one that it was before another.
            let was_other = self.terms.oldest(tracklet, mean.as_ref()).is_some_and(|then| then < 0.0);
            if known.is_some_and(|known| known > 0.0 && !was_other) || tracklet.is_told {
                self.book.tracklet_mut(number).into_iter().for_each(Tracklet::accept);
                continue;
            }
            if !self.part(number, output) {
                continue;
            }
            let Some(from) = from else { continue };
            if known.is_some_and(|known| known > 0.0) {
                self.reconsider(number, now, output);
                continue;
            }
            late.into_iter()
                .filter(|other| *other != number)
                .for_each(|other| self.let_go(other, from, output));
        }
    }

    /// Cuts off the part of a track that is another person's by now; whether there was room for it.
    fn part(&mut self, number: u32, output: &mut Output) -> bool {
        let from = self.book.tracklet(number).and_then(|tracklet| tracklet.identity);
        let Some(part) = self.book.cut(number).and_then(|part| self.book.tracklet(part)) else {
            return false;
        };
        if let Some(from) = from {
            self.tell_split(part.key(), (from, part.since_us()), output);
        }
        true
    }

    /// Nobody is twice in one picture: of two tracks that are, the one that was decided on later is asked about again. So it
    /// goes where somebody comes back whose place another one took.
    pub(crate) fn part_the_doubled(&mut self, camera: u32, output: &mut Output) {
        let decided =
            self.book.currents(camera).filter_map(|(number, track)| Some((track.identity?, number)));
        let mut decided: Vec<(u64, u32)> = decided.collect();
        decided.sort_unstable();
        for pair in decided.windows(2) {
            let &[(id, one), (other_id, other)] = pair else { continue };
            if id != other_id {
                continue;
            }
            let tracks = self.book.tracklet(one).zip(self.book.tracklet(other));
            let Some((a, b)) = tracks.filter(|(a, b)| are_together(a, b) && !(a.is_told && b.is_told)) else {
                continue;
            };
            let leaves_first = (a.is_told, b.decided_us, other) < (b.is_told, a.decided_us, one);
            self.let_go(if leaves_first { one } else { other }, id, output);
        }
    }

    /// Looks again at settled decisions, a few a round, the one looked at longest ago first.
    pub(crate) fn revise(&mut self, (camera, now): (u32, TimeUs), output: &mut Output) {
        let settled = self.book.all_of(camera).filter(|(_, track)| {
            let unseen_us = now.0.saturating_sub(track.last.us);
            let every_us = if unseen_us < UNSEEN_US { REVISE_US } else { OVER_US[1] };
            track.identity.is_some()
                && !track.is_told
                && unseen_us < OVER_US[0]
                && now.0.saturating_sub(track.weighed_us) >= every_us
        });
        let mut due: Vec<(u64, u32)> = settled.map(|(number, track)| (track.weighed_us, number)).collect();
        due.sort_unstable();
        for (_, number) in due.into_iter().take(MOST_REVISED) {
            self.reconsider(number, now, output);
        }
    }

    fn reconsider(&mut self, number: u32, now: TimeUs, output: &mut Output) {
        let Some(own) = self.book.tracklet(number).and_then(|tracklet| tracklet.identity) else { return };
        let is_alone = self.book.tracks_but(own, &[number]).next().is_none();
        let score = self.weigh(number, own, &[number]).map(|evidence| evidence.sum());
        let others = self.book.identities().filter(|(id, _)| *id != own);
        let best = others.filter_map(|(id, _)| Some((self.weigh(number, id, &[number])?.sum(), id)));
        let best = best.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let wish = self.wish((own, is_alone), score, best);
        let Some(tracklet) = self.book.tracklet_mut(number) else { return };
        tracklet.weighed_us = now.0;
        let was_so = tracklet.leaning == wish || tracklet.is_cut;
        tracklet.leaning = wish;
        // Twice in a row, so that one bad moment changes nothing.
        match (wish.filter(|_| was_so), best) {
            // It was them until its looks began to change. Where nobody else is of it, its looks became clearer.
            (Some(_), _) if !is_alone && self.drifts(number) => {
                self.part(number, output);
            }
            // Another one has gone off, and will be cut.
            (Some(NOBODY), _) if score.is_none() && self.has_a_drifter(own) => {}
            // What is over is not asked about with those who are there.
            (Some(NOBODY), _) if self.is_over(number) => {
                self.found_anew(number, own, now, output);
            }
            (Some(NOBODY), _) => self.let_go(number, own, output),
            (Some(id), Some((score, _))) => self.change(number, (own, id, score), now, output),
            _ => {}
        }
    }

    fn drifts(&self, number: u32) -> bool {
        self.book.tracklet(number).is_some_and(Tracklet::drifts)
    }

    fn has_a_drifter(&self, id: u64) -> bool {
        self.book.tracks_of(id).any(Tracklet::drifts)
    }

    /// Whether it is a part of a track that goes on as somebody else.
    fn is_over(&self, number: u32) -> bool {
        self.book.tracklet(number).is_some_and(|tracklet| self.book.current(tracklet.key()) != Some(number))
    }

    /// The identity that a settled track would rather be.
    fn wish(
        &self,
        (own, is_alone): (u64, bool),
        score: Option<f32>,
        best: Option<(f32, u64)>,
    ) -> Option<u64> {
        if let Some((other, id)) = best {
            let is_own = is_alone || score.is_some_and(|score| score > 0.0) && self.are_one(own, id);
            if other > self.sureness + BETTER[0] && is_own {
                return Some(id);
            }
            if !is_alone && other > self.sureness && other > score.unwrap_or(AGAINST) + BETTER[1] {
                return Some(id);
            }
        }
        (!is_alone && score.is_none_or(|score| score < AGAINST)).then_some(NOBODY)
    }
}
