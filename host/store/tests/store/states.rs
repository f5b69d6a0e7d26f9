use std::fs;

use ocellus_core::{CameraHandle, TimeUs};
use ocellus_store::{
    Database, Digest, MemoryRecord, RuleRecord, STATE_LIMIT, StateKey, StatePlace, StateRecord, StoreError,
    ValueChange, Values,
};

use crate::support::{name, open};

fn key(rule: &str, place: StatePlace) -> StateKey {
    StateKey { rule: name(rule), place }
}

fn state(bytes: Vec<u8>) -> StateRecord {
    StateRecord { version: "1.0.0".to_owned(), digest: Digest::of(b"plugin"), time: TimeUs(7), bytes }
}

#[test]
fn each_instance_has_its_own_state_of_any_size_up_to_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let places = [StatePlace::Site, StatePlace::Camera(CameraHandle(0)), StatePlace::Camera(CameraHandle(1))];
    let sizes = [0, 1, 4096, 4097, 100_000, STATE_LIMIT];
    for (round, size) in sizes.into_iter().enumerate() {
        for (index, place) in places.into_iter().enumerate() {
            for rule in ["a", "a.b"] {
                let fill = (round * 10 + index * 2 + rule.len()) as u8;
                database.put_state(&key(rule, place), &state(vec![fill; size])).unwrap();
            }
        }
        for (index, place) in places.into_iter().enumerate() {
            for rule in ["a", "a.b"] {
                let fill = (round * 10 + index * 2 + rule.len()) as u8;
                assert_eq!(database.state(&key(rule, place)).unwrap(), Some(state(vec![fill; size])));
            }
        }
    }
    let over = state(vec![0; STATE_LIMIT + 1]);
    let refused = database.put_state(&key("a", StatePlace::Site), &over);
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    assert_eq!(database.state(&key("a", StatePlace::Site)).unwrap().unwrap().bytes.len(), STATE_LIMIT);
}

#[test]
fn states_are_there_after_a_restart_and_large_ones_that_became_small_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = StatePlace::Camera(CameraHandle(3));
    let database = open(folder.path());
    database.put_state(&key("shrunk", place), &state(vec![1; 50_000])).unwrap();
    database.put_state(&key("shrunk", place), &state(vec![2; 10])).unwrap();
    database.put_state(&key("large", place), &state(vec![3; 50_000])).unwrap();
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.state(&key("shrunk", place)).unwrap(), Some(state(vec![2; 10])));
    assert_eq!(database.state(&key("large", place)).unwrap(), Some(state(vec![3; 50_000])));
    assert_eq!(fs::read_dir(folder.path().join("states")).unwrap().count(), 1);
}

#[test]
fn a_damaged_or_missing_state_file_is_an_error_that_names_rule_and_camera() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let key = key("parking", StatePlace::Camera(CameraHandle(9)));
    database.put_state(&key, &state(vec![1; 50_000])).unwrap();
    let file = fs::read_dir(folder.path().join("states")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&file).unwrap();
    bytes[30_000] ^= 1;
    fs::write(&file, bytes).unwrap();
    let error = database.state(&key).unwrap_err().to_string();
    assert!(
        error.contains("rule parking") && error.contains("number 9") && error.contains("damaged"),
        "{error}"
    );
    fs::remove_file(&file).unwrap();
    assert!(matches!(database.state(&key), Err(StoreError::Damaged { .. })));
    assert_eq!(database.statistics().damaged_values, 2);
    database.put_state(&key, &state(vec![2; 50_000])).unwrap();
    assert!(database.state(&key).unwrap().is_some());
}

#[test]
fn a_rule_takes_its_states_along_but_not_those_of_a_rule_with_a_longer_name() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    for rule in ["gate", "gate-2"] {
        database.put_state(&key(rule, StatePlace::Site), &state(vec![1; 10])).unwrap();
        database.put_state(&key(rule, StatePlace::Camera(CameraHandle(1))), &state(vec![1; 9000])).unwrap();
    }
    assert_eq!(database.delete_states(&name("gate")).unwrap(), 2);
    assert_eq!(database.state(&key("gate", StatePlace::Site)).unwrap(), None);
    assert!(database.state(&key("gate-2", StatePlace::Site)).unwrap().is_some());
    assert_eq!(fs::read_dir(folder.path().join("states")).unwrap().count(), 1);
}

fn set(key: &str, value: &[u8]) -> ValueChange {
    (key.into(), Some(value.into()))
}

