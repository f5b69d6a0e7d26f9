//! The site on which the cases are played, and what must hold through all of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ocellus_core::{Value, VersionState};
use ocellus_pipeline::{RuleCameraStatus, RuleSettings, SiteError, TransitionQuery, WebhookCounts};
use ocellus_runtime::{CompilerLimits, CompilerProcess, OnFailure, RuleState, RuntimeOptions};

use crate::case::{Case, Made, Stops};
use crate::others;
use crate::pulse::Pulse;
use crate::server::Server;
use crate::site::{TestSite, guest, name, probe, probe_version};

const CAMERAS: [&str; 4] = ["north", "east", "south", "west"];
/// So few that a machine which is busy with other things does not make a camera drop one.
const FPS: u32 = 5;
/// Memory of a compiler; a small rule takes a fifth of it.
const COMPILER_MEMORY: u64 = 128 << 20;
/// Processor time of a compiler: so much that a bomb fills its memory first, also on a machine that is busy.
const COMPILER_TIME: Duration = Duration::from_secs(10);
/// Hostile rules that run at once.
const AT_ONCE: usize = 12;

/// Panics of any thread, also those that somebody caught.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A site with four cameras and a sound rule on all of them, which sees every frame.
pub(crate) struct Stage {
    host: TestSite,
    /// The probe as it is.
    sound: String,
    /// The guest `powers` as it is.
    powers: String,
    server: Server,
    pulse: Pulse,
    /// What was not as the tables say; told together at the end of a round.
    faults: RefCell<Vec<String>>,
}

/// Bytes that the process holds in memory.
pub(crate) fn resident_memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// Compiles in processes of their own, with so little memory that a bomb need not be large.
fn compiler() -> CompilerProcess {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples/site_compiler");
    assert!(program.is_file(), "{} is missing; build the examples", program.display());
    let limits = CompilerLimits { cpu: COMPILER_TIME, memory: COMPILER_MEMORY, ..CompilerLimits::default() };
    CompilerProcess { program, args: Vec::new(), limits }
}

