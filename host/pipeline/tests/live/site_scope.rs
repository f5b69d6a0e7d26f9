//! Rules with one instance for all their cameras.

use std::collections::BTreeMap;

use ocellus_core::{Name, Power};
use ocellus_pipeline::HandedOver;

use crate::powers::granted;
use crate::site::{TestSite, marked_in, name};

fn site_rule(host: &TestSite, version: &str) -> String {
    let bytes = marked_in("powers", &[("@deed=", "describe-site"), ("@version=", version)]);
    host.site.upload_plugin(&bytes).unwrap().digest
}

/// Frames that the one instance counted, event by event.
fn counted(host: &TestSite, rule: &str) -> Vec<(Name, i64)> {
    let count = |record: &ocellus_core::EventRecord| {
        let frames = record.event.attributes.iter().find(|(key, _)| key == "frames").unwrap();
        match frames.1 {
            ocellus_core::Value::Integer(count) => (record.camera.clone(), count),
            _ => panic!("{record:?}"),
        }
    };
    host.events(rule).iter().map(count).collect()
}

#[test]
fn one_instance_sees_every_frame_of_its_cameras_once_and_keeps_its_state() {
    let host = TestSite::start_at(10, &["north", "south", "west"]);
    let first = site_rule(&host, "1.0.0");
    let grants = granted(&[Power::Messages, Power::KeyValue]);
    host.bind_granted(("sum", &first), &["north", "south"], r#"{"keep":"frames"}"#, grants);
    let both = |host: &TestSite| {
        let seen = counted(host, "sum");
        ["north", "south"].iter().all(|camera| seen.iter().filter(|(on, _)| on == &name(camera)).count() > 8)
    };
    host.wait_until("it has seen both", |_| both(&host));
    let status = host.site.rule(&name("sum")).unwrap();
    assert_eq!((status.scope.as_str(), status.cameras.len()), ("site", 1));
    assert_eq!(status.cameras[0].camera, "site");
    let seen = counted(&host, "sum");
    assert!(seen.iter().map(|(_, count)| *count).eq(1..=seen.len() as i64), "one count: {seen:?}");
    assert!(seen.iter().all(|(camera, _)| camera != &name("west")));

    let second = site_rule(&host, "2.0.0");
    let activation = host.site.activate(&name("sum"), &second, None).unwrap();
    assert_eq!(activation.cameras.len(), 1);
    assert_eq!(activation.cameras[0].state, HandedOver::Carried);
    let before = counted(&host, "sum").len();
    host.wait_until("it goes on", |_| counted(&host, "sum").len() > before + 5);
    let seen = counted(&host, "sum");
    assert!(seen.iter().map(|(_, count)| *count).eq(1..=seen.len() as i64), "over the swap too: {seen:?}");

    assert_eq!(host.site.query_rule(&name("sum"), &name("south"), "get nothing").unwrap(), "Ok(None)");
    assert!(host.site.query_rule(&name("sum"), &name("west"), "get nothing").is_err());
    let host = host.restart(&["north", "south", "west"]);
    let before = counted(&host, "sum").len();
    host.wait_until("it is back", |_| counted(&host, "sum").len() > before + 5);
    let seen = counted(&host, "sum");
    assert!(seen.iter().map(|(_, count)| *count).eq(1..=seen.len() as i64), "over a restart too: {seen:?}");
}

#[test]
fn frames_of_each_camera_come_in_order_and_none_is_missing() {
    let host = TestSite::start_at(10, &["north", "south"]);
    let digest = site_rule(&host, "1.0.0");
    host.bind("sum", &digest, &["north", "south"], "{}");
    host.wait_until("some frames", |_| host.events("sum").len() > 40);
    let mut last: BTreeMap<Name, u64> = BTreeMap::new();
    for record in host.events("sum") {
        if let Some(before) = last.insert(record.camera.clone(), record.frame) {
            assert_eq!(record.frame, before + 1, "camera {}", record.camera);
        }
    }
    assert_eq!(last.len(), 2);
    assert_eq!(host.site.site_rules_missed(), [(name("sum"), 0)]);
}

#[test]
fn a_site_rule_can_change_its_cameras_and_go() {
    let host = TestSite::start(&["north", "south"]);
    let digest = site_rule(&host, "1.0.0");
    host.bind("sum", &digest, &["north"], "{}");
    host.wait_until("it sees one", |_| counted(&host, "sum").len() > 3);
    host.bind("sum", &digest, &["south"], "{}");
    host.wait_until("it sees the other", |_| {
        counted(&host, "sum").iter().any(|(camera, _)| camera == &name("south"))
    });
    let cameras = host.site.camera(&name("north")).unwrap();
    assert_eq!(cameras.rules, []);
    host.site.remove_rule(&name("sum")).unwrap();
    let calls = counted(&host, "sum").len();
    let frames = host.frames("south");
    host.wait_until("the camera goes on", |_| host.frames("south") > frames + 5);
    assert!(counted(&host, "sum").len() <= calls + 2, "it is gone");
    assert_eq!(host.site.site_rules_missed(), []);
    // A rule of camera scope under the same name takes its place.
    let modest = host.site.upload_plugin(marked_in("powers", &[])).unwrap().digest;
    host.bind("sum", &digest, &["north", "south"], "{}");
    host.bind("sum", &modest, &["north", "south"], "{}");
    let status = host.site.rule(&name("sum")).unwrap();
    assert_eq!((status.scope.as_str(), status.cameras.len()), ("camera", 2));
    assert_eq!(host.site.site_rules_missed(), []);
}
