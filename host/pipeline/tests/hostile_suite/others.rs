//! Sound rules of contract 0.2 beside the hostile ones: what they say is heard, and what they call is called.

use std::time::Duration;

use ocellus_core::{Power, Powers, Value};
use ocellus_runtime::Grants;

use crate::server::Server;
use crate::site::{TestSite, name};

/// A rule that speaks once a frame.
const MOUTH: &str = "mouth";
/// One that counts what it hears, on every camera.
const EAR: &str = "ear";
/// One that has an address called once a frame.
const BELL: &str = "bell";
/// Calls that may be on their way, in frames.
const ON_THE_WAY: usize = 32;

/// What a call of theirs may take: a processor that is lent to others meanwhile counts as used, and that is nobody's
/// misdeed here.
pub(crate) const PATIENCE: Duration = Duration::from_millis(200);

/// Every power, and the addresses below `/hooks/` of `server`.
pub(crate) fn all_powers(server: &Server) -> Grants {
    let address = format!("http://{}/hooks/", server.address);
    Grants::new(Power::ALL.into_iter().collect(), &[address]).unwrap()
}

/// Binds them; `plugin` is the guest `powers`.
pub(crate) fn bind(host: &TestSite, (plugin, server): (&str, &Server), cameras: &[&str]) {
    let messages = || Grants::new(Powers::NONE.with(Power::Messages), &[]).unwrap();
    let bind = |rule, cameras, settings: &str, grants| {
        let mut rule = host.rule(rule, plugin, cameras, settings);
        rule.grants = Some(grants);
        rule.policy.limits.call = PATIENCE;
        host.site.put_rule(rule).unwrap();
    };
    bind(EAR, cameras, r#"{"hear":"flood","do":"listen"}"#, messages());
    host.wait_until("the ear listens", |_| host.calls(EAR) > 4);
    bind(MOUTH, &cameras[..1], r#"{"publish":"flood"}"#, messages());
    let settings = format!(r#"{{"webhook":"http://{}/hooks/bell"}}"#, server.address);
    bind(BELL, &cameras[..1], &settings, all_powers(server));
}

/// What is not well with them.
pub(crate) fn faults(host: &TestSite, server: &Server) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in [MOUTH, EAR, BELL] {
        for on in host.site.rule(&name(rule)).unwrap().cameras {
            let health = &on.health;
            if health.last_error.is_some() || health.skipped + health.throttled + health.restarts > 0 {
                faults.push(format!("{rule}: {on:?}"));
            }
        }
    }
    faults.extend(unheard(host));
    let rung = server.heads().iter().filter(|head| head.starts_with("POST /hooks/bell ")).count();
    let called = host.events(BELL).len();
    if rung + ON_THE_WAY < called {
        faults.push(format!("{BELL}: called {called} times and answered {rung} times"));
    }
    faults
}

/// Cameras on which the ear has missed something that the mouth said.
fn unheard(host: &TestSite) -> Vec<String> {
    let said = host.events(MOUTH).len();
    let ears = host.site.rule(&name(EAR)).unwrap().cameras;
    let heard = |camera: &str| -> usize {
        let on_camera = host.events(EAR).into_iter().filter(|record| record.camera.as_str() == camera);
        let mouths = on_camera.flat_map(|record| record.event.attributes).filter(|(key, _)| key == "mouth");
        let count =
            |value| if let Value::Integer(count) = value { usize::try_from(count).unwrap() } else { 0 };
        mouths.map(|(_, value)| count(value)).sum()
    };
    let missed = |camera: &str| heard(camera) + ON_THE_WAY < said;
    let deaf = ears.iter().filter(|on| missed(&on.camera));
    deaf.map(|on| format!("{EAR} on {}: heard {} of {said} messages", on.camera, heard(&on.camera))).collect()
}

/// Requests that no operator has allowed.
pub(crate) fn trespasses(server: &Server) -> Vec<String> {
    let host = format!("host: {}", server.address);
    let is_allowed = |head: &String| {
        let hosts: Vec<&str> = head.lines().filter(|line| line.starts_with("host:")).collect();
        let asked = head.lines().next().unwrap_or("");
        asked.starts_with("POST /hooks/") && !asked.contains("..") && hosts == [host.as_str()]
    };
    server.heads().into_iter().filter(|head| !is_allowed(head)).collect()
}
