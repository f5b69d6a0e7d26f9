//! Draws and encodes pictures, once for each (camera, size, quality), while somebody watches.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ocellus_core::{Name, Picture};
use ocellus_media::draw::{self, Annotations, DrawError, Trails};
use ocellus_media::jpeg::{self, JpegOptions};

use super::live::LiveFrame;
use super::meter::Stage;
use super::view::{Draw, Encoded, ViewSettings};
use crate::site::camera::CameraShared;

/// The encoder's to-do list: each camera at most once, with its newest frame.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    cameras: VecDeque<Arc<CameraShared>>,
    stopped: bool,
}

impl Encoder {
    /// Asks for the camera's newest frame to be encoded for its views.
    pub(crate) fn request(&self, camera: &Arc<CameraShared>) {
        if !camera.encode_pending.swap(true, Ordering::AcqRel) {
            self.lock().cameras.push_back(Arc::clone(camera));
            self.filled.notify_one();
        }
    }

    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.filled.notify_all();
    }

    /// Encodes until stopped.
    pub(crate) fn run(&self) {
        let mut trails: HashMap<Name, Trails> = HashMap::new();
        while let Some(camera) = self.next(&mut trails) {
            camera.encode_pending.store(false, Ordering::Release);
            let wanted = camera.views.wanted();
            if let Some(frame) = camera.publisher.newest().filter(|_| !wanted.is_empty()) {
                encode_views(&camera, &frame, &wanted, trails.entry(camera.name.clone()).or_default());
            }
        }
    }

    fn next(&self, trails: &mut HashMap<Name, Trails>) -> Option<Arc<CameraShared>> {
        let mut queue = self.lock();
        loop {
            if queue.stopped {
                return None;
            }
            if let Some(camera) = queue.cameras.pop_front() {
                return Some(camera);
            }
            let (guard, waited) = self
                .filled
                .wait_timeout(queue, Duration::from_secs(5))
                .unwrap_or_else(PoisonError::into_inner);
            queue = guard;
            if waited.timed_out() {
                // Nobody watches: trails would be stale when somebody comes back.
                trails.clear();
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn encode_views(camera: &CameraShared, frame: &Arc<LiveFrame>, wanted: &[ViewSettings], trails: &mut Trails) {
    if wanted.iter().any(|view| view.draw() == Draw::Annotated) {
        trails.update(frame.info.time, &frame.tracks);
    }
    for view in wanted {
        let started = Instant::now();
        match encode(frame, view, Some(trails)) {
            Ok(jpeg) => camera.views.publish(view, Encoded::new(Arc::clone(frame), jpeg)),
            Err(error) => tracing::warn!(camera = %camera.name, %error, "a picture was not encoded"),
        }
        camera.meter.add(Stage::Encode, started.elapsed());
    }
}

/// A picture with nothing drawn into it; `quality` from 1 to 95.
pub(crate) fn plain(picture: &Picture, quality: u8) -> Result<Bytes, DrawError> {
    Ok(Bytes::from(jpeg::encode(picture, &JpegOptions { quality, max_height: None })?))
}

/// One picture as a viewer wants it.
pub(crate) fn encode(
    frame: &LiveFrame,
    view: &ViewSettings,
    trails: Option<&Trails>,
) -> Result<Bytes, DrawError> {
    let options = JpegOptions { quality: view.quality(), max_height: view.height() };
    let jpeg = match view.draw() {
        Draw::Plain => jpeg::encode(&frame.picture, &options)?,
        Draw::Annotated => {
            let annotations = Annotations {
                tracks: &frame.tracks,
                classes: &frame.classes,
                trails,
                overlays: frame.overlays.iter().flat_map(|(_, list)| list.iter()).collect(),
            };
            draw::annotated_jpeg(&frame.picture, &annotations, &options)?
        }
    };
    Ok(Bytes::from(jpeg))
}
