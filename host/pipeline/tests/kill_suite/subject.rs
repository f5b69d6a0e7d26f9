//! The rules whose changes are killed.

use std::fs;

use ocellus_core::{Power, Powers};
use ocellus_pipeline::{RulePolicy, RuleSettings, Site};
use ocellus_runtime::Grants;
use ocellus_store::Digest;

use crate::stand::{CAMERAS, name};

/// The rule's name.
pub(crate) const RULE: &str = "count";

/// One of them. Each counts the frames that it sees, over all its versions and restarts: in its state, and alike under
/// a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// With one instance a camera.
    Cameras,
    /// With one instance for all cameras.
    Site,
}

impl Subject {
    pub(crate) const ALL: [Subject; 2] = [Subject::Cameras, Subject::Site];

    /// Its component in the first or the second version; built by `make guests`.
    pub(crate) fn version(self, number: usize) -> Vec<u8> {
        let program = std::env::current_exe().unwrap();
        let path = program.ancestors().nth(3).unwrap().join("guests/wasm32-wasip2/release/powers.wasm");
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
    pub(crate) fn settings(plugin: String) -> RuleSettings {
        RuleSettings {
            name: name(RULE),
            plugin,
            cameras: CAMERAS.map(name).to_vec(),
            settings: r#"{"keep":"frames"}"#.to_owned(),
            policy: RulePolicy::default(),
            grants: Grants::new(Powers::NONE.with(Power::KeyValue), &[]).unwrap(),
        }
    }

    /// Where its instances work.
    pub(crate) fn places(self) -> &'static [&'static str] {
        if self == Subject::Site { &["site"] } else { &CAMERAS }
    }

    /// Frames that it has counted at a place.
    pub(crate) fn counted(self, site: &Site, place: &str) -> u64 {
        let camera = if self == Subject::Site { CAMERAS[0] } else { place };
        let answer = site.query_rule(&name(RULE), &name(camera), "counts").unwrap();
        let (state, value) = answer.split_once(' ').unwrap();
        assert_eq!(state, value, "state and value are of two moments");
        state.parse().unwrap()
    }
}

/// Has an instance of the rule trap.
pub(crate) fn trap(site: &Site) {
    site.command_rule(&name(RULE), &name(CAMERAS[0]), "trap").unwrap_err();
}
