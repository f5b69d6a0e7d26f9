//! The rules whose changes are killed.

use std::fs;

use ocellus_core::{Power, Powers};
use ocellus_pipeline::{RulePolicy, RuleSettings, Site};
use ocellus_runtime::Grants;
use ocellus_store::Digest;

use crate::stand::{CAMERAS, name};

/// The rule's name.
pub(crate) const RULE: &str = "count";

/// One of them. Each counts the frames that it sees, over all its versions and restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// With one instance a camera, of the first contract.
    Plain,
    /// With one instance a camera, which counts under a key, too.
    Values,
    /// With one instance for all cameras, which counts under a key, too.
    Site,
}

impl Subject {
    pub(crate) const ALL: [Subject; 3] = [Subject::Plain, Subject::Values, Subject::Site];

    /// Its component in the first or the second version; built by `make guests`.
    pub(crate) fn version(self, number: usize) -> Vec<u8> {
        let program = std::env::current_exe().unwrap();
        let guest = if self == Subject::Plain { "probe" } else { "powers" };
        let path = program.ancestors().nth(3).unwrap().join("guests/wasm32-wasip2/release");
        let path = path.join(format!("{guest}.wasm"));
        let mut bytes = fs::read(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run `make guests` first", path.display()));
        let mut write = |mark: &str, text: &str| {
            let at = bytes.windows(mark.len()).position(|window| window == mark.as_bytes()).unwrap();
            bytes[at + mark.len()..][..text.len()].copy_from_slice(text.as_bytes());
        };
        write("@version=", ["1.0.0", "2.0.0"][number]);
        if self == Subject::Site {
            write("@deed=", "describe-site");
        }
        bytes
    }

    pub(crate) fn digest(self, number: usize) -> Digest {
        Digest::of(&self.version(number))
    }

    /// What binds it to all cameras.
    pub(crate) fn settings(self, plugin: String) -> RuleSettings {
        let (settings, powers) = match self.has_values() {
            true => (r#"{"keep":"frames"}"#, Powers::NONE.with(Power::KeyValue)),
            false => ("{}", Powers::NONE),
        };
        RuleSettings {
            name: name(RULE),
            plugin,
            cameras: CAMERAS.map(name).to_vec(),
            settings: settings.to_owned(),
            policy: RulePolicy::default(),
            grants: Grants::new(powers, &[]).unwrap(),
        }
    }

    /// Where its instances work.
    pub(crate) fn places(self) -> &'static [&'static str] {
        if self == Subject::Site { &["site"] } else { &CAMERAS }
    }

    pub(crate) fn has_values(self) -> bool {
        self != Subject::Plain
    }

    /// Frames that it has counted at a place.
    pub(crate) fn counted(self, site: &Site, place: &str) -> u64 {
        let camera = if self == Subject::Site { CAMERAS[0] } else { place };
        let question = if self.has_values() { "counts" } else { "" };
        let answer = site.query_rule(&name(RULE), &name(camera), question).unwrap();
        let mut counts = answer.split(' ');
        let frames = counts.next().unwrap();
        if self.has_values() {
            assert_eq!(counts.next(), Some(frames), "state and value are of two moments");
        }
        frames.parse().unwrap()
    }

    /// Has an instance of it trap.
    pub(crate) fn trap(self, site: &Site) {
        let (rule, camera) = (name(RULE), name(CAMERAS[0]));
        let trapped = match self.has_values() {
            true => site.command_rule(&rule, &camera, "trap").is_err(),
            false => site.query_rule(&rule, &camera, "trap").is_err(),
        };
        assert!(trapped);
    }
}
