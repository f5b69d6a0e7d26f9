//! What lasts over a restart or a change of version.

use ocellus_sdk::prelude::*;

use crate::Association;
use crate::book::Book;
use crate::topology::Learned;

/// Cameras of a site.
const MOST_CAMERAS: usize = 1024;

/// All that the rule remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    book: Book,
    learned: Vec<Learned>,
    extent: Option<[f32; 4]>,
    rounds: Vec<(u32, u64)>,
    aspects: Vec<(u32, f32)>,
}

impl State {
    pub(crate) fn of(rule: &Association) -> State {
        State {
            book: rule.book.clone(),
            learned: rule.terms.topology.learned.clone(),
            extent: rule.terms.extent,
            rounds: rule.rounds.clone(),
            aspects: rule.terms.topology.aspects.clone(),
        }
    }

    pub(crate) fn give_to(mut self, rule: &mut Association) {
        self.rounds.truncate(MOST_CAMERAS);
        self.aspects.truncate(MOST_CAMERAS);
        rule.book = self.book.sound();
        rule.terms.topology.restore(self.learned);
        rule.terms.topology.aspects = self.aspects;
        rule.terms.extent = self.extent;
        rule.rounds = self.rounds;
    }
}
