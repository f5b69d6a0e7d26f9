//! A round: who the tracks of one camera are. A few times a second, so that nothing hangs on one look.

use ocellus_sdk::core::tracker::assignment::{Assigner, Pair};
use ocellus_sdk::prelude::*;

use crate::Association;
use crate::evidence::{Evidence, Terms, gap_s};
use crate::look::Mean;

/// Time between the rounds of a camera.
const ROUND_US: u64 = 250_000;
/// A track unseen for so long is decided on as it is.
pub(crate) const UNSEEN_US: u64 = 500_000;
/// Time that a track without a look waits for one besides.
const LOOK_US: u64 = 1_000_000;
/// A decision so young is looked at again with every new one.
const YOUNG_US: u64 = 5_000_000;
/// Tracks that are decided on in a round, with short looks; the others wait for the next one.
const MOST_ROWS: usize = 12;
/// Numbers of a look up to which that many are.
const SHORT_LOOK: usize = 512;
/// How much better another identity must be, for a young decision and for a settled one.
pub(crate) const BETTER: [f32; 2] = [1.5, 3.0];
/// What looks must say for a way to be learned from it.
const CERTAIN: f32 = 2.0;

/// When it is decided who tracks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Once they were looked at for long enough.
    InTime,
    /// With what there is: the stream ended.
    AtTheEnd,
}

/// A track whose identity is asked for.
#[derive(Debug, Clone, Copy)]
struct Row {
    number: u32,
    /// Who it is so far.
    identity: Option<u64>,
    is_due: bool,
}

/// What became of a row.
#[derive(Debug, Clone, Copy)]
struct Choice {
    row: Row,
    identity: Option<(u64, f32)>,
}

impl Association {
    /// Whether a camera's next round is due; then it is noted.
    pub(crate) fn begins(&mut self, frame: &Frame) -> bool {
        let now = frame.time.0;
        match self.rounds.iter_mut().find(|(camera, _)| *camera == frame.camera.0) {
            Some((_, next)) if now < *next && *next <= now + ROUND_US => false,
            Some((_, next)) => {
                *next = now + ROUND_US;
                true
            }
            None => {
                self.rounds.push((frame.camera.0, now + ROUND_US));
                true
            }
        }
    }

    /// The round of a camera.
    pub(crate) fn round(&mut self, (camera, now): (u32, TimeUs), output: &mut Output) {
        self.cut_the_odd((camera, now), output);
        self.part_the_doubled(camera, output);
        self.revise((camera, now), output);
        self.decide((camera, now), output, When::InTime);
        self.book.forget(now, self.settings.forget(), self.settings.most_identities as usize);
    }

    /// A track is no longer its identity; who it is instead is decided as for a new one.
    pub(crate) fn let_go(&mut self, number: u32, own: u64, output: &mut Output) {
        let Some(tracklet) = self.book.tracklet(number) else { return };
        let (key, since_us) = (tracklet.key(), tracklet.since_us());
        self.tell_split(key, (own, since_us), output);
        self.book.leave(number);
    }

    /// Decides on the tracks that were looked at for long enough; whether there were any.
    pub(crate) fn decide(&mut self, (camera, now): (u32, TimeUs), output: &mut Output, when: When) -> bool {
        let rows = self.rows((camera, now), when);
        if !rows.iter().any(|row| row.is_due) {
            return false;
        }
        let choices = self.choices(&rows);
        let given: Vec<u64> = choices.iter().filter_map(|choice| choice.identity.map(|(id, _)| id)).collect();
        for choice in &choices {
            // Another one of this camera is them: nobody is twice in a picture.
            let own = choice.row.identity.filter(|own| choice.identity.is_none() && given.contains(own));
            if let Some(own) = own {
                self.found_anew(choice.row.number, own, now, output);
            }
        }
        for choice in choices {
            self.commit(choice, now, output);
        }
        true
    }

