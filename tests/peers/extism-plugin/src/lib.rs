//! The benches' rule as an Extism plugin, written as Extism's guide has it: a frame in, what crossed out, both
//! encoded by serde.

#[path = "../../../guests/line/src/rule.rs"]
mod rule;

use std::cell::RefCell;

use extism_pdk::{FnResult, Json, Msgpack, plugin_fn};
use serde::Deserialize;

/// A frame as the host tells it; only what this rule reads.
#[derive(Deserialize)]
struct Frame {
    tracks: Vec<Track>,
}

#[derive(Deserialize)]
struct Track {
    id: u64,
    #[serde(rename = "box")]
    rect: [f32; 4],
}

thread_local! {
    static LINE: RefCell<rule::Line> = RefCell::default();
}

fn decide(frame: &Frame) -> Vec<u64> {
    let ids: Vec<u64> = frame.tracks.iter().map(|track| track.id).collect();
    let boxes: Vec<f32> = frame.tracks.iter().flat_map(|track| track.rect).collect();
    LINE.with_borrow_mut(|line| line.frame(&ids, &boxes))
}

#[plugin_fn]
pub fn process_json(Json(frame): Json<Frame>) -> FnResult<Json<Vec<u64>>> {
    Ok(Json(decide(&frame)))
}

#[plugin_fn]
pub fn process_msgpack(Msgpack(frame): Msgpack<Frame>) -> FnResult<Msgpack<Vec<u64>>> {
    Ok(Msgpack(decide(&frame)))
}
