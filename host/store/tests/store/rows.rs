use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::thread;

use ocellus_core::{CameraHandle, Cause, Name, TimeUs, VersionState};
use ocellus_store::{
    CameraDeclaration, Database, Digest, NewPlugin, NewTransition, PluginFacts, RuleRecord, StoreError,
    TransitionQuery,
};

use crate::support::{name, open};

fn camera(text: &str) -> CameraDeclaration {
    let source = "rtsp://user:secret@10.0.0.1/stream".to_owned();
    CameraDeclaration { name: name(text), source, settings: r#"{"confidence":0.5}"#.to_owned() }
}

fn transition(detail: &str) -> NewTransition {
    NewTransition {
        time: TimeUs(7),
        rule: None,
        plugin: Some(name("line-crossing")),
        version: "1.0.0".to_owned(),
        digest: None,
        state: VersionState::Uploaded,
        cause: Cause::Upload,
        detail: detail.to_owned(),
    }
}

fn facts(version: &str) -> PluginFacts {
    PluginFacts {
        name: name("line-crossing"),
        version: version.to_owned(),
        abi: "0.1".to_owned(),
        summary: "counts".to_owned(),
        schema: "{}".to_owned(),
        scope: "camera".to_owned(),
        powers: Vec::new(),
    }
}

fn rule(text: &str, digest: Digest) -> RuleRecord {
    RuleRecord {
        name: name(text),
        plugin: name("line-crossing"),
        digest,
        previous: vec![],
        cameras: vec![name("gate"), name("yard")],
        settings: "{}".to_owned(),
        policy: String::new(),
        grants: String::new(),
        quarantined: vec![],
        enabled: true,
        created: TimeUs(1),
        changed: TimeUs(1),
    }
}

#[test]
fn a_camera_keeps_its_number_over_deletion_and_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let from_config = database.handle_for(&name("config-camera")).unwrap();
    let first = database.put_camera(&camera("gate"), TimeUs(5)).unwrap();
    assert_ne!(first.handle, from_config);
    assert!(database.delete_camera(&name("gate")).unwrap());
    assert!(!database.delete_camera(&name("gate")).unwrap());
    assert_eq!(database.camera(&name("gate")).unwrap(), None);
    let other = database.put_camera(&camera("yard"), TimeUs(6)).unwrap();
    assert!(![first.handle, from_config].contains(&other.handle));
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.put_camera(&camera("gate"), TimeUs(7)).unwrap().handle, first.handle);
    assert_eq!(database.handle_for(&name("config-camera")).unwrap(), from_config);
    assert_eq!(database.handles().unwrap().len(), 3);
}

#[test]
fn a_camera_declared_anew_keeps_when_it_was_created_and_never_prints_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    database.put_camera(&camera("gate"), TimeUs(5)).unwrap();
    let changed = CameraDeclaration { settings: "{}".to_owned(), ..camera("gate") };
    database.put_camera(&changed, TimeUs(9)).unwrap();
    drop(database);

    let database = open(folder.path());
    let [record] = &database.cameras().unwrap()[..] else { panic!("one camera was declared") };
    assert_eq!((record.created, record.changed), (TimeUs(5), TimeUs(9)));
    assert_eq!((&record.source, &record.settings), (&changed.source, &changed.settings));
    assert!(!format!("{record:?} {changed:?}").contains("secret"));
    let mode = fs::metadata(folder.path().join("sled")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may not read passwords: {mode:o}");
}

#[test]
fn threads_that_number_the_same_cameras_agree() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let names: Vec<Name> = (0..20).map(|n| name(&format!("camera-{n}"))).collect();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (database, names) = (database.clone(), names.clone());
            let number = move |camera: &Name| database.handle_for(camera).unwrap();
            thread::spawn(move || names.iter().map(number).collect::<Vec<CameraHandle>>())
        })
        .collect();
    let answers: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let mut numbers: Vec<u32> = answers[0].iter().map(|handle| handle.0).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<u32>>());
}

#[test]
fn a_plugin_keeps_who_signed_it_until_somebody_else_does() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let unsigned = database.put_plugin(b"one", &facts("1.0.0"), TimeUs(5)).unwrap();
    assert_eq!(unsigned.signer, None);
    let put = |signer| {
        let plugin = NewPlugin { bytes: b"one", facts: &facts("1.0.0"), signer, now: TimeUs(9) };
        database.put_plugin_with(&plugin, &[]).unwrap().0
    };
    let signed = put(Some("0123456789abcdef"));
    assert_eq!((signed.signer.as_deref(), signed.uploaded), (Some("0123456789abcdef"), TimeUs(5)));
    assert_eq!(put(None), signed, "without a signature it stays as it was");
    let anew = put(Some("fedcba9876543210"));
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.plugin(&anew.digest).unwrap(), Some(anew.clone()));
    assert_eq!(anew.signer.as_deref(), Some("fedcba9876543210"));
}

