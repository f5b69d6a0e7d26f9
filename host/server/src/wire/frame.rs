//! A frame as viewers get it: one text, followed by one JPEG where pictures are wanted.

use ocellus_core::event::Tone;
use ocellus_core::{Measurement, Name, Overlay, Point, Track, TrackState};
use ocellus_pipeline::LiveFrame;
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use utoipa::ToSchema;

/// What stands before the number of skipped frames in every frame's text.
pub(crate) const PREFIX: &str = r#"{"type":"frame","skipped":"#;

/// A frame's text. The first two keys are `type` and `skipped`, so that the rest is the same for all
/// viewers and is written once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FrameMessage)]
pub(crate) struct FrameMessage<'a> {
    /// `frame`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// Frames since the last one sent that this viewer did not get.
    skipped: u64,
    /// The camera.
    camera: &'a str,
    /// Counts the frames that rules see, from 0, without gaps.
    frame: u64,
    /// The frame's time: microseconds since the Unix epoch.
    time_us: u64,
    /// Width of the source picture in pixels.
    width: u32,
    /// Height of the source picture in pixels.
    height: u32,
    /// All tracks.
    #[schema(value_type = Vec<TrackMessage<'static>>)]
    tracks: Each<'a, TrackMessage<'a>>,
    /// What rules want drawn.
    #[schema(value_type = Vec<OverlayMessage<'static>>)]
    overlays: Each<'a, OverlayMessage<'a>>,
    /// What rules measured.
    #[schema(value_type = Vec<MeasurementMessage<'static>>)]
    measurements: Each<'a, MeasurementMessage<'a>>,
}

/// A list that is written from what the frame holds, without a copy of it.
struct Each<'a, T>(&'a LiveFrame, fn(&'a LiveFrame, &mut dyn FnMut(T)));

impl<T> std::fmt::Debug for Each<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Each")
    }
}

impl<T: Serialize> Serialize for Each<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let mut outcome = Ok(());
        (self.1)(self.0, &mut |item| {
            if outcome.is_ok() {
                outcome = list.serialize_element(&item);
            }
        });
        outcome?;
        list.end()
    }
}

/// A track in a frame. Positions are 0..1 of the picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Track)]
pub(crate) struct TrackMessage<'a> {
    /// Counts from 1 per camera.
    id: u64,
    /// Index into the camera's classes.
    class: u32,
    /// The class by name.
    label: &'a str,
    /// 0..1.
    confidence: f32,
    /// `tentative`, `confirmed` or `lost`.
    state: &'static str,
    /// x, y, width, height; may reach beyond the picture.
    #[serde(rename = "box")]
    rect: [f32; 4],
    /// Where it stands on the ground; left out without calibration.
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<GroundMessage>,
    /// What its number plate says, as far as that is known; left out while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    plate: Option<PlateMessage<'a>>,
}

/// What a vehicle's number plate says.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plate)]
pub(crate) struct PlateMessage<'a> {
    /// What most readings speak for; masked or hashed where the camera is set so.
    text: &'a str,
    /// Mean confidence of the readings that agree with it, 0..1.
    confidence: f32,
}

/// Where a track stands on the ground.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ground)]
pub(crate) struct GroundMessage {
    /// Metres along both axes of the calibration.
    position_m: [f32; 2],
    /// Metres a second along both; null until it is known well enough.
    velocity_mps: Option<[f32; 2]>,
    /// One standard deviation of the position, in metres.
    sigma_m: f32,
}

/// Something to draw. Positions are 0..1 of the picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Overlay)]
#[serde(tag = "shape", rename_all = "lowercase")]
pub(crate) enum OverlayMessage<'a> {
    /// A closed outline.
    Polygon {
        /// The rule that wants it.
        rule: &'a str,
        /// Its corners.
        corners: Vec<[f32; 2]>,
        /// `neutral`, `good` or `bad`.
        tone: &'static str,
        /// A short text; may be empty.
        label: &'a str,
    },
    /// A line.
    Line {
        /// The rule that wants it.
        rule: &'a str,
        /// Where it starts.
        from: [f32; 2],
        /// Where it ends.
        to: [f32; 2],
        /// `neutral`, `good` or `bad`.
        tone: &'static str,
        /// A short text; may be empty.
        label: &'a str,
    },
    /// A text.
    Label {
        /// The rule that wants it.
        rule: &'a str,
        /// Left end of its base line.
        at: [f32; 2],
        /// `neutral`, `good` or `bad`.
        tone: &'static str,
        /// The text.
        text: &'a str,
    },
}

