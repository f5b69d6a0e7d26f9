//! Settings: any text, through the host's own check and the shipped rules, and then frames through what was made.
//!
//! An input is the settings' text; after a zero byte come the frames.

#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use line_crossing::LineCrossing;
use ocellus_core::{CameraHandle, FrameInfo, Power, RuleOutput, Size, TimeUs};
use ocellus_fuzz::{contract, hand, inputs};
use ocellus_sdk::{Camera, Columns, Instance, Output, Rule, Site};
use parking::Parking;
use parking_levels::ParkingLevels;
use plate_log::PlateLog;
use reid_association::Association;
use speeding::Speeding;
use traffic_stats::TrafficStats;
use zones::Zones;

const FRAMES: usize = 64;

fuzz_target!(|bytes: &[u8]| {
    let (text, food) = match bytes.iter().position(|&byte| byte == 0) {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[][..]),
    };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let frames = frames(food);
    let is_bound = hand::plain().bind(hand::binding(text)).is_ok();
    decide::<LineCrossing>(text, is_bound, &frames);
    decide::<Parking>(text, is_bound, &frames);
    decide::<ParkingLevels>(text, is_bound, &frames);
    decide::<PlateLog>(text, is_bound, &frames);
    decide::<Association>(text, is_bound, &frames);
    decide::<Speeding>(text, is_bound, &frames);
    decide::<TrafficStats>(text, is_bound, &frames);
    decide::<Zones>(text, is_bound, &frames);
});

fn frames(food: &[u8]) -> Vec<(FrameInfo, Columns)> {
    let mut food = Unstructured::new(food);
    let mut frames = Vec::new();
    let mut time = 0;
    while !food.is_empty() && frames.len() < FRAMES {
        let Ok((step_us, columns)) = inputs::frame(&mut food) else { break };
        time += step_us;
        let sequence = frames.len() as u64;
        let size = Size::new(1280, 720);
        frames.push((FrameInfo { camera: CameraHandle(1), sequence, time: TimeUs(time), size }, columns));
    }
    frames
}

/// A rule that takes its settings is one that the host binds, whose output the host takes, and that decides the same
/// when another instance goes on with its state after every frame.
fn decide<R: Rule>(text: &str, is_bound: bool, frames: &[(FrameInfo, Columns)]) {
    let Ok(mut steady) = configured::<R>(text) else { return };
    assert!(is_bound || !text.trim_start().starts_with('{'), "the host refuses what {} takes", R::NAME);
    let mut handed_on = configured::<R>(text).unwrap_or_else(|error| panic!("refused again: {error}"));
    for (frame, columns) in frames {
        let decided = told(steady.process(frame, columns.clone()));
        assert_eq!(decided, told(handed_on.process(frame, columns.clone())), "frame {}", frame.sequence);
        let mut successor = configured::<R>(text).unwrap_or_else(|error| panic!("refused again: {error}"));
        let restored = successor.restore(&handed_on.save(), R::VERSION);
        assert_eq!(restored, Ok(()), "{} refuses its own state", R::NAME);
        handed_on = successor;
    }
    let end = frames.last().map_or(TimeUs(0), |(frame, _)| frame.time);
    assert_eq!(told(steady.finish(end)), told(handed_on.finish(end)), "the end");
}

fn told(outcome: Result<Output, String>) -> Output {
    let output = outcome.unwrap_or_else(|error| panic!("{error}"));
    let inner = RuleOutput::from(output.clone());
    assert!(contract::is_sound(&inner), "the host refuses: {inner:?}");
    assert_eq!(inner, contract::let_through(inner.clone()), "the host leaves out a part");
    output
}

fn configured<R: Rule>(text: &str) -> Result<Instance<R>, String> {
    let classes = ["person", "car"].map(str::to_owned).into();
    let camera = Camera { handle: CameraHandle(1), name: "camera".to_owned(), classes };
    let mut instance = Instance::new();
    let site = Site::new(vec![camera]).with_granted(Power::ALL.into_iter().collect());
    instance.configure(text, site)?;
    Ok(instance)
}
