//! Events to store and a small random generator.

use std::path::Path;

use ocellus_core::{Event, EventRecord, Name, TimeUs, Value};
use ocellus_store::{Database, EventQuery, NewEvent, Opened, Order};

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// Opens a database in which nothing may be wrong.
pub(crate) fn open(folder: &Path) -> Database {
    let Opened { database, damage } = Database::open(folder).unwrap();
    assert_eq!(damage, None);
    database
}

/// An event whose content follows from its number.
pub(crate) fn event(number: u64) -> NewEvent {
    let mut random = Random(number);
    NewEvent {
        time: TimeUs(number * 1000),
        frame: number,
        camera: name(["gate", "yard", "road"][random.below(3)]),
        rule: name(["count", "park"][random.below(2)]),
        event: Event {
            kind: ["line-crossing", "parking"][random.below(2)].to_owned(),
            track: random.below(2).checked_sub(1).map(|_| number),
            attributes: vec![
                ("line".to_owned(), Value::Text("door".to_owned())),
                ("speed".to_owned(), Value::Number(number as f64 / 3.0)),
                ("number".to_owned(), Value::Integer(-1)),
                ("entry".to_owned(), Value::Flag(true)),
            ],
        },
    }
}

pub(crate) fn batch(numbers: std::ops::Range<u64>) -> Vec<NewEvent> {
    numbers.map(event).collect()
}

/// All events, oldest first, over as many pages as it takes.
pub(crate) fn read_all(database: &Database) -> Vec<EventRecord> {
    read(database, EventQuery { order: Order::Oldest, limit: 1000, ..EventQuery::default() })
}

/// All pages of a query.
pub(crate) fn read(database: &Database, mut query: EventQuery) -> Vec<EventRecord> {
    let mut records = Vec::new();
    loop {
        let page = database.events(&query).unwrap();
        assert!(page.records.len() <= query.limit);
        assert!(page.next.is_none() || page.next != query.after, "a page must get on");
        records.extend(page.records);
        let Some(next) = page.next else { return records };
        query.after = Some(next);
    }
}

/// The seed of a test; `OCELLUS_TEST_SEED` gives another one, for long searches.
pub(crate) fn seed(default: u64) -> u64 {
    std::env::var("OCELLUS_TEST_SEED").map_or(default, |text| text.parse().unwrap())
}

/// splitmix, so that a failing case can be run again.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        let mut x = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        x ^ (x >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
