//! What rules keep under keys: over failures, restarts and changes of version.

use ocellus_core::{Power, Powers, Value};
use ocellus_runtime::{
    Binding, Checkpoint, Grants, Handover, KeyValues, Limits, Memory, OnRefusal, Probed, Processed, RuleSlot,
    TrackColumns, prepare_swap,
};

use crate::support::{binding, frame, guest, marked_in, probed_with};

fn bound(settings: &str) -> Binding {
    let grants = Grants::new(Powers::NONE.with(Power::KeyValue), &[]).expect("sound");
    Binding { grants, ..binding(settings) }
}

fn probed(settings: &str) -> Probed {
    probed_with(guest("powers"), bound(settings))
}

fn version(number: &str, deed: &str) -> Probed {
    let bytes = marked_in("powers", &[("@version=", number), ("@deed=", deed)]);
    probed_with(bytes, bound(r#"{"keep":"count"}"#))
}

fn start(probed: &Probed) -> RuleSlot {
    RuleSlot::start(probed, probed.shares()[0], Memory::default()).expect("starts")
}

/// Shows frames; what the rule said of its key in the last one.
fn show(slot: &mut RuleSlot, frames: std::ops::Range<u64>) -> String {
    let mut said = String::new();
    for sequence in frames {
        if let Processed::Output(output) = slot.process(&frame(sequence), &TrackColumns::new()) {
            let kept = output.events[0].attributes.iter().find(|(key, _)| key == "kept");
            said = match kept.map(|(_, value)| value) {
                Some(Value::Integer(count)) => count.to_string(),
                Some(Value::Text(text)) => text.clone(),
                _ => String::new(),
            };
        }
    }
    said
}

/// What an owner has on its disk after these checkpoints.
fn kept(disk: &mut Vec<(String, Vec<u8>)>, checkpoint: &Checkpoint) {
    for (key, value) in &checkpoint.values.changes {
        disk.retain(|(known, _)| known != &**key);
        disk.extend(value.as_ref().map(|value| (key.to_string(), value.to_vec())));
    }
}

#[test]
fn without_the_grant_every_use_is_refused() {
    let probed = probed_with(guest("powers"), binding(r#"{"keep":"count"}"#));
    let mut slot = start(&probed);
    assert_eq!(show(&mut slot, 0..1), "Refusal::NotGranted");
    assert_eq!(slot.query("get count").expect("answers"), "Err(Refusal::NotGranted)");
    assert!(matches!(slot.command(frame(1).time, "set a b"), Processed::Failed(_)));
    assert!(slot.values().is_empty());
}

#[test]
fn before_there_are_values_and_in_questions_they_cannot_be_changed() {
    let error = crate::support::compiled(guest("powers"))
        .bind(bound(r#"{"early":1}"#))
        .expect("sound")
        .probe()
        .map(drop)
        .expect_err("says what it got");
    assert!(error.to_string().contains("Refusal::NotNow"), "{error}");
    let mut slot = start(&probed("{}"));
    slot.command(frame(0).time, "set a b");
    assert_eq!(slot.query("set a c").expect("answers"), "Err(Refusal::NotNow)");
    assert_eq!(slot.query("get a").expect("answers"), "Ok(Some([98]))");
}

#[test]
fn a_rule_over_its_limit_is_told_so_and_goes_on() {
    let limits = Limits { values: 1000, ..Limits::default() };
    let probed = probed_with(guest("powers"), Binding { limits, ..bound("{}") });
    let mut slot = start(&probed);
    let told = |processed: Processed| match processed {
        Processed::Failed(error) => error.to_string(),
        other => format!("{other:?}"),
    };
    assert!(told(slot.command(frame(0).time, "fill a 999")).contains("Refusal::Full(1000)"));
    assert!(told(slot.command(frame(0).time, "fill a 70000")).contains("Refusal::TooLarge(65536)"));
    let long = format!("set {} b", "k".repeat(257));
    assert!(told(slot.command(frame(0).time, &long)).contains("Refusal::BadKey(256)"));
    assert!(matches!(slot.command(frame(0).time, "set a b"), Processed::Output(_)));
    assert_eq!(slot.health().values, 66);
}

#[test]
fn after_a_failure_values_and_state_are_of_the_same_moment() {
    // It saves after the eleventh frame, and traps in the fifteenth.
    let mut slot = start(&probed(r#"{"keep":"count","trap-at":15}"#));
    assert_eq!(show(&mut slot, 0..14), "14");
    show(&mut slot, 14..15);
    // The pause is a second.
    assert_eq!(show(&mut slot, 25..26), "12", "as of the last save, and one");
    assert_eq!(show(&mut slot, 26..27), "13");
}

#[test]
fn a_restart_of_the_host_brings_back_what_was_kept_and_unconfirmed_changes_come_again() {
    let probed = probed(r#"{"keep":"count"}"#);
    let mut slot = start(&probed);
    let mut disk = Vec::new();
    show(&mut slot, 0..11);
    let lost = slot.take_checkpoint().expect("due");
    assert_eq!(lost.values.changes.len(), 1);
    slot.command(frame(11).time, "set a b");
    show(&mut slot, 12..30);
    let second = slot.take_checkpoint().expect("due");
    kept(&mut disk, &second);
    second.values.confirm();
    assert_eq!(disk.len(), 2);
    slot.command(frame(31).time, "delete a");
    let last = slot.checkpoint_now().expect("a change");
    let changed: Vec<_> = last.values.changes.iter().map(|(key, value)| (&**key, value.is_some())).collect();
    assert_eq!(changed, [("a", false), ("count", true)]);
    kept(&mut disk, &last);
    let values: KeyValues = disk.into_iter().collect();
    let memory = Memory { state: Some(last.snapshot), values };
    let mut again = RuleSlot::start(&probed, probed.shares()[0], memory).expect("starts");
    assert_eq!(again.query("keys ").expect("answers"), r#"Ok(["count"])"#);
    assert_eq!(show(&mut again, 40..41), "30");
    assert!(again.checkpoint_now().is_some_and(|checkpoint| checkpoint.values.changes.len() == 1));
}

#[test]
fn the_next_version_takes_over_the_values_and_the_former_gets_its_own_back() {
    let (first, second) = (version("1.0.0", ""), version("2.0.0", ""));
    let mut slot = start(&first);
    show(&mut slot, 0..5);
    let swap = prepare_swap(&second, slot.share(), OnRefusal::Abort).expect("starts");
    let handed = slot.commit(swap, frame(5).time).expect("swaps").handed;
    assert_eq!(show(&mut slot, 6..9), "8");
    let picky = version("1.0.0", "restore-refuse");
    let back = prepare_swap(&picky, slot.share(), OnRefusal::StartCold).expect("starts");
    let back = slot.commit(back, frame(9).time).expect("goes back");
    assert_eq!(back.state, Handover::Cold);
    assert_eq!(show(&mut slot, 10..11), "9", "what is under keys is the rule's, not the version's");
    let again = prepare_swap(&first, slot.share(), OnRefusal::Abort).expect("starts");
    slot.commit(again.with_fallback(handed), frame(12).time).expect("swaps");
    assert_eq!(show(&mut slot, 13..14), "10");
}

#[test]
fn a_refused_swap_leaves_the_values_as_they_were() {
    let (first, picky) = (version("1.0.0", ""), version("2.0.0", "restore-refuse"));
    let mut slot = start(&first);
    show(&mut slot, 0..5);
    let swap = prepare_swap(&picky, slot.share(), OnRefusal::Abort).expect("starts");
    assert!(slot.commit(swap, frame(5).time).is_err());
    assert_eq!(show(&mut slot, 6..7), "6");
}

#[test]
fn another_plugin_in_the_slot_finds_nothing_and_the_disk_is_told_to_forget() {
    let mut slot = start(&probed(r#"{"keep":"count"}"#));
    show(&mut slot, 0..12);
    slot.take_checkpoint().expect("due").values.confirm();
    let other = probed_with(guest("probe"), binding("{}"));
    let swap = prepare_swap(&other, slot.share(), OnRefusal::Abort).expect("starts");
    slot.commit(swap, frame(12).time).expect("swaps");
    assert!(slot.values().is_empty());
    let changes = slot.checkpoint_now().expect("a state").values.changes;
    assert!(matches!(&changes[..], [(key, None)] if &**key == "count"), "{changes:?}");
}

#[test]
fn what_is_kept_after_a_look_at_the_state_has_the_values_of_its_moment() {
    let (first, picky) = (version("1.0.0", ""), version("2.0.0", "restore-refuse"));
    let mut slot = start(&first);
    let mut disk = Vec::new();
    show(&mut slot, 0..5);
    let handed = slot.handover_to(&picky).expect("saves").expect("a memory");
    let checkpoint = slot.take_checkpoint().expect("the state is new");
    kept(&mut disk, &checkpoint);
    assert_eq!(checkpoint.snapshot.state[..], 5_u64.to_le_bytes());
    assert_eq!(disk, [("count".to_owned(), 5_u64.to_le_bytes().to_vec())]);
    assert_eq!(handed.values, disk.into_iter().collect());
}

#[test]
fn a_version_that_begins_cold_forgets_the_state_it_refused_but_the_way_back_does_not() {
    let (first, picky) = (version("1.0.0", ""), version("2.0.0", "restore-refuse"));
    let mut slot = start(&first);
    show(&mut slot, 0..12);
    let swap = prepare_swap(&picky, slot.share(), OnRefusal::StartCold).expect("starts");
    let committed = slot.commit(swap, frame(12).time).expect("swaps");
    assert_eq!((committed.state, &committed.began.state), (Handover::Cold, &None));
    assert_eq!(committed.began.values.len(), 1);
    assert!(slot.take_checkpoint().is_none(), "there is no state to keep");
    // It dies before it has saved a state: its own is what comes first, and there is none.
    slot.command(frame(13).time, "trap");
    let swap = prepare_swap(&first, slot.share(), OnRefusal::Abort).expect("starts");
    let back = slot.commit(swap.with_fallback(committed.handed), frame(14).time).expect("goes back");
    assert!(matches!(back.state, Handover::FromSnapshot { .. }), "{:?}", back.state);
    assert_eq!(back.began.state.expect("its own").digest, first.artifact().digest);
    let kept = slot.take_checkpoint().expect("what it began with").snapshot;
    assert_eq!((kept.digest, &kept.state[..]), (first.artifact().digest, &12_u64.to_le_bytes()[..]));
}

#[test]
fn values_outlive_two_versions_of_which_none_has_saved_a_state() {
    let (first, picky) = (version("1.0.0", ""), version("2.0.0", "restore-refuse"));
    let mut slot = start(&first);
    show(&mut slot, 0..5);
    for version in [&picky, &first] {
        let swap = prepare_swap(version, slot.share(), OnRefusal::StartCold).expect("starts");
        slot.commit(swap, frame(5).time).expect("swaps");
        slot.command(frame(5).time, "trap");
    }
    assert_eq!(slot.values().len(), 1, "nothing but a rule removes what is under its keys");
}
