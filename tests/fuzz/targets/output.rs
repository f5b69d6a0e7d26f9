//! Outputs of a rule: what it puts into its memory, and what the host lets through of it.
//!
//! The first byte of an input chooses. Bit 0: set, and the rest becomes an output whose fate is known; not set, and the
//! rest is the component's memory as it stands, lying pointers and all. Bit 1: set, and the rule speaks contract 0.2
//! with every power granted; not set, and it speaks 0.1.

#![no_main]

use std::sync::OnceLock;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use ocellus_core::{RuleOutput, TimeUs};
use ocellus_fuzz::{contract, hand, image, inputs};
use ocellus_runtime::{AbiVersion, CallError, Limits, Probed};

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
    let Some((first, rest)) = bytes.split_first() else { return };
    let contract = if first & 2 == 0 { AbiVersion::V0_1 } else { AbiVersion::V0_2 };
    match first & 1 {
        0 => raw(contract, rest),
        _ => {
            if let Ok(output) = inputs::output(&mut Unstructured::new(rest)) {
                told(contract, output);
            }
        }
    }
});

/// A sound output comes through as it is; any other is refused by name.
fn told(contract: AbiVersion, mut output: RuleOutput) {
    if contract == AbiVersion::V0_1 {
        (output.publications, output.webhooks) = (Vec::new(), Vec::new());
    }
    let memory = image::ok(contract, &output, BASE);
    if memory.len() > MOST {
        return;
    }
    match call(contract, &memory) {
        Ok(passed) => {
            assert!(contract::is_sound(&output), "let through: {output:?}");
            assert_eq!(passed, contract::let_through(output));
        }
        Err(CallError::InvalidOutput { .. } | CallError::TooMany { .. }) => {
            assert!(!contract::is_sound(&output), "refused: {output:?}");
        }
        // Much text in all, or a machine that is busy: neither says that the output is unsound.
        Err(CallError::OutputTooLarge { .. } | CallError::Deadline { .. }) => {}
        Err(error) => panic!("{error}: {output:?}"),
    }
}

/// Whatever comes through keeps the host's promises, and takes a bounded part of its memory.
fn raw(contract: AbiVersion, memory: &[u8]) {
    let Ok(passed) = call(contract, memory) else { return };
    assert!(contract::is_sound(&passed), "let through: {passed:?}");
    assert!(passed.webhooks.iter().all(|call| contract::is_granted(&call.url)), "called: {passed:?}");
    assert_eq!(passed, contract::let_through(passed.clone()), "left in: {passed:?}");
    let texts = passed.events.iter().flat_map(|event| event.attributes.iter().map(|(key, _)| key.len()));
    assert!(texts.sum::<usize>() <= Limits::default().output);
}

fn call(contract: AbiVersion, memory: &[u8]) -> Result<RuleOutput, CallError> {
    static PROBED: [OnceLock<Probed>; 2] = [const { OnceLock::new() }; 2];
    let probed = PROBED[usize::from(contract == AbiVersion::V0_2)].get_or_init(|| {
        let component = hand::component(contract, MEMORY);
        let compiled = hand::runtime().load(component).unwrap_or_else(|error| panic!("{error}"));
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