#[test]
fn what_an_instance_keeps_under_keys_is_its_own_and_goes_with_its_rule() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let (site, camera) = (StatePlace::Site, StatePlace::Camera(CameraHandle(0)));
    for rule in ["a", "a.b"] {
        for place in [site, camera] {
            let values = [set("k", rule.as_bytes()), set("other", &vec![7; 65_536])];
            database.put_memory(&key(rule, place), &state(vec![1; 10]), Values::Changed(&values)).unwrap();
        }
    }
    let gone = [("other".into(), None), set("k", b"second"), set("schlüssel\0", b"")];
    database.put_memory(&key("a", site), &state(vec![2; 50_000]), Values::Changed(&gone)).unwrap();
    let entries = database.values(&key("a", site)).unwrap();
    assert_eq!(entries, [("k".to_owned(), b"second".to_vec()), ("schlüssel\0".to_owned(), Vec::new())]);
    let all = [set("k", b"third"), set("new", b"1")];
    database.put_memory(&key("a", site), &state(vec![2; 50_000]), Values::All(&all)).unwrap();
    let entries = database.values(&key("a", site)).unwrap();
    assert_eq!(entries, [("k".to_owned(), b"third".to_vec()), ("new".to_owned(), b"1".to_vec())]);
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.values(&key("a", site)).unwrap().len(), 2);
    assert_eq!(database.values(&key("a", camera)).unwrap()[0].1, b"a");
    database.delete_states(&name("a")).unwrap();
    assert_eq!(database.values(&key("a", site)).unwrap(), []);
    assert_eq!(database.values(&key("a.b", site)).unwrap().len(), 2);
}

fn rule(text: &str) -> RuleRecord {
    RuleRecord {
        name: name(text),
        plugin: name("line-crossing"),
        digest: Digest::of(b"plugin"),
        previous: vec![],
        cameras: vec![],
        settings: "{}".to_owned(),
        policy: String::new(),
        grants: String::new(),
        quarantined: vec![],
        enabled: true,
        created: TimeUs(1),
        changed: TimeUs(1),
    }
}

fn memory(database: &Database, key: &StateKey) -> (Option<StateRecord>, Vec<(String, Vec<u8>)>) {
    (database.state(key).unwrap(), database.values(key).unwrap())
}

#[test]
fn what_a_version_begins_with_takes_the_place_of_all_that_was_there_with_its_rules_row() {
    let folder = tempfile::tempdir().unwrap();
    let (site, camera) = (StatePlace::Site, StatePlace::Camera(CameraHandle(0)));
    let database = open(folder.path());
    for place in [site, camera] {
        let values = [set("stays", b"1"), set("changes", b"1"), set("goes", b"1")];
        database.put_memory(&key("a", place), &state(vec![1; 10]), Values::Changed(&values)).unwrap();
    }
    let values = vec![("changes".to_owned(), b"2".to_vec()), ("stays".to_owned(), b"1".to_vec())];
    let large = Some(state(vec![2; 50_000]));
    let began = [
        MemoryRecord { key: key("a", site), state: large.clone(), values: values.clone() },
        MemoryRecord { key: key("a", camera), state: None, values: vec![] },
    ];
    let too_large = MemoryRecord { state: Some(state(vec![0; STATE_LIMIT + 1])), ..began[1].clone() };
    let refused = database.put_rule_with(&rule("a"), &[], &[began[1].clone(), too_large]);
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })), "{refused:?}");
    assert_eq!(database.rule(&name("a")).unwrap(), None);
    assert_eq!(memory(&database, &key("a", camera)).1.len(), 3, "nothing of it has happened");
    database.put_rule_with(&rule("a"), &[], &began).unwrap();
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.rule(&name("a")).unwrap(), Some(rule("a")));
    assert_eq!(memory(&database, &key("a", site)), (large, values));
    assert_eq!(memory(&database, &key("a", camera)), (None, vec![]));
}

#[test]
fn of_a_rules_memory_only_what_the_right_version_saved_is_retained() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let ours = Digest::of(b"plugin");
    let places = [0, 1, 2].map(|handle| key("a", StatePlace::Camera(CameraHandle(handle))));
    let foreign = StateRecord { digest: Digest::of(b"other"), ..state(vec![1; 9000]) };
    for (place, saved) in places.iter().zip([&state(vec![1; 9000]), &foreign]) {
        database.put_memory(place, saved, Values::Changed(&[set("k", b"v")])).unwrap();
    }
    let unsaved = MemoryRecord { key: places[2].clone(), state: None, values: vec![("k".into(), vec![1])] };
    database.put_rule_with(&rule("a"), &[], &[unsaved]).unwrap();
    database.put_memory(&key("a.b", StatePlace::Site), &foreign, Values::Changed(&[set("k", b"v")])).unwrap();

    assert_eq!(
        database.retain_states(&name("a"), |saved| saved.is_none_or(|saved| saved == ours)).unwrap(),
        1
    );
    assert_eq!(places.each_ref().map(|place| memory(&database, place).1.len()), [1, 0, 1]);
    assert_eq!(database.retain_states(&name("a"), |saved| saved == Some(ours)).unwrap(), 0);
    assert_eq!(places.each_ref().map(|place| memory(&database, place).1.len()), [1, 0, 0]);
    assert_eq!(memory(&database, &places[0]).0, Some(state(vec![1; 9000])));
    assert_eq!(memory(&database, &key("a.b", StatePlace::Site)).1.len(), 1, "another rule's");
    assert_eq!(fs::read_dir(folder.path().join("states")).unwrap().count(), 2);
}
