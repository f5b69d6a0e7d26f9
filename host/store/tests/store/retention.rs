use std::time::Duration;

use ocellus_core::TimeUs;
use ocellus_store::{Database, EventQuery, Expired, Order, Retention};

use crate::support::{batch, event, name, open, read, read_all};

fn expire_all(database: &Database, retention: Retention, now: TimeUs) -> u64 {
    let mut events = 0;
    loop {
        let expired = database.expire(&retention, now).unwrap();
        events += expired.events;
        if !expired.more {
            return events;
        }
        assert!(expired.events > 0, "a call that says there is more must have got on");
    }
}

#[test]
fn without_limits_nothing_expires() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    database.append(&batch(0..10)).unwrap();
    assert_eq!(database.expire(&Retention::default(), TimeUs(u64::MAX)).unwrap(), Expired::default());
    assert_eq!(read_all(&database).len(), 10);
}

#[test]
fn events_over_the_age_go_from_the_front_with_their_index_entries() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    for start in (0..6000).step_by(2000) {
        database.append(&batch(start..start + 2000)).unwrap();
    }
    let retention = Retention { max_age: Some(Duration::from_secs(1)), max_bytes: None };
    // Event n is of millisecond n: at 5 s those before 4 s go.
    assert_eq!(expire_all(&database, retention, TimeUs(5_000_000)), 4000);
    let left = read_all(&database);
    assert_eq!(left.first().unwrap(), &event(4000).numbered(4001));
    assert_eq!(left.len(), 2000);
    for camera in ["gate", "yard", "road"] {
        for order in [Order::Oldest, Order::Newest] {
            let of_camera = EventQuery { camera: Some(name(camera)), order, ..EventQuery::default() };
            let expected = left.iter().filter(|record| record.camera == name(camera)).count();
            assert_eq!(read(&database, of_camera).len(), expected);
        }
    }
    let of_then = EventQuery { to: Some(TimeUs(4_000_000)), ..EventQuery::default() };
    assert_eq!(read(&database, of_then), []);
    assert_eq!(expire_all(&database, retention, TimeUs(5_000_000)), 0);
}

#[test]
fn the_limit_on_bytes_holds_afterwards_and_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    database.append(&batch(0..3000)).unwrap();
    let full = database.statistics();
    assert_eq!((full.events, full.first_sequence, full.next_sequence), (3000, 1, 3001));
    let retention = Retention { max_age: None, max_bytes: Some(full.event_bytes / 3) };
    let gone = expire_all(&database, retention, TimeUs(0));
    drop(database);

    let database = open(folder.path());
    let left = database.statistics();
    assert!(left.event_bytes <= full.event_bytes / 3, "{left:?}");
    assert!(left.event_bytes >= full.event_bytes / 3 - 1000, "no more than needed: {left:?}");
    assert_eq!(left.events, 3000 - gone);
    assert_eq!(left.first_sequence, gone + 1);
    let kept = read_all(&database);
    assert_eq!(kept.len() as u64, left.events);
    assert_eq!(kept.first().unwrap().sequence, gone + 1);
}

#[test]
fn an_emptied_log_goes_on_with_the_next_sequence() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    database.append(&batch(0..1500)).unwrap();
    let retention = Retention { max_age: None, max_bytes: Some(0) };
    assert_eq!(expire_all(&database, retention, TimeUs(0)), 1500);
    let empty = database.statistics();
    assert_eq!((empty.events, empty.event_bytes), (0, 0));
    drop(database);

    let database = open(folder.path());
    assert_eq!(read_all(&database), []);
    assert_eq!(database.append(&batch(0..1)).unwrap(), 1501..1502);
    let by_time = EventQuery { from: Some(TimeUs(0)), to: Some(TimeUs(1)), ..EventQuery::default() };
    assert_eq!(read(&database, by_time).len(), 1);
}

#[test]
fn files_stay_bounded_while_as_much_expires_as_comes() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let retention = Retention { max_age: None, max_bytes: Some(500_000) };
    let mut sizes = Vec::new();
    for round in 0..60 {
        database.append(&batch(round * 1000..(round + 1) * 1000)).unwrap();
        expire_all(&database, retention, TimeUs(0));
        sizes.push(database.statistics().disk_bytes);
    }
    let middle = sizes[20..40].iter().max().unwrap();
    let end = sizes[40..].iter().max().unwrap();
    assert!(*end < middle * 2, "the files grow although the events do not: {sizes:?}");
}
