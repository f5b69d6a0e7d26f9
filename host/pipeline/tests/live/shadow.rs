//! A version beside the active one: compared, harmless, promoted.

use ocellus_core::{Cause, VersionState};
use ocellus_pipeline::{HandedOver, Side, TransitionQuery};

use crate::site::{TestSite, marked, name};

const CAMERAS: [&str; 2] = ["north", "east"];

/// A site with a sound version at work and `deed`'s version as its shadow.
fn shadowed(deed: &str) -> (TestSite, [String; 2]) {
    let host = TestSite::start(&CAMERAS);
    let deed = format!("process-{deed}");
    let versions = [marked(&[("@version=", "1.0.0")]), marked(&[("@version=", "2.0.0"), ("@deed=", &deed)])]
        .map(|bytes| host.site.upload_plugin(bytes).unwrap().digest);
    host.bind("count", &versions[0], &CAMERAS, "{}");
    host.wait_until("the active version works", |_| host.calls("count") >= 10);
    host.site.shadow(&name("count"), &versions[1]).unwrap();
    (host, versions)
}

#[test]
fn a_version_that_doubles_its_events_is_found_out_and_its_events_go_nowhere() {
    let (host, versions) = shadowed("double");
    host.wait_until("differences are found", |site| {
        let shadow = site.shadow_status(&name("count")).unwrap();
        shadow.comparison.only_shadow >= 3 && shadow.comparison.both >= 3
    });
    let shadow = host.site.shadow_status(&name("count")).unwrap();
    assert_eq!((shadow.comparison.only_live, shadow.missed), (0, 0), "{shadow:?}");
    assert!(shadow.comparison.differences.iter().all(|found| found.side == Side::Shadow));
    assert_eq!(shadow.version, "2.0.0");
    host.site.drop_shadow(&name("count")).unwrap();
    assert!(host.site.shadow_status(&name("count")).is_err());
    let log = host.site.transitions(&TransitionQuery::default()).unwrap();
    let newest = [&log[0].transition, &log[1].transition].map(|entry| (entry.state, entry.cause));
    assert_eq!(newest, [(VersionState::Retired, Cause::Shadow), (VersionState::Shadow, Cause::Shadow)]);
    assert_eq!(host.site.rule(&name("count")).unwrap().digest, versions[0]);
    // One event a camera for every ten frames, whatever the shadow said.
    let events = host.events("count");
    let mut frames: Vec<_> = events.iter().map(|event| (event.camera.clone(), event.frame)).collect();
    frames.dedup();
    assert_eq!(frames.len(), events.len());
}

#[test]
fn a_shadow_that_loops_costs_the_cameras_nothing() {
    let (host, _) = shadowed("loop");
    host.wait_until("the shadow was stopped", |site| {
        let shadow = site.shadow_status(&name("count")).unwrap();
        shadow.cameras.values().any(|health| health.deadline_misses > 0)
    });
    let rule = host.site.rule(&name("count")).unwrap();
    assert!(rule.cameras.iter().all(|on| on.health.deadline_misses == 0 && on.health.skipped == 0));
    let before = CAMERAS.map(|camera| host.frames(camera));
    host.wait_until("the cameras go on", |_| {
        CAMERAS.iter().zip(before).all(|(camera, frames)| host.frames(camera) > frames + 5)
    });
    host.site.remove_rule(&name("count")).unwrap();
    assert!(host.site.shadow_status(&name("count")).is_err());
}

#[test]
fn a_promoted_shadow_takes_over_the_active_versions_state() {
    let (host, versions) = shadowed("nothing");
    host.wait_until("both work", |site| site.shadow_status(&name("count")).unwrap().frames >= 20);
    let shadow = host.site.shadow_status(&name("count")).unwrap();
    assert_eq!((shadow.comparison.only_live, shadow.comparison.only_shadow), (0, 0), "{shadow:?}");
    let promoted = host.site.promote_shadow(&name("count"), None).unwrap();
    assert!(promoted.cameras.iter().all(|camera| camera.state == HandedOver::Carried));
    assert_eq!(host.site.rule(&name("count")).unwrap().digest, versions[1]);
    assert!(host.site.promote_shadow(&name("count"), None).is_err(), "the shadow has ended");
}

#[test]
fn a_shadow_that_is_refused_leaves_the_one_before_it_alone_and_one_that_is_not_replaces_it() {
    let (host, versions) = shadowed("nothing");
    let upload = |version: &str, deed: &str| {
        host.site.upload_plugin(marked(&[("@version=", version), ("@deed=", deed)])).unwrap().digest
    };
    let stubborn = upload("3.0.0", "restore-refuse");
    let error = host.site.shadow(&name("count"), &stubborn).unwrap_err().to_string();
    assert!(error.contains("as a shadow"), "{error}");
    let before = host.site.shadow_status(&name("count")).unwrap();
    assert_eq!(before.digest, versions[1]);
    host.wait_until("it goes on", |site| {
        site.shadow_status(&name("count")).unwrap().frames > before.frames + 5
    });
    let next = upload("4.0.0", "process-nothing");
    assert_eq!(host.site.shadow(&name("count"), &next).unwrap().digest, next);
    let log = host.site.transitions(&TransitionQuery::default()).unwrap();
    let of_shadow = log.iter().map(|record| &record.transition).filter(|one| one.cause == Cause::Shadow);
    let told: Vec<_> = of_shadow.map(|one| (one.version.as_str(), one.state)).collect();
    let expected = [
        ("4.0.0", VersionState::Shadow),
        ("2.0.0", VersionState::Retired),
        ("3.0.0", VersionState::Refused),
        ("2.0.0", VersionState::Shadow),
    ];
    assert_eq!(told, expected);
}

#[test]
fn another_plugin_is_no_shadow() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    let other = host.site.upload_plugin(marked(&[("@name=", "other")])).unwrap().digest;
    host.bind("count", &digest, &["north"], "{}");
    let error = host.site.shadow(&name("count"), &other).unwrap_err();
    assert!(error.to_string().contains("another plugin"), "{error}");
    assert!(host.site.shadow(&name("none"), &digest).is_err());
}
