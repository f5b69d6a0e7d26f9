//! What is refused before anything of it runs, and in which words.

use ocellus_runtime::{AbiVersion, Upload, VerifyError};

use crate::support::{guest, marked, runtime};

fn refusal(bytes: impl Into<Vec<u8>>) -> VerifyError {
    Upload::new(bytes.into())
        .verify(&runtime())
        .map(|verified| verified.artifact().digest)
        .expect_err("refused")
}

fn assert_says(error: &VerifyError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{text:?} says {part:?}");
    }
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("sound text")
}

#[test]
fn files_that_are_no_component_are_refused_each_with_its_remedy() {
    assert_says(&refusal([]), &["empty"]);
    assert_says(
        &refusal(*b"\x7fELF\x02\x01\x01"),
        &["precompiled", "upload the WebAssembly component itself"],
    );
    assert_says(&refusal(*b"OCELLUS\x01 and code"), &["precompiled"]);
    assert_says(&refusal(*b"  (component)"), &["text", "wasm-tools parse"]);
    assert_says(
        &refusal(component("(module)")),
        &["core WebAssembly module", "wasm32-wasip2", "component new"],
    );
    assert_says(&refusal(*b"PK\x03\x04"), &["not WebAssembly", "50 4b 03 04"]);
    assert_says(&refusal(vec![0; 33 << 20]), &["34603008 bytes", "the limit is 33554432"]);
}

#[test]
fn a_damaged_component_is_refused_wherever_the_damage_is() {
    let sound = guest("line");
    for cut in [8, 9, 100, sound.len() / 2, sound.len() - 1] {
        let error = refusal(&sound[..cut]);
        assert!(matches!(error, VerifyError::Invalid { .. } | VerifyError::NoContract), "{cut}: {error}");
    }
    let mut step = 8;
    while step < sound.len() {
        let mut damaged = sound.clone();
        damaged[step] ^= 0x55;
        // Either outcome is fine, as long as there is one: names and constants may be anything.
        let _ = Upload::new(damaged).verify(&runtime());
        step += 997;
    }
}

#[test]
fn what_would_keep_the_compiler_for_long_is_refused_before_it_begins() {
    let doubled = |number: usize| {
        let (before, twice) = (number - 1, "(instance (instantiate $p))".repeat(2));
        format!("(component $c{number} (alias outer 1 $c{before} (component $p)) {twice})")
    };
    let levels: String = (1..=30).map(doubled).collect();
    let first = "(component $c0 (core module $m) (core instance (instantiate $m)))";
    let error = refusal(component(&format!("(component {first} {levels})")));
    assert_says(&error, &["instances within instances, the limit is 10000", "too long"]);
    let within = |code: &str| component(&format!("(component (core module {code}))"));
    let error = refusal(within(&"(func)".repeat(100_001)));
    assert_says(&error, &["100001 functions, the limit is 100000"]);
    let (variables, loops) =
        ("i32 ".repeat(2_000), format!("{}{}", "loop ".repeat(1_001), "end ".repeat(1_001)));
    let error = refusal(within(&format!("(func (local {variables}) {loops})")));
    assert_says(&error, &["2002000 variables kept over loops, the limit is 2000000"]);
    let sound = within(&"(func (local i32) loop end)".repeat(1_000));
    assert_eq!(refusal(sound), VerifyError::NoContract, "much work, but work that a compiler can do");
}

#[test]
fn forbidden_imports_are_listed_by_name() {
    let error = refusal(guest("network"));
    assert_says(&error, &["wasi:sockets/tcp@0.2", "wasi:sockets/network@0.2", "without network"]);
    let error = refusal(component(
        r#"(component
            (import "ocellus:plugin/host@0.1.0" (instance))
            (import "wasi:http/types@0.2.0" (instance))
            (import "wasi:clocks/wall-clock@0.3.0" (instance))
            (import "open" (func)))"#,
    ));
    let expected = ["open", "wasi:clocks/wall-clock@0.3.0", "wasi:http/types@0.2.0"].map(str::to_owned);
    assert_eq!(error, VerifyError::ForbiddenImports { names: expected.to_vec() });
}

#[test]
fn a_component_of_another_contract_is_told_so() {
    assert_eq!(refusal(component("(component)")), VerifyError::NoContract);
    let error = refusal(component(r#"(component (import "ocellus:plugin/host@0.9.0" (instance)))"#));
    assert_says(&error, &["ocellus:plugin 0.9.0", "this host speaks 0.1"]);
    let mixed = r#"(component
        (import "ocellus:plugin/host@0.1.0" (instance)) (import "ocellus:plugin/types@1.0.0" (instance)))"#;
    assert_says(&refusal(component(mixed)), &["0.1.0, 1.0.0"]);
}

#[test]
fn missing_and_misshapen_exports_are_named() {
    let none = r#"(component (import "ocellus:plugin/host@0.1.7" (instance)))"#;
    assert_says(&refusal(component(none)), &["lacks", "command, configure, describe", "save"]);
    let wrong = r#"(component
        (import "ocellus:plugin/host@0.1.0" (instance))
        (core module $m (func (export "save") (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func $save (result s32) (canon lift (core func $i "save")))
        (export "save" (func $save)))"#;
    let error = refusal(component(wrong));
    assert!(matches!(&error, VerifyError::WrongType { name, .. } if name == "save"), "{error}");
}

#[test]
fn a_sound_component_shows_what_it_is() {
    let bytes = guest("probe");
    let verified = Upload::new(bytes.clone()).verify(&runtime()).expect("sound");
    let artifact = verified.artifact();
    assert_eq!(artifact.abi, AbiVersion::V0_1);
    assert_eq!(&*artifact.bytes, &*bytes);
    assert!(artifact.imports.iter().any(|import| import == "ocellus:plugin/host@0.1.0"));
    let compiled = verified.compile(&runtime()).expect("compiles");
    let description = compiled.description();
    assert_eq!((description.name.as_str(), description.version.to_string().as_str()), ("probe", "1.0.0"));
    assert_eq!(description.summary, "Misbehaves on request.");
}

#[test]
fn a_description_that_cannot_be_used_is_refused_with_the_field() {
    let refused = |marks: &[(&str, &str)]| {
        runtime()
            .load(marked(marks))
            .map(|compiled| compiled.description().clone())
            .expect_err("refused")
            .to_string()
    };
    assert!(refused(&[("@name=", "two words")]).contains("name that cannot be used: \"two words\""));
    assert!(refused(&[("@version=", "one  ")]).contains("such as 1.2.0"));
    assert!(refused(&[("@deed=", "describe-bad-schema")]).contains("settings schema"));
    assert!(
        refused(&[("@deed=", "describe-powers")]).contains("powers that this host does not have: network")
    );
}
