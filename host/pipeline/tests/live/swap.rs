//! Swaps lose no frame and show none twice.

use std::collections::BTreeMap;
use std::time::Duration;

use ocellus_core::Value;
use ocellus_pipeline::{HandedOver, SiteError};

use crate::site::{TestSite, name, probe_version};

const CAMERAS: [&str; 4] = ["north", "east", "south", "west"];

/// The frame's sequence as the guest saw it.
fn seen_sequence(text: &str) -> u64 {
    let digits = text.split_once("sequence: ").unwrap().1;
    digits.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn every_frame_reaches_a_rule_exactly_once_over_fifty_activations_on_four_cameras() {
    let host = TestSite::start(&CAMERAS);
    let versions = [probe_version("1.0.0"), probe_version("2.0.0")]
        .map(|bytes| host.site.upload_plugin(bytes).unwrap().digest);
    host.bind("echo", &versions[0], &CAMERAS, r#"{"do":"echo"}"#);
    for round in 1..=50 {
        let before = CAMERAS.map(|camera| host.frames(camera));
        host.wait_until("the cameras go on", |_| {
            CAMERAS.iter().zip(before).all(|(camera, frames)| host.frames(camera) > frames)
        });
        let activation = host.site.activate(&name("echo"), &versions[round % 2], None).unwrap();
        assert_eq!(activation.cameras.len(), 4);
        assert!(
            activation.cameras.iter().all(|camera| camera.state == HandedOver::Carried),
            "{activation:?}"
        );
    }
    let report = host.site.shutdown(Duration::from_secs(20));
    assert!(report.still_running.is_empty(), "{report:?}");
    assert_eq!(report.events_lost, 0);
    let mut seen: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for record in host.events("echo") {
        let Value::Text(text) = &record.event.attributes[0].1 else { panic!("{record:?}") };
        assert_eq!(seen_sequence(text), record.frame);
        seen.entry(record.camera.clone()).or_default().push(record.frame);
    }
    for camera in &report.cameras {
        let frames = &seen[&camera.name];
        let first = frames[0];
        let expected: Vec<u64> = (first..camera.frames).collect();
        assert_eq!(frames, &expected, "camera {}", camera.name);
        assert!(frames.len() >= 50, "camera {}: only {} frames", camera.name, frames.len());
    }
}

#[test]
fn two_hundred_activations_leave_a_rule_with_the_state_that_it_had_without_them() {
    let host = TestSite::start_at(50, &CAMERAS);
    let versions =
        ["1.0.0", "2.0.0"].map(|version| host.site.upload_plugin(probe_version(version)).unwrap().digest);
    // Both count frames; every tenth is an event with the count, which tells by how many frames it is behind.
    host.bind("alone", &versions[0], &CAMERAS, "{}");
    host.bind("swapped", &versions[0], &CAMERAS, "{}");
    for round in 1..=200 {
        let activation = host.site.activate(&name("swapped"), &versions[round % 2], None).unwrap();
        assert!(activation.cameras.iter().all(|camera| camera.state == HandedOver::Carried));
    }
    let before = CAMERAS.map(|camera| host.frames(camera));
    host.wait_until("frames after the last swap", |_| {
        CAMERAS.iter().zip(before).all(|(camera, frames)| host.frames(camera) > frames + 20)
    });
    let report = host.site.shutdown(Duration::from_secs(20));
    assert!(report.still_running.is_empty() && report.events_lost == 0, "{report:?}");
    for rule in ["alone", "swapped"] {
        for camera in CAMERAS {
            let counted = counts(&host, rule, camera);
            let behind: Vec<u64> = counted.iter().map(|(frame, count)| frame + 1 - count).collect();
            assert!(behind.windows(2).all(|pair| pair[0] == pair[1]), "{rule} on {camera}: {counted:?}");
            assert!(counted.windows(2).all(|pair| pair[1].1 == pair[0].1 + 10), "{rule} on {camera}");
            assert!(counted.len() > 2, "{rule} on {camera}: too few frames");
        }
    }
}

/// The events of a counting rule on a camera: the frame, and how many the rule had counted by then.
fn counts(host: &TestSite, rule: &str, camera: &str) -> Vec<(u64, u64)> {
    let events = host.events(rule).into_iter().filter(|record| record.camera.as_str() == camera);
    let count = |record: ocellus_core::EventRecord| {
        let Value::Integer(count) = record.event.attributes[0].1 else { panic!("{record:?}") };
        (record.frame, u64::try_from(count).unwrap())
    };
    events.map(count).collect()
}

#[test]
fn a_version_that_refuses_its_settings_changes_nothing() {
    let host = TestSite::start(&["north"]);
    let plugin = host.site.upload_plugin(probe_version("1.0.0")).unwrap();
    host.bind("count", &plugin.digest, &["north"], "{}");
    let refused = host.site.put_rule(ocellus_pipeline::RuleSettings {
        name: name("count"),
        plugin: plugin.digest.clone(),
        cameras: vec![name("north")],
        settings: r#"{"do":"refuse-settings"}"#.into(),
        policy: ocellus_pipeline::RulePolicy::default(),
        grants: None,
    });
    let error = refused.unwrap_err();
    assert!(
        matches!(error, SiteError::Rule { .. }) && error.to_string().contains("I do not like them"),
        "{error}"
    );
    assert_eq!(host.site.rule(&name("count")).unwrap().settings, "{}");
}

#[test]
fn another_plugin_cannot_be_activated_in_a_rules_place() {
    let host = TestSite::start(&["north"]);
    let plugin = host.site.upload_plugin(probe_version("1.0.0")).unwrap();
    host.bind("count", &plugin.digest, &["north"], "{}");
    for wanted in ["no-such-plugin", "probe@9.9.9", &"0".repeat(64)] {
        let error = host.site.activate(&name("count"), wanted, None).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

#[test]
fn a_plugin_in_use_is_not_deleted_and_the_rule_is_named() {
    let host = TestSite::start(&["north"]);
    let plugin = host.site.upload_plugin(probe_version("1.0.0")).unwrap();
    host.bind("count", &plugin.digest, &["north"], "{}");
    let error = host.site.remove_plugin(&plugin.digest).unwrap_err();
    assert!(error.to_string().contains("count"), "{error}");
    host.site.remove_rule(&name("count")).unwrap();
    host.site.remove_plugin(&plugin.digest).unwrap();
    assert!(host.site.plugins().unwrap().is_empty());
}
