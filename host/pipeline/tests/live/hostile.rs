//! Rules that misbehave cost only themselves.

use ocellus_runtime::RuleState;

use crate::site::{TestSite, name, probe};

/// Puts a rule that does `deed` from its tenth frame on onto one of two cameras.
fn stopped(deed: &str, says: &[&str]) {
    let host = TestSite::start(&["calm", "troubled"]);
    let plugin = host.site.upload_plugin(probe()).unwrap().digest;
    host.bind("good", &plugin, &["calm", "troubled"], "{}");
    host.bind("bad", &plugin, &["troubled"], &format!(r#"{{"do":"{deed}","after":10}}"#));
    host.wait_until("the rule is found out", |site| {
        site.rule(&name("bad")).unwrap().cameras[0].health.last_error.is_some()
    });
    let before = (host.frames("calm"), host.frames("troubled"));
    host.wait_until("both cameras go on", |_| {
        host.frames("calm") >= before.0 + 50 && host.frames("troubled") >= before.1 + 40
    });
    let (calm, troubled) = (host.frames("calm") - before.0, host.frames("troubled") - before.1);
    assert!(troubled as f64 >= 0.7 * calm as f64, "{deed}: {troubled} frames beside {calm}");
    let bad = host.site.rule(&name("bad")).unwrap();
    let health = &bad.cameras[0].health;
    let error = health.last_error.clone().unwrap();
    assert!(says.iter().any(|part| error.contains(part)), "{deed}: {error}");
    assert_ne!(health.strikes, 0, "{deed}");
    let shown = host.site.health();
    let component = shown.components.iter().find(|component| component.name == "rule bad").unwrap();
    assert!(health.state == RuleState::Active || !component.ready, "{deed}: {shown:?}");
    let good = host.site.rule(&name("good")).unwrap();
    assert!(
        good.cameras.iter().all(|on| on.health.state == RuleState::Active && on.health.last_error.is_none())
    );
}

#[test]
fn a_rule_that_loops_is_stopped() {
    stopped("loop", &["10 ms"]);
}

#[test]
fn a_rule_that_allocates_without_end_is_stopped() {
    stopped("allocate", &["64 MiB", "memory", "10 ms"]);
}

#[test]
fn a_rule_that_traps_is_restarted_and_named() {
    stopped("trap", &["unreachable", "trap", "panicked"]);
}

#[test]
fn a_rule_that_returns_a_million_events_is_stopped() {
    stopped("million-events", &["1000", "1,000", "MiB", "events", "10 ms"]);
}

#[test]
fn a_rule_that_floods_its_log_loses_lines_and_nothing_else() {
    let host = TestSite::start(&["calm", "troubled"]);
    let plugin = host.site.upload_plugin(probe()).unwrap().digest;
    host.bind("bad", &plugin, &["troubled"], r#"{"do":"log-flood","after":10}"#);
    host.wait_until("lines are dropped", |site| {
        site.rule(&name("bad")).unwrap().cameras[0].health.log_lines_dropped > 0
    });
    let before = (host.frames("calm"), host.frames("troubled"));
    host.wait_until("both cameras go on", |_| {
        host.frames("calm") >= before.0 + 50 && host.frames("troubled") >= before.1 + 40
    });
    let kept = host.site.rule_log(&name("bad")).unwrap();
    assert!(!kept.is_empty() && kept.len() <= 500, "{}", kept.len());
}
