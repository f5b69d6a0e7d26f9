use std::sync::mpsc;
use std::time::Duration;

use ocellus_core::EventRecord;
use ocellus_store::{EventWriter, EventWriterSettings, Overflow};

use crate::support::{batch, event, open, read_all};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn records_are_on_the_disk_when_they_are_handed_on_in_order_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let (sender, receiver) = mpsc::channel::<EventRecord>();
    let reader = database.clone();
    let writer = EventWriter::start(database.clone(), EventWriterSettings::default(), move |records| {
        for record in records {
            assert_eq!(reader.event(record.sequence).unwrap().as_ref(), Some(&record));
            sender.send(record).unwrap();
        }
    })
    .unwrap();
    let queue = writer.queue();
    for start in 0..50 {
        queue.submit(batch(start * 3..start * 3 + 3)).unwrap();
    }
    let counters = writer.close(LONG);
    assert_eq!((counters.submitted, counters.appended, counters.dropped, counters.queued), (150, 150, 0, 0));
    let delivered: Vec<EventRecord> = receiver.iter().collect();
    assert_eq!(delivered, read_all(&database));
    assert_eq!(delivered.len(), 150);
    assert_eq!(queue.submit(batch(0..2)), Err(Overflow { dropped: 2 }), "a closed queue takes nothing");
}

#[test]
fn a_full_queue_waits_for_its_patience_then_drops_counts_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let (release, wait) = mpsc::channel::<()>();
    let (entered, in_delivery) = mpsc::channel::<()>();
    let settings = EventWriterSettings { capacity: 4, batch: 2, patience: Duration::from_millis(10) };
    let writer = EventWriter::start(database.clone(), settings, move |_| {
        entered.send(()).unwrap();
        // Released once for each batch, or for good when the sender is gone.
        wait.recv().unwrap_or_default();
    })
    .unwrap();
    let queue = writer.queue();
    queue.submit(batch(0..2)).unwrap();
    in_delivery.recv_timeout(LONG).unwrap();
    queue.submit(batch(2..4)).unwrap();
    assert_eq!(queue.submit(batch(4..5)), Err(Overflow { dropped: 1 }));
    assert_eq!(queue.submit(batch(5..8)), Err(Overflow { dropped: 3 }));
    assert_eq!(writer.counters().dropped, 4);
    release.send(()).unwrap();
    in_delivery.recv_timeout(LONG).unwrap();
    queue.submit(batch(8..9)).unwrap();
    drop(release);
    let counters = writer.close(LONG);
    assert_eq!((counters.submitted, counters.appended, counters.dropped), (9, 5, 4));
    let frames: Vec<u64> = read_all(&database).iter().map(|record| record.frame).collect();
    assert_eq!(frames, [0, 1, 2, 3, 8]);
}

#[test]
fn an_event_that_the_database_refuses_does_not_keep_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let writer = EventWriter::start(database.clone(), EventWriterSettings::default(), |_| {}).unwrap();
    let mut events = batch(0..5);
    events[2].event.kind = "k".repeat(100_000);
    writer.queue().submit(events).unwrap();
    writer.queue().submit(vec![event(5)]).unwrap();
    let counters = writer.close(LONG);
    assert_eq!((counters.appended, counters.dropped), (5, 1));
    let frames: Vec<u64> = read_all(&database).iter().map(|record| record.frame).collect();
    assert_eq!(frames, [0, 1, 3, 4, 5]);
}

#[test]
fn a_panic_of_the_receiver_does_not_end_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let writer =
        EventWriter::start(database.clone(), EventWriterSettings::default(), |_| panic!("a bad receiver"))
            .unwrap();
    writer.queue().submit(batch(0..2)).unwrap();
    writer.queue().submit(batch(2..4)).unwrap();
    assert_eq!(writer.close(LONG).appended, 4);
    assert_eq!(read_all(&database).len(), 4);
}