impl Stage {
    pub(crate) fn set() -> Stage {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::Relaxed);
            usual(info);
        }));
        let options = RuntimeOptions { compiler: Some(compiler()), ..RuntimeOptions::default() };
        let host = TestSite::start_with(tempfile::tempdir().unwrap(), options, FPS, &CAMERAS);
        let [sound, witness, powers] = [probe(), probe_version("7.0.0"), guest("powers")]
            .map(|bytes| host.site.upload_plugin(bytes).unwrap().digest);
        let mut rule = host.rule("witness", &witness, &CAMERAS, r#"{"do":"echo"}"#);
        rule.policy.limits.call = others::PATIENCE;
        host.site.put_rule(rule).unwrap();
        let server = Server::start();
        others::bind(&host, (&powers, &server), &CAMERAS);
        let stage = Stage { host, sound, powers, server, pulse: Pulse::start(), faults: RefCell::default() };
        stage.goes_on(&[]);
        stage
    }

    /// Plays the cases one after the other, those that run beside each other.
    pub(crate) fn play(&self, cases: &[Case]) {
        let (running, others): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.runs());
        for some in others.chunks(AT_ONCE) {
            some.iter().for_each(|case| self.play_one(case));
            self.goes_on(some);
        }
        for some in running.chunks(AT_ONCE) {
            self.play_together(some);
            self.goes_on(some);
        }
        let faults = self.faults.borrow();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }

    fn play_one(&self, case: &Case) {
        if matches!(case.stops, Stops::AtUpload) {
            let refused = self.host.site.upload_plugin(case.made.bytes()).map(|plugin| plugin.digest);
            let error = refused.map_err(|error| error.to_string());
            return self.is_refused(case, error);
        }
        let plugin = self.upload(case);
        let rule = name(case.name);
        let north = name("north");
        match case.stops {
            Stops::AtBind => {
                let bound = self.host.site.put_rule(self.rule(case, &plugin, "north"));
                self.is_refused(case, bound.map(|_| String::new()).map_err(|error| error.to_string()));
            }
            Stops::AtActivation => {
                let sound = if case.made.is_granted() { &self.powers } else { &self.sound };
                self.host.site.put_rule(self.rule(case, sound, "north")).unwrap();
                self.host.wait_until("it has seen a frame", |_| self.host.calls(case.name) > 0);
                let refused = self.host.site.activate(&rule, &plugin, None);
                self.is_refused(case, refused.map(|_| String::new()).map_err(|error| error.to_string()));
                let after = self.host.site.rule(&rule).unwrap();
                assert_eq!(&after.digest, sound, "{}", case.name);
                self.keeps_nothing(case, &after.cameras[0]);
            }
            Stops::AtQuery(request) => {
                self.host.site.put_rule(self.rule(case, &plugin, "north")).unwrap();
                let error =
                    self.host.site.query_rule(&rule, &north, request).map_err(|error| error.to_string());
                self.says(case, &error.unwrap_err());
                self.is_told(case, RuleState::Quarantined, "north");
            }
            Stops::AtCommand(request) => {
                self.host.site.put_rule(self.rule(case, &plugin, "north")).unwrap();
                let error =
                    self.host.site.command_rule(&rule, &north, request).map_err(|error| error.to_string());
                self.says(case, &error.unwrap_err());
                self.is_told(case, RuleState::Quarantined, "north");
            }
            _ => unreachable!("these run together"),
        }
        self.clear(case, &plugin);
    }

    fn play_together(&self, cases: &[&Case]) {
        let plugins: Vec<String> = cases.iter().map(|case| self.upload(case)).collect();
        let placed: Vec<_> = cases.iter().zip(&plugins).zip(CAMERAS.iter().cycle()).collect();
        for ((case, plugin), camera) in &placed {
            let bound = self.host.site.put_rule(self.rule(case, plugin, camera));
            if let Err(error) = bound {
                self.fault(format!("{}: is not bound: {error}", case.name));
            }
        }
        for ((case, _), camera) in &placed {
            if self.host.site.rule(&name(case.name)).is_err() {
                continue;
            }
            match case.stops {
                Stops::Running => {
                    let place = if case.made.is_of_the_site() { "site" } else { camera };
                    self.is_told(case, RuleState::Quarantined, place);
                    self.keeps_nothing(case, &self.status(case));
                }
                Stops::Warned => self.is_told(case, RuleState::Active, camera),
                Stops::Harmless(shown) => {
                    self.host.wait_until(case.name, |_| {
                        let status = self.status(case);
                        shown(&status) || status.health.last_error.is_some()
                    });
                    let status = self.status(case);
                    if status.health.state != RuleState::Active || status.health.last_error.is_some() {
                        self.fault(format!("{}: {status:?}", case.name));
                    }
                }
                _ => {
                    self.host.wait_until(case.name, |_| {
                        let health = self.status(case).health;
                        health.strikes > 1 && health.last_error.is_some_and(|error| error.contains(case.says))
                    });
                    if matches!(case.stops, Stops::Forgets) {
                        self.keeps_nothing(case, &self.status(case));
                    }
                }
            }
        }
        for ((case, plugin), _) in &placed {
            self.clear(case, plugin);
        }
    }

    /// The rule's status on its camera, the host's health and, for a quarantine, the log of versions say why.
    fn is_told(&self, case: &Case, state: RuleState, camera: &str) {
        self.host.wait_until(case.name, |_| self.status(case).health.last_error.is_some());
        let health = self.status(case).health;
        self.says(case, health.last_error.as_deref().unwrap());
        if health.state != state {
            return self.fault(format!("{}: {health:?}", case.name));
        }
        if state != RuleState::Quarantined {
            return;
        }
        let shown = self.host.site.health();
        let part = shown.components.iter().find(|part| part.name == format!("rule {}", case.name)).unwrap();
        if part.ready || !part.detail.contains(camera) {
            self.fault(format!("{}: {part:?}", case.name));
        }
        self.host.wait_until(case.name, |site| {
            let query = TransitionQuery { rule: Some(name(case.name)), ..TransitionQuery::default() };
            let newest = site.transitions(&query).unwrap().into_iter().next().unwrap().transition;
            newest.state == VersionState::Quarantined && Some(newest.detail) == health.last_error
        });
    }

    /// What a call that failed wrote under keys is gone with it.
    fn keeps_nothing(&self, case: &Case, status: &RuleCameraStatus) {
        if status.health.values > 0 {
            self.fault(format!("{}: {status:?}", case.name));
        }
    }

    /// Whoever asked is told why, and so is the log of versions; neither is flooded.
    fn is_refused(&self, case: &Case, answer: Result<String, String>) {
        let Err(error) = answer else { return self.fault(format!("{}: is taken", case.name)) };
        self.says(case, &error);
        let newest = self.host.site.transitions(&TransitionQuery::default()).unwrap().remove(0).transition;
        assert_eq!(newest.state, VersionState::Refused, "{}", case.name);
        self.says(case, &newest.detail);
    }

    /// The case's words are in what somebody is told, and that is not long.
    fn says(&self, case: &Case, told: &str) {
        if !told.contains(case.says) {
            self.fault(format!("{}: {:?} is not in {told:?}", case.name, case.says));
        }
        if told.len() > 16 << 10 {
            self.fault(format!("{}: is told in {} bytes", case.name, told.len()));
        }
    }

    fn fault(&self, fault: String) {
        self.faults.borrow_mut().push(fault);
    }

    fn upload(&self, case: &Case) -> String {
        match case.made {
            Made::Settings(_) | Made::Drip => self.sound.clone(),
            Made::Powers(_) | Made::Powerless(_) | Made::PowersDrip(_) => self.powers.clone(),
            _ => {
                let uploaded = self.host.site.upload_plugin(case.made.bytes());
                uploaded.unwrap_or_else(|error| panic!("{}: {error}", case.name)).digest
            }
        }
    }

    fn rule(&self, case: &Case, plugin: &str, camera: &str) -> RuleSettings {
        let cameras: &[&str] = if case.made.is_of_the_site() { &CAMERAS } else { &[camera] };
        let settings = case.made.settings().replace("{server}", &self.server.address.to_string());
        let mut rule = self.host.rule(case.name, plugin, cameras, &settings);
        if case.made.is_granted() {
            rule.grants = Some(others::all_powers(&self.server));
        }
        rule.policy.limits.setup = Duration::from_millis(100);
        if !case.is_about_time() {
            rule.policy.limits.call = others::PATIENCE;
        }
        if case.made.is_held_short() {
            rule.policy.limits.call_per_second = Duration::from_millis(1);
        }
        rule.policy.on_failure = match case.stops {
            Stops::Again | Stops::Forgets => OnFailure::Skip,
            _ => OnFailure::Disable,
        };
        rule
    }

    fn clear(&self, case: &Case, plugin: &str) {
        if self.host.site.rule(&name(case.name)).is_ok() {
            self.host.site.remove_rule(&name(case.name)).unwrap();
        }
        if plugin != self.sound && plugin != self.powers {
            match self.host.site.remove_plugin(plugin) {
                // The last of the cases that share it takes it along.
                Ok(()) | Err(SiteError::InUse { .. }) => {}
                Err(error) => panic!("{}: {error}", case.name),
            }
        }
    }

    fn status(&self, case: &Case) -> RuleCameraStatus {
        self.host.site.rule(&name(case.name)).unwrap().cameras.remove(0)
    }

    /// Every camera shows its rules a frame more, none has dropped one, and nobody has panicked.
    fn goes_on(&self, after: &[&Case]) {
        let names: Vec<&str> = after.iter().map(|case| case.name).collect();
        let before = CAMERAS.map(|camera| self.host.frames(camera));
        self.host.wait_until("the cameras go on", |_| {
            CAMERAS.iter().zip(before).all(|(camera, frames)| self.host.frames(camera) > frames)
        });
        let dropped = CAMERAS.map(|camera| self.host.site.camera(&name(camera)).unwrap().dropped);
        let panics = PANICS.load(Ordering::Relaxed);
        if panics > 0 {
            self.fault(format!("after {names:?}: {panics} panics"));
        }
        if dropped.iter().any(|&dropped| dropped > self.excused()) {
            let late = self.pulse.late();
            self.fault(format!(
                "after {names:?}: {dropped:?} frames dropped; the machine was late by {late:?}"
            ));
        }
    }

    /// Frames that a camera may have dropped because the machine stood still, by the time it did: none on a machine
    /// that has room for this test.
    fn excused(&self) -> u64 {
        u64::try_from(self.pulse.late().as_millis()).unwrap().div_ceil(1000 / u64::from(FPS) / 4)
    }

    /// Ends the site; the sound rule has seen every frame of every camera exactly once.
    pub(crate) fn close(self) {
        let witness = self.host.site.rule(&name("witness")).unwrap();
        for on in &witness.cameras {
            assert!(on.health.last_error.is_none() && on.health.skipped + on.health.throttled == 0, "{on:?}");
        }
        let calls = self.host.site.webhooks();
        let sum = |part: fn(&WebhookCounts) -> u64| calls.iter().map(|(_, counts)| part(counts)).sum::<u64>();
        let sums =
            [sum(|counts| counts.delivered), sum(|counts| counts.failed), sum(|counts| counts.dropped)];
        assert!(!sums.contains(&0), "{calls:?}");
        assert_eq!(others::faults(&self.host, &self.server), [""; 0]);
        assert_eq!(others::trespasses(&self.server), [""; 0]);
        let report = self.host.site.shutdown(Duration::from_secs(20));
        assert!(report.still_running.is_empty() && report.events_lost == 0, "{report:?}");
        let mut seen: BTreeMap<_, Vec<u64>> = BTreeMap::new();
        for record in self.host.events("witness") {
            let Value::Text(text) = &record.event.attributes[0].1 else { panic!("{record:?}") };
            assert!(text.contains(&format!("sequence: {},", record.frame)), "{text}");
            seen.entry(record.camera.clone()).or_default().push(record.frame);
        }
        for camera in &report.cameras {
            let frames = &seen[&camera.name];
            let expected: Vec<u64> = (frames[0]..camera.frames).collect();
            assert_eq!(frames, &expected, "camera {}", camera.name);
            assert!(camera.dropped <= self.excused(), "camera {}: {} dropped", camera.name, camera.dropped);
        }
        assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    }
}

impl Case {
    fn runs(&self) -> bool {
        use Stops::{Again, Forgets, Harmless, Running, Warned};
        matches!(self.stops, Running | Again | Forgets | Warned | Harmless(_))
    }

    /// Whether it is to be stopped for the time of one call; all others have more than they need, since time for which
    /// a machine lends a processor away, or looks for memory, is counted as the call's.
    fn is_about_time(&self) -> bool {
        self.says.contains("10 ms")
    }
}
