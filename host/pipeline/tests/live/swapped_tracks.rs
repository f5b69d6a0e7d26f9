//! A rule decides the same whether it is swapped or not: the shipped `line-crossing` over the same tracks, left
//! alone and swapped a thousand times.

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use ocellus_core::{CameraHandle, FrameInfo, Rect, Size, TimeUs, Track, TrackState};
use ocellus_runtime::{
    Binding, BoundCamera, DeadlineMode, Grants, Handover, Limits, OnRefusal, Probed, Processed, RuleSlot,
    Runtime, RuntimeOptions, TrackColumns, prepare_swap,
};

use crate::site::name;

const CAMERA: CameraHandle = CameraHandle(1);
const SIZE: Size = Size::new(1280, 720);
const FRAMES: u64 = 1200;
const WALKERS: u64 = 40;
const LINE: &str =
    r#"{"lines": [{"name": "gate", "from": [0.5, 0.0], "to": [0.5, 1.0], "entry": "left-to-right"}]}"#;

#[test]
fn a_thousand_swaps_change_no_event_and_no_state() {
    let runtime = Runtime::new(RuntimeOptions::default()).unwrap();
    let plain = line_crossing();
    // A section that says nothing: other bytes, so another version, that decide the same.
    let other = [&plain[..], b"\0\x05\x04note"].concat();
    let versions = [plain, other].map(|bytes| probed(&runtime, bytes));
    assert_ne!(versions[0].artifact().digest, versions[1].artifact().digest);
    let (alone, state_alone) = decide(&versions, |_| false);
    let mut swaps = 0;
    let (swapped, state_swapped) = decide(&versions, |frame| {
        swaps += u64::from(frame % 6 != 0);
        frame % 6 != 0
    });
    assert_eq!(swaps, 1000);
    assert!(alone.lines().count() > 100, "the tracks cross too seldom to tell anything: {alone}");
    let difference = alone.lines().zip(swapped.lines()).find(|(one, other)| one != other);
    assert_eq!(difference, None);
    assert_eq!(alone, swapped);
    assert_eq!(state_alone, state_swapped);
}

/// The events of a run in writing, and the state at its end; swaps before the frames that `swaps` names.
fn decide(versions: &[Probed; 2], mut swaps: impl FnMut(u64) -> bool) -> (String, Vec<u8>) {
    let mut slot = RuleSlot::start(&versions[0], versions[0].shares()[0], None).unwrap();
    let mut columns = TrackColumns::new();
    let mut said = String::new();
    let mut active = 0;
    for sequence in 0..FRAMES {
        let frame = frame(sequence);
        if swaps(sequence) {
            active = 1 - active;
            let swap = prepare_swap(&versions[active], slot.share(), OnRefusal::Abort).unwrap();
            let swapped = slot.commit(swap, frame.time).unwrap();
            assert!(matches!(swapped.state, Handover::Carried { .. }), "{swapped:?}");
        }
        columns.fill(&tracks(sequence), SIZE);
        write_down(&mut said, sequence, slot.process(&frame, &columns));
    }
    write_down(&mut said, FRAMES, slot.finish(frame(FRAMES).time));
    let state = slot.checkpoint_now().unwrap().snapshot.state.to_vec();
    (said, state)
}

fn write_down(said: &mut String, sequence: u64, processed: Processed) {
    let Processed::Output(output) = processed else { panic!("frame {sequence}: {processed:?}") };
    output.events.iter().for_each(|event| writeln!(said, "{sequence} {event:?}").unwrap());
}

/// The shipped rule, built by `make plugins`.
fn line_crossing() -> Vec<u8> {
    let program = std::env::current_exe().unwrap();
    let path: &Path = &program.ancestors().nth(3).unwrap().join("plugins/line-crossing.wasm");
    std::fs::read(path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `make plugins` first", path.display()))
}

fn probed(runtime: &Runtime, bytes: Vec<u8>) -> Probed {
    let classes: Arc<[String]> = ["person".to_owned()].into();
    let binding = Binding {
        rule: name("gate"),
        settings: LINE.to_owned(),
        cameras: vec![BoundCamera { handle: CAMERA, name: name("north"), classes }],
        limits: Limits::default(),
        grants: Grants::none(),
        // No busy machine may change what a rule decides.
        deadline: DeadlineMode::Recorded,
    };
    runtime.load(bytes).unwrap().bind(binding).unwrap().probe().unwrap()
}

/// Ten frames a second.
fn frame(sequence: u64) -> FrameInfo {
    FrameInfo { camera: CAMERA, sequence, time: TimeUs(1_000_000 + sequence * 100_000), size: SIZE }
}

/// People who walk to and fro across the picture, each at a speed of their own, and are out of sight now and then.
fn tracks(sequence: u64) -> Vec<Track> {
    let walker = |id: u64| {
        let period = 90 + 7 * id;
        let phase = (sequence + 31 * id) % period;
        let out_of_sight = (sequence + 13 * id) % 150 < 4;
        let way = phase as f32 / period as f32;
        let x = if way < 0.5 { 2.0 * way } else { 2.0 - 2.0 * way };
        let rect = Rect::new(1200.0 * x, 15.0 * id as f32, 40.0, 90.0);
        let (class, confidence, state) = (0, 0.9, TrackState::Confirmed);
        let track = Track { id, class, confidence, state, rect, first_seen: frame(0).time, ground: None };
        (!out_of_sight).then_some(track)
    };
    (1..=WALKERS).filter_map(walker).collect()
}
