//! The rule as an Extism plugin, with the same facts of each track as Ocellus hands over.

use extism::{Manifest, Plugin, Wasm};
use extism_convert::{Json, Msgpack};
use ocellus_core::{Track, TrackState};
use serde::Serialize;

use crate::Failure;
use crate::frames::SIZE;
use crate::measure::{self, Figures};

#[derive(Serialize)]
struct FrameRow {
    camera: u32,
    sequence: u64,
    time_us: u64,
    width: u32,
    height: u32,
    tracks: Vec<TrackRow>,
}

#[derive(Serialize)]
struct TrackRow {
    id: u64,
    class: u32,
    confidence: f32,
    state: &'static str,
    #[serde(rename = "box")]
    rect: [f32; 4],
    first_seen_us: u64,
}

pub(crate) fn json(frames: &[Vec<Track>], plugin: &[u8]) -> Result<Figures, Failure> {
    let mut plugin = open(plugin)?;
    measure::run(frames, |turn, tracks| {
        let Json(crossed) = plugin.call::<_, Json<Vec<u64>>>("process_json", Json(row_of(turn, tracks)))?;
        Ok(crossed.len())
    })
}

pub(crate) fn msgpack(frames: &[Vec<Track>], plugin: &[u8]) -> Result<Figures, Failure> {
    let mut plugin = open(plugin)?;
    measure::run(frames, |turn, tracks| {
        let Msgpack(crossed) =
            plugin.call::<_, Msgpack<Vec<u64>>>("process_msgpack", Msgpack(row_of(turn, tracks)))?;
        Ok(crossed.len())
    })
}

fn open(plugin: &[u8]) -> Result<Plugin, Failure> {
    Ok(Plugin::new(Manifest::new([Wasm::data(plugin)]), [], false)?)
}

fn row_of(turn: u64, tracks: &[Track]) -> FrameRow {
    let row = |track: &Track| {
        let rect = track.rect.normalised(SIZE);
        TrackRow {
            id: track.id,
            class: track.class,
            confidence: track.confidence,
            state: match track.state {
                TrackState::Tentative => "tentative",
                TrackState::Confirmed => "confirmed",
                TrackState::Lost => "lost",
            },
            rect: [rect.x, rect.y, rect.width, rect.height],
            first_seen_us: track.first_seen.0,
        }
    };
    FrameRow {
        camera: 0,
        sequence: turn,
        time_us: (turn + 1) * 100_000,
        width: SIZE.width,
        height: SIZE.height,
        tracks: tracks.iter().map(row).collect(),
    }
}
