//! What a restart must not change, and what it must not invent.

use ocellus_runtime::RuleState;

use crate::site::{TestSite, marked, name};

#[test]
fn tracks_get_new_numbers_after_a_restart() {
    let highest = |host: &TestSite| {
        host.wait_until("a track is there", |site| {
            site.live(&name("north")).is_ok() && host.newest_track("north").is_some()
        });
        host.newest_track("north").unwrap()
    };
    let host = TestSite::start(&["north"]);
    let first = highest(&host);
    let host = host.restart(&["north"]);
    let second = highest(&host);
    assert!(second > first, "track {first} before the restart, {second} after it");
}

#[test]
fn a_version_in_quarantine_stays_there_over_a_restart() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(marked(&[("@deed=", "process-trap")])).unwrap().digest;
    let mut settings = host.rule("count", &digest, &["north"], "{}");
    settings.policy.on_failure = ocellus_runtime::OnFailure::Disable;
    host.site.put_rule(settings).unwrap();
    host.wait_until("the quarantine is written down", |site| {
        !site.rule(&name("count")).unwrap().quarantined.is_empty()
    });
    let host = host.restart(&["north"]);
    let rule = host.site.rule(&name("count")).unwrap();
    assert_eq!(rule.cameras[0].health.state, RuleState::Quarantined);
    assert!(rule.quarantined[0].1.contains("trapped on request"), "{:?}", rule.quarantined);
    let before = host.frames("north");
    host.wait_until("the camera goes on", |_| host.frames("north") > before + 3);
    assert_eq!(host.calls("count"), 0);
    host.site.activate(&name("count"), &digest, None).unwrap();
    let rule = host.site.rule(&name("count")).unwrap();
    assert_eq!((rule.cameras[0].health.state, rule.quarantined.len()), (RuleState::Active, 0));
}

#[test]
fn the_only_camera_of_a_rule_is_not_removed_under_it() {
    let host = TestSite::start(&[]);
    let source = ocellus_media::SourceSpec::parse("scene:crossing?width=160&height=128&fps=25").unwrap();
    host.site.add_camera(ocellus_pipeline::CameraSettings::new(name("yard"), source)).unwrap();
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    host.bind("count", &digest, &["yard"], "{}");
    let error = host.site.remove_camera(&name("yard")).unwrap_err();
    assert!(error.to_string().contains("rule count"), "{error}");
    host.site.remove_rule(&name("count")).unwrap();
    host.site.remove_camera(&name("yard")).unwrap();
}

#[test]
fn a_rule_whose_camera_is_gone_after_a_restart_is_shown_and_its_plugin_kept() {
    let host = TestSite::start(&["north"]);
    let digest = host.site.upload_plugin(marked(&[])).unwrap().digest;
    host.bind("count", &digest, &["north"], "{}");
    let host = host.restart(&["south"]);
    let rule = host.site.rule(&name("count")).unwrap();
    assert!(rule.failure.as_deref().is_some_and(|reason| reason.contains("no camera")), "{rule:?}");
    assert!(host.site.remove_plugin(&digest).unwrap_err().to_string().contains("count"));
    assert!(
        host.site.activate(&name("count"), &digest, None).unwrap_err().to_string().contains("bind it anew")
    );
    host.bind("count", &digest, &["south"], "{}");
    assert_eq!(host.site.rule(&name("count")).unwrap().failure, None);
}