/// A number that a rule measured.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Measurement)]
pub(crate) struct MeasurementMessage<'a> {
    /// The rule.
    rule: &'a str,
    /// What is measured.
    name: &'a str,
    /// The number.
    value: f64,
}

impl<'a> FrameMessage<'a> {
    /// The message for a viewer who missed nothing.
    pub(crate) fn new(frame: &'a LiveFrame) -> FrameMessage<'a> {
        FrameMessage {
            kind: "frame",
            skipped: 0,
            camera: frame.camera.as_str(),
            frame: frame.info.sequence,
            time_us: frame.info.time.0,
            width: frame.info.size.width,
            height: frame.info.size.height,
            tracks: Each(frame, |frame, put| {
                frame.tracks.iter().for_each(|track| put(track_message(frame, track)));
            }),
            overlays: Each(frame, |frame, put| {
                for (rule, overlays) in &frame.overlays {
                    overlays.iter().for_each(|overlay| put(overlay_message(rule, overlay)));
                }
            }),
            measurements: Each(frame, |frame, put| {
                for (rule, measurements) in &frame.measurements {
                    measurements.iter().for_each(|measured| put(measurement_message(rule, measured)));
                }
            }),
        }
    }
}

fn track_message<'a>(frame: &'a LiveFrame, track: &Track) -> TrackMessage<'a> {
    let class = usize::try_from(track.class).ok().and_then(|class| frame.classes.get(class));
    let rect = track.rect.normalised(frame.info.size);
    TrackMessage {
        id: track.id,
        class: track.class,
        label: class.map_or("?", String::as_str),
        confidence: short(track.confidence),
        state: match track.state {
            TrackState::Tentative => "tentative",
            TrackState::Confirmed => "confirmed",
            TrackState::Lost => "lost",
        },
        rect: [rect.x, rect.y, rect.width, rect.height].map(short),
        ground: track.ground.map(|ground| GroundMessage {
            position_m: ground.position_m.map(short),
            velocity_mps: ground.velocity_mps.map(|velocity| velocity.map(short)),
            sigma_m: short(ground.sigma_m),
        }),
        plate: frame
            .plates
            .iter()
            .find(|plate| plate.track == track.id)
            .map(|plate| PlateMessage { text: &plate.text, confidence: short(plate.confidence as f32) }),
    }
}

fn overlay_message<'a>(rule: &'a Name, overlay: &'a Overlay) -> OverlayMessage<'a> {
    let rule = rule.as_str();
    match overlay {
        Overlay::Polygon { corners, tone, label } => OverlayMessage::Polygon {
            rule,
            corners: corners.iter().map(|corner| position(*corner)).collect(),
            tone: tone_name(*tone),
            label,
        },
        Overlay::Line { segment, tone, label } => OverlayMessage::Line {
            rule,
            from: position(segment.from),
            to: position(segment.to),
            tone: tone_name(*tone),
            label,
        },
        Overlay::Label { at, tone, text } => {
            OverlayMessage::Label { rule, at: position(*at), tone: tone_name(*tone), text }
        }
    }
}

fn measurement_message<'a>(rule: &'a Name, measured: &'a Measurement) -> MeasurementMessage<'a> {
    MeasurementMessage { rule: rule.as_str(), name: &measured.name, value: measured.value }
}

fn tone_name(tone: Tone) -> &'static str {
    match tone {
        Tone::Neutral => "neutral",
        Tone::Good => "good",
        Tone::Bad => "bad",
    }
}

fn position(point: Point) -> [f32; 2] {
    [short(point.x), short(point.y)]
}

/// Four decimals: a fifth of a pixel of a 1080p picture, at a third of the digits.
fn short(value: f32) -> f32 {
    (value * 10_000.0).round() / 10_000.0
}
