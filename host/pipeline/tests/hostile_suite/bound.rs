//! Rules that misbehave in their trial, and those that wait until they are asked something.

use crate::case::Case;
use crate::case::Made::{Hand, Mark, Settings};
use crate::case::Stops::{AtBind, AtCommand, AtQuery};

pub(crate) fn cases() -> Vec<Case> {
    let trials = configured().into_iter().chain(tried()).map(|(name, made, says)| (name, made, AtBind, says));
    let rows = trials.chain(asked());
    rows.map(|(name, made, stops, says)| Case { name, made, stops, says }).collect()
}

type Row = (&'static str, crate::case::Made, &'static str);

fn configured() -> Vec<Row> {
    vec![
        (
            "configure-loops",
            Mark("@deed=", "configure-loop"),
            "configure: stopped after its time limit of 100 ms",
        ),
        ("configure-traps", Mark("@deed=", "configure-trap"), "trapped on request"),
        ("configure-recurses", Mark("@deed=", "configure-recurse"), "call stack is exhausted"),
        ("configure-hoards", Mark("@deed=", "configure-allocate"), "configure: "),
        ("configure-exits", Mark("@deed=", "configure-exit"), "it called exit("),
        ("configure-sleeps", Mark("@deed=", "configure-sleep"), "which stands still"),
        (
            "configure-shouts",
            Mark("@deed=", "configure-log-long"),
            "configure: the rule handed the host more than",
        ),
        ("configure-refuses", Settings(r#"{"do":"refuse-settings"}"#), "I do not like them"),
        ("settings-no-json", Settings("{"), "the settings are not JSON"),
        ("settings-no-object", Settings("[]"), "not a JSON object"),
        (
            "realloc-loops",
            Hand(&[("realloc", "(loop $l (br $l))")]),
            "configure: stopped after its time limit",
        ),
        ("realloc-traps", Hand(&[("realloc", "unreachable")]), "configure: the rule trapped"),
        ("realloc-out-of-bounds", Hand(&[("realloc", "(return (i32.const -16))")]), "realloc"),
        ("realloc-misaligned", Hand(&[("realloc", "(return (i32.const 3))")]), "realloc"),
        ("realloc-past-the-end", Hand(&[("realloc", "(return (i32.const 0x10000))")]), "realloc"),
        (
            "realloc-hoards",
            Hand(&[("realloc", "(loop $l (drop (memory.grow (i32.const 16))) (br $l))")]),
            "configure: the rule asked for",
        ),
    ]
}

/// What the trial's one frame, or the `save` after it, shows.
fn tried() -> Vec<Row> {
    vec![
        ("trial-loops", Settings(r#"{"do":"loop"}"#), "process: stopped after its time limit of 10 ms"),
        ("trial-traps", Settings(r#"{"do":"trap"}"#), "trapped on request"),
        ("trial-events", Settings(r#"{"do":"events"}"#), "1001 events, the limit is 1000"),
        (
            "trial-save-loops",
            Settings(r#"{"do":"loop-in-save"}"#),
            "save: stopped after its time limit of 10 ms",
        ),
        ("trial-save-traps", Settings(r#"{"do":"trap-in-save"}"#), "trapped in save"),
        ("trial-large-state", Settings(r#"{"do":"large-state"}"#), "2097152 bytes, the limit is 1048576"),
        ("trial-huge-state", Settings(r#"{"do":"huge-state"}"#), "state has"),
        ("trial-lying-state", Settings(r#"{"do":"lying-state"}"#), "save: the rule trapped"),
        ("trial-state-out-of-bounds", Hand(&[("save", "(return (i32.const -4))")]), "save: the rule trapped"),
        ("trial-result-misaligned", Hand(&[("process", "(return (i32.const 0x203))")]), "not aligned"),
        (
            "trial-result-unknown",
            Hand(&[("process", "(i32.store8 (i32.const 0x200) (i32.const 7))")]),
            "process: the rule trapped",
        ),
    ]
}

/// What an operator asks for is answered between two frames, within the limits of a frame.
fn asked() -> Vec<(&'static str, crate::case::Made, crate::case::Stops, &'static str)> {
    let probe = || Settings("{}");
    vec![
        ("query-loops", probe(), AtQuery("loop"), "query: stopped after its time limit of 10 ms"),
        ("query-traps", probe(), AtQuery("trap"), "trapped on request"),
        ("query-hoards", probe(), AtQuery("allocate"), "query: "),
        ("query-sleeps", probe(), AtQuery("sleep"), "which stands still"),
        ("query-shouts", probe(), AtQuery("log-long"), "query: the rule handed the host more than"),
        (
            "query-answers-8-mib",
            Hand(&[(
                "query",
                "(drop (memory.grow (i32.const 160))) (i32.store (i32.const 0x208) (i32.const 0x800000))",
            )]),
            AtQuery("{}"),
            "query: the rule handed the host more than 1048576 bytes",
        ),
        (
            "command-loops",
            Hand(&[("command", "(loop $l (br $l))")]),
            AtCommand("1"),
            "command: stopped after its time limit",
        ),
        ("command-traps", Hand(&[("command", "unreachable")]), AtCommand("1"), "command: the rule trapped"),
        (
            "command-answers-a-billion",
            Hand(&[("command", "(i32.store (i32.const 0x208) (i32.const 0x40000000))")]),
            AtCommand("1"),
            "command: the rule trapped",
        ),
    ]
}
