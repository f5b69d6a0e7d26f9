//! The component of `tests/guests/hand.wat`, and a host that runs it.

use std::sync::{Arc, OnceLock};

use ocellus_core::{CameraHandle, Name};
use ocellus_runtime::{Binding, BoundCamera, Compiled, DeadlineMode, Limits, Runtime, RuntimeOptions};

const TEXT: &str = include_str!("../../guests/hand.wat");

/// The component with code in the marked places.
///
/// # Panics
/// When a mark is not there, or the result is not a component.
#[must_use]
pub fn component(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut text = TEXT.to_owned();
    for (mark, code) in parts {
        assert!(text.contains(mark), "hand.wat has no {mark}");
        text = text.replace(mark, code);
    }
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// One host for all inputs of a process.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let options = RuntimeOptions { max_instances: 8, ..RuntimeOptions::default() };
        Runtime::new(options).unwrap_or_else(|error| panic!("{error}"))
    })
}

/// The plugin as it stands, ready to be bound.
pub fn plain() -> &'static Compiled {
    static PLAIN: OnceLock<Compiled> = OnceLock::new();
    PLAIN.get_or_init(|| runtime().load(component(&[])).unwrap_or_else(|error| panic!("{error}")))
}

/// One camera and the usual limits.
#[must_use]
pub fn binding(settings: &str) -> Binding {
    let name = |text| Name::new(text).unwrap_or_else(|error| panic!("{error}"));
    let classes = Arc::from(["person".to_owned(), "car".to_owned()]);
    Binding {
        rule: name("fuzzed"),
        settings: settings.to_owned(),
        cameras: vec![BoundCamera { handle: CameraHandle(1), name: name("camera"), classes }],
        limits: Limits::default(),
        grants: ocellus_runtime::Grants::none(),
        deadline: DeadlineMode::Live,
    }
}
