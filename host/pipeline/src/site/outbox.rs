//! Webhook calls that wait, rule by rule: one that calls without end, or calls who does not answer, delays itself.
//!
//! Sans-IO: the time comes in.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::time::{Duration, Instant};

use ocellus_core::{Name, TimeUs, WebhookCall};

/// Calls of one rule that may wait; further ones are dropped and counted.
const CAPACITY: usize = 64;
/// Callers that may be busy at one time with rules whose last attempt failed. The others are for those that are
/// answered.
pub(super) const FAILING: usize = 2;
/// Pauses before the further attempts.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// How long it is remembered that a rule failed which calls nobody any more.
const MEMORY: Duration = Duration::from_secs(60);

/// A call with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    pub(crate) rule: Name,
    pub(crate) camera: Name,
    pub(crate) time: TimeUs,
    pub(crate) call: WebhookCall,
}

/// What one attempt came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Delivered,
    /// The other side does not want it; asking again would not change that.
    Refused,
    /// It may go better later.
    Failed,
}

/// What becomes of a call after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Delivered,
    /// There is another attempt after a pause.
    Waits,
    GivenUp,
}

/// The calls of all rules.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    rules: BTreeMap<Name, RuleCalls>,
    /// Whose turn it was last.
    last: Option<Name>,
}

/// What one rule has called; one call at a time, in their order.
#[derive(Debug, Default)]
struct RuleCalls {
    waiting: VecDeque<Outgoing>,
    /// Attempts of the first one that failed.
    failures: usize,
    not_before: Option<Instant>,
    is_busy: bool,
    /// When its last attempt was made, if that failed.
    failed: Option<Instant>,
    /// The newest call found no room.
    is_full: bool,
}

impl RuleCalls {
    /// Whether nothing of it need be known any more.
    fn is_done(&self, now: Instant) -> bool {
        self.waiting.is_empty() && !self.is_busy && self.failed.is_none_or(|failed| failed + MEMORY <= now)
    }
}

/// There was no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom {
    /// Whether the one before found room.
    pub(super) is_news: bool,
}

impl Outbox {
    pub(super) fn put(&mut self, outgoing: Outgoing) -> Result<(), NoRoom> {
        let calls = self.rules.entry(outgoing.rule.clone()).or_default();
        let was_full = std::mem::replace(&mut calls.is_full, calls.waiting.len() == CAPACITY);
        if calls.is_full {
            return Err(NoRoom { is_news: !was_full });
        }
        calls.waiting.push_back(outgoing);
        Ok(())
    }

    /// The next call to make; rules take turns. Say with [`Outbox::settle`] what came of it.
    pub(super) fn take(&mut self, now: Instant) -> Option<Outgoing> {
        self.rules.retain(|_, calls| !calls.is_done(now));
        let failing = self.rules.values().filter(|calls| calls.is_busy && calls.failed.is_some()).count();
        let is_due = |calls: &RuleCalls| {
            !calls.is_busy
                && !calls.waiting.is_empty()
                && calls.not_before.is_none_or(|not_before| not_before <= now)
                && (calls.failed.is_none() || failing < FAILING)
        };
        let after = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let later = self.rules.range::<Name, _>((after, Bound::Unbounded));
        let next = later.chain(&self.rules).find(|(_, calls)| is_due(calls))?.0.clone();
        let calls = self.rules.get_mut(&next)?;
        calls.is_busy = true;
        self.last = Some(next);
        calls.waiting.front().cloned()
    }

    /// Drops what waits of a rule and `may` not be called any more, but for a call that is being made; how many.
    pub(super) fn retain(&mut self, rule: &Name, may: impl Fn(&str) -> bool) -> usize {
        let Some(calls) = self.rules.get_mut(rule) else { return 0 };
        let before = calls.waiting.len();
        let mut is_made = calls.is_busy;
        calls.waiting.retain(|outgoing| std::mem::take(&mut is_made) || may(&outgoing.call.url));
        let dropped = before - calls.waiting.len();
        if dropped > 0 && !calls.is_busy {
            // The first may be another one now.
            (calls.failures, calls.not_before) = (0, None);
        }
        if calls.waiting.is_empty() {
            self.rules.remove(rule);
        }
        dropped
    }

