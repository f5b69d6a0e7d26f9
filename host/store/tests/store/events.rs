use std::collections::HashSet;
use std::thread;

use ocellus_core::{EventRecord, TimeUs, Value};
use ocellus_store::{APPEND_LIMIT, Database, EventQuery, NewEvent, Order, StoreError};

use crate::support::{Random, batch, event, name, open, read, read_all, seed};

#[test]
fn what_was_appended_comes_back_whole_and_numbered_from_1_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut odd = event(2);
    odd.event.attributes = vec![
        ("nan".to_owned(), Value::Number(f64::NAN)),
        ("endless".to_owned(), Value::Number(f64::NEG_INFINITY)),
        ("tiny".to_owned(), Value::Number(0.1 + 0.2)),
        ("text".to_owned(), Value::Text("ä\0\n".to_owned())),
    ];
    let database = open(folder.path());
    assert_eq!(database.append(&batch(0..2)).unwrap(), 1..3);
    assert_eq!(database.append(&[]).unwrap(), 3..3);
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.append(&[odd.clone()]).unwrap(), 3..4);
    let records = read_all(&database);
    assert_eq!(records.len(), 3);
    assert_eq!(records[1], event(1).numbered(2));
    let attributes = &records[2].event.attributes;
    assert!(matches!(attributes[0].1, Value::Number(number) if number.is_nan()));
    assert_eq!(attributes[1..], odd.event.attributes[1..]);
    assert_eq!(database.event(2).unwrap(), Some(records[1].clone()));
    assert_eq!(database.event(4).unwrap(), None);
}

#[test]
fn refuses_too_large_an_event_a_call_or_a_page_and_keeps_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let mut large = event(1);
    large.event.kind = "k".repeat(70_000);
    let refused = database.append(&[event(0), large]).unwrap_err();
    assert!(matches!(refused, StoreError::TooLarge { .. }), "{refused}");
    let many = vec![event(0); APPEND_LIMIT + 1];
    assert!(matches!(database.append(&many), Err(StoreError::TooLarge { .. })));
    for limit in [0, 1001] {
        let query = EventQuery { limit, ..EventQuery::default() };
        assert!(matches!(database.events(&query), Err(StoreError::BadLimit { found }) if found == limit));
    }
    assert_eq!(read_all(&database), []);
    assert_eq!(database.append(&vec![event(0); APPEND_LIMIT]).unwrap(), 1..APPEND_LIMIT as u64 + 1);
}

#[test]
fn kinds_that_begin_alike_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let kinds = ["a", "ab", "a\0", "", &"x".repeat(255), &"x".repeat(256), &"x".repeat(300)];
    let of = |kind: &str| {
        let mut new = event(1);
        new.event.kind = kind.to_owned();
        new
    };
    database.append(&kinds.map(of)).unwrap();
    for (index, kind) in kinds.iter().enumerate() {
        for order in [Order::Oldest, Order::Newest] {
            let found = read(
                &database,
                EventQuery { kind: Some((*kind).to_owned()), order, ..EventQuery::default() },
            );
            assert_eq!(found.len(), 1, "{kind:?}");
            assert_eq!(found[0].sequence, index as u64 + 1);
        }
    }
}

/// What a query means, without index, page or bound.
fn by_brute_force(all: &[EventRecord], query: &EventQuery) -> Vec<EventRecord> {
    let mut found: Vec<EventRecord> = all
        .iter()
        .filter(|record| {
            query.camera.as_ref().is_none_or(|camera| record.camera == *camera)
                && query.rule.as_ref().is_none_or(|rule| record.rule == *rule)
                && query.kind.as_ref().is_none_or(|kind| record.event.kind == *kind)
                && query.from.is_none_or(|from| record.time >= from)
                && query.to.is_none_or(|to| record.time < to)
                && query.after.is_none_or(|after| match query.order {
                    Order::Oldest => record.sequence > after,
                    Order::Newest => record.sequence < after,
                })
        })
        .cloned()
        .collect();
    if query.order == Order::Newest {
        found.reverse();
    }
    found
}

