//! Rules that attack the host: each is stopped within its limits, and the error says which.

use std::path::Path;
use std::time::{Duration, Instant};

use ocellus_runtime::{Call, CallError, Compiled, Instance, TrackColumns};

use crate::support::{
    binding, compiled, failure, frame, guest, instance, live, marked, probed_with, runtime, track, worked_in,
};

/// The error of a component that misbehaves before it is bound, or in its trial.
fn failure_before_work(deed: &str) -> String {
    match runtime().load(marked(&[("@deed=", deed)])) {
        Ok(compiled) => {
            let bound = compiled.bind(live("{}")).expect("JSON");
            bound.probe().map(|_| ()).expect_err("fails").to_string()
        }
        Err(error) => error.to_string(),
    }
}

/// An instance with live time limits that does `deed` in its second frame.
fn hurried(deed: &str) -> Instance {
    worked_in(&probed_with(guest("probe"), live(&format!(r#"{{"do":"{deed}","after":2}}"#))))
}

#[test]
fn a_loop_in_any_function_ends_at_the_time_limit() {
    let error = hurried("loop").process(&frame(1), &TrackColumns::new()).expect_err("stopped");
    let CallError::Deadline { call: Call::Process, limit, backtrace } = &error else { panic!("{error}") };
    assert_eq!(*limit, Duration::from_millis(10));
    assert!(backtrace.iter().any(|function| function.contains("misdeeds")), "{backtrace:?}");
    assert!(error.to_string().starts_with("process: stopped after its time limit of 10 ms; in "), "{error}");
    assert!(error.ends_recording());
    let mut looping = hurried("loop-in-save");
    looping.process(&frame(1), &TrackColumns::new()).expect("harmless");
    assert!(matches!(looping.save(), Err(CallError::Deadline { call: Call::Save, .. })));
    assert!(matches!(hurried("").query("loop"), Err(CallError::Deadline { call: Call::Query, .. })));
    let refused = failure_before_work("describe-loop");
    assert!(refused.contains("describe: stopped after its time limit of 1000 ms"), "{refused}");
    let refused = failure_before_work("configure-loop");
    assert!(refused.contains("configure: stopped after its time limit of 200 ms"), "{refused}");
}

#[test]
fn a_loop_in_the_guests_allocator_ends_while_the_host_hands_over_tracks() {
    let mut instance = hurried("");
    instance.query("loop-in-realloc").expect("sets the trap for a later allocation");
    let mut columns = TrackColumns::new();
    columns.fill(&[track(1)], frame(1).size);
    let error = instance.process(&frame(1), &columns).expect_err("stopped");
    assert!(matches!(error, CallError::Deadline { call: Call::Process, .. }), "{error}");
}

#[test]
fn endless_allocation_ends_at_the_memory_limit() {
    let (error, instance) = failure("allocate");
    let CallError::Memory { call: Call::Process, wanted, limit } = error else {
        panic!("memory, not {error}");
    };
    assert!(limit == 64 << 20 && wanted > limit && wanted < limit + (4 << 20), "{wanted}");
    assert!(instance.memory() <= limit);
    assert!(failure_before_work("configure-allocate").contains("asked for"));
}

#[test]
fn a_panic_is_told_with_its_message_and_the_guests_functions() {
    let (error, _) = failure("trap");
    let CallError::Trap(trap) = &error else {
        panic!("a trap, not {error}");
    };
    assert_eq!(trap.call, Call::Process);
    assert!(trap.said.as_deref().is_some_and(|said| said.contains("trapped on request")), "{error}");
    assert!(trap.backtrace.iter().any(|frame| frame.contains("misdeeds::commit")), "{:?}", trap.backtrace);
    assert!(error.to_string().len() < 4_096);
    let (error, _) = failure("panic-long");
    assert!(error.to_string().len() < 4_096, "a long message is cut");
    assert!(failure_before_work("configure-trap").contains("trapped on request"));
}

#[test]
fn arithmetic_recursion_and_exit_are_traps_with_a_reason() {
    for (deed, reason) in
        [("divide", "divide by zero"), ("recurse", "endless recursion"), ("exit", "called exit(")]
    {
        let (error, _) = failure(deed);
        assert!(matches!(&error, CallError::Trap(trap) if !trap.message.is_empty()), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn sleeping_traps_at_once_instead_of_holding_the_worker() {
    let start = Instant::now();
    let (error, _) = failure("sleep");
    assert!(error.to_string().contains("frame's time, which stands still"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(600), "it asked for an hour");
}

#[test]
fn too_many_events_are_counted_and_a_million_are_never_copied() {
    let (error, instance) = failure("events");
    assert_eq!(error, CallError::TooMany { call: Call::Process, what: "events", count: 1_001, limit: 1_000 });
    assert!(!instance.is_alive());
    let mut roomy = binding(r#"{"do":"million-events","after":2}"#);
    roomy.limits.memory = 512 << 20;
    let mut instance = worked_in(&probed_with(guest("probe"), roomy));
    let error = instance.process(&frame(1), &TrackColumns::new()).expect_err("refused");
    assert_eq!(error, CallError::OutputTooLarge { call: Call::Process, limit: 1 << 20 });
    let (error, _) = failure("attributes");
    assert!(error.to_string().contains("2000 attributes of one event, the limit is 64"), "{error}");
}

#[test]
fn texts_and_states_that_lie_about_their_length_are_traps() {
    for deed in ["lying-text", "invalid-text"] {
        let (error, _) = failure(deed);
        assert!(matches!(&error, CallError::Trap(_)), "{deed}: {error}");
    }
    let mut lying = instance("lying-state");
    lying.process(&frame(1), &TrackColumns::new()).expect("harmless");
    let error = lying.save().expect_err("trapped");
    assert!(matches!(&error, CallError::Trap(_)), "{error}");
    let (error, _) = failure("long-text");
    assert!(matches!(error, CallError::OutputTooLarge { .. }), "{error}");
}

#[test]
fn a_state_over_its_limit_costs_the_snapshot_and_one_far_over_it_the_instance() {
    let mut large = instance("large-state");
    large.process(&frame(1), &TrackColumns::new()).expect("harmless");
    assert_eq!(large.save(), Err(CallError::StateTooLarge { size: 2 << 20, limit: 1 << 20 }));
    assert!(large.is_alive());
    let mut huge = instance("huge-state");
    huge.process(&frame(1), &TrackColumns::new()).expect("harmless");
    assert!(matches!(huge.save(), Err(CallError::StateTooLarge { .. })));
    assert!(!huge.is_alive());
}

#[test]
fn floods_of_log_and_print_are_cut_at_the_allowance_and_counted() {
    for deed in ["log-flood", "print-flood"] {
        let mut instance = instance(deed);
        instance.process(&frame(1), &TrackColumns::new()).expect("a flood is no failure");
        let logs = instance.drain_logs();
        let bytes: usize = logs.lines.iter().map(|line| line.message.len()).sum();
        assert!(bytes <= 64 << 10, "{bytes}");
        assert!(logs.dropped > 0, "{deed}");
    }
    let mut instance = instance("log-long");
    let error = instance.process(&frame(1), &TrackColumns::new()).expect_err("one line of 8 MiB");
    assert!(matches!(error, CallError::OutputTooLarge { .. }), "{error}");
}

#[test]
fn a_limit_that_is_set_lower_holds_lower() {
    let mut small = binding(r#"{"do":"allocate","after":2}"#);
    small.limits.memory = 3 << 20;
    let mut instance = worked_in(&probed_with(guest("probe"), small));
    let error = instance.process(&frame(1), &TrackColumns::new()).expect_err("stopped");
    assert!(matches!(error, CallError::Memory { limit: 3_145_728, .. }), "{error}");
}

#[test]
fn a_component_that_needs_more_memory_than_its_limit_to_start_is_refused() {
    let mut tiny = binding("{}");
    tiny.limits.memory = 64 << 10;
    let error = compiled(guest("probe")).bind(tiny).expect("JSON").probe().map(|_| ()).expect_err("refused");
    assert!(matches!(error.cause, CallError::Memory { call: Call::Start, .. }), "{error}");
}

/// The component of `tests/guests/hand.wat` with other code in two places.
fn by_hand(start: &str, realloc: &str) -> Result<Compiled, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guests/hand.wat");
    let text = std::fs::read_to_string(path).expect("the text");
    let text = text.replace(";;start;;", start).replace(";;realloc;;", realloc);
    runtime().load(wat::parse_str(text).expect("sound text")).map_err(|error| error.to_string())
}

#[test]
fn code_that_runs_when_an_instance_starts_is_limited_as_well() {
    by_hand("", "").expect("harmless as it is");
    let refused = by_hand("(loop $l (br $l))", "").map(|_| ()).expect_err("stopped");
    assert!(refused.contains("start: stopped after its time limit of 1000 ms"), "{refused}");
    let refused = by_hand("unreachable", "").map(|_| ()).expect_err("trapped");
    assert!(refused.contains("start: the rule trapped: wasm trap: wasm `unreachable`"), "{refused}");
    let refused = by_hand("(drop (memory.grow (i32.const 2000)))", "").map(|_| ()).expect_err("too much");
    assert!(refused.contains("start: the rule asked for 131137536 bytes of memory"), "{refused}");
}

#[test]
fn an_allocator_that_hands_out_wild_pointers_harms_nobody() {
    for pointer in ["(i32.const -16)", "(i32.const 3)", "(i32.const 0x10000)", "(i32.const 0)"] {
        let compiled = by_hand("", &format!("{pointer} return")).expect("describes itself");
        let trial = compiled.bind(binding("{}")).expect("JSON").probe();
        if pointer == "(i32.const 0)" {
            trial.expect("zero is within its own memory, which is the rule's own affair");
            continue;
        }
        let error = trial.map(|_| ()).expect_err("refused");
        assert!(matches!(&error.cause, CallError::Trap(trap) if trap.message.contains("realloc")), "{error}");
    }
}
