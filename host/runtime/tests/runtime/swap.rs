//! A new version between two frames: its state is carried, or nothing changes.

use ocellus_core::TimeUs;
use ocellus_runtime::{
    CallError, Handover, OnRefusal, Probed, Processed, RuleSlot, RuleState, SwapAborted, TrackColumns,
    prepare_swap,
};

use crate::support::{binding, frame, guest, marked, probed_with};

fn version(marks: &[(&str, &str)]) -> Probed {
    probed_with(marked(marks), binding("{}"))
}

fn running(frames: u64) -> RuleSlot {
    let probed = probed_with(guest("probe"), binding("{}"));
    let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    show(&mut slot, 0, frames);
    slot
}

fn show(slot: &mut RuleSlot, from: u64, to: u64) {
    for sequence in from..to {
        slot.process(&frame(sequence), &TrackColumns::new());
    }
}

fn total(slot: &mut RuleSlot) -> u64 {
    slot.query("").expect("answers").split(' ').next().expect("a number").parse().expect("a number")
}

#[test]
fn a_swap_carries_the_state_and_the_new_version_is_told_the_old_ones() {
    let mut slot = running(7);
    let new = version(&[("@version=", "1.1.0")]);
    let swap = prepare_swap(&new, slot.share(), OnRefusal::Abort).expect("starts");
    let committed = slot.commit(swap, frame(6).time).expect("swaps");
    assert_eq!(committed.state, Handover::Carried { bytes: 8 });
    assert_eq!(
        (committed.from, committed.to),
        (running(0).probed().artifact().digest, new.artifact().digest)
    );
    show(&mut slot, 7, 10);
    assert_eq!(total(&mut slot), 10);
    assert!(slot.drain_logs().lines.iter().any(|line| line.message.contains("of version 1.0.0")));
    assert_eq!(slot.health().calls, 4, "counted anew: three frames and a query");
}

#[test]
fn fifty_swaps_between_two_versions_lose_no_frame_and_no_count() {
    let (one, two) = (version(&[("@version=", "1.0.1")]), version(&[("@version=", "1.0.2")]));
    let mut slot = running(0);
    for round in 0..50_u64 {
        let new = if round % 2 == 0 { &one } else { &two };
        let swap = prepare_swap(new, slot.share(), OnRefusal::Abort).expect("starts");
        slot.commit(swap, frame(round * 3).time).expect("swaps");
        show(&mut slot, round * 3, round * 3 + 3);
    }
    assert_eq!(total(&mut slot), 150);
}

#[test]
fn a_refused_state_gives_the_swap_up_and_the_old_version_goes_on() {
    let mut slot = running(7);
    let old = slot.probed().artifact().digest;
    for deed in ["restore-refuse", "restore-trap", "restore-loop"] {
        let new = version(&[("@version=", "2.0.0"), ("@deed=", deed)]);
        let swap = prepare_swap(&new, slot.share(), OnRefusal::Abort).expect("starts");
        let error = slot.commit(swap, frame(6).time).map(|_| ()).expect_err("given up");
        assert!(matches!(error, SwapAborted::Restore(_)), "{deed}: {error}");
    }
    show(&mut slot, 7, 9);
    assert_eq!((total(&mut slot), slot.probed().artifact().digest), (9, old));
    assert_eq!((slot.health().state, slot.health().strikes), (RuleState::Active, 0));
}

#[test]
fn a_cold_start_is_had_only_when_it_is_asked_for() {
    let mut slot = running(7);
    let new = version(&[("@version=", "2.0.0"), ("@deed=", "restore-refuse")]);
    let swap = prepare_swap(&new, slot.share(), OnRefusal::StartCold).expect("starts");
    assert_eq!(slot.commit(swap, frame(6).time).expect("swaps").state, Handover::Cold);
    assert_eq!(total(&mut slot), 0);
}

#[test]
fn another_plugin_starts_without_the_state_of_the_one_before() {
    let mut slot = running(12);
    let other = version(&[("@name=", "other")]);
    let swap = prepare_swap(&other, slot.share(), OnRefusal::Abort).expect("starts");
    assert_eq!(slot.commit(swap, frame(11).time).expect("swaps").state, Handover::Cold);
    assert_eq!(total(&mut slot), 0);
    show(&mut slot, 12, 24);
    assert_eq!(slot.take_checkpoint().map(|one| one.snapshot.plugin.to_string()), Some("other".into()));
}

#[test]
fn a_version_that_cannot_save_any_more_hands_over_its_last_snapshot() {
    let probed = probed_with(guest("probe"), binding(r#"{"do":"trap-in-save","after":15}"#));
    let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
    show(&mut slot, 0, 17);
    let new = version(&[("@version=", "1.0.1")]);
    let swap = prepare_swap(&new, slot.share(), OnRefusal::Abort).expect("starts");
    let Handover::FromSnapshot { bytes: 8, age } = slot.commit(swap, frame(16).time).expect("swaps").state
    else {
        panic!("from the snapshot of frame 10");
    };
    assert_eq!((age.as_millis(), total(&mut slot)), (600, 11));
}

#[test]
fn a_swap_ends_back_off_and_quarantine() {
    let probed = probed_with(guest("probe"), binding(r#"{"do":"trap","after":13}"#));
    for frames in [14, 700] {
        let mut slot = RuleSlot::start(&probed, probed.shares()[0], None).expect("starts");
        show(&mut slot, 0, frames);
        assert_ne!(slot.health().state, RuleState::Active);
        let stale = slot.take_restart();
        let swap = prepare_swap(&version(&[("@version=", "1.0.1")]), slot.share(), OnRefusal::Abort);
        let committed = slot.commit(swap.expect("starts"), frame(frames).time).expect("swaps");
        assert!(matches!(committed.state, Handover::FromSnapshot { bytes: 8, .. }), "{:?}", committed.state);
        if let Some(stale) = stale {
            slot.install(stale.run());
        }
        let processed = slot.process(&frame(frames), &TrackColumns::new());
        assert!(matches!(processed, Processed::Output(_)), "{processed:?}");
        assert_eq!((slot.health().state, slot.health().strikes), (RuleState::Active, 0));
        assert_eq!(slot.probed().description().version.to_string(), "1.0.1");
    }
}

#[test]
fn a_version_that_refuses_its_settings_is_never_prepared() {
    let error = probed_of("configure-trap");
    assert!(matches!(error, CallError::Trap(_)), "{error}");
    assert!(TimeUs(0) < frame(0).time);
}

fn probed_of(deed: &str) -> CallError {
    let bound = crate::support::compiled(marked(&[("@deed=", deed)])).bind(binding("{}")).expect("JSON");
    bound.probe().map(|_| ()).expect_err("fails").cause
}