    /// Takes down what an attempt at the first call of `rule` came to.
    pub(super) fn settle(&mut self, rule: &Name, attempt: Attempt, now: Instant) -> Fate {
        let Some(calls) = self.rules.get_mut(rule) else { return Fate::GivenUp };
        calls.is_busy = false;
        calls.failed = (attempt == Attempt::Failed).then_some(now);
        let fate = match (attempt, PAUSES.get(calls.failures)) {
            (Attempt::Delivered, _) => Fate::Delivered,
            (Attempt::Failed, Some(pause)) => {
                calls.failures += 1;
                calls.not_before = Some(now + *pause);
                return Fate::Waits;
            }
            (Attempt::Refused | Attempt::Failed, _) => Fate::GivenUp,
        };
        calls.waiting.pop_front();
        (calls.failures, calls.not_before) = (0, None);
        if calls.is_done(now) {
            self.rules.remove(rule);
        }
        fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn put(outbox: &mut Outbox, rule: &str, count: usize) -> usize {
        let call = WebhookCall { url: "http://127.0.0.1:9/".to_owned(), body: "{}".to_owned() };
        let outgoing = Outgoing { rule: name(rule), camera: name("north"), time: TimeUs(1), call };
        (0..count).filter(|_| outbox.put(outgoing.clone()).is_ok()).count()
    }

    fn taken(outbox: &mut Outbox, now: Instant) -> Option<String> {
        outbox.take(now).map(|outgoing| outgoing.rule.to_string())
    }

    #[test]
    fn what_may_not_be_called_any_more_is_dropped_but_for_the_call_that_is_made() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        put(&mut outbox, "gone", 5);
        put(&mut outbox, "stays", 1);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("gone"));
        assert_eq!(outbox.retain(&name("gone"), |_| false), 4);
        assert_eq!(outbox.settle(&name("gone"), Attempt::Delivered, now), Fate::Delivered);
        assert_eq!(outbox.retain(&name("gone"), |_| false), 0);
        assert_eq!(outbox.retain(&name("stays"), |url| url.starts_with("http://127")), 0);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("stays"));
        assert_eq!(outbox.rules.len(), 1);
    }

    #[test]
    fn a_flood_fills_the_room_of_its_rule_alone_and_is_news_once() {
        let mut outbox = Outbox::default();
        assert_eq!(put(&mut outbox, "loud", 1000), CAPACITY);
        assert_eq!(put(&mut outbox, "calm", 1), 1);
        let again = Outgoing { rule: name("loud"), ..outbox.rules[&name("calm")].waiting[0].clone() };
        assert_eq!(outbox.put(again), Err(NoRoom { is_news: false }));
    }

    #[test]
    fn rules_take_turns_and_one_of_them_has_one_caller() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        put(&mut outbox, "a", 3);
        put(&mut outbox, "b", 1);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("a"));
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("b"));
        assert_eq!(taken(&mut outbox, now), None, "a has one already");
        assert_eq!(outbox.settle(&name("a"), Attempt::Delivered, now), Fate::Delivered);
        assert_eq!(outbox.settle(&name("b"), Attempt::Refused, now), Fate::GivenUp);
        put(&mut outbox, "b", 1);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("a"), "after b comes a again");
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("b"));
    }

    #[test]
    fn a_call_is_tried_three_times_with_pauses_in_which_the_caller_is_free() {
        let (mut outbox, mut now) = (Outbox::default(), Instant::now());
        put(&mut outbox, "a", 2);
        for pause in PAUSES {
            assert_eq!(taken(&mut outbox, now).as_deref(), Some("a"));
            assert_eq!(outbox.settle(&name("a"), Attempt::Failed, now), Fate::Waits);
            assert_eq!(taken(&mut outbox, now), None);
            now += pause;
        }
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("a"));
        assert_eq!(outbox.settle(&name("a"), Attempt::Failed, now), Fate::GivenUp);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("a"), "the second has its own attempts");
        assert_eq!(outbox.settle(&name("a"), Attempt::Failed, now), Fate::Waits);
    }

    #[test]
    fn rules_that_nobody_answers_leave_callers_to_the_others() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        let dead = ["d1", "d2", "d3", "d4"];
        for rule in dead {
            put(&mut outbox, rule, 9);
            assert_eq!(taken(&mut outbox, now).as_deref(), Some(rule), "nobody knows it yet");
        }
        for rule in dead {
            outbox.settle(&name(rule), Attempt::Failed, now);
        }
        let now = now + PAUSES[0];
        assert!((0..FAILING).all(|_| taken(&mut outbox, now).is_some()));
        assert_eq!(taken(&mut outbox, now), None);
        put(&mut outbox, "e", 1);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("e"));
    }

    #[test]
    fn a_rule_that_calls_seldom_and_in_vain_is_still_known_as_one_that_fails() {
        let (mut outbox, mut now) = (Outbox::default(), Instant::now());
        let dead = ["d1", "d2", "d3"];
        for rule in dead {
            put(&mut outbox, rule, 1);
            for _ in 0..=PAUSES.len() {
                assert_eq!(taken(&mut outbox, now).as_deref(), Some(rule));
                outbox.settle(&name(rule), Attempt::Failed, now);
                now += PAUSES[1];
            }
        }
        assert!(outbox.rules.values().all(|calls| calls.waiting.is_empty()), "all are given up");
        dead.iter().for_each(|rule| assert_eq!(put(&mut outbox, rule, 1), 1));
        assert!((0..FAILING).all(|_| taken(&mut outbox, now).is_some()));
        assert_eq!(taken(&mut outbox, now), None, "the third waits for one of the others");
        outbox.settle(&name("d1"), Attempt::Delivered, now);
        assert_eq!(taken(&mut outbox, now).as_deref(), Some("d3"));
        assert_eq!(outbox.rules.len(), 2, "who is answered is forgotten");
        for rule in dead {
            outbox.settle(&name(rule), Attempt::Refused, now);
        }
        assert!(outbox.rules.is_empty());
    }

    #[test]
    fn a_rule_without_calls_takes_no_room() {
        let (mut outbox, now) = (Outbox::default(), Instant::now());
        put(&mut outbox, "a", 1);
        taken(&mut outbox, now);
        outbox.settle(&name("a"), Attempt::Delivered, now);
        assert!(outbox.rules.is_empty());
    }
}
