//! The benches' rule as an Extism plugin, written as Extism's guide has it: a frame in, what crossed out, both
//! encoded by serde.

#[path = "../../../guests/line/src/rule.rs"]
mod rule;

use std::cell::RefCell;

use extism_pdk::{FnResult, Json, Msgpack, plugin_fn};
use serde::Deserialize;

/// A frame as the host tells it, all of it: MessagePack goes by the order of the fields.
#[derive(Deserialize)]
#[expect(dead_code, reason = "what other rules read")]
struct Frame {
    camera: u32,
    sequence: u64,
    time_us: u64,
    width: u32,
    height: u32,
    tracks: Vec<Track>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what other rules read")]
struct Track {
    id: u64,
    class: u32,
    confidence: f32,
    state: State,
    #[serde(rename = "box")]
    rect: [f32; 4],
    first_seen_us: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Tentative,
    Confirmed,
    Lost,
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
