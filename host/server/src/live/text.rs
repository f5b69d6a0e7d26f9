//! Messages written once and shared by all viewers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::extract::ws::Utf8Bytes;
use ocellus_core::{EventRecord, Name};
use ocellus_pipeline::wire::EventLine;
use ocellus_pipeline::{LiveFrame, TransitionRecord};
use serde::Serialize;

use crate::wire::frame::{FrameMessage, PREFIX};
use crate::wire::transition::Transition;

/// The text of the newest thing of a kind. Viewers ask for it at about the same time, so the newest one
/// is all that is worth keeping.
#[derive(Debug)]
struct Newest<T>(Mutex<Option<(Weak<T>, Utf8Bytes)>>);

impl<T> Default for Newest<T> {
    fn default() -> Newest<T> {
        Newest(Mutex::new(None))
    }
}

impl<T> Newest<T> {
    fn text(&self, thing: &Arc<T>, write: impl FnOnce(&T) -> Utf8Bytes) -> Utf8Bytes {
        // Written under the lock: whoever waits for it wants the same text.
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, text)) = &*newest
            && std::ptr::eq(known.as_ptr(), Arc::as_ptr(thing))
        {
            return text.clone();
        }
        let text = write(thing);
        *newest = Some((Arc::downgrade(thing), text.clone()));
        text
    }
}

/// The texts of one camera's frames.
#[derive(Debug, Default)]
pub(crate) struct FrameTexts(Newest<LiveFrame>);

impl FrameTexts {
    /// The frame's message for a viewer who did not get `skipped` frames before it.
    pub(crate) fn text(&self, frame: &Arc<LiveFrame>, skipped: u64) -> Utf8Bytes {
        let shared = self.0.text(frame, |frame| json(&FrameMessage::new(frame)));
        if skipped == 0 {
            return shared;
        }
        let rest = shared.get(PREFIX.len() + 1..).unwrap_or("}");
        format!("{PREFIX}{skipped}{rest}").into()
    }
}

/// The texts of all cameras' frames and of events.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    cameras: Mutex<HashMap<Name, Weak<FrameTexts>>>,
    event: Newest<EventRecord>,
}

impl Texts {
    /// The texts of a camera, shared by those who look at it now.
    pub(crate) fn of(&self, camera: &Name) -> Arc<FrameTexts> {
        let mut cameras = self.cameras.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(texts) = cameras.get(camera).and_then(Weak::upgrade) {
            return texts;
        }
        cameras.retain(|_, texts| texts.strong_count() > 0);
        let texts = Arc::new(FrameTexts::default());
        cameras.insert(camera.clone(), Arc::downgrade(&texts));
        texts
    }

    /// An event's message.
    pub(crate) fn event(&self, record: &Arc<EventRecord>) -> Utf8Bytes {
        self.event.text(record, |record| json(&EventMessage { kind: "event", line: EventLine::from(record) }))
    }
}

#[derive(Serialize)]
struct EventMessage<'a> {
    // Before the event's own keys; its `kind` is another thing.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    line: EventLine<'a>,
}

#[derive(Serialize)]
struct DroppedMessage {
    #[serde(rename = "type")]
    kind: &'static str,
    events: u64,
}

/// Tells a viewer how many events passed by.
pub(crate) fn dropped(events: u64) -> Utf8Bytes {
    json(&DroppedMessage { kind: "dropped", events })
}

/// What became of a version.
pub(crate) fn transition(record: &TransitionRecord) -> Utf8Bytes {
    json(&TransitionMessage { kind: "transition", transition: Transition::from(record.clone()) })
}

#[derive(Serialize)]
struct TransitionMessage {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    transition: Transition,
}

