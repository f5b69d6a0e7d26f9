//! A rule's calls, told to its journal while there is one.

use std::sync::Arc;

use ocellus_core::{Power, TimeUs};
use ocellus_runtime::{CallError, Memory, Moment, PreparedSwap, Processed, RuleState};

use super::command::NotRecorded;
use super::rules::{Between, BoundRule, Sight};
use crate::journal::Came;
use crate::site::journal::{Made, Noted, NotedCall};
use crate::site::tap::Tap;

impl BoundRule {
    /// Begins a journal with a fresh instance, so that nothing but what is in the journal goes into its calls.
    pub(super) fn record(
        &mut self,
        fresh: PreparedSwap,
        tap: Tap<Noted>,
        between: &Between,
    ) -> Result<Memory, NotRecorded> {
        if self.journal.as_ref().is_some_and(Tap::is_heard) {
            return Err(NotRecorded::Already);
        }
        if self.slot.state() != RuleState::Active {
            let reason = "the rule is not running; a journal begins with a rule that does";
            return Err(NotRecorded::Refused(reason.to_owned()));
        }
        let memory =
            self.slot.renew(fresh, between.time).map_err(|error| NotRecorded::Refused(error.to_string()))?;
        // What was logged so far is not of the journal's calls.
        self.cell.keep_log(self.slot.drain_logs());
        self.journal = Some(tap);
        Ok(memory)
    }

    pub(super) fn note_frame(
        &mut self,
        (sight, messages, wall): (&Sight<'_>, &[ocellus_core::Message], Option<TimeUs>),
        processed: &Processed,
    ) {
        let powers = self.slot.probed().binding().grants.powers();
        let (sees, reads) = (powers.has(Power::Embeddings), powers.has(Power::Readings));
        self.note(|| {
            let made = Made::Seen {
                info: *sight.info,
                tracks: sight.tracks.to_vec(),
                embeddings: if sees { Arc::clone(sight.embeddings) } else { Arc::new([]) },
                readings: if reads { Arc::clone(sight.readings) } else { Arc::new([]) },
                messages: messages.to_vec(),
                wall,
            };
            Some((made, came(processed)?))
        });
    }

    pub(super) fn note_command(&mut self, at: Moment, request: &str, processed: &Processed) {
        self.note(|| Some((Made::Commanded { at, request: request.to_owned() }, came(processed)?)));
    }

    pub(super) fn note_query(&mut self, request: &str, answer: &Result<String, CallError>) {
        self.note(|| match answer {
            Err(CallError::Dead) => None,
            answer => Some((Made::Asked { request: request.to_owned() }, Came::from(answer.clone()))),
        });
    }

    /// Whoever had the rule save its state, and whatever for.
    pub(super) fn note_save(&mut self) {
        if let Some(saved) = self.slot.take_saved() {
            self.note(|| Some((Made::Saved, Came::from(saved))));
        }
    }

    /// Ends the journal, if there is one.
    pub(super) fn end_journal(&mut self, why: &'static str) {
        if let Some(journal) = self.journal.take() {
            journal.tell(Noted::Ended(why));
        }
    }

    /// Tells the journal of a call, if there is a journal and the rule was called.
    fn note(&mut self, call: impl FnOnce() -> Option<(Made, Came)>) {
        let Some(journal) = &self.journal else { return };
        if !journal.is_heard() {
            self.journal = None;
            return;
        }
        let Some((made, came)) = call() else { return };
        let logs = self.slot.drain_logs();
        self.cell.keep_log(logs.clone());
        journal.tell(Noted::Call(Box::new(NotedCall { made, came, logs })));
        if self.slot.state() != RuleState::Active {
            self.end_journal("the rule failed");
        }
    }
}

/// What came of a frame or a command; none where the rule was not called.
fn came(processed: &Processed) -> Option<Came> {
    match processed {
        Processed::Output(output) => Some(Came::Output(output.clone())),
        Processed::Failed(error) => Some(Came::Failed(error.clone())),
        Processed::Skipped => None,
    }
}
