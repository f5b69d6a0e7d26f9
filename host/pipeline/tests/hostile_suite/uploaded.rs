//! Bytes that are refused before a rule is made of them.

use crate::case::Case;
use crate::case::Made::{self, Bytes, Grown, Hand, Mark, Text};
use crate::case::Stops::AtUpload;
use crate::made::{self, Speaks};
use crate::site::probe;

/// What each of these must be told.
type Row = (&'static str, Made, &'static str);

pub(crate) fn cases() -> Vec<Case> {
    let rows = files()
        .into_iter()
        .chain(contracts())
        .chain(sizes())
        .chain(compilers())
        .chain(starts())
        .chain(lies());
    rows.map(|(name, made, says)| Case { name, made, stops: AtUpload, says }).collect()
}

/// No component, or a damaged one.
fn files() -> Vec<Row> {
    vec![
        ("empty", Bytes(Vec::new), "the file is empty"),
        ("huge", Bytes(|| vec![0; (32 << 20) + 1]), "the limit is 33554432"),
        ("picture", Bytes(|| b"\x89PNG\r\n\x1a\n".to_vec()), "not WebAssembly: it starts with 89 50"),
        ("text", Bytes(|| b"(component)".to_vec()), "wasm-tools parse"),
        ("module", Text("(module)"), "a core WebAssembly module"),
        ("native-code", Bytes(|| b"\x7fELF\x02\x01\x01".to_vec()), "precompiled native code"),
        ("cache-file", Bytes(|| b"OCELLUS\x01 and code".to_vec()), "precompiled native code"),
        ("only-a-header", Bytes(|| probe()[..8].to_vec()), "does not speak the ocellus:plugin contract"),
        ("half", Bytes(|| probe()[..probe().len() / 2].to_vec()), "damaged or invalid"),
        ("all-but-a-byte", Bytes(|| probe()[..probe().len() - 1].to_vec()), "damaged or invalid"),
        ("bits-flipped", Bytes(|| flipped(3)), "damaged or invalid"),
        ("more-bits-flipped", Bytes(|| flipped(40)), "damaged or invalid"),
        ("rubbish-behind-it", Bytes(|| [probe(), vec![0xaa; 999]].concat()), "damaged or invalid"),
    ]
}

/// The probe with a byte in so many changed, its first ones apart.
fn flipped(parts: usize) -> Vec<u8> {
    let mut bytes = probe();
    let step = bytes.len() / (parts + 1);
    (1..=parts).for_each(|part| bytes[part * step] ^= 0x55);
    bytes
}