/// Nothing that is sent can fail to be written: its keys are texts and its numbers are numbers.
fn json(message: &impl Serialize) -> Utf8Bytes {
    serde_json::to_string(message).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocellus_core::event::Tone;
    use ocellus_core::{
        CameraHandle, Event, FrameInfo, Measurement, Overlay, Picture, Point, Rect, Size, TimeUs, Track,
        TrackState, Value,
    };
    use ocellus_pipeline::TrackPlate;
    use serde_json::{Value as Json, json};

    fn frame() -> Arc<LiveFrame> {
        let size = Size::new(200, 100);
        let track = Track {
            id: 7,
            class: 0,
            confidence: 0.912_345,
            state: TrackState::Confirmed,
            rect: Rect::new(20.0, 10.0, 100.0, 33.333),
            first_seen: TimeUs(1),
            ground: None,
        };
        let corners = vec![Point::new(0.0, 0.0), Point::new(1.0, 0.0), Point::new(0.5, f32::NAN)];
        let overlay = Overlay::Polygon { corners, tone: Tone::Bad, label: "\"A1\"\u{7}".into() };
        Arc::new(LiveFrame {
            info: FrameInfo { camera: CameraHandle(1), sequence: 12, time: TimeUs(34), size },
            camera: Name::new("gate").unwrap(),
            classes: vec!["car".to_owned()].into(),
            picture: Picture::from_i420(size, vec![0_u8; Picture::byte_len(size)]).unwrap(),
            tracks: vec![track, Track { class: 9, ..track }],
            plates: vec![Arc::new(TrackPlate {
                track: 7,
                text: "AB\"1".into(),
                confidence: 0.75,
                readings: 3,
                picture: None,
            })]
            .into(),
            overlays: vec![(Name::new("spaces").unwrap(), vec![overlay].into())],
            measurements: vec![(
                Name::new("spaces").unwrap(),
                vec![Measurement { name: "free".into(), value: f64::INFINITY }].into(),
            )],
            captured: std::time::Instant::now(),
        })
    }

    #[test]
    fn a_frame_is_written_with_positions_as_shares_and_whatever_rules_say_is_escaped() {
        let text = FrameTexts::default().text(&frame(), 0);
        let said: Json = serde_json::from_str(&text).unwrap();
        assert!(text.starts_with(PREFIX));
        assert_eq!((&said["frame"], &said["time_us"], &said["skipped"]), (&json!(12), &json!(34), &json!(0)));
        assert_eq!(said["tracks"][0]["box"], json!([0.1, 0.1, 0.5, 0.3333]));
        assert_eq!(said["tracks"][0]["label"], "car");
        assert_eq!(said["tracks"][0]["plate"], json!({"text": "AB\"1", "confidence": 0.75}));
        assert_eq!(said["tracks"][1]["label"], "?");
        assert_eq!(said["overlays"][0]["shape"], "polygon");
        assert_eq!(said["overlays"][0]["label"], "\"A1\"\u{7}");
        assert_eq!(said["measurements"][0]["value"], Json::Null);
    }

    #[test]
    fn only_the_number_of_skipped_frames_differs_between_viewers() {
        let texts = FrameTexts::default();
        let frame = frame();
        let mut all: Json = serde_json::from_str(&texts.text(&frame, 0)).unwrap();
        let behind: Json = serde_json::from_str(&texts.text(&frame, 31)).unwrap();
        all["skipped"] = 31.into();
        assert_eq!(all, behind);
    }

    #[test]
    fn viewers_of_one_frame_share_its_text() {
        let texts = Texts::default();
        let (frame, camera) = (frame(), Name::new("gate").unwrap());
        let one = texts.of(&camera);
        let [first, second] = [one.text(&frame, 0), texts.of(&camera).text(&frame, 0)];
        assert_eq!(first.as_ptr(), second.as_ptr());
    }

    #[test]
    fn an_event_keeps_its_own_kind_and_the_documented_order() {
        let record = Arc::new(EventRecord {
            sequence: 1,
            time: TimeUs(400_000),
            frame: 4,
            camera: Name::new("gate").unwrap(),
            rule: Name::new("door").unwrap(),
            event: Event {
                kind: "line-crossing".into(),
                track: None,
                attributes: vec![
                    ("line".into(), Value::Text("door".into())),
                    ("type".into(), Value::Flag(true)),
                ],
            },
        });
        assert_eq!(
            Texts::default().event(&record).as_str(),
            r#"{"type":"event","sequence":1,"time_us":400000,"frame":4,"camera":"gate","rule":"door","kind":"line-crossing","track":null,"attributes":{"line":"door","type":true}}"#
        );
        assert_eq!(dropped(3).as_str(), r#"{"type":"dropped","events":3}"#);
    }
}
