//! Rules with one instance for all their cameras.

use std::collections::BTreeMap;

use ocellus_core::{Cause, Name, Power, VersionState};
use ocellus_pipeline::{HandedOver, ShadowStatus, Side, TransitionQuery};

use crate::journal::{again, written};
use crate::powers::granted;
use crate::site::{TestSite, marked_in, name};

/// A version of a site rule that may have a deed of its own.
fn component(version: &str, deed: &str) -> Vec<u8> {
    let deed = format!("describe-site{deed}");
    marked_in("powers", &[("@deed=", &deed), ("@version=", version)])
}

fn site_rule(host: &TestSite, version: &str) -> String {
    host.site.upload_plugin(component(version, "")).unwrap().digest
}

/// A site whose rule `sum` watches two cameras and has seen a while of both; the digests of its versions, of which the
/// first is active and the second has a deed of its own.
fn summing(deed: &str) -> (TestSite, [String; 2]) {
    let host = TestSite::start(&["north", "south"]);
    let versions = [component("1.0.0", ""), component("2.0.0", deed)];
    let versions = versions.map(|bytes| host.site.upload_plugin(bytes).unwrap().digest);
    let grants = granted(&[Power::Messages, Power::KeyValue]);
    host.bind_granted(("sum", &versions[0]), &["north", "south"], r#"{"keep":"frames"}"#, grants);
    host.wait_until("it has a past", |_| host.calls("sum") >= 120);
    (host, versions)
}

/// Frames that it has counted in its state and, alike, in its values.
fn sum(host: &TestSite) -> u64 {
    let answer = host.site.query_rule(&name("sum"), &name("north"), "counts").unwrap();
    let (state, value) = answer.split_once(' ').unwrap();
    assert_eq!(state, value, "state and values are of two moments");
    state.parse().unwrap()
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
    // What waits for it of a camera that it no longer has is not shown: it would trap there.
    for camera in ["north", "south"].iter().cycle().take(8) {
        host.bind("sum", &digest, &[camera], "{}");
        let before = host.calls("sum");
        host.wait_until("it goes on", |_| host.calls("sum") > before);
        assert_eq!(host.site.rule(&name("sum")).unwrap().cameras[0].health.traps, 0);
    }
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

fn shadow_of(host: &TestSite) -> ShadowStatus {
    host.site.shadow_status(&name("sum")).unwrap()
}

#[test]
fn a_shadow_of_a_site_rule_says_the_same_of_all_cameras_and_takes_its_place_with_its_state() {
    let (host, versions) = summing("");
    host.site.shadow(&name("sum"), &versions[1]).unwrap();
    host.wait_until("both have spoken", |_| shadow_of(&host).comparison.both >= 40);
    let shadow = shadow_of(&host);
    // Its events tell the count of its state and that under its key: it began with both.
    assert_eq!((shadow.comparison.only_live, shadow.comparison.only_shadow), (0, 0), "{shadow:?}");
    assert_eq!(shadow.missed, 0);
    assert!(shadow.cameras.keys().eq(["site"]), "{shadow:?}");
    let before = sum(&host);
    let promoted = host.site.promote_shadow(&name("sum"), None).unwrap();
    assert!(
        promoted.cameras.iter().map(|on| (on.camera.as_str(), on.state)).eq([("site", HandedOver::Carried)])
    );
    assert_eq!(host.site.rule(&name("sum")).unwrap().digest, versions[1]);
    assert!(sum(&host) >= before);
    let seen = counted(&host, "sum");
    assert!(
        seen.iter().map(|(_, count)| *count).eq(1..=seen.len() as i64),
        "no frame is missing or counted twice"
    );
    assert!(host.site.shadow_status(&name("sum")).is_err(), "the shadow has ended");
}

#[test]
fn a_shadow_of_a_site_rule_that_says_too_much_is_found_out_on_every_camera() {
    let (host, versions) = summing("+process-double");
    host.site.shadow(&name("sum"), &versions[1]).unwrap();
    host.wait_until("it is found out", |_| shadow_of(&host).comparison.only_shadow >= 10);
    let shadow = shadow_of(&host);
    assert_eq!(shadow.comparison.only_live, 0, "{shadow:?}");
    for camera in ["north", "south"] {
        let of_it = |found: &&ocellus_pipeline::Difference| found.camera == name(camera);
        assert!(shadow.comparison.differences.iter().any(|found| of_it(&found)), "{camera}: {shadow:?}");
    }
    assert!(shadow.comparison.differences.iter().all(|found| found.side == Side::Shadow));
    host.site.drop_shadow(&name("sum")).unwrap();
    let seen = counted(&host, "sum");
    assert!(seen.iter().map(|(_, count)| *count).eq(1..=seen.len() as i64), "what it said went nowhere");
}

#[test]
fn a_shadow_that_refuses_the_state_or_has_another_scope_leaves_the_site_rule_alone() {
    let (host, versions) = summing("+restore-refuse");
    let error = host.site.shadow(&name("sum"), &versions[1]).unwrap_err();
    assert!(error.to_string().contains("I start afresh"), "{error}");
    let modest = host.site.upload_plugin(marked_in("powers", &[("@version=", "3.0.0")])).unwrap().digest;
    let error = host.site.shadow(&name("sum"), &modest).unwrap_err();
    assert!(error.to_string().contains("site scope"), "{error}");
    let error = host.site.activate(&name("sum"), &versions[1], None).unwrap_err();
    assert!(error.to_string().contains("for the site"), "{error}");
    let before = sum(&host);
    host.wait_until("it goes on", |_| sum(&host) > before + 5);
}

#[test]
fn a_journal_of_a_site_rule_has_all_its_cameras_and_its_calls_come_to_the_same_again() {
    let (host, _) = summing("");
    let journal = host.site.record_rule(&name("sum"), &name("north"), 60).unwrap();
    host.site.command_rule(&name("sum"), &name("south"), "set a b").unwrap();
    let first = written(journal);
    let report = again(&first, component("1.0.0", ""));
    assert_eq!((report.calls, &report.different), (60, &None));
    assert!(report.events >= 50, "{report:?}");
    let text = String::from_utf8(first).unwrap();
    let handles: std::collections::BTreeSet<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(r#"{"seen":{"camera":"#)?.split(',').next())
        .collect();
    assert_eq!(handles.len(), 2, "both cameras are in it");
    assert!(text.contains("commanded"));
    // Another decision is found, and a rule of another scope is no rule for it.
    let report = again(text.as_bytes(), component("1.0.0", "+process-double"));
    assert!(report.different.is_some_and(|different| different.calls >= 30));
    let camera = name("west");
    assert!(host.site.record_rule(&name("sum"), &camera, 1).is_err());
    let host = host.restart(&["north", "south"]);
    let journal = host.site.record_rule(&name("sum"), &name("south"), 20).unwrap();
    assert_eq!(again(&written(journal), component("1.0.0", "")).different, None);
}

#[test]
fn a_site_rule_whose_new_version_traps_goes_back_by_itself_with_what_it_counted() {
    let (host, versions) = summing("+process-trap");
    let before = sum(&host);
    host.site.activate(&name("sum"), &versions[1], None).unwrap();
    host.wait_until("the host goes back", |site| site.rule(&name("sum")).unwrap().digest == versions[0]);
    assert!(sum(&host) >= before);
    let rule = host.site.rule(&name("sum")).unwrap();
    assert_eq!(rule.quarantined[0].0, versions[1]);
    assert!(rule.quarantined[0].1.contains("calls trapped"), "{:?}", rule.quarantined);
    let query = TransitionQuery { rule: Some(name("sum")), ..TransitionQuery::default() };
    let log = host.site.transitions(&query).unwrap();
    let newest = [0, 1].map(|index: usize| (log[index].transition.state, log[index].transition.cause));
    assert_eq!(newest, [(VersionState::Active, Cause::Breach), (VersionState::Quarantined, Cause::Breach)]);
    let before = sum(&host);
    host.wait_until("it goes on", |_| sum(&host) > before + 20);
    let host = host.restart(&["north", "south"]);
    assert_eq!(host.site.rule(&name("sum")).unwrap().digest, versions[0]);
    assert!(sum(&host) > before);
}

#[test]
fn a_site_rule_is_told_when_one_of_its_cameras_goes_and_keeps_its_state() {
    let host = TestSite::start(&["north"]);
    let source = ocellus_media::SourceSpec::parse("scene:crossing?width=160&height=128&fps=25").unwrap();
    host.site.add_camera(ocellus_pipeline::CameraSettings::new(name("yard"), source)).unwrap();
    let digest = site_rule(&host, "1.0.0");
    host.bind("sum", &digest, &["north", "yard"], "{}");
    let told = |host: &TestSite| host.site.query_rule(&name("sum"), &name("north"), "cameras").unwrap();
    assert_eq!(told(&host), "2");
    host.wait_until("it has seen both", |_| {
        let seen = counted(&host, "sum");
        seen.len() > 20 && seen.iter().any(|(camera, _)| camera == &name("yard"))
    });
    host.site.remove_camera(&name("yard")).unwrap();
    assert_eq!(told(&host), "1");
    let before = counted(&host, "sum").len();
    host.wait_until("it goes on", |_| counted(&host, "sum").len() > before + 5);
    let seen = counted(&host, "sum");
    assert!(seen.iter().map(|(_, count)| *count).eq(1..=seen.len() as i64), "one count: {seen:?}");
}
