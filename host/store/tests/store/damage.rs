use std::fs;
use std::path::{Path, PathBuf};

use ocellus_core::{EventRecord, TimeUs};
use ocellus_store::{
    CameraDeclaration, Database, Digest, EventQuery, Opened, PluginFacts, RuleRecord, StoreError,
};

use crate::support::{Random, batch, name, open, read_all, seed};

const EVENTS: u64 = 3000;

/// A folder with some of everything, as it is after an orderly end.
fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    for start in (0..EVENTS).step_by(100) {
        database.append(&batch(start..start + 100)).unwrap();
    }
    let (source, settings) = ("file:a.mp4".to_owned(), "{}".to_owned());
    database.put_camera(&CameraDeclaration { name: name("gate"), source, settings }, TimeUs(1)).unwrap();
    let facts = PluginFacts {
        name: name("line-crossing"),
        version: "1.0.0".to_owned(),
        abi: "0.1".to_owned(),
        summary: String::new(),
        schema: "{}".to_owned(),
        scope: "camera".to_owned(),
        powers: Vec::new(),
    };
    let digest = database.put_plugin(b"the plugin", &facts, TimeUs(1)).unwrap().digest;
    let rule = RuleRecord {
        name: name("count"),
        plugin: name("line-crossing"),
        digest,
        previous: vec![],
        cameras: vec![name("gate")],
        settings: "{}".to_owned(),
        policy: String::new(),
        grants: String::new(),
        quarantined: vec![],
        enabled: true,
        created: TimeUs(1),
        changed: TimeUs(1),
    };
    database.put_rule(&rule).unwrap();
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Whatever was done to the files: opening works, all that is read is true, losses are told, and work goes on.
fn check(folder: &Path, original: &[EventRecord], what: &str) -> bool {
    let Opened { database, damage } =
        Database::open(folder).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut damaged = 0;
    let mut kept = Vec::new();
    let mut query = EventQuery { order: ocellus_store::Order::Oldest, limit: 1000, ..EventQuery::default() };
    loop {
        match database.events(&query) {
            Ok(page) => {
                damaged += page.damaged;
                kept.extend(page.records);
                let Some(next) = page.next else { break };
                query.after = Some(next);
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }
    for record in &kept {
        let right = &original[record.sequence as usize - 1];
        assert_eq!(record, right, "{what}: an event came back changed");
    }
    let missing = original.len() - kept.len();
    assert!(missing == 0 || damage.is_some() || damaged > 0, "{what}: {missing} events are gone in silence");
    for rows in [database.cameras().map(drop), database.rules().map(drop), database.plugins().map(drop)] {
        assert!(rows.is_ok(), "{what}: {rows:?}");
    }
    if let Some(damage) = &damage {
        assert!(damage.to_string().starts_with("the database is damaged: "));
        assert!(damage.moved_to.as_ref().is_none_or(|place| place.is_dir()), "{what}");
    }
    if let Err(error) = append_and_expire(&database, what) {
        // A page in the way of the change is damaged. The next start finds that and gets on.
        assert!(matches!(error, StoreError::Failed { .. }), "{what}: {error}");
        assert!(database.failure().is_some());
        drop(database);
        let Opened { database, damage } = Database::open(folder).unwrap();
        assert!(damage.is_some_and(|damage| damage.moved_to.is_some()), "{what}");
        append_and_expire(&database, what).unwrap();
        return true;
    }
    damage.is_some() || damaged > 0
}

fn append_and_expire(database: &Database, what: &str) -> Result<(), StoreError> {
    let range = database.append(&batch(0..1))?;
    assert!(range.start > EVENTS, "{what}: sequence {} was given again", range.start);
    let nothing = ocellus_store::Retention { max_age: None, max_bytes: Some(0) };
    while database.expire(&nothing, TimeUs(0))?.more {}
    assert_eq!(read_all(database), [], "{what}");
    Ok(())
}

#[test]
fn whatever_is_done_to_a_file_it_opens_tells_and_goes_on() {
    let folder = filled();
    let original = read_all(&open(folder.path()));
    let files: Vec<PathBuf> = files_below(&folder.path().join("sled"))
        .into_iter()
        .chain([folder.path().join("mark")])
        .map(|path| path.strip_prefix(folder.path()).unwrap().to_owned())
        .collect();
    let mut random = Random(seed(11));
    let mut noticed = 0;
    let mut rounds = 0;
    for file in &files {
        let length = fs::metadata(folder.path().join(file)).unwrap().len() as usize;
        let tries = if file.ends_with("db") { 60 } else { 12 };
        for _ in 0..tries {
            let scene = tempfile::tempdir().unwrap();
            copy(folder.path(), scene.path());
            let path = scene.path().join(file);
            let mut bytes = fs::read(&path).unwrap();
            let place = random.below(length.max(1));
            let what = match random.below(5) {
                0 => {
                    bytes.truncate(place);
                    format!("{} cut to {place} of {length}", file.display())
                }
                1 => {
                    bytes.iter_mut().skip(place).take(4096).for_each(|byte| *byte = 0);
                    format!("{} zeroed for a page from {place}", file.display())
                }
                2 => {
                    bytes.iter_mut().skip(place).take(512).for_each(|byte| *byte = random.next() as u8);
                    format!("{} overwritten with noise for 512 bytes from {place}", file.display())
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte ^= 1 << random.below(8);
                    }
                    format!("{} flipped at {place}", file.display())
                }
            };
            fs::write(&path, bytes).unwrap();
            eprintln!("{what}");
            rounds += 1;
            noticed += usize::from(check(scene.path(), &original, &what));
        }
    }
    assert!(noticed > rounds / 10, "only {noticed} of {rounds} were noticed: is anything damaged at all?");
}

#[test]
fn a_log_that_is_noise_is_moved_aside_with_its_plugins_and_numbers_go_on() {
    let folder = filled();
    let log = folder.path().join("sled/db");
    let length = fs::metadata(&log).unwrap().len() as usize;
    let mut random = Random(1);
    let noise: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
    fs::write(&log, &noise).unwrap();

    let Opened { database, damage } = Database::open(folder.path()).unwrap();
    let damage = damage.unwrap();
    assert_eq!(damage.lost_events, Some(1..EVENTS + 1));
    assert_eq!(damage.plugins.len(), 1);
    assert_eq!(fs::read(&damage.plugins[0]).unwrap(), b"the plugin");
    assert!(damage.to_string().contains("events 1 to 3000 are lost"), "{damage}");
    assert_eq!(read_all(&database), []);
    assert_eq!(database.append(&batch(0..1)).unwrap(), EVENTS + 1..EVENTS + 2);
    assert!(database.handle_for(&name("other")).unwrap().0 > 1, "the lost camera's number stays its own");
    drop(database);

    let again = open(folder.path());
    assert_eq!(read_all(&again).len(), 1);
}

#[test]
fn a_deleted_log_is_noticed() {
    let folder = filled();
    fs::remove_dir_all(folder.path().join("sled")).unwrap();
    let Opened { database, damage } = Database::open(folder.path()).unwrap();
    assert_eq!(damage.unwrap().lost_events, Some(1..EVENTS + 1));
    assert_eq!(database.append(&batch(0..1)).unwrap().start, EVENTS + 1);
}

/// Opens sled itself, as a faulty program would, to change rows behind the store's back.
fn tamper(folder: &Path, change: impl FnOnce(&sled::Db)) {
    let config = sled::Config::new().path(folder.join("sled"));
    let db = (0..100)
        .find_map(|_| config.open().inspect_err(|_| std::thread::yield_now()).ok())
        .expect("sled lets go of its lock");
    change(&db);
    db.flush().unwrap();
}

fn flip_value(db: &sled::Db, key: &[u8]) {
    let mut value = db.get(key).unwrap().unwrap().to_vec();
    *value.last_mut().unwrap() ^= 1;
    db.insert(key, value).unwrap();
}

#[test]
fn a_single_damaged_event_is_left_out_and_counted_and_expires_with_the_others() {
    let folder = filled();
    tamper(folder.path(), |db| flip_value(db, &[&b"e"[..], &7_u64.to_be_bytes()].concat()));
    let database = open(folder.path());
    let page = database.events(&EventQuery {
        order: ocellus_store::Order::Oldest,
        limit: 10,
        ..EventQuery::default()
    });
    let page = page.unwrap();
    let sequences: Vec<u64> = page.records.iter().map(|record| record.sequence).collect();
    assert_eq!((sequences, page.damaged), (vec![1, 2, 3, 4, 5, 6, 8, 9, 10, 11], 1));
    assert!(matches!(database.event(7), Err(StoreError::Damaged { .. })));
    assert_eq!(database.statistics().damaged_values, 2);
    let nothing = ocellus_store::Retention { max_age: None, max_bytes: Some(0) };
    while database.expire(&nothing, TimeUs(0)).unwrap().more {}
    assert_eq!(database.statistics().events, 0);
}

#[test]
fn a_single_damaged_row_is_left_out_of_its_list_and_can_be_replaced() {
    let folder = filled();
    tamper(folder.path(), |db| {
        flip_value(db, b"Rcount");
        flip_value(db, b"Cgate");
        flip_value(db, &[&b"P"[..], Digest::of(b"the plugin").as_bytes()].concat());
    });
    let database = open(folder.path());
    assert_eq!(database.rules().unwrap(), []);
    assert_eq!(database.cameras().unwrap(), []);
    assert_eq!(database.plugins().unwrap(), []);
    assert_eq!(database.statistics().damaged_values, 3);
    let error = database.rule(&name("count")).unwrap_err().to_string();
    assert!(error.contains("Rcount") && error.contains("damaged"), "{error}");
    let (source, settings) = ("file:b.mp4".to_owned(), "{}".to_owned());
    let camera =
        database.put_camera(&CameraDeclaration { name: name("gate"), source, settings }, TimeUs(2)).unwrap();
    assert_eq!(database.cameras().unwrap(), [camera]);
}

#[test]
fn damaged_counters_move_the_database_aside() {
    let folder = filled();
    tamper(folder.path(), |db| flip_value(db, b"\0tail"));
    let Opened { database, damage } = Database::open(folder.path()).unwrap();
    let damage = damage.unwrap();
    assert_eq!(damage.moved_to, Some(folder.path().join("sled.damaged-1")));
    assert!(damage.what.contains("counters"), "{damage}");
    assert_eq!((damage.rescued, damage.plugins.len()), (3, 0), "camera, plugin and rule are taken over");
    let [plugin] = &database.plugins().unwrap()[..] else { panic!("one plugin was stored") };
    assert_eq!(database.plugin_bytes(&plugin.digest).unwrap(), b"the plugin");
    assert_eq!(database.rule(&name("count")).unwrap().unwrap().digest, plugin.digest);
    let camera = database.camera(&name("gate")).unwrap().unwrap();
    assert_ne!(database.handle_for(&name("other")).unwrap(), camera.handle);
    assert_eq!(read_all(&database), [], "events are not taken over");
    drop(database);

    tamper(folder.path(), |db| flip_value(db, b"\0schema"));
    let again = Database::open(folder.path()).unwrap().damage.unwrap();
    assert_eq!(again.moved_to, Some(folder.path().join("sled.damaged-2")));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let folder = filled();
    let before = files_below(&folder.path().join("sled")).len();
    tamper(folder.path(), |db| {
        let payload = 2_u32.to_le_bytes();
        let mut crc = crc32fast::Hasher::new();
        crc.update(b"\0schema\x01");
        crc.update(&payload);
        let sealed = [&[1][..], &crc.finalize().to_le_bytes(), &payload].concat();
        db.insert(b"\0schema", sealed).unwrap();
    });
    let error = Database::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 2, known: 1, .. }), "{error}");
    assert!(!folder.path().join("sled.damaged-1").exists());
    assert!(files_below(&folder.path().join("sled")).len() >= before);
}
