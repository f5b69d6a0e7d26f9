//! The rule as a component, as a lane calls it.

use std::sync::Arc;

use ocellus_core::{CameraHandle, FrameInfo, Name, TimeUs, Track};
use ocellus_runtime::{
    Binding, BoundCamera, DeadlineMode, Grants, Limits, Runtime, RuntimeOptions, TrackColumns,
};

use crate::Failure;
use crate::frames::SIZE;
use crate::measure::{self, Figures};

pub(crate) fn run(frames: &[Vec<Track>], component: Vec<u8>) -> Result<Figures, Failure> {
    let runtime = Runtime::new(RuntimeOptions::default())?;
    let camera = BoundCamera {
        handle: CameraHandle(0),
        name: Name::new("bench")?,
        classes: Arc::from(["person".to_owned()]),
    };
    let binding = Binding {
        rule: Name::new("bench")?,
        settings: "{}".to_owned(),
        cameras: vec![camera],
        limits: Limits::default(),
        grants: Grants::none(),
        deadline: DeadlineMode::Live,
    };
    let probed = runtime.load(component)?.bind(binding)?.probe()?;
    let share = *probed.shares().first().ok_or("the rule is bound to no camera")?;
    let mut instance = probed.instantiate(share)?;
    let mut columns = TrackColumns::new();
    measure::run(frames, |turn, tracks| {
        columns.fill(tracks, SIZE);
        let frame = FrameInfo {
            camera: CameraHandle(0),
            sequence: turn,
            time: TimeUs((turn + 1) * 100_000),
            size: SIZE,
        };
        Ok(instance.process(&frame, &columns)?.events.len())
    })
}
