//! What was logged, oldest first.

use std::collections::VecDeque;
use std::time::Duration;

use ocellus_sdk::prelude::*;

/// A vehicle whose plate was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 1; never given again.
    pub(crate) number: u64,
    /// The text as it may be shown.
    pub(crate) text: String,
    /// In thousandths.
    pub(crate) confidence: u32,
    pub(crate) readings: u32,
    pub(crate) first_us: u64,
    pub(crate) last_us: u64,
    /// The track that it was when it was read last.
    pub(crate) track: u64,
    /// The list that it is on.
    pub(crate) list: Option<String>,
}

/// All entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Entries {
    entries: VecDeque<Entry>,
    /// Entries so far, also those that are forgotten.
    pub(crate) count: u64,
}

impl Entries {
    /// Adds one, whose number is given here; gives the number.
    pub(crate) fn add(&mut self, entry: Entry) -> u64 {
        self.count += 1;
        self.entries.push_back(Entry { number: self.count, ..entry });
        self.count
    }

    /// The one with this number, unless it is forgotten.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let place = self.entries.binary_search_by_key(&number, |entry| entry.number).ok()?;
        self.entries.get_mut(place)
    }

    /// The latest with this text that was read since `since`.
    pub(crate) fn latest(&self, text: &str, since: TimeUs) -> Option<u64> {
        let fits = |entry: &&Entry| entry.text == text && entry.last_us >= since.0;
        self.entries.iter().rev().find(fits).map(|entry| entry.number)
    }

    /// Forgets all but the newest `most`, and those last read longer ago than `keep_for`.
    pub(crate) fn forget(&mut self, most: usize, keep_for: Option<Duration>, now: TimeUs) {
        let over = self.entries.len().saturating_sub(most);
        self.entries.drain(..over);
        if let Some(keep_for) = keep_for {
            let oldest = now - keep_for;
            self.entries.retain(|entry| entry.last_us >= oldest.0);
        }
    }

    /// Newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    /// As an answer has it.
    pub(crate) fn answer(&self) -> Json {
        let mut answer = JsonMap::new();
        let mut say = |key: &str, value: Json| answer.insert(key.to_owned(), value);
        say("number", Json::from(self.number));
        say("plate", Json::from(self.text.as_str()));
        say("confidence", Json::from(f64::from(self.confidence) / 1000.0));
        say("readings", Json::from(self.readings));
        say("first_us", Json::from(self.first_us));
        say("last_us", Json::from(self.last_us));
        say("track", Json::from(self.track));
        say("list", Json::from(self.list.as_deref()));
        Json::Object(answer)
    }
}
