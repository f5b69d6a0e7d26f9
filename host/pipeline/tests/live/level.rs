//! A version that does worse than the one before it is taken back by the host itself.

use ocellus_core::{Cause, VersionState};
use ocellus_pipeline::{TransitionQuery, TransitionRecord};

use crate::site::{TestSite, marked, name};

const CAMERAS: [&str; 2] = ["north", "east"];

/// A site on which a sound version ran for a while and `deed`, done by its successor alone, has been activated.
fn after_activating(deed: &str) -> (TestSite, [String; 2]) {
    let host = TestSite::start(&CAMERAS);
    let deed = format!("process-{deed}");
    let versions = [marked(&[("@version=", "1.0.0")]), marked(&[("@version=", "2.0.0"), ("@deed=", &deed)])]
        .map(|bytes| host.site.upload_plugin(bytes).unwrap().digest);
    host.bind("count", &versions[0], &CAMERAS, "{}");
    host.wait_until("the sound version has its figures", |_| host.calls("count") >= 120);
    host.site.activate(&name("count"), &versions[1], None).unwrap();
    (host, versions)
}

fn log(host: &TestSite) -> Vec<TransitionRecord> {
    host.site
        .transitions(&TransitionQuery { rule: Some(name("count")), ..TransitionQuery::default() })
        .unwrap()
}

fn is_rolled_back_for(deed: &str, reason: &str) {
    let (host, versions) = after_activating(deed);
    host.wait_until("the host goes back", |site| site.rule(&name("count")).unwrap().digest == versions[0]);
    let rule = host.site.rule(&name("count")).unwrap();
    assert_eq!(rule.quarantined[0].0, versions[1]);
    assert!(rule.quarantined[0].1.contains(reason), "{deed}: {:?}", rule.quarantined);
    let last: Vec<_> = log(&host)
        .into_iter()
        .take(2)
        .map(|record| (record.transition.state, record.transition.cause))
        .collect();
    assert_eq!(last, [(VersionState::Active, Cause::Breach), (VersionState::Quarantined, Cause::Breach)]);
    let before = CAMERAS.map(|camera| host.frames(camera));
    host.wait_until("the cameras go on", |_| {
        CAMERAS.iter().zip(before).all(|(camera, frames)| host.frames(camera) > frames + 5)
    });
    let error = host.site.roll_back(&name("count")).unwrap_err();
    assert!(error.to_string().contains("no former version"), "the bad one is passed over: {error}");
}

#[test]
fn a_version_that_traps_is_rolled_back() {
    is_rolled_back_for("trap", "calls trapped");
}

#[test]
fn a_version_that_became_slow_is_rolled_back() {
    // Half of the calls, or one in a hundred where the machine is busy.
    is_rolled_back_for("slow", " take");
}

#[test]
fn a_version_that_refuses_frames_is_rolled_back() {
    is_rolled_back_for("refuse", "answered with an error");
}

#[test]
fn a_roll_back_keeps_the_count_and_a_sound_version_stays() {
    let (host, versions) = after_activating("nothing");
    let counted = host.calls("count");
    host.wait_until("the new version has its figures", |_| host.calls("count") >= 120);
    assert_eq!(host.site.rule(&name("count")).unwrap().digest, versions[1], "{counted} calls before");
    let back = host.site.roll_back(&name("count")).unwrap();
    assert_eq!((&back.from, &back.to), (&versions[1], &versions[0]));
    let causes: Vec<_> = log(&host).iter().map(|record| record.transition.cause).take(2).collect();
    assert_eq!(causes, [Cause::RollBack, Cause::RollBack]);
}
