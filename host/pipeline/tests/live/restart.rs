//! What a restart must not change, and what it must not invent.

use ocellus_core::Power;
use ocellus_pipeline::{DeclaredRule, RuleSettings};
use ocellus_runtime::RuleState;

use crate::powers::granted;
use crate::site::{TestSite, guest, marked, marked_in, name};

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

/// A rule that counts frames in its state and under a key.
fn counting(host: &TestSite, plugin: &str) -> RuleSettings {
    let settings = host.rule("count", plugin, &["north"], r#"{"keep":"frames"}"#);
    RuleSettings { grants: granted(&[Power::KeyValue]), ..settings }
}

/// The same in the config file.
fn declared(host: &TestSite) -> Vec<DeclaredRule> {
    vec![DeclaredRule { settings: counting(host, ""), component: Some(guest("powers").into()) }]
}

/// What it has counted, alike in both.
fn count(host: &TestSite) -> u64 {
    let answer = host.site.query_rule(&name("count"), &name("north"), "counts").unwrap();
    let (state, value) = answer.split_once(' ').unwrap();
    assert_eq!(state, value, "state and values are of two moments");
    state.parse().unwrap()
}

#[test]
fn a_rule_keeps_its_memory_on_its_way_from_the_config_file_to_rest_and_back() {
    let host = TestSite::start(&["north"]);
    let rules = declared(&host);
    let host = host.restart_declaring(&["north"], rules);
    host.wait_until("it has a past", |_| host.calls("count") > 60);
    let in_the_file = count(&host);
    let host = host.restart(&["north"]);
    assert!(host.site.rule(&name("count")).is_err(), "it is in the file no more");
    let digest = host.site.upload_plugin(guest("powers")).unwrap().digest;
    host.site.put_rule(counting(&host, &digest)).unwrap();
    let over_rest = count(&host);
    assert!(over_rest >= in_the_file, "{over_rest} after {in_the_file}");
    host.wait_until("it goes on", |_| count(&host) > over_rest + 20);
    let over_rest = count(&host);
    let rules = declared(&host);
    let host = host.restart_declaring(&["north"], rules);
    assert!(count(&host) >= over_rest, "{} after {over_rest}", count(&host));
}

#[test]
fn a_rule_over_rest_under_a_former_rules_name_begins_anew_with_another_version_or_after_a_removal() {
    let host = TestSite::start(&["north"]);
    let rules = declared(&host);
    let host = host.restart_declaring(&["north"], rules);
    host.wait_until("it has a past", |_| host.calls("count") > 60);
    let host = host.restart(&["north"]);
    let other = marked_in("powers", &[("@version=", "2.0.0")]);
    let other = host.site.upload_plugin(other).unwrap().digest;
    host.site.put_rule(counting(&host, &other)).unwrap();
    let is_anew = || host.events("count").iter().filter(|event| is_first(event)).count();
    host.wait_until("it begins anew", |_| is_anew() == 2);
    host.wait_until("it has a past", |_| host.calls("count") > 60);
    host.site.remove_rule(&name("count")).unwrap();
    host.site.put_rule(counting(&host, &other)).unwrap();
    host.wait_until("it begins anew again", |_| is_anew() == 3);
}

/// Whether it is of the first frame that a rule counts.
fn is_first(record: &ocellus_core::EventRecord) -> bool {
    record.event.attributes.contains(&("frames".to_owned(), ocellus_core::Value::Integer(1)))
}

#[test]
fn another_plugin_under_the_same_name_in_the_config_file_gets_nothing_of_the_former_ones_memory() {
    let host = TestSite::start(&["north"]);
    let rules = declared(&host);
    let host = host.restart_declaring(&["north"], rules);
    host.wait_until("it has a past", |_| host.calls("count") > 60);
    let settings = host.rule("count", "", &["north"], "{}");
    let probe = vec![DeclaredRule { settings, component: Some(marked(&[]).into()) }];
    let host = host.restart_declaring(&["north"], probe);
    host.wait_until("it works", |_| host.calls("count") > 60);
    let log = host.site.rule_log(&name("count")).unwrap();
    assert!(log.iter().all(|line| !line.message.contains("restored")), "{log:?}");
    let rules = declared(&host);
    let host = host.restart_declaring(&["north"], rules);
    host.wait_until("it begins anew", |_| {
        host.events("count").iter().filter(|one| is_first(one)).count() == 2
    });
    count(&host);
}
