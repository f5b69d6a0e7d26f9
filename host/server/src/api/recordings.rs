//! `/api/v1/recordings`, and the switch of a camera.

use std::io::{self, Read};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;

use crate::extract::{Named, Query, name};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::camera::Camera;
use crate::wire::recording::{Recording, RecordingList};

/// Bytes that are read at a time.
const CHUNK: u64 = 256 << 10;

/// Records a camera's tracks
///
/// From its next frame on, as rules see them, with what they look like. It is kept over restarts. Files end by time and size
/// (`[recordings]` of the config file), and the oldest go.
#[utoipa::path(put, path = "/api/v1/cameras/{name}/recording", tag = "recordings", operation_id = "startRecording",
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 200, body = Camera, description = "It is recorded."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn start(State(shared): State<Shared>, Named(name): Named) -> Result<Json<Camera>, Problem> {
    Ok(Json(blocking(&shared, move |site| site.record_camera(&name, true)).await?.into()))
}

/// Records a camera no more
///
/// What was recorded stays.
#[utoipa::path(delete, path = "/api/v1/cameras/{name}/recording", tag = "recordings", operation_id = "stopRecording",
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 204, description = "It is not recorded."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn stop(State(shared): State<Shared>, Named(name): Named) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.record_camera(&name, false)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which recordings to list.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordingsQuery {
    /// Only those of this camera; it may have been removed.
    camera: Option<String>,
}

/// The files of recordings, the oldest first
#[utoipa::path(get, path = "/api/v1/recordings", tag = "recordings", operation_id = "listRecordings", params(RecordingsQuery),
    responses((status = 200, body = RecordingList, description = "The files."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Query(query): Query<RecordingsQuery>,
) -> Result<Json<RecordingList>, Problem> {
    let camera = query.camera.as_deref().map(|camera| name(camera, "camera")).transpose()?;
    let files = blocking(&shared, move |site| site.recordings(camera.as_ref())).await?;
    Ok(Json(RecordingList { recordings: files.into_iter().map(Recording::from).collect() }))
}

/// A file of a recording
///
/// A tracks file (JSON Lines, packed with gzip), for `ocellus replay`, `ocellus eval tracks` and `ocellus plugin test --tracks`. One that is being
/// written is given as far as it stands on the disk; its end is cut off.
#[utoipa::path(get, path = "/api/v1/recordings/{camera}/{file}", tag = "recordings", operation_id = "getRecording",
    params(("camera" = String, Path, description = "The camera."), ("file" = String, Path, description = "The file's name.")),
    responses((status = 200, content_type = "application/gzip", body = String, description = "The file."),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json", description = "There is none, or it has just gone to make room."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn get(
    State(shared): State<Shared>,
    Path((camera, file)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let camera = name(&camera, "camera")?;
    let seat = shared.seat()?;
    let kind = if file.ends_with(".gz") { "application/gzip" } else { "application/jsonl" };
    let saved_as = format!("attachment; filename=\"{camera}-{file}\"");
    let (file, bytes) = blocking(&shared, move |site| site.open_recording(&camera, &file)).await?;
    let chunks = stream::unfold((file.take(bytes), seat), |(mut file, seat)| async move {
        let next = tokio::task::spawn_blocking(move || (chunk(&mut file), file)).await.ok()?;
        let (chunk, file) = next;
        match chunk {
            Ok(chunk) if chunk.is_empty() => None,
            chunk => Some((chunk, (file, seat))),
        }
    });
    let mut response = Response::new(axum::body::Body::from_stream(chunks));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    if let Ok(saved_as) = HeaderValue::from_str(&saved_as) {
        headers.insert(CONTENT_DISPOSITION, saved_as);
    }
    Ok(response)
}

/// The next bytes; none at the end.
fn chunk(file: &mut impl Read) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(CHUNK).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}
