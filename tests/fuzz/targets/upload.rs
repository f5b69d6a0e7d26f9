//! Uploads: any bytes, components changed section by section, and generated ones, through verification.
//!
//! An input that begins with `g` is food for the generator; any other is the upload itself.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use ocellus_fuzz::{hand, sections};
use ocellus_runtime::{AbiVersion, Upload, Verified};

/// Bytes of a refusal, which may hold names out of the upload.
const MESSAGE: usize = 4096;
/// Verified components of at most so many bytes are compiled and tried, which takes milliseconds.
const SMALL: usize = 8 << 10;
/// Of larger ones one in so many is, by its digest.
const SAMPLE: u8 = 16;

fuzz_target!(|bytes: &[u8]| {
    match bytes.split_first() {
        Some((b'g', food)) => upload(generated(food)),
        _ => upload(bytes.to_vec()),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    sections::mutate(data, size, max_size, seed)
});

#[cfg(feature = "smith")]
fn generated(food: &[u8]) -> Vec<u8> {
    let mut food = arbitrary::Unstructured::new(food);
    wasm_smith::Component::new(wasm_smith::Config::default(), &mut food)
        .map_or_else(|_| Vec::new(), |component| component.to_bytes())
}

#[cfg(not(feature = "smith"))]
fn generated(_: &[u8]) -> Vec<u8> {
    Vec::new()
}

fn upload(bytes: Vec<u8>) {
    match Upload::new(bytes.clone()).verify(hand::runtime()) {
        Err(refusal) => {
            let length = refusal.to_string().len();
            assert!((1..=MESSAGE).contains(&length), "a refusal of {length} bytes");
        }
        Ok(verified) => {
            let artifact = verified.artifact();
            assert_eq!(&*artifact.bytes, bytes.as_slice(), "the upload was changed");
            assert!(AbiVersion::ALL.contains(&artifact.abi));
            if bytes.len() <= SMALL || artifact.digest.as_bytes()[0] % SAMPLE == 0 {
                try_out(verified);
            }
        }
    }
}

/// Everything that may go wrong from here on has a type; a panic is what is looked for.
fn try_out(verified: Verified) {
    let Ok(compiled) = verified.compile(hand::runtime()) else { return };
    let Ok(bound) = compiled.bind(hand::binding("{}")) else { return };
    let Ok(probed) = bound.probe() else { return };
    for share in probed.shares() {
        drop(probed.instantiate(share));
    }
}