    /// The tracks that are asked about: those that nobody is known for, and young decisions, which may turn out to be in
    /// their way.
    fn rows(&self, (camera, now): (u32, TimeUs), when: When) -> Vec<Row> {
        let after_us = self.settings.decide_after().as_micros() as u64;
        let mut longest = 0;
        let mut rows: Vec<Row> = Vec::new();
        for (number, track) in self.book.currents(camera) {
            if !track.counts() || track.is_told {
                continue;
            }
            longest = longest.max(track.look_bytes());
            let (age_us, unseen_us) = (track.length_us(), now.0.saturating_sub(track.last.us));
            match track.identity {
                None => {
                    let waits_for_look = self.has_looks && !track.has_looks();
                    let wait_us = if waits_for_look { after_us + LOOK_US } else { after_us };
                    let is_due = when == When::AtTheEnd || age_us >= wait_us || unseen_us >= UNSEEN_US;
                    rows.push(Row { number, identity: None, is_due });
                }
                Some(_) if unseen_us >= UNSEEN_US || now.0.saturating_sub(track.decided_us) >= YOUNG_US => {}
                identity => rows.push(Row { number, identity, is_due: false }),
            }
        }
        let most = (MOST_ROWS * SHORT_LOOK * 4 / longest.max(SHORT_LOOK)).clamp(2, MOST_ROWS);
        if rows.len() > most {
            // Those that are due first, then those that wait; the oldest of each first.
            rows.sort_by_key(|row| (!row.is_due, row.identity.is_some(), row.number));
            rows.truncate(most);
        }
        rows
    }

    /// The best identities for all rows together, each for one of them at most: they are seen by one camera. What the
    /// rows themselves say of identities is left out, so that a young decision holds nobody off.
    fn choices(&self, rows: &[Row]) -> Vec<Choice> {
        let numbers: Vec<u32> = rows.iter().map(|row| row.number).collect();
        let ids: Vec<u64> = self.book.identities().map(|(id, _)| id).collect();
        let means: Vec<Option<Mean>> =
            ids.iter().map(|id| Terms::mean(self.book.tracks_but(*id, &numbers))).collect();
        let (mut pairs, mut scores) = (Vec::new(), Vec::new());
        for (index, row) in (0_u32..).zip(rows) {
            for ((column, id), mean) in (0_u32..).zip(&ids).zip(&means) {
                let Some(evidence) = self.weigh_by(row.number, *id, (&numbers, mean.as_ref())) else {
                    continue;
                };
                let score = evidence.sum();
                let bonus = if row.identity == Some(*id) { BETTER[0] } else { 0.0 };
                let gain = ((score - self.sureness + bonus) * 1000.0) as i64;
                if gain > 0 {
                    pairs.push(Pair { row: index, column, gain });
                    scores.push(score);
                }
            }
        }
        let mut assigner = Assigner::default();
        let chosen = assigner.solve(rows.len(), ids.len(), &pairs);
        let choice = |(index, (row, column)): (usize, (&Row, Option<usize>))| {
            let found = column.and_then(|column| {
                let is_it = |pair: &Pair| (pair.row as usize, pair.column as usize) == (index, column);
                let place = pairs.iter().position(is_it)?;
                Some((*ids.get(column)?, *scores.get(place)?))
            });
            Choice { row: *row, identity: found }
        };
        rows.iter().zip(chosen).enumerate().map(choice).collect()
    }

    /// What speaks for a track being this identity, by its tracks but for some; none where it cannot be, or nobody else
    /// is of it.
    pub(crate) fn weigh(&self, number: u32, id: u64, without: &[u32]) -> Option<Evidence> {
        let mean = Terms::mean(self.book.tracks_but(id, without));
        self.weigh_by(number, id, (without, mean.as_ref()))
    }