#[test]
fn an_upload_and_a_removal_stand_in_the_log_with_the_rows_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let plugin = NewPlugin { bytes: b"one", facts: &facts("1.0.0"), signer: None, now: TimeUs(5) };
    let (record, told) = database.put_plugin_with(&plugin, &[transition("uploaded")]).unwrap();
    let (again, told_again) = database.put_plugin_with(&plugin, &[transition("again")]).unwrap();
    assert_eq!((&again, told[0].sequence, told_again[0].sequence), (&record, 1, 2));
    database.delete_plugin_with(&record.digest, &[transition("removed")]).unwrap();
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.plugin(&record.digest).unwrap(), None);
    let log = database.transitions(&TransitionQuery::default()).unwrap();
    let details: Vec<&str> = log.iter().map(|record| record.transition.detail.as_str()).collect();
    assert_eq!(details, ["removed", "again", "uploaded"]);
}

#[test]
fn the_same_bytes_are_one_plugin_however_often_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let first = database.put_plugin(b"one", &facts("1.0.0"), TimeUs(5)).unwrap();
    let again = database.put_plugin(b"one", &facts("1.0.0"), TimeUs(9)).unwrap();
    assert_eq!(first, again);
    database.put_plugin(b"two", &facts("1.1.0"), TimeUs(7)).unwrap();
    drop(database);

    let database = open(folder.path());
    let versions: Vec<String> =
        database.plugins().unwrap().into_iter().map(|plugin| plugin.facts.version).collect();
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    assert_eq!(database.plugin_bytes(&first.digest).unwrap(), b"one");
    assert!(database.delete_plugin(&first.digest).unwrap());
    assert!(!database.delete_plugin(&first.digest).unwrap());
    assert!(matches!(database.plugin_bytes(&first.digest), Err(StoreError::NoSuch { .. })));
    assert_eq!(database.plugin(&first.digest).unwrap(), None);
}

#[test]
fn a_damaged_plugin_file_is_named_and_mended_by_the_same_upload() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let plugin = database.put_plugin(b"the bytes", &facts("1.0.0"), TimeUs(5)).unwrap();
    let path = folder.path().join(format!("plugins/{}.wasm", plugin.digest));
    fs::write(&path, b"the bites").unwrap();
    let error = database.plugin_bytes(&plugin.digest).unwrap_err().to_string();
    assert!(error.contains(&path.display().to_string()) && error.contains("damaged"), "{error}");
    assert_eq!(database.statistics().damaged_values, 1);
    assert_eq!(database.put_plugin(b"the bytes", &facts("1.0.0"), TimeUs(9)).unwrap(), plugin);
    assert_eq!(database.plugin_bytes(&plugin.digest).unwrap(), b"the bytes");
}

#[test]
fn a_start_removes_what_an_interrupted_upload_left_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let plugin = database.put_plugin(b"kept", &facts("1.0.0"), TimeUs(5)).unwrap();
    drop(database);
    let plugins = folder.path().join("plugins");
    let orphan = plugins.join(format!("{}.wasm", Digest::of(b"no row")));
    let temporary = plugins.join(format!("{}.wasm.0.tmp", Digest::of(b"half")));
    let foreign = plugins.join("notes.txt");
    for path in [&orphan, &temporary, &foreign] {
        fs::write(path, b"x").unwrap();
    }
    let database = open(folder.path());
    assert!(!orphan.exists() && !temporary.exists() && foreign.exists());
    assert_eq!(database.plugin_bytes(&plugin.digest).unwrap(), b"kept");
}

