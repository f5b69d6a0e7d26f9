//! On a small file system of its own. Mounting one takes root; without it these tests say that they were skipped.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ocellus_core::TimeUs;
use ocellus_store::{
    Database, Digest, EventWriter, EventWriterSettings, Retention, StateKey, StatePlace, StateRecord,
    StoreError,
};

use crate::support::{batch, name, open, read_all};

/// A file system in memory with a size; unmounted when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk { folder });
        }
        eprintln!("SKIPPED: a small file system could not be mounted (are you root?)");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Fills what is left with a file, as somebody else's data would.
    fn fill(&self) {
        let mut file = File::create(self.path().join("somebody-elses")).unwrap();
        while file.write_all(&[0; 65536]).is_ok() {}
    }

    fn free(&self) {
        fs::remove_file(self.path().join("somebody-elses")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.folder.path()).output().unwrap();
    }
}

/// After this not even one event is taken.
fn fill_to_the_last_event(disk: &SmallDisk, database: &Database) {
    disk.fill();
    for size in [1000, 100, 1] {
        while database.append(&batch(0..size)).is_ok() {}
    }
}

#[test]
fn a_disk_that_others_filled_refuses_by_name_keeps_what_was_acknowledged_and_works_again_once_freed() {
    let Some(disk) = SmallDisk::mount(96) else { return };
    let data = disk.path().join("data");
    let database = open(&data);
    database.append(&batch(0..100)).unwrap();
    disk.fill();
    let mut acknowledged = 100;
    let refused = loop {
        match database.append(&batch(acknowledged..acknowledged + 100)) {
            Ok(range) => acknowledged = range.end - 1,
            Err(error) => break error,
        }
        assert!(acknowledged < 1_000_000);
    };
    assert!(matches!(refused, StoreError::DiskFull { .. }), "{refused}");
    assert!(refused.to_string().contains("no room left on the disk"), "{refused}");
    let plugin = ocellus_store::PluginFacts {
        name: name("p"),
        version: String::new(),
        abi: String::new(),
        summary: String::new(),
        schema: String::new(),
        scope: String::new(),
        powers: Vec::new(),
    };
    let upload = database.put_plugin(&vec![7; 1 << 20], &plugin, TimeUs(0));
    assert!(matches!(upload, Err(StoreError::DiskFull { .. })), "{upload:?}");
    let bytes = vec![1; 500_000];
    let state = StateRecord { version: String::new(), digest: Digest::of(b""), time: TimeUs(0), bytes };
    let saved = database.put_state(&StateKey { rule: name("r"), place: StatePlace::Site }, &state);
    assert!(matches!(saved, Err(StoreError::DiskFull { .. })), "{saved:?}");
    assert_eq!(read_all(&database).len() as u64, acknowledged, "reading goes on");

    disk.free();
    database.append(&batch(acknowledged..acknowledged + 10)).unwrap();
    disk.fill();
    drop(database);
    disk.free();
    assert_eq!(read_all(&open(&data)).len() as u64, acknowledged + 10);
}

#[test]
fn a_log_that_filled_its_disk_makes_room_by_expiring() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let database = open(&disk.path().join("data"));
    let mut appended = 0;
    while database.append(&batch(appended..appended + 1000)).is_ok() {
        appended += 1000;
        assert!(appended < 10_000_000);
    }
    let keep = Retention { max_age: None, max_bytes: Some(database.statistics().event_bytes / 2) };
    while database.expire(&keep, TimeUs(0)).unwrap().more {}
    assert_eq!(database.append(&batch(0..10)).unwrap().start, appended + 1);
}

#[test]
fn the_writer_keeps_events_while_the_disk_is_full_and_appends_them_afterwards() {
    let Some(disk) = SmallDisk::mount(96) else { return };
    let database = open(&disk.path().join("data"));
    fill_to_the_last_event(&disk, &database);
    let before = database.statistics().events;
    let settings = EventWriterSettings { capacity: 10, batch: 5, patience: Duration::ZERO };
    let writer = EventWriter::start(database.clone(), settings, |_| {}).unwrap();
    writer.queue().submit(batch(0..10)).unwrap();
    assert!(writer.queue().submit(batch(10..12)).is_err());
    disk.free();
    let counters = writer.close(Duration::from_secs(60));
    assert_eq!((counters.appended, counters.dropped, counters.queued), (10, 2, 0));
    assert_eq!(database.statistics().events, before + 10);

    fill_to_the_last_event(&disk, &database);
    let writer = EventWriter::start(database.clone(), settings, |_| {}).unwrap();
    writer.queue().submit(batch(0..10)).unwrap();
    assert_eq!(writer.close(Duration::ZERO).dropped, 10, "closing does not wait for a disk for ever");
}

#[test]
fn a_full_disk_at_the_start_is_not_taken_for_damage() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let data = disk.path().join("data");
    let database = open(&data);
    database.append(&batch(0..100)).unwrap();
    drop(database);
    disk.fill();
    match Database::open(&data) {
        Ok(opened) => {
            assert_eq!(opened.damage, None);
            assert_eq!(read_all(&opened.database).len(), 100);
        }
        Err(error) => assert!(matches!(error, StoreError::DiskFull { .. }), "{error}"),
    }
    disk.free();
    assert_eq!(read_all(&open(&data)).len(), 100);
}

#[test]
fn a_host_starts_on_a_disk_that_others_filled_meanwhile() {
    let Some(disk) = SmallDisk::mount(256) else { return };
    let data = disk.path().join("data");
    let database = open(&data);
    database.append(&batch(0..100)).unwrap();
    drop(database);
    disk.fill();
    let database = open(&data);
    assert_eq!(read_all(&database).len(), 100);
    drop(database);
    disk.free();
    assert_eq!(read_all(&open(&data)).len(), 100);
    assert!(data.join("ballast").exists(), "set aside again");
}

#[test]
fn a_plugin_does_not_take_the_last_of_the_disk() {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let database = open(&disk.path().join("data"));
    let facts = ocellus_store::PluginFacts {
        name: name("large"),
        version: "1.0.0".to_owned(),
        abi: "0.1".to_owned(),
        summary: String::new(),
        schema: "{}".to_owned(),
        scope: "camera".to_owned(),
        powers: Vec::new(),
    };
    let error = database.put_plugin(&vec![7; 50 << 20], &facts, TimeUs(1)).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    database.append(&batch(0..100)).unwrap();
    assert!(database.plugins().unwrap().is_empty());
}