/// Another contract than ours, or more than it allows.
fn contracts() -> Vec<Row> {
    vec![
        ("no-contract", Text("(component)"), "does not speak the ocellus:plugin contract"),
        (
            "contract-of-tomorrow",
            Text(r#"(component (import "ocellus:plugin/host@0.9.0" (instance)))"#),
            "ocellus:plugin 0.9.0, this host speaks 0.1",
        ),
        (
            "two-contracts",
            Text(
                r#"(component (import "ocellus:plugin/host@0.1.0" (instance))
                (import "ocellus:plugin/types@1.0.0" (instance)))"#,
            ),
            "0.1.0, 1.0.0",
        ),
        (
            "lacks-functions",
            Text(r#"(component (import "ocellus:plugin/host@0.1.0" (instance)))"#),
            "command, configure, describe",
        ),
        (
            "wants-sockets",
            Hand(&[("before", r#"(import "wasi:sockets/tcp@0.2.0" (instance))"#)]),
            "wasi:sockets/tcp",
        ),
        (
            "wants-http",
            Hand(&[("before", r#"(import "wasi:http/types@0.2.0" (instance))"#)]),
            "wasi:http/types",
        ),
        (
            "wants-threads",
            Hand(&[("before", r#"(import "wasi:threads/spawn@0.2.0" (instance))"#)]),
            "wasi:threads",
        ),
        (
            "wants-another-wasi",
            Hand(&[("before", r#"(import "wasi:clocks/wall-clock@0.3.0" (instance))"#)]),
            "0.3.0",
        ),
        (
            "wants-the-unknown",
            Hand(&[("before", r#"(import "acme:spy/camera@1.0.0" (instance))"#)]),
            "acme:spy/camera",
        ),
        ("wants-a-bare-function", Hand(&[("before", r#"(import "open" (func))"#)]), "may not have: open"),
        (
            "wants-a-thousand",
            Grown(|| {
                let wanted = |number| format!("(import \"acme:a{number}/b\" (instance))");
                vec![("before", (0..900).map(wanted).collect())]
            }),
            "884 more",
        ),
        (
            "wants-an-unknown-function",
            Hand(&[(
                "before",
                r#"(import "ocellus:plugin/host@0.1.0" (instance (export "unlock" (func))))"#,
            )]),
            "`unlock`",
        ),
        (
            "wants-a-long-name",
            Grown(|| {
                let name = "a".repeat(90_000);
                vec![(
                    "before",
                    format!(r#"(import "wasi:io/poll@0.2.0" (instance (export "{name}" (func))))"#),
                )]
            }),
            "does not fit the host",
        ),
        (
            "exports-twice",
            Bytes(|| made::again(Speaks::V01, r#"(export "save" (func $query))"#)),
            "conflicts with previous name",
        ),
        (
            "export-of-another-type",
            Bytes(|| {
                made::instead(
                    Speaks::V01,
                    r#"(export "save" (func $save))"#,
                    r#"(export "save" (func $query))"#,
                )
            }),
            "save has another type",
        ),
    ]
}

/// More parts than a component may have, or other ones.
fn sizes() -> Vec<Row> {
    vec![
        ("deep-types", Grown(|| vec![("before", types("option $t", 500))]), "nesting is too deep"),
        (
            "types-that-double",
            Grown(|| vec![("before", types("tuple $t $t", 40))]),
            "type size exceeds the limit",
        ),
        ("too-many-memories", Grown(|| vec![("module", "(memory 0)".repeat(101))]), "memories count exceeds"),
        (
            "too-many-tables",
            Grown(|| vec![("module", "(table 0 funcref)".repeat(101))]),
            "tables count exceeds",
        ),
        (
            "many-memories",
            Grown(|| vec![("before", instances("(memory 20)", 60))]),
            "bytes of memory, the limit is 67108864",
        ),
        (
            "a-huge-memory",
            Grown(|| vec![("before", instances("(memory 65536)", 1))]),
            "start: the rule asked for 4294967296 bytes",
        ),
        ("a-huge-table", Grown(|| vec![("before", instances("(table 1000000 funcref)", 1))]), "1000000"),
        ("many-instances", Grown(|| vec![("before", instances("", 300))]), "instance"),
        ("too-many-instances", Grown(|| vec![("before", instances("", 5000))]), "instances count exceeds"),
        ("long-memory", Hand(&[("module", "(memory i64 1)")]), "memory64"),
        ("shared-memory", Hand(&[("module", "(memory 1 1 shared)")]), "threads"),
        ("garbage-collected", Hand(&[("module", "(type (array i8))")]), "gc"),
        ("exceptions", Hand(&[("module", "(tag)")]), "exceptions"),
        (
            "endless-switch",
            Grown(|| {
                let targets = "0 ".repeat(100_000);
                vec![("module", format!("(func (param i32) block (br_table {targets} (local.get 0)) end)"))]
            }),
            "br_table",
        ),
        (
            "too-many-locals",
            Grown(|| vec![("module", format!("(func (local {}))", "i64 ".repeat(50_001)))]),
            "locals exceed",
        ),
    ]
}

/// Little to send and much to compile.
fn compilers() -> Vec<Row> {
    vec![
        ("instances-that-double", Grown(|| vec![("before", doubled(30))]), "instances within instances"),
        (
            "functions-without-end",
            Grown(|| vec![("module", "(func)".repeat(100_001))]),
            "functions, the limit is 100000",
        ),
        (
            "loops-in-loops",
            Grown(|| {
                let (variables, loops) = ("i32 ".repeat(2_000), "loop ".repeat(5_000));
                let code = format!("(func (local {variables}) {loops} {})", "end ".repeat(5_000));
                vec![("module", code)]
            }),
            "10000000 variables kept over loops",
        ),
        (
            "functions-that-fill-memory",
            Grown(|| vec![("module", "(func)".repeat(99_000))]),
            "compiling the component took more than 128 MiB of memory",
        ),
    ]
}

/// Components each of which instantiates the one before it twice.
fn doubled(levels: usize) -> String {
    let level = |number: usize| {
        let (before, twice) = (number - 1, "(instance (instantiate $p))".repeat(2));
        format!("(component $c{number} (alias outer 1 $c{before} (component $p)) {twice})")
    };
    let first = "(component $c0 (core module $m) (core instance (instantiate $m)))";
    let levels_above: String = (1..=levels).map(level).collect();
    format!("{first} {levels_above} (instance (instantiate $c{levels}))")
}

/// A module of its own, started so often.
fn instances(module: &str, count: usize) -> String {
    format!("(core module $e {module}) {}", "(core instance (instantiate $e))".repeat(count))
}

/// Types one within the other; `$t` is the one before.
fn types(shape: &str, count: usize) -> String {
    let next =
        |number: usize| format!("(type $t{number} ({}))", shape.replace("$t", &format!("$t{}", number - 1)));
    std::iter::once("(type $t0 (list u8))".to_owned()).chain((1..count).map(next)).collect()
}

/// Code that runs before the contract begins, and the first call.
fn starts() -> Vec<Row> {
    vec![
        (
            "start-loops",
            Hand(&[("start", "(loop $l (br $l))")]),
            "start: stopped after its time limit of 1000 ms",
        ),
        ("start-traps", Hand(&[("start", "unreachable")]), "start: the rule trapped"),
        (
            "start-recurses",
            Hand(&[("module", "(func $deep (call $deep))"), ("start", "(call $deep)")]),
            "call stack is exhausted",
        ),
        (
            "start-hoards",
            Hand(&[("start", "(loop $l (drop (memory.grow (i32.const 16))) (br $l))")]),
            "asked for",
        ),
        (
            "start-out-of-bounds",
            Hand(&[("module", r#"(data (i32.const 0xffff) "too long")"#)]),
            "start: the rule trapped: wasm trap: out of bounds memory",
        ),
        (
            "start-hoards-tables",
            Grown(|| {
                let grow =
                    "(func $start (drop (table.grow (ref.null func) (i32.const 20000)))) (start $start)";
                vec![("before", instances(&format!("(table 0 funcref) {grow}"), 11))]
            }),
            "the limit is 200000",
        ),
        (
            "describe-loops",
            Mark("@deed=", "describe-loop"),
            "describe: stopped after its time limit of 1000 ms",
        ),
        ("describe-traps", Mark("@deed=", "describe-trap"), "trapped on request"),
        ("describe-recurses", Mark("@deed=", "describe-recurse"), "call stack is exhausted"),
        ("describe-hoards", Mark("@deed=", "describe-allocate"), "describe: the rule asked for"),
        ("describe-exits", Mark("@deed=", "describe-exit"), "it called exit("),
        ("describe-sleeps", Mark("@deed=", "describe-sleep"), "which stands still"),
        (
            "describe-shouts",
            Mark("@deed=", "describe-log-long"),
            "describe: the rule handed the host more than",
        ),
        ("describe-panics-at-length", Mark("@deed=", "describe-panic-long"), "describe: the rule trapped"),
    ]
}

/// What a rule says of itself, written over the description of `hand.wat`: pointer and length of name, version,
/// summary and schema from 16 on, the scope at 48, the list of powers at 52.
fn lies() -> Vec<Row> {
    vec![
        ("name-of-two-words", Mark("@name=", "two words"), "a name that cannot be used: \"two words\""),
        ("name-empty", Hand(&[("start", "(i32.store (i32.const 20) (i32.const 0))")]), "a name that cannot be used"),
        (
            "name-of-10-kb",
            Hand(&[("start", "(memory.fill (i32.const 0x2000) (i32.const 97) (i32.const 10000))
                (i32.store (i32.const 16) (i32.const 0x2000)) (i32.store (i32.const 20) (i32.const 10000))")]),
            "a name that cannot be used: \"aaa",
        ),
        (
            "name-of-control-characters",
            Hand(&[("start", "(memory.fill (i32.const 0x80) (i32.const 27) (i32.const 4))")]),
            r"\u{1b}\u{1b}",
        ),
        (
            "name-not-utf-8",
            Hand(&[("start", "(memory.fill (i32.const 0x80) (i32.const 255) (i32.const 4))")]),
            "describe: the rule trapped: invalid utf-8",
        ),
        ("name-out-of-bounds", Hand(&[("start", "(i32.store (i32.const 16) (i32.const -16))")]), "out of bounds"),
        ("name-of-a-gigabyte", Hand(&[("start", "(i32.store (i32.const 20) (i32.const 0x40000000))")]), "describe: "),
        ("version-empty", Hand(&[("start", "(i32.store (i32.const 28) (i32.const 0))")]), "a version that cannot be used"),
        ("version-no-number", Mark("@version=", "one  "), "such as 1.2.0"),
        (
            "version-of-10-kb",
            Hand(&[("start", "(memory.fill (i32.const 0x2000) (i32.const 97) (i32.const 10000))
                (memory.copy (i32.const 0x2000) (i32.const 0x88) (i32.const 5)) (i32.store8 (i32.const 0x2005) (i32.const 45))
                (i32.store (i32.const 24) (i32.const 0x2000)) (i32.store (i32.const 28) (i32.const 10000))")]),
            "it has more than 64 bytes",
        ),
        (
            "version-of-control-characters",
            Hand(&[("start", "(memory.fill (i32.const 0x88) (i32.const 10) (i32.const 5))")]),
            r#""\n\n\n\n\n""#,
        ),
        (
            "summary-of-8-mib",
            Hand(&[("start", "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 36) (i32.const 0x800000))")]),
            "describe: the rule handed the host more than 1048576 bytes",
        ),
        (
            "schema-of-8-mib",
            Hand(&[("start", "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 44) (i32.const 0x800000))")]),
            "describe: the rule handed the host more than 1048576 bytes",
        ),
        (
            "schema-of-300-kb",
            Hand(&[("start", "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 44) (i32.const 300000))")]),
            "it has 300000 bytes, the limit is 262144",
        ),
        (
            "schema-without-end",
            Hand(&[("start", "(memory.fill (i32.const 0x2000) (i32.const 91) (i32.const 10000))
                (i32.store (i32.const 40) (i32.const 0x2000)) (i32.store (i32.const 44) (i32.const 10000))")]),
            "nested more than 64 levels deep",
        ),
        ("schema-no-json", Mark("@deed=", "describe-bad-schema"), "settings schema"),
        ("schema-empty", Hand(&[("start", "(i32.store (i32.const 44) (i32.const 0))")]), "settings schema"),
        ("scope-unknown", Hand(&[("start", "(i32.store (i32.const 48) (i32.const 9))")]), "describe: the rule trapped"),
        ("powers", Mark("@deed=", "describe-powers"), "powers that this host does not have: network"),
        ("powers-without-end", Hand(&[("start", "(i32.store (i32.const 56) (i32.const 0x7fffffff))")]), "describe: "),
        ("description-out-of-bounds", Hand(&[("describe", "(return (i32.const -16))")]), "describe: the rule trapped"),
        ("description-misaligned", Hand(&[("describe", "(return (i32.const 17))")]), "not aligned"),
    ]
}
