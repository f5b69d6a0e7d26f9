//! The components of `tests/guests/hand.wat` and `hand_v0_2.wat`, and a host that runs them.

use std::sync::{Arc, OnceLock};

use ocellus_core::{CameraHandle, Name, Power};
use ocellus_runtime::{
    AbiVersion, Binding, BoundCamera, Compiled, DeadlineMode, Grants, Limits, Runtime, RuntimeOptions,
};

/// The one address that rules may have called, with all that is below it.
pub const ADDRESS: &str = "http://127.0.0.1:9/hooks/";

/// The component that speaks `contract`, with code in the marked places.
///
/// # Panics
/// When a mark is not there, or the result is not a component.
#[must_use]
pub fn component(contract: AbiVersion, parts: &[(&str, &str)]) -> Vec<u8> {
    let text = match contract {
        AbiVersion::V0_1 => include_str!("../../guests/hand.wat"),
        AbiVersion::V0_2 => include_str!("../../guests/hand_v0_2.wat"),
    };
    let mut text = text.to_owned();
    for (mark, code) in parts {
        assert!(text.contains(mark), "the component has no {mark}");
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

/// The plugin of contract 0.1 as it stands, ready to be bound.
pub fn plain() -> &'static Compiled {
    static PLAIN: OnceLock<Compiled> = OnceLock::new();
    PLAIN.get_or_init(|| {
        let plain = runtime().load(component(AbiVersion::V0_1, &[]));
        plain.unwrap_or_else(|error| panic!("{error}"))
    })
}

/// Every power, and [`ADDRESS`].
pub fn grants() -> &'static Grants {
    static GRANTS: OnceLock<Grants> = OnceLock::new();
    GRANTS.get_or_init(|| {
        let granted = Grants::new(Power::ALL.into_iter().collect(), &[ADDRESS.to_owned()]);
        granted.unwrap_or_else(|error| panic!("{error}"))
    })
}

/// One camera, the usual limits, and every power.
#[must_use]
pub fn binding(settings: &str) -> Binding {
    let name = |text| Name::new(text).unwrap_or_else(|error| panic!("{error}"));
    let classes = Arc::from(["person".to_owned(), "car".to_owned()]);
    Binding {
        rule: name("fuzzed"),
        settings: settings.to_owned(),
        cameras: vec![BoundCamera { handle: CameraHandle(1), name: name("camera"), classes }],
        limits: Limits::default(),
        grants: grants().clone(),
        deadline: DeadlineMode::Live,
    }
}
