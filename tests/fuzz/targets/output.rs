//! Outputs of a rule: what it puts into its memory, and what the host lets through of it.
//!
//! The first byte of an input chooses: odd, and the rest becomes an output whose fate is known; even, and the rest
//! is the component's memory as it stands, lying pointers and all.

#![no_main]

use std::sync::OnceLock;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use ocellus_core::{RuleOutput, TimeUs};
use ocellus_fuzz::{contract, hand, image, inputs};
use ocellus_runtime::{CallError, Limits, Probed};

/// Where the component's memory is filled: a restored state goes there, and `finish` returns what lies there.
const BASE: u32 = 0x1000;
/// Bytes of an image; more would not fit into the component's memory.
const MOST: usize = 3 << 20;
const MEMORY: &[(&str, &str)] = &[
    ("(export \"memory\") 1)", "(export \"memory\") 64)"),
    (";;module;;", "(global $next (mut i32) (i32.const 0x1000))"),
    // The next free multiple of 8.
    (
        ";;realloc;;",
        "global.get $next (global.set $next (i32.and (i32.const -8)
            (i32.add (global.get $next) (i32.add (local.get 3) (i32.const 7))))) return",
    ),
    (";;configure;;", "(global.set $next (i32.const 0x1000))"),
    (";;finish;;", "i32.const 0x1000 return"),
];

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((first, rest)) if first % 2 == 1 => {
            if let Ok(output) = inputs::output(&mut Unstructured::new(rest)) {
                told(&output);
            }
        }
        Some((_, rest)) => raw(rest),
        None => {}
    }
});

/// A sound output comes through as it is; any other is refused by name.
fn told(output: &RuleOutput) {
    let memory = image::ok(output, BASE);
    if memory.len() > MOST {
        return;
    }
    match call(&memory) {
        Ok(passed) => {
            assert!(contract::is_sound(output), "let through: {output:?}");
            assert_eq!(passed, contract::let_through(output.clone()));
        }
        Err(CallError::InvalidOutput { .. } | CallError::TooMany { .. }) => {
            assert!(!contract::is_sound(output), "refused: {output:?}");
        }
        // Much text in all, or a machine that is busy: neither says that the output is unsound.
        Err(CallError::OutputTooLarge { .. } | CallError::Deadline { .. }) => {}
        Err(error) => panic!("{error}: {output:?}"),
    }
}

/// Whatever comes through keeps the host's promises, and takes a bounded part of its memory.
fn raw(memory: &[u8]) {
    let Ok(passed) = call(memory) else { return };
    assert!(contract::is_sound(&passed), "let through: {passed:?}");
    assert_eq!(passed, contract::let_through(passed.clone()), "left in: {passed:?}");
    let texts = passed.events.iter().flat_map(|event| event.attributes.iter().map(|(key, _)| key.len()));
    assert!(texts.sum::<usize>() <= Limits::default().output);
}

fn call(memory: &[u8]) -> Result<RuleOutput, CallError> {
    static PROBED: OnceLock<Probed> = OnceLock::new();
    let probed = PROBED.get_or_init(|| {
        let compiled =
            hand::runtime().load(hand::component(MEMORY)).unwrap_or_else(|error| panic!("{error}"));
        let bound = compiled.bind(hand::binding("{}")).unwrap_or_else(|error| panic!("{error}"));
        bound.probe().unwrap_or_else(|error| panic!("{error}"))
    });
    let share = probed.shares().into_iter().next();
    let mut instance = share
        .ok_or(CallError::Dead)
        .and_then(|share| probed.instantiate(share))
        .unwrap_or_else(|error| panic!("{error}"));
    instance.restore(memory, &semver::Version::new(1, 0, 0))?;
    let outcome = instance.finish(TimeUs(1));
    if let Err(error) = &outcome {
        assert_eq!(instance.is_alive(), !error.is_fatal(), "{error}");
    }
    outcome
}