    /// The same where it is known what those tracks look like.
    fn weigh_by(&self, number: u32, id: u64, (without, mean): (&[u32], Option<&Mean>)) -> Option<Evidence> {
        let tracklet = self.book.tracklet(number)?;
        if tracklet.apart.contains(&id) {
            return None;
        }
        let others = self.book.tracks_but(id, without);
        others.clone().next()?;
        self.terms.weigh(tracklet, others, mean)
    }

    /// A track leaves its identity for one of its own.
    pub(crate) fn found_anew(
        &mut self,
        number: u32,
        own: u64,
        now: TimeUs,
        output: &mut Output,
    ) -> Option<u64> {
        let tracklet = self.book.tracklet(number)?;
        let (key, since_us) = (tracklet.key(), tracklet.since_us());
        self.tell_split(key, (own, since_us), output);
        self.book.leave(number);
        let id = self.book.found(number, now);
        self.tell_new(number, id, output);
        self.tell_rest(number, output);
        Some(id)
    }

    fn commit(&mut self, Choice { row, identity }: Choice, now: TimeUs, output: &mut Output) {
        match (row.identity, identity) {
            (None, _) if !row.is_due => {}
            (None, None) => {
                let id = self.book.found(row.number, now);
                self.tell_new(row.number, id, output);
            }
            (None, Some((id, score))) => {
                // Another row may have emptied it meanwhile.
                if self.book.identity(id).is_none() {
                    return;
                }
                self.learn(row.number, id);
                self.tell_again(row.number, (id, score), output);
                self.book.join(row.number, id, now);
            }
            (Some(own), Some((id, score))) if own != id && self.book.identity(id).is_some() => {
                self.change(row.number, (own, id, score), now, output);
            }
            (Some(_), _) => {}
        }
    }

    /// A track turns out to be another identity: all of its identity with it, where nothing forbids that.
    pub(crate) fn change(
        &mut self,
        number: u32,
        (own, id, score): (u64, u64, f32),
        now: TimeUs,
        output: &mut Output,
    ) {
        if self.is_of(number, own) && self.are_one(own, id) {
            self.merge(own, id, now, output);
            return;
        }
        let Some(tracklet) = self.book.tracklet(number) else { return };
        let (key, since_us) = (tracklet.key(), tracklet.since_us());
        self.tell_split(key, (own, since_us), output);
        self.tell_again(number, (id, score), output);
        self.book.join(number, id, now);
        self.tell_rest(number, output);
    }

    /// Two identities become the older one.
    pub(crate) fn merge(&mut self, a: u64, b: u64, now: TimeUs, output: &mut Output) {
        let (into, gone) = (a.min(b), a.max(b));
        self.book.merge(gone, into, now);
        output
            .event("merged")
            .attribute("identity", into.cast_signed())
            .attribute("gone", gone.cast_signed());
    }

    /// Whether a track is rightly of its identity, as far as the others of it say; also where there are none.
    fn is_of(&self, number: u32, own: u64) -> bool {
        let is_alone = self.book.tracks_but(own, &[number]).next().is_none();
        is_alone || self.weigh(number, own, &[number]).is_some_and(|evidence| evidence.sum() > 0.0)
    }

    /// Whether nothing forbids that two identities are one person.
    pub(crate) fn are_one(&self, a: u64, b: u64) -> bool {
        self.book.tracks_of(a).all(|one| {
            !one.apart.contains(&b)
                && self
                    .book
                    .tracks_of(b)
                    .all(|other| !other.apart.contains(&a) && self.terms.allows(one, other))
        })
    }

    /// A way that looks prove.
    fn learn(&mut self, number: u32, id: u64) {
        let Some(tracklet) = self.book.tracklet(number) else { return };
        let is_certain = self.weigh(number, id, &[number]).is_some_and(|evidence| evidence.looks >= CERTAIN);
        let before = self.book.tracks_of(id).filter(|other| other.last.us <= tracklet.first.us);
        let Some(before) = before.max_by_key(|other| other.last.us).filter(|_| is_certain) else { return };
        self.terms.topology.learn(before, tracklet, gap_s(before, tracklet));
    }
}
