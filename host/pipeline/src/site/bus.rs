//! What rules tell each other: from the end of a frame that caused it to the next frame of those who listen.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use ocellus_core::{Message, Name};

/// Messages that may wait for one instance; beyond it the oldest of the rule that said most go, and are counted.
const CAPACITY: usize = 256;

/// All inboxes of the site.
#[derive(Debug, Default)]
pub(crate) struct Bus(Mutex<Vec<Weak<Inbox>>>);

/// What waits for one instance of a rule.
#[derive(Debug)]
pub(crate) struct Inbox {
    rule: Name,
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    topics: Vec<Name>,
    messages: VecDeque<Message>,
}

impl Bus {
    /// An inbox for an instance of `rule`; it is gone with its last holder.
    pub(crate) fn open(&self, rule: &Name) -> Arc<Inbox> {
        let inbox =
            Arc::new(Inbox { rule: rule.clone(), waiting: Mutex::default(), dropped: AtomicU64::new(0) });
        self.inboxes().push(Arc::downgrade(&inbox));
        inbox
    }

    /// Tells everyone who listens, but not the rule itself.
    pub(crate) fn publish(&self, messages: &[Message]) {
        if messages.is_empty() {
            return;
        }
        self.inboxes().retain(|inbox| {
            let Some(inbox) = inbox.upgrade() else { return false };
            messages.iter().for_each(|message| inbox.put(message));
            true
        });
    }

    fn inboxes(&self) -> MutexGuard<'_, Vec<Weak<Inbox>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox {
    /// What waits, in its order; the instance wants to hear of `topics` from now on.
    pub(crate) fn take(&self, topics: &[Name]) -> Vec<Message> {
        let mut waiting = self.waiting();
        if waiting.topics != topics {
            waiting.topics = topics.to_vec();
        }
        let mut messages: Vec<Message> = waiting.messages.drain(..).collect();
        drop(waiting);
        Message::sort(&mut messages);
        messages
    }

    /// Puts back what the instance did not get to hear.
    pub(crate) fn give_back(&self, messages: Vec<Message>) {
        let mut waiting = self.waiting();
        for message in messages.into_iter().rev() {
            waiting.messages.push_front(message);
        }
        self.drop_excess(&mut waiting);
    }

    /// Messages that found no room.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn put(&self, message: &Message) {
        if message.rule == self.rule {
            return;
        }
        let mut waiting = self.waiting();
        if !waiting.topics.contains(&message.topic) {
            return;
        }
        waiting.messages.push_back(message.clone());
        self.drop_excess(&mut waiting);
    }

    fn drop_excess(&self, waiting: &mut Waiting) {
        while waiting.messages.len() > CAPACITY {
            let excess = oldest_of_the_loudest(&waiting.messages);
            waiting.messages.remove(excess);
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of the oldest message of the rule that has most waiting: a flood pushes out itself and nobody else.
fn oldest_of_the_loudest(messages: &VecDeque<Message>) -> usize {
    let mut rules: Vec<(&Name, usize, usize)> = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        match rules.iter_mut().find(|(rule, ..)| *rule == &message.rule) {
            Some((_, count, _)) => *count += 1,
            None => rules.push((&message.rule, 1, place)),
        }
    }
    rules.into_iter().max_by_key(|(_, count, _)| *count).map_or(0, |(.., place)| place)
}

#[cfg(test)]
mod tests {
    use ocellus_core::TimeUs;

    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn message(rule: &str, topic: &str, time: u64) -> Message {
        let attributes = Arc::from([]);
        Message {
            time: TimeUs(time),
            camera: name("north"),
            rule: name(rule),
            topic: name(topic),
            attributes,
        }
    }

    #[test]
    fn only_others_and_only_topics_that_were_named_are_heard_in_order_of_time() {
        let bus = Bus::default();
        let inbox = bus.open(&name("sum"));
        assert_eq!(inbox.take(&[name("level")]), []);
        bus.publish(&[message("b", "level", 2), message("b", "other", 1), message("sum", "level", 1)]);
        bus.publish(&[message("a", "level", 1)]);
        let heard: Vec<String> =
            inbox.take(&[name("level")]).iter().map(|message| message.rule.to_string()).collect();
        assert_eq!(heard, ["a", "b"]);
        assert_eq!(inbox.take(&[]), [], "each once");
        bus.publish(&[message("a", "level", 3)]);
        assert_eq!(inbox.take(&[]), [], "it does not listen any more");
    }

    #[test]
    fn a_flood_pushes_out_itself_and_nobody_else() {
        let bus = Bus::default();
        let inbox = bus.open(&name("hears"));
        let topics = [name("level")];
        inbox.take(&topics);
        bus.publish(&[message("calm", "level", 0)]);
        for time in 1..1000 {
            bus.publish(&[message("loud", "level", time)]);
        }
        bus.publish(&[message("calm", "level", 1000)]);
        let heard = inbox.take(&topics);
        let calm: Vec<u64> =
            heard.iter().filter(|heard| heard.rule.as_str() == "calm").map(|heard| heard.time.0).collect();
        assert_eq!((heard.len(), calm.as_slice()), (CAPACITY, [0, 1000].as_slice()));
        assert_eq!(heard[CAPACITY - 2].time, TimeUs(999), "of the loud one the newest are left");
    }

    #[test]
    fn who_does_not_listen_costs_bounded_memory_and_is_told_what_was_lost() {
        let bus = Bus::default();
        let inbox = bus.open(&name("slow"));
        let topics = [name("level")];
        inbox.take(&topics);
        for time in 0..300 {
            bus.publish(&[message("a", "level", time)]);
        }
        let heard = inbox.take(&topics);
        assert_eq!((heard.len(), heard[0].time, inbox.dropped()), (CAPACITY, TimeUs(44), 44));
        bus.publish(&[message("a", "level", 300)]);
        inbox.give_back(heard);
        assert_eq!((inbox.take(&topics).len(), inbox.dropped()), (CAPACITY, 45));
    }
}
