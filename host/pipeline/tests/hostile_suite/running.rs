//! Rules that pass their trial and misbehave later.

use crate::case::Case;
use crate::case::Made::{self, Drip, Late, Marked, Parts, Settings};
use crate::case::Stops::{self, Again, Harmless, Running, Warned};

type Row = (&'static str, Made, Stops, &'static str);

pub(crate) fn cases() -> Vec<Case> {
    let rows = probes().into_iter().chain(lies()).chain(host_calls()).chain(rest());
    rows.map(|(name, made, stops, says)| Case { name, made, stops, says }).collect()
}

/// The probe from its third frame on.
fn probes() -> Vec<Row> {
    let stopped = |(name, settings, says)| (name, Settings(settings), Running, says);
    [
        ("loops", r#"{"do":"loop","after":3}"#, "process: stopped after its time limit of 10 ms"),
        ("hoards", r#"{"do":"allocate","after":3}"#, "process: "),
        ("traps", r#"{"do":"trap","after":3}"#, "trapped on request"),
        ("divides-by-zero", r#"{"do":"divide","after":3}"#, "divide by zero"),
        ("recurses", r#"{"do":"recurse","after":3}"#, "call stack is exhausted"),
        ("exits", r#"{"do":"exit","after":3}"#, "it called exit("),
        ("sleeps", r#"{"do":"sleep","after":3}"#, "which stands still"),
        ("allocator-loops", r#"{"do":"loop-in-realloc","after":3}"#, "stopped after its time limit of 10 ms"),
        ("logs-2-mib", r#"{"do":"log-long","after":3}"#, "process: the rule handed the host more than"),
        ("panics-at-length", r#"{"do":"panic-long","after":3}"#, "process: the rule trapped"),
        ("1001-events", r#"{"do":"events","after":3}"#, "1001 events, the limit is 1000"),
        ("a-million-events", r#"{"do":"million-events","after":3}"#, "process: "),
        (
            "2000-attributes",
            r#"{"do":"attributes","after":3}"#,
            "2000 attributes of one event, the limit is 64",
        ),
        ("text-of-2-mib", r#"{"do":"long-text","after":3}"#, "process: the rule handed the host more than"),
        ("text-that-lies", r#"{"do":"lying-text","after":3}"#, "process: the rule trapped"),
        ("text-not-utf-8", r#"{"do":"invalid-text","after":3}"#, "invalid utf-8"),
        ("huge-state", r#"{"do":"huge-state","after":3}"#, "state has"),
        ("lying-state", r#"{"do":"lying-state","after":3}"#, "save: the rule trapped"),
        ("save-traps", r#"{"do":"trap-in-save","after":3}"#, "trapped in save"),
        ("save-loops", r#"{"do":"loop-in-save","after":3}"#, "save: stopped after its time limit of 10 ms"),
    ]
    .into_iter()
    .map(stopped)
    .collect()
}

/// Results that are none. A result is at 0x200: a byte that says whether it is an output, and from 0x204 on pointer
/// and length of its events, of its measurements and of its overlays, or of the error.
fn lies() -> Vec<Row> {
    [
        ("result-out-of-bounds", "(return (i32.const -16))", "process: the rule trapped"),
        ("result-misaligned", "(return (i32.const 0x202))", "not aligned"),
        ("result-unknown", "(i32.store8 (i32.const 0x200) (i32.const 7))", "process: the rule trapped"),
        (
            "events-out-of-bounds",
            "(i32.store (i32.const 0x204) (i32.const -32)) (i32.store (i32.const 0x208) (i32.const 1))",
            "out of bounds",
        ),
        (
            "events-misaligned",
            "(i32.store (i32.const 0x204) (i32.const 0x2003)) (i32.store (i32.const 0x208) (i32.const 1))",
            "not aligned",
        ),
        ("a-billion-events", "(i32.store (i32.const 0x208) (i32.const 0x7fffffff))", "process: the rule trapped"),
        (
            "1001-measurements",
            "(i32.store (i32.const 0x20c) (i32.const 0x2000)) (i32.store (i32.const 0x210) (i32.const 1001))",
            "1001 measurements, the limit is 1000",
        ),
        (
            "1001-overlays",
            "(i32.store (i32.const 0x214) (i32.const 0x2000)) (i32.store (i32.const 0x218) (i32.const 1001))",
            "1001 overlays, the limit is 1000",
        ),
        (
            "a-million-overlays",
            "(drop (memory.grow (i32.const 600)))
             (i32.store (i32.const 0x214) (i32.const 0x2000)) (i32.store (i32.const 0x218) (i32.const 1000000))",
            "process: the rule handed the host more than",
        ),
        (
            "overlay-unknown",
            "(i32.store8 (i32.const 0x2000) (i32.const 9))
             (i32.store (i32.const 0x214) (i32.const 0x2000)) (i32.store (i32.const 0x218) (i32.const 1))",
            "process: the rule trapped",
        ),
        (
            "polygon-of-a-million",
            "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 0x2008) (i32.const 1000000))
             (i32.store (i32.const 0x214) (i32.const 0x2000)) (i32.store (i32.const 0x218) (i32.const 1))",
            "process: the rule handed the host more than",
        ),
        (
            "error-of-8-mib",
            "(drop (memory.grow (i32.const 160))) (i32.store8 (i32.const 0x200) (i32.const 1))
             (i32.store (i32.const 0x208) (i32.const 0x800000))",
            "process: the rule handed the host more than",
        ),
        ("hoards-memory", "(loop $l (drop (memory.grow (i32.const 16))) (br $l))", "process: the rule asked for"),
        ("reads-beyond-its-memory", "(drop (i32.load (i32.const -8)))", "out of bounds memory access"),
        ("writes-beyond-its-memory", "(i64.store (i32.const 0x7fffffff) (i64.const -1))", "out of bounds memory access"),
    ]
    .into_iter()
    .map(|(name, late, says)| {
        (name, Late(late), Running, says)
    })
    .collect()
}

/// A way to the host's clocks and pollables.
const CLOCK: &str = r#"
    (import "wasi:io/poll@0.2.0" (instance $poll
      (export "pollable" (type $p (sub resource)))
      (export "[method]pollable.block" (func (param "self" (borrow $p))))))
    (alias export $poll "pollable" (type $pollable))
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
      (alias outer 1 $pollable (type $p))
      (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
    (core func $subscribe (canon lower (func $clock "subscribe-duration")))
    (core func $block (canon lower (func $poll "[method]pollable.block")))
    (core func $drop (canon resource.drop $pollable))"#;
const WITH_CLOCK: &str = r#"(with "host" (instance (export "subscribe" (func $subscribe))
    (export "block" (func $block)) (export "drop" (func $drop))))"#;
const IMPORT_CLOCK: &str = r#"(import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "block" (func $block (param i32))) (import "host" "drop" (func $drop (param i32)))"#;

/// A way to the rule's log and to random bytes, by a memory of its own.
const LOG: &str = r#"
    (core module $other (memory (export "memory") 200)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
      (data (i32.const 0) "\ff\fe"))
    (core instance $o (instantiate $other))
    (import "ocellus:plugin/host@0.1.0" (instance $host
      (type $levels (enum "debug" "info" "warn" "error"))
      (export "level" (type $level (eq $levels)))
      (export "log" (func (param "level" $level) (param "message" string)))))
    (import "wasi:random/random@0.2.0" (instance $random
      (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
    (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
    (core func $log (canon lower (func $host "log") (memory (core memory $o "memory"))))
    (core func $exit (canon lower (func $exit "exit")))
    (core func $random (canon lower (func $random "get-random-bytes") (memory (core memory $o "memory"))
      (realloc (core func $o "realloc"))))"#;
const WITH_LOG: &str = r#"(with "host" (instance (export "log" (func $log)) (export "random" (func $random))
    (export "exit" (func $exit))))"#;
const IMPORT_LOG: &str = r#"(import "host" "log" (func $log (param i32 i32 i32)))
    (import "host" "random" (func $random (param i64 i32))) (import "host" "exit" (func $exit (param i32)))"#;

/// Calls of the host with arguments that are none, or without end.
fn host_calls() -> Vec<Row> {
    let clock = |(name, late, says)| {
        let parts = [("before", CLOCK), ("with", WITH_CLOCK), ("import", IMPORT_CLOCK), ("late", late)];
        (name, Parts(parts), Running, says)
    };
    let log = |(name, late, says)| {
        let parts = [("before", LOG), ("with", WITH_LOG), ("import", IMPORT_LOG), ("late", late)];
        (name, Parts(parts), Running, says)
    };
    let clocks = [
        (
            "handles-without-end",
            "(loop $l (drop (call $subscribe (i64.const 0))) (br $l))",
            "process: the rule trapped",
        ),
        ("waits-an-hour", "(call $block (call $subscribe (i64.const 3600000000000)))", "which stands still"),
        ("forged-handle", "(call $block (i32.const 12345))", "unknown handle index"),
        (
            "handle-dropped-twice",
            "(call $drop (call $subscribe (i64.const 0))) (call $drop (i32.const 1))",
            "unknown handle index",
        ),
        (
            "subscribes-without-end",
            "(loop $l (call $drop (call $subscribe (i64.const 0))) (br $l))",
            "stopped after its time limit of 10 ms",
        ),
    ];
    let logs = [
        (
            "level-unknown",
            "(call $log (i32.const 9) (i32.const 16) (i32.const 1))",
            "process: the rule trapped",
        ),
        ("line-not-utf-8", "(call $log (i32.const 0) (i32.const 0) (i32.const 2))", "invalid utf-8"),
        ("line-out-of-bounds", "(call $log (i32.const 0) (i32.const -8) (i32.const 64))", "out of bounds"),
        (
            "lines-without-end",
            "(loop $l (call $log (i32.const 0) (i32.const 16) (i32.const 1)) (br $l))",
            "stopped after its time limit of 10 ms",
        ),
        (
            "a-sea-of-random-bytes",
            "(call $random (i64.const -1) (i32.const 16))",
            "process: the rule trapped",
        ),
        (
            "random-bytes-without-end",
            "(loop $l (call $random (i64.const 65536) (i32.const 16)) (br $l))",
            "process: ",
        ),
        ("exits-well", "(call $exit (i32.const 0))", "it called exit(0)"),
    ];
    clocks.into_iter().map(clock).chain(logs.into_iter().map(log)).collect()
}

/// What comes back, what is only told, and what is only counted.
fn rest() -> Vec<Row> {
    vec![
        ("traps-again", Settings(r#"{"do":"trap","after":3}"#), Again, "trapped on request"),
        ("loops-again", Settings(r#"{"do":"loop","after":3}"#), Again, "10 ms"),
        (
            "large-state",
            Settings(r#"{"do":"large-state","after":3}"#),
            Warned,
            "2097152 bytes, the limit is 1048576",
        ),
        ("event-of-two-words", Settings(r#"{"do":"bad-kind","after":3}"#), Warned, "the kind \"two words\""),
        ("attribute-twice", Settings(r#"{"do":"twice","after":3}"#), Warned, "attribute \"a\" twice"),
        ("refuses-frames", Settings(r#"{"do":"refuse","after":3}"#), Warned, "not this frame"),
        ("not-a-number", Settings(r#"{"do":"nan","after":3}"#), Harmless(|on| on.health.left_out > 0), ""),
        (
            "floods-its-log",
            Settings(r#"{"do":"log-flood","after":3}"#),
            Harmless(|on| on.health.log_lines_dropped > 0),
            "",
        ),
        (
            "floods-its-output",
            Settings(r#"{"do":"print-flood","after":3}"#),
            Harmless(|on| on.health.log_lines_dropped > 0),
            "",
        ),
        (
            "looks-for-the-world",
            Settings(r#"{"do":"world","after":3}"#),
            Harmless(|on| on.health.events > 3),
            "",
        ),
        ("drips", Drip, Harmless(|on| on.health.throttled > 3), ""),
        (
            "restarts-into-a-trap",
            Marked("restore-trap", r#"{"do":"trap","after":12}"#),
            Again,
            "restore: the rule trapped",
        ),
    ]
}