#[test]
fn activation_keeps_the_last_three_versions_and_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    let versions: Vec<Digest> = (0_u8..6).map(|n| Digest::of(&[n])).collect();
    database.put_rule(&rule("gate-count", versions[0])).unwrap();
    let activate = |database: &Database, version, now| {
        let mut record = database.rule(&name("gate-count")).unwrap().unwrap();
        record.make_active(version, now);
        database.put_rule(&record).unwrap();
        record
    };
    for version in &versions[1..] {
        activate(&database, *version, TimeUs(9));
    }
    drop(database);

    let database = open(folder.path());
    let record = database.rule(&name("gate-count")).unwrap().unwrap();
    assert_eq!((record.digest, record.changed), (versions[5], TimeUs(9)));
    assert_eq!(record.previous, [versions[4], versions[3], versions[2]]);
    let back = activate(&database, versions[4], TimeUs(10));
    assert_eq!(
        (back.digest, &back.previous[..]),
        (versions[4], &[versions[5], versions[3], versions[2]][..])
    );
    let same = activate(&database, versions[4], TimeUs(10));
    assert_eq!(same, back, "activating the active version changes nothing");
}

#[test]
fn a_version_in_quarantine_stays_there_over_a_restart_until_it_is_activated() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, good) = (Digest::of(b"bad"), Digest::of(b"good"));
    let mut record = rule("gate-count", bad);
    record.quarantine(bad, "it trapped".to_owned(), TimeUs(3));
    record.make_active(good, TimeUs(4));
    open(folder.path()).put_rule(&record).unwrap();
    let mut record = open(folder.path()).rule(&name("gate-count")).unwrap().unwrap();
    assert_eq!((record.quarantine_of(bad), record.quarantine_of(good)), (Some("it trapped"), None));
    record.make_active(bad, TimeUs(5));
    assert_eq!(record.quarantine_of(bad), None);
}

#[test]
fn track_numbers_are_not_given_twice_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    database.handle_for(&name("gate")).unwrap();
    assert_eq!(database.reserve_track_ids(&name("gate"), 1000).unwrap(), 1);
    assert_eq!(database.reserve_track_ids(&name("gate"), 1000).unwrap(), 1001);
    drop(database);
    let database = open(folder.path());
    assert_eq!(database.reserve_track_ids(&name("gate"), 1000).unwrap(), 2001);
    assert!(database.reserve_track_ids(&name("ghost"), 1).is_err());
}

#[test]
fn the_log_of_versions_is_kept_in_order_and_found_by_rule() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |rule: &str, state| NewTransition {
        time: TimeUs(7),
        rule: Some(name(rule)),
        plugin: Some(name("line-crossing")),
        version: "1.2.3".to_owned(),
        digest: Some(Digest::of(b"x")),
        state,
        cause: Cause::Activate,
        detail: "ü".repeat(3000),
    };
    let database = open(folder.path());
    let (active, retired) = (entry("a", VersionState::Active), entry("b", VersionState::Retired));
    database.add_transitions(&[active.clone(), retired]).unwrap();
    drop(database);
    let database = open(folder.path());
    let more = [entry("a", VersionState::Quarantined)];
    let added = database.put_rule_with(&rule("a", Digest::of(b"x")), &more, &[]).unwrap();
    assert_eq!(added[0].sequence, 3);
    let of_a = TransitionQuery { rule: Some(name("a")), ..TransitionQuery::default() };
    let found = database.transitions(&of_a).unwrap();
    assert_eq!(found.iter().map(|record| record.sequence).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(found[1].transition.state, VersionState::Active);
    assert!(
        found[1].transition.detail.len() <= 4096 && active.detail.starts_with(&found[1].transition.detail)
    );
    let older = TransitionQuery { before: Some(3), limit: 1, ..TransitionQuery::default() };
    assert_eq!(database.transitions(&older).unwrap()[0].sequence, 2);
}

#[test]
fn a_rule_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path());
    assert_eq!(database.rule(&name("ghost")).unwrap(), None);
    assert!(!database.delete_rule(&name("ghost")).unwrap());
}

#[test]
fn rules_are_listed_by_name_and_large_settings_survive() {
    let folder = tempfile::tempdir().unwrap();
    let database: Database = open(folder.path());
    let large = RuleRecord { settings: "x".repeat(300_000), ..rule("b", Digest::of(b"1")) };
    database.put_rule(&large).unwrap();
    database.put_rule(&rule("a", Digest::of(b"1"))).unwrap();
    let too_large = RuleRecord { settings: "x".repeat(600_000), ..rule("c", Digest::of(b"1")) };
    assert!(matches!(database.put_rule(&too_large), Err(StoreError::TooLarge { .. })));
    drop(database);

    let database = open(folder.path());
    assert_eq!(database.rules().unwrap(), [rule("a", Digest::of(b"1")), large]);
    assert!(database.delete_rule(&name("b")).unwrap());
    assert_eq!(database.rules().unwrap().len(), 1);
}
