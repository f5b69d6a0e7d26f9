//! A slot keeps a rule at work: restart from the last snapshot, back-off, quarantine.

use std::time::Duration;

use ocellus_core::{CameraHandle, Event, FrameInfo, TimeUs};
use ocellus_runtime::{
    Binding, CallError, DeadlineMode, Handover, Limits, OnFailure, OnRefusal, Processed, RuleSlot, RuleState,
    SlotPolicy, Snapshot, StartError, TrackColumns, prepare_swap,
};

use crate::support::{binding, frame, guest, live, marked, name, probed_with};

/// A slot whose rule does `deed` from its frame `after` on, in each instance anew.
fn slot(deed: &str, after: u64) -> RuleSlot {
    let settings = format!(r#"{{"do":"{deed}","after":{after}}}"#);
    let probed = probed_with(guest("probe"), binding(&settings));
    RuleSlot::start(&probed, probed.shares()[0], None).expect("starts")
}

fn show(slot: &mut RuleSlot, frames: std::ops::Range<u64>) -> Vec<Processed> {
    frames.map(|sequence| slot.process(&frame(sequence), &TrackColumns::new())).collect()
}

fn total(slot: &mut RuleSlot) -> String {
    slot.query("").expect("answers").split(' ').next().expect("a number").to_owned()
}

#[test]
fn a_trapped_rule_goes_on_from_its_last_snapshot_after_the_pause() {
    // Instances live 25 frames: frame 0 starts the count, snapshots follow frames 10 and 20.
    let mut slot = slot("trap", 26);
    let seen = show(&mut slot, 0..26);
    assert!(matches!(seen[24], Processed::Output(_)));
    assert!(matches!(&seen[25], Processed::Failed(CallError::Trap(_))));
    assert_eq!(slot.health().state, RuleState::BackingOff { until: TimeUs(frame(25).time.0 + 1_000_000) });
    assert!(show(&mut slot, 26..35).iter().all(|processed| *processed == Processed::Skipped));
    assert!(matches!(show(&mut slot, 35..36)[0], Processed::Output(_)));
    let health = slot.health();
    assert_eq!((health.state, health.strikes, health.traps), (RuleState::Active, 1, 1));
    assert_eq!((health.restarts, health.skipped), (1, 9));
    assert!(health.last_error.is_some_and(|error| error.contains("trapped on request")));
    assert_eq!(total(&mut slot), "22", "21 frames up to the snapshot and the one after the pause");
    let logs = slot.drain_logs();
    assert!(logs.lines.iter().any(|line| line.message.contains("trapped on request")), "the old one's log");
    assert!(logs.lines.iter().any(|line| line.message.contains("restored 21 frames of version 1.0.0")));
}

#[test]
fn the_fifth_strike_is_quarantine_and_every_frame_is_still_answered() {
    let mut slot = slot("trap", 2);
    let seen = show(&mut slot, 0..400);
    assert_eq!(seen.iter().filter(|one| matches!(one, Processed::Failed(_))).count(), 5);
    let health = slot.health();
    assert_eq!((health.state, health.strikes, health.traps), (RuleState::Quarantined, 5, 5));
    assert!(matches!(slot.finish(TimeUs(u64::MAX)), Processed::Skipped));
    assert_eq!(slot.query(""), Err(CallError::Dead));
}

#[test]
fn a_rule_that_died_over_its_state_is_struck_and_comes_back() {
    let mut slot = slot("huge-state", 5);
    show(&mut slot, 0..11);
    let health = slot.health();
    assert!(matches!(health.state, RuleState::BackingOff { .. }), "{health:?}");
    assert_eq!((health.strikes, health.limit_breaches), (1, 1));
    let seen = show(&mut slot, 11..25);
    assert!(matches!(seen[13], Processed::Output(_)), "after the pause");
    assert_eq!(slot.health().restarts, 1);
}

#[test]
fn each_kind_of_failure_is_counted_as_what_it_is() {
    let figures = |deed: &str| {
        let settings = format!(r#"{{"do":"{deed}","after":2}}"#);
        // Only what waits for the time limit gets a short one.
        let binding = if deed == "loop" { live(&settings) } else { binding(&settings) };
        let probed = probed_with(guest("probe"), binding);
        let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
        show(&mut slot, 0..2);
        let health = slot.health();
        (health.traps, health.deadline_misses, health.limit_breaches, health.refusals)
    };
    assert_eq!(figures("trap"), (1, 0, 0, 0));
    assert_eq!(figures("loop"), (0, 1, 0, 0));
    assert_eq!(figures("allocate"), (0, 0, 1, 0));
    assert_eq!(figures("events"), (0, 0, 1, 0));
    assert_eq!(figures("refuse"), (0, 0, 0, 1));
    assert_eq!(figures("bad-kind"), (0, 0, 0, 1));
}

#[test]
fn a_refusing_rule_is_never_struck() {
    let mut slot = slot("refuse", 2);
    let seen = show(&mut slot, 0..50);
    assert_eq!(seen.iter().filter(|one| matches!(one, Processed::Failed(_))).count(), 49);
    assert_eq!((slot.health().state, slot.health().strikes), (RuleState::Active, 0));
}

#[test]
fn a_state_that_is_too_large_costs_snapshots_and_not_the_rule() {
    let mut slot = slot("large-state", 2);
    let seen = show(&mut slot, 0..35);
    assert!(seen.iter().all(|one| matches!(one, Processed::Output(_))));
    let health = slot.health();
    assert_eq!((health.state, health.limit_breaches), (RuleState::Active, 3));
    assert!(slot.take_checkpoint().is_none());
}

#[test]
fn a_trap_in_save_is_a_strike_that_keeps_the_frames_output() {
    let mut slot = slot("trap-in-save", 2);
    let seen = show(&mut slot, 0..11);
    assert!(seen.iter().all(|one| matches!(one, Processed::Output(_))));
    assert!(matches!(slot.health().state, RuleState::BackingOff { .. }));
}

#[test]
fn snapshots_come_once_a_second_of_frame_time_and_only_when_the_state_changed() {
    let mut slot = slot("", 0);
    let mut taken: Vec<Snapshot> = Vec::new();
    for sequence in 0..25 {
        slot.process(&frame(sequence), &TrackColumns::new());
        taken.extend(slot.take_checkpoint().map(|checkpoint| checkpoint.snapshot));
    }
    assert_eq!(taken.iter().map(|one| one.time).collect::<Vec<_>>(), [frame(10).time, frame(20).time]);
    let last = slot.checkpoint_now().expect("it counts");
    assert_eq!(*last.snapshot.state, 25_u64.to_le_bytes());
    assert!(slot.checkpoint_now().is_some(), "whether it is kept is not known");
    last.receipt.confirm();
    assert!(slot.checkpoint_now().is_none(), "nothing changed since");
}

#[test]
fn a_restart_of_the_host_resumes_from_the_snapshot_and_another_plugins_state_is_ignored() {
    let mut first = slot("", 0);
    show(&mut first, 0..12);
    let snapshot = first.checkpoint_now().expect("a state").snapshot;
    let probed = first.probed().clone();
    let resume = |snapshot| RuleSlot::start(&probed, probed.shares()[0], Some(snapshot));
    assert_eq!(total(&mut resume(snapshot.clone()).expect("starts")), "12");
    let foreign = Snapshot { plugin: name("other"), ..snapshot.clone() };
    assert_eq!(total(&mut resume(foreign).expect("starts")), "0");
    let damaged = Snapshot { state: [1, 2, 3].into(), ..snapshot };
    let error = resume(damaged).map(|_| ()).expect_err("refused");
    assert!(matches!(&error, StartError::Restore(CallError::Refused { .. })), "{error}");
}

#[test]
fn a_restart_made_on_another_thread_serves_after_the_pause_and_a_late_one_is_skipped_over() {
    let mut slot = slot("trap", 12);
    show(&mut slot, 0..12);
    let restart = slot.take_restart().expect("due");
    assert!(slot.take_restart().is_none(), "once a failure");
    // Not made yet when the pause is over: the rule waits, the camera does not.
    assert!(show(&mut slot, 12..40).iter().all(|one| *one == Processed::Skipped));
    let made = std::thread::spawn(move || restart.run()).join().expect("no panic");
    slot.install(made);
    assert!(matches!(show(&mut slot, 40..41)[0], Processed::Output(_)));
    assert_eq!(total(&mut slot), "12");
}

#[test]
fn a_restart_that_is_lost_on_its_way_is_taken_again() {
    let mut slot = slot("trap", 12);
    show(&mut slot, 0..12);
    drop(slot.take_restart().expect("due"));
    let again = slot.take_restart().expect("nobody makes the first any more");
    let made = again.run();
    assert!(slot.take_restart().is_none(), "it is on its way");
    drop(made);
    // Over the pause's end: nobody but the owner makes it, and the camera does not wait.
    assert!(show(&mut slot, 12..40).iter().all(|one| *one == Processed::Skipped));
    let made = slot.take_restart().expect("the made one was lost as well").run();
    slot.install(made);
    assert!(matches!(show(&mut slot, 40..41)[0], Processed::Output(_)));
}

#[test]
fn a_rule_that_does_not_take_its_own_state_back_starts_without_it() {
    let bytes = marked(&[("@deed=", "restore-refuse")]);
    let probed = probed_with(bytes, binding(r#"{"do":"trap","after":12}"#));
    let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    show(&mut slot, 0..22);
    assert_eq!((slot.health().state, total(&mut slot).as_str()), (RuleState::Active, "1"));
}

#[test]
fn a_rule_that_traps_in_restore_is_struck_until_quarantine() {
    let bytes = marked(&[("@deed=", "restore-trap")]);
    let probed = probed_with(bytes, binding(r#"{"do":"trap","after":12}"#));
    let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    show(&mut slot, 0..400);
    assert_eq!(slot.health().state, RuleState::Quarantined);
}

#[test]
fn a_state_comes_again_each_second_until_it_is_kept() {
    let probed = probed_with(guest("line"), binding("{}"));
    let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    let mut taken = Vec::new();
    for sequence in 0..45 {
        slot.process(&frame(sequence), &TrackColumns::new());
        let Some(checkpoint) = slot.take_checkpoint() else { continue };
        taken.push(sequence);
        // The disk was full twice.
        if sequence >= 30 {
            checkpoint.receipt.confirm();
        }
    }
    assert_eq!(taken, [10, 20, 30], "its state is the same all the time");
}

#[test]
fn the_policy_is_the_owners() {
    let policy = SlotPolicy { strikes: 1, ..SlotPolicy::default() };
    let mut slot = slot("trap", 2).with_policy(policy);
    show(&mut slot, 0..2);
    assert_eq!(slot.health().state, RuleState::Quarantined);
    let every = SlotPolicy { snapshot_every: Duration::from_millis(200), ..SlotPolicy::default() };
    let mut slot = self::slot("", 0).with_policy(every);
    show(&mut slot, 0..3);
    assert!(slot.take_checkpoint().is_some());
}

#[test]
fn the_same_frames_give_the_same_outputs_also_when_the_rule_fails_on_the_way() {
    let run = || {
        let mut slot = slot("trap", 33);
        show(&mut slot, 0..200)
            .into_iter()
            .filter_map(|one| match one {
                Processed::Output(output) => Some(output.events),
                Processed::Failed(_) | Processed::Skipped => None,
            })
            .flatten()
            .collect::<Vec<Event>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_rule_over_its_share_of_a_second_misses_frames_and_is_not_struck() {
    let limits = Limits {
        call: Duration::from_millis(100),
        call_per_second: Duration::from_millis(1),
        ..Limits::default()
    };
    let slow = Binding { limits, ..live(r#"{"do":"slow","after":2}"#) };
    let probed = probed_with(guest("probe"), slow);
    let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    // Its share is 1 ms a second and may be saved up to one call; it takes a few ms a call, 10 times a second.
    let seen = show(&mut slot, 0..2000);
    let skipped = seen.iter().filter(|one| **one == Processed::Skipped).count() as u64;
    let health = slot.health();
    assert!(skipped > 100 && health.throttled == skipped, "{skipped} of 2000 frames, {health:?}");
    assert_eq!((health.strikes, health.skipped, health.state), (0, 0, RuleState::Active));
    let recorded = probed_with(
        guest("probe"),
        Binding { deadline: DeadlineMode::Recorded, ..live(r#"{"do":"slow","after":2}"#) },
    );
    let mut slot = RuleSlot::start(&recorded, recorded.shares()[0], None).expect("starts");
    assert!(
        show(&mut slot, 0..50).iter().all(|one| *one != Processed::Skipped),
        "recordings are never thinned"
    );
}

#[test]
fn after_a_failure_a_rule_is_reloaded_skipped_over_or_disabled_as_the_operator_says() {
    let failed = |on_failure: OnFailure| {
        let mut slot = slot("trap", 5).with_policy(on_failure.into());
        let seen = show(&mut slot, 0..40);
        let failures = seen.iter().filter(|one| matches!(one, Processed::Failed(_))).count();
        (failures, slot.health().state)
    };
    assert!(matches!(failed(OnFailure::Reload), (3, RuleState::BackingOff { .. }) | (2, _)));
    let (failures, state) = failed(OnFailure::Skip);
    assert!(failures >= 6 && state != RuleState::Quarantined, "{failures} failures, {state:?}");
    assert_eq!(failed(OnFailure::Disable), (1, RuleState::Quarantined));
}

#[test]
fn a_slot_that_starts_in_quarantine_says_why_and_keeps_the_state_for_the_next_version() {
    let probed = probed_with(guest("probe"), binding("{}"));
    let mut before = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    show(&mut before, 0..12);
    let kept = before.checkpoint_now().map(|checkpoint| checkpoint.snapshot);
    let mut slot = RuleSlot::quarantined(&probed, probed.shares()[0], kept, "it trapped".to_owned());
    assert_eq!(show(&mut slot, 12..13), [Processed::Skipped]);
    assert_eq!(slot.health().last_error.as_deref(), Some("it trapped"));
    let next = probed_with(marked(&[("@version=", "1.1.0")]), binding("{}"));
    let swap = prepare_swap(&next, slot.share(), OnRefusal::Abort).expect("starts");
    slot.commit(swap, frame(12).time).expect("swaps");
    assert_eq!(total(&mut slot), "12");
}

#[test]
fn a_version_that_refuses_the_newer_state_comes_back_with_the_one_it_had() {
    let old = probed_with(marked(&[("@version=", "1.0.0"), ("@deed=", "restore-refuse-odd")]), binding("{}"));
    let mut slot = RuleSlot::start(&old, old.shares()[0], None).expect("starts");
    show(&mut slot, 0..4);
    let new = probed_with(marked(&[("@version=", "2.0.0")]), binding("{}"));
    let swap = prepare_swap(&new, slot.share(), OnRefusal::Abort).expect("starts");
    let handed = slot.commit(swap, frame(3).time).expect("swaps").handed;
    show(&mut slot, 4..7);
    let back = prepare_swap(&old, slot.share(), OnRefusal::Abort).expect("starts");
    let back = slot.commit(back.with_fallback(handed), frame(6).time).expect("goes back");
    assert!(matches!(back.state, Handover::FromSnapshot { .. }), "{back:?}");
    assert_eq!(total(&mut slot), "4", "seven frames are odd, four were its own");
}

/// A frame of another camera, whose clock is an hour ahead.
fn ahead(sequence: u64) -> FrameInfo {
    let hour = Duration::from_secs(3600);
    FrameInfo { camera: CameraHandle(9), time: frame(sequence).time + hour, ..frame(sequence) }
}

#[test]
fn a_failure_on_a_camera_whose_clock_is_ahead_pauses_the_rule_no_longer() {
    let mut slot = slot("trap", 13);
    show(&mut slot, 0..12);
    assert!(matches!(slot.process(&ahead(11), &TrackColumns::new()), Processed::Failed(_)));
    let seen = show(&mut slot, 12..25);
    assert!(matches!(seen[12], Processed::Output(_)), "its second is over: {:?}", slot.health());
}

#[test]
fn states_are_saved_each_second_after_a_frame_of_a_camera_whose_clock_is_ahead() {
    let mut slot = slot("", 0);
    show(&mut slot, 0..5);
    slot.process(&ahead(4), &TrackColumns::new());
    let saved = (5..35).filter(|&sequence| {
        slot.process(&frame(sequence), &TrackColumns::new());
        slot.take_saved().is_some()
    });
    assert_eq!(saved.count(), 3);
}

#[test]
fn what_a_save_came_to_is_told_once_whoever_asked_for_it() {
    let mut sound = slot("", 0);
    show(&mut sound, 0..11);
    assert_eq!(sound.take_saved().expect("it saved").expect("a state")[..], 11_u64.to_le_bytes());
    assert!(sound.take_saved().is_none());
    sound.handover_to(&sound.probed().clone()).expect("saves");
    assert!(sound.take_saved().is_some_and(|saved| saved.is_ok()));
    let mut large = slot("large-state", 2);
    show(&mut large, 0..11);
    assert!(matches!(large.take_saved(), Some(Err(CallError::StateTooLarge { .. }))));
}
