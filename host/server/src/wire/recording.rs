//! Recordings of cameras.

use ocellus_pipeline::{RecordingFile, RecordingStatus};
use serde::Serialize;
use utoipa::ToSchema;

/// Files of recordings, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordingList {
    pub(crate) recordings: Vec<Recording>,
}

/// A file of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recording {
    /// The camera.
    camera: String,
    /// The file's name: it is at `/api/v1/recordings/{camera}/{file}`.
    #[schema(example = "00001764369600000000.jsonl.gz")]
    file: String,
    /// Time of its first frame, in microseconds since the Unix epoch.
    from_us: u64,
    /// When it was last written to.
    written_us: u64,
    /// Its bytes so far.
    bytes: u64,
    /// Whether it is being written; its end is cut off then.
    open: bool,
}

impl From<RecordingFile> for Recording {
    fn from(found: RecordingFile) -> Recording {
        let RecordingFile { camera, file, from, written, bytes, is_open } = found;
        let camera = camera.to_string();
        Recording { camera, file, from_us: from.0, written_us: written.0, bytes, open: is_open }
    }
}

/// How a camera's recording does.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraRecording {
    /// Whether it is recorded.
    on: bool,
    /// Frames written since the host started.
    frames: u64,
    /// Frames that were not, because the disk was full or the writer behind.
    missed: u64,
}

impl From<RecordingStatus> for CameraRecording {
    fn from(status: RecordingStatus) -> CameraRecording {
        let RecordingStatus { is_on, frames, missed } = status;
        CameraRecording { on: is_on, frames, missed }
    }
}