#[test]
fn any_query_in_pages_gives_what_a_filter_over_everything_gives() {
    const EVENTS: u64 = 6000;
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let mut random = Random(seed(7));
    // Times run on with the sequence, but jump back and forth as several cameras make them do.
    let events: Vec<NewEvent> = (0..EVENTS)
        .map(|number| {
            let mut new = event(number);
            new.time = TimeUs(100_000 + number * 1000 - random.below(90_000) as u64);
            if random.below(500) == 0 {
                new.camera = name("seldom");
            }
            new
        })
        .collect();
    for part in events.chunks(700) {
        database.append(part).unwrap();
    }
    let all: Vec<EventRecord> =
        events.into_iter().zip(1..).map(|(event, sequence)| event.numbered(sequence)).collect();
    assert_eq!(read_all(&database), all);

    for _ in 0..300 {
        let some = |random: &mut Random, end: usize| Some(random.below(end)).filter(|_| random.below(2) == 0);
        let time = |random: &mut Random| TimeUs(random.below(EVENTS as usize * 1000 + 200_000) as u64);
        let query = EventQuery {
            camera: some(&mut random, 5).map(|index| name(["gate", "yard", "road", "seldom", "none"][index])),
            rule: some(&mut random, 2).map(|index| name(["count", "park"][index])),
            kind: some(&mut random, 2).map(|index| ["line-crossing", "parking"][index].to_owned()),
            from: some(&mut random, 1).map(|_| time(&mut random)),
            to: some(&mut random, 1).map(|_| time(&mut random)),
            after: some(&mut random, 1).map(|_| random.below(EVENTS as usize + 100) as u64),
            order: [Order::Oldest, Order::Newest][random.below(2)],
            limit: 1 + random.below(1000),
        };
        assert_eq!(read(&database, query.clone()), by_brute_force(&all, &query), "{query:?}");
    }
}

#[test]
fn a_filter_that_nothing_passes_ends_by_itself_in_bounded_calls() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    // Both long kinds share an index row, so that each event of the other must be looked at: the worst case.
    for start in (0..30_000).step_by(3000) {
        let look_alike = |number: u64| {
            let mut new = event(number);
            new.event.kind = format!("{}a", "x".repeat(255));
            new
        };
        database.append(&(start..start + 3000).map(look_alike).collect::<Vec<_>>()).unwrap();
    }
    let kind = Some(format!("{}b", "x".repeat(255)));
    let query = EventQuery { kind, ..EventQuery::default() };
    let page = database.events(&query).unwrap();
    assert_eq!(page.records, []);
    assert!(page.next.is_some(), "the work of one call is bounded, so the first one does not get through");
    assert_eq!(read(&database, query), []);
}

#[test]
fn eight_threads_get_sequences_that_are_unique_and_without_gaps() {
    const EACH: u64 = 60;
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let append = |database: Database, worker: u64| {
        let mut given = Vec::new();
        for round in 0..EACH {
            let size = 1 + (round + worker) % 5;
            let range = database.append(&batch(worker * 1000..worker * 1000 + size)).unwrap();
            assert_eq!(range.end - range.start, size);
            given.extend(range);
        }
        given
    };
    let workers: Vec<_> = (0..8)
        .map(|worker| {
            let database = database.clone();
            thread::spawn(move || append(database, worker))
        })
        .collect();
    let given: Vec<u64> = workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    let unique: HashSet<u64> = given.iter().copied().collect();
    assert_eq!(unique.len(), given.len());
    assert_eq!((unique.iter().min(), unique.iter().max()), (Some(&1), Some(&(given.len() as u64))));
    let kept: Vec<u64> = read_all(&database).iter().map(|record| record.sequence).collect();
    assert_eq!(kept, (1..=given.len() as u64).collect::<Vec<_>>());
}

#[test]
fn a_second_opener_is_told_who_has_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let refused = Database::open(folder.path()).unwrap_err();
    assert!(matches!(&refused, StoreError::Locked { .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    assert!(text.contains("another ocellus"), "{text}");
    drop(database);
    open(folder.path());
}
