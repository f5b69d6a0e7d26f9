//! Components by hand that break contract 0.2 as no compiler would.

use crate::case::Made::{self, Bytes, HandV02, LateV02};
use crate::case::Stops::{self, AtBind, AtUpload, Harmless, Running, Warned};
use crate::case::{Case, named};
use crate::made::{self, Speaks};

type Row = (&'static str, Made, Stops, &'static str);

/// What is refused before it runs.
pub(crate) fn refused() -> Vec<Case> {
    let bound = configured().into_iter().map(|(name, made, says)| (name, made, AtBind, says));
    named(uploads().into_iter().map(|(name, made, says)| (name, made, AtUpload, says)).chain(bound))
}

/// What passes its trial and breaks the contract later.
pub(crate) fn cases() -> Vec<Case> {
    named(outputs().into_iter().chain(host_calls()))
}

/// A description is at 16: name, version, summary and schema (pointer and length each), the scope at 48, the powers at
/// 49.
fn uploads() -> Vec<(&'static str, Made, &'static str)> {
    vec![
        (
            "speaks-both-contracts",
            HandV02(&[("before", r#"(import "ocellus:plugin/host@0.1.0" (instance))"#)]),
            "0.1.0, 0.2.0",
        ),
        (
            "wants-more-of-key-value",
            HandV02(&[(
                "before",
                r#"(import "ocellus:plugin/key-value@0.2.0" (instance (export "all" (func))))"#,
            )]),
            "`all`",
        ),
        (
            "wants-other-powers",
            Bytes(|| {
                made::instead(Speaks::V02, r#""wall-clock" "webhook""#, r#""wall-clock" "webhook" "files""#)
            }),
            "describe has another type",
        ),
        (
            "exports-the-functions-of-0-1",
            Bytes(|| {
                made::instead(
                    Speaks::V02,
                    r#"(export "finish" (func $finish))"#,
                    r#"(export "finish" (func $save))"#,
                )
            }),
            "finish has another type",
        ),
        (
            "describes-an-unknown-scope",
            HandV02(&[("start", "(i32.store8 (i32.const 48) (i32.const 9))")]),
            "describe: the rule trapped",
        ),
        (
            "describes-itself-beyond-its-memory",
            HandV02(&[("describe", "(return (i32.const -16))")]),
            "describe: the rule trapped",
        ),
        ("describes-itself-misaligned", HandV02(&[("describe", "(return (i32.const 17))")]), "not aligned"),
        (
            "describes-8-mib",
            HandV02(&[(
                "start",
                "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 36) (i32.const 0x800000))",
            )]),
            "describe: the rule handed the host more than 1048576 bytes",
        ),
    ]
}

/// The result of `configure` is at 0x200: a byte, then pointer and length of the topics from 0x204 on.
fn configured() -> Vec<(&'static str, Made, &'static str)> {
    vec![
        (
            "topics-out-of-bounds",
            HandV02(&[(
                "configure",
                "(i32.store (i32.const 0x204) (i32.const -16)) (i32.store (i32.const 0x208) (i32.const 2))",
            )]),
            "configure: the rule trapped",
        ),
        (
            "a-billion-topics",
            HandV02(&[("configure", "(i32.store (i32.const 0x208) (i32.const 0x40000000))")]),
            "configure: the rule trapped",
        ),
        (
            "topics-misaligned",
            HandV02(&[(
                "configure",
                "(i32.store (i32.const 0x204) (i32.const 0x2001)) (i32.store (i32.const 0x208) (i32.const 1))",
            )]),
            "not aligned",
        ),
    ]
}

/// An output is at 0x204: pointer and length of events, measurements, overlays, publications (0x21c) and webhook calls
/// (0x224).
fn outputs() -> Vec<Row> {
    let stopped = |(name, late, says)| (name, LateV02(late), Running, says);
    let lies = [
        (
            "publications-out-of-bounds",
            "(i32.store (i32.const 0x21c) (i32.const -32)) (i32.store (i32.const 0x220) (i32.const 1))",
            "out of bounds",
        ),
        (
            "publications-misaligned",
            "(i32.store (i32.const 0x21c) (i32.const 0x2003)) (i32.store (i32.const 0x220) (i32.const 1))",
            "not aligned",
        ),
        (
            "a-billion-publications",
            "(i32.store (i32.const 0x220) (i32.const 0x7fffffff))",
            "process: the rule trapped",
        ),
        (
            "calls-out-of-bounds",
            "(i32.store (i32.const 0x224) (i32.const -32)) (i32.store (i32.const 0x228) (i32.const 1))",
            "out of bounds",
        ),
        (
            "a-billion-calls",
            "(i32.store (i32.const 0x228) (i32.const 0x7fffffff))",
            "process: the rule trapped",
        ),
        (
            "attribute-unknown",
            "(i32.store (i32.const 0x2000) (i32.const 0x80)) (i32.store (i32.const 0x2004) (i32.const 4))
             (i32.store (i32.const 0x2008) (i32.const 0x2100)) (i32.store (i32.const 0x200c) (i32.const 1))
             (i32.store8 (i32.const 0x2108) (i32.const 9))
             (i32.store (i32.const 0x21c) (i32.const 0x2000)) (i32.store (i32.const 0x220) (i32.const 1))",
            "process: the rule trapped",
        ),
        (
            "topic-of-2-gib",
            "(i32.store (i32.const 0x2004) (i32.const 0x7fffffff))
             (i32.store (i32.const 0x21c) (i32.const 0x2000)) (i32.store (i32.const 0x220) (i32.const 1))",
            "process: the rule trapped",
        ),
        (
            "body-of-8-mib",
            "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 0x200c) (i32.const 0x800000))
             (i32.store (i32.const 0x224) (i32.const 0x2000)) (i32.store (i32.const 0x228) (i32.const 1))",
            "process: the rule handed the host more than",
        ),
    ];
    let mut rows: Vec<Row> = lies.into_iter().map(stopped).collect();
    rows.push((
        "1000-nameless-publications",
        LateV02(
            "(i32.store (i32.const 0x21c) (i32.const 0x2000)) (i32.store (i32.const 0x220) (i32.const 1000))",
        ),
        Warned,
        "1000 publications, at most 64",
    ));
    rows.push((
        "1000-empty-calls",
        LateV02(
            "(i32.store (i32.const 0x224) (i32.const 0x2000)) (i32.store (i32.const 0x228) (i32.const 1000))",
        ),
        Warned,
        "1000 webhook calls, at most 16",
    ));
    rows.push((
        "asks-for-powers-that-are-none",
        HandV02(&[("start", "(i32.store8 (i32.const 49) (i32.const 0xff))")]),
        Harmless(|on| on.health.calls > 10),
        "",
    ));
    rows
}

/// A way to the values under keys, by a memory of its own.
const VALUES: &str = r#"
    (core module $other (memory (export "memory") 200)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const -16)
      (data (i32.const 0) "\ff\fe"))
    (core instance $o (instantiate $other))
    (import "ocellus:plugin/key-value@0.2.0" (instance $values
      (type $refusals (variant (case "not-granted") (case "not-now") (case "bad-key" u32) (case "too-large" u32)
        (case "full" u64)))
      (export "refusal" (type $refusal (eq $refusals)))
      (export "get" (func (param "key" string) (result (result (option (list u8)) (error $refusal)))))
      (export "set" (func (param "key" string) (param "value" (list u8)) (result (result (error $refusal)))))
      (export "keys" (func (param "prefix" string) (param "after" (option string)) (param "limit" u32)
        (result (result (list string) (error $refusal)))))))
    (core func $get (canon lower (func $values "get") (memory (core memory $o "memory"))
      (realloc (core func $o "realloc"))))
    (core func $set (canon lower (func $values "set") (memory (core memory $o "memory"))))
    (core func $keys (canon lower (func $values "keys") (memory (core memory $o "memory"))
      (realloc (core func $o "realloc"))))"#;
const WITH_VALUES: &str = r#"(with "host" (instance (export "get" (func $get)) (export "set" (func $set))
    (export "keys" (func $keys))))"#;
const IMPORT_VALUES: &str = r#"(import "host" "get" (func $get (param i32 i32 i32)))
    (import "host" "set" (func $set (param i32 i32 i32 i32 i32)))
    (import "host" "keys" (func $keys (param i32 i32 i32 i32 i32 i32 i32)))"#;

/// A component that calls the host so.
macro_rules! values {
    ($late:expr) => {
        HandV02(&[("before", VALUES), ("with", WITH_VALUES), ("import", IMPORT_VALUES), ("late", $late)])
    };
}

/// Calls of `key-value` with arguments that are none. `set` and `get` take pointer and length of the key (and of the
/// value), and where the answer goes; at 16 are zeros, at 0 is what is not UTF-8.
fn host_calls() -> Vec<Row> {
    let stopped = |(name, made, says)| (name, made, Running, says);
    [
        (
            "key-out-of-bounds",
            values!("(call $set (i32.const -8) (i32.const 64) (i32.const 16) (i32.const 1) (i32.const 1024))"),
            "out of bounds",
        ),
        (
            "key-not-utf-8",
            values!("(call $set (i32.const 0) (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 1024))"),
            "invalid utf-8",
        ),
        (
            "value-of-a-gigabyte",
            values!("(call $set (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 0x40000000) (i32.const 1024))"),
            "process: the rule trapped",
        ),
        (
            "value-of-12-mib",
            values!("(call $set (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 12000000) (i32.const 1024))"),
            "process: the rule handed the host more than",
        ),
        (
            "answer-out-of-bounds",
            values!("(call $set (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const -4))"),
            "process: the rule trapped",
        ),
        (
            "answer-misaligned",
            values!("(call $set (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 1027))"),
            "process: the rule trapped",
        ),
        (
            "no-room-for-the-value",
            values!(
                "(call $set (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 100) (i32.const 1024))
                 (call $get (i32.const 16) (i32.const 1) (i32.const 1024))"
            ),
            "realloc",
        ),
        (
            "option-unknown",
            values!(
                "(call $keys (i32.const 16) (i32.const 0) (i32.const 7) (i32.const 0) (i32.const 0) (i32.const 9)
                   (i32.const 1024))"
            ),
            "process: the rule trapped",
        ),
    ]
    .into_iter()
    .map(stopped)
    .collect()
}
