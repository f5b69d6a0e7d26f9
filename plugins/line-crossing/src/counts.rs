//! How often a line was crossed: in all, by class, and in the interval that runs.

use ocellus_sdk::prelude::*;

/// Classes that a line counts apart; further ones are in the total only.
const MOST_CLASSES: usize = 8;
/// Bytes of a class's name that is counted apart.
const CLASS_BYTES: usize = 56;

/// Which way over a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Entry,
    Exit,
}

impl Direction {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Direction::Entry => "entry",
            Direction::Exit => "exit",
        }
    }
}

/// Crossings of a line.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) entries: u64,
    pub(crate) exits: u64,
    /// Of these by class, in the order in which classes first crossed: name, entries, exits.
    #[serde(default)]
    pub(crate) classes: Vec<(String, u64, u64)>,
}

impl Counts {
    pub(crate) fn add(&mut self, direction: Direction, class: Option<&str>) {
        let (entry, exit) = match direction {
            Direction::Entry => (1, 0),
            Direction::Exit => (0, 1),
        };
        self.entries = self.entries.saturating_add(entry);
        self.exits = self.exits.saturating_add(exit);
        let Some(class) = class.filter(|class| is_countable(class)) else { return };
        let place = self.classes.iter().position(|(known, ..)| known == class);
        let room = self.classes.len() < MOST_CLASSES;
        match place.and_then(|place| self.classes.get_mut(place)) {
            Some((_, entries, exits)) => {
                *entries = entries.saturating_add(entry);
                *exits = exits.saturating_add(exit);
            }
            None if room => self.classes.push((class.to_owned(), entry, exit)),
            None => {}
        }
    }

    /// For a question.
    pub(crate) fn answer(&self) -> JsonMap<String, Json> {
        let pair = |entries: u64, exits: u64| {
            let mut pair = JsonMap::new();
            pair.insert("entries".to_owned(), Json::from(entries));
            pair.insert("exits".to_owned(), Json::from(exits));
            pair
        };
        let of_class = |(class, entries, exits): &(String, u64, u64)| {
            (class.clone(), Json::Object(pair(*entries, *exits)))
        };
        let mut answer = pair(self.entries, self.exits);
        answer.insert("classes".to_owned(), Json::Object(self.classes.iter().map(of_class).collect()));
        answer
    }

    /// What a state says, as far as it may be.
    pub(crate) fn checked(mut self) -> Counts {
        self.classes.retain(|(class, ..)| is_countable(class));
        self.classes.truncate(MOST_CLASSES);
        self
    }
}

/// Names that can stand in that of a measurement and of an attribute.
fn is_countable(class: &str) -> bool {
    !class.is_empty() && class.len() <= CLASS_BYTES && !class.contains(char::is_control)
}

/// Cuts the time into intervals, each of which begins at a whole multiple of its length.
#[derive(Debug)]
pub(crate) struct Interval {
    length_us: u64,
    /// When the one that runs began: at its multiple, or with the first frame.
    began: Option<TimeUs>,
}

/// An interval that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: TimeUs,
    pub(crate) to: TimeUs,
}

impl Interval {
    pub(crate) fn new(length_us: u64) -> Interval {
        Interval { length_us: length_us.max(1), began: None }
    }

    /// Takes in the time of a frame; the interval that is over with it.
    pub(crate) fn observe(&mut self, now: TimeUs) -> Option<Span> {
        let Some(began) = self.began else {
            self.began = Some(now);
            return None;
        };
        let multiple = |time: TimeUs| time.0 / self.length_us * self.length_us;
        let to = TimeUs(multiple(began).saturating_add(self.length_us));
        if now < to {
            return None;
        }
        // Where no frame came for longer, nothing is known of the intervals between.
        self.began = Some(TimeUs(multiple(now)));
        Some(Span { from: began, to })
    }

    /// The one that runs ends here.
    pub(crate) fn end(&mut self, now: TimeUs) -> Option<Span> {
        let from = self.began.take()?;
        Some(Span { from, to: now.max(from) })
    }

    /// Length and beginning, for a state.
    pub(crate) fn saved(&self) -> (u64, Option<u64>) {
        (self.length_us, self.began.map(|time| time.0))
    }

    /// Goes on where another instance was; one of another length begins anew. Whether it goes on.
    pub(crate) fn resume(&mut self, (length_us, began): (u64, Option<u64>)) -> bool {
        let goes_on = length_us == self.length_us;
        if goes_on {
            self.began = began.map(TimeUs);
        }
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64) -> Option<Span> {
        Some(Span { from: TimeUs(from), to: TimeUs(to) })
    }

    #[test]
    fn intervals_end_at_multiples_and_the_first_and_last_are_shorter() {
        let mut interval = Interval::new(100);
        let ended: Vec<Option<Span>> =
            [130, 199, 200, 250, 299, 301].map(|time| interval.observe(TimeUs(time))).into();
        assert_eq!(ended, [None, None, span(130, 200), None, None, span(200, 300)]);
        assert_eq!(interval.end(TimeUs(340)), span(300, 340));
        assert_eq!(interval.end(TimeUs(340)), None);
    }

    #[test]
    fn a_gap_ends_one_interval_and_not_all_that_would_fit() {
        let mut interval = Interval::new(100);
        assert_eq!(interval.observe(TimeUs(10)), None);
        assert_eq!(interval.observe(TimeUs(100_000_050)), span(10, 100));
        assert_eq!(interval.observe(TimeUs(100_000_100)), span(100_000_000, 100_000_100));
        let mut late = Interval::new(u64::MAX);
        assert_eq!((late.observe(TimeUs(5)), late.observe(TimeUs(u64::MAX - 1))), (None, None));
    }

    #[test]
    fn classes_beyond_those_counted_apart_are_in_the_total() {
        let mut counts = Counts::default();
        for class in 0..20 {
            counts.add(Direction::Entry, Some(&format!("class {class}")));
        }
        counts.add(Direction::Exit, Some("a\nb"));
        counts.add(Direction::Exit, None);
        assert_eq!((counts.entries, counts.exits, counts.classes.len()), (20, 2, MOST_CLASSES));
    }
}
