//! `stream.mjpeg`: pictures for whatever can show an `<img>`.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use ocellus_pipeline::View;

use crate::api::view::ViewQuery;
use crate::extract::{Named, Query};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Seat, Shared};

/// A camera's pictures as an endless multipart stream
///
/// Drawn over with boxes, labels, trails and overlays unless `draw=plain`. A client that is slow gets the
/// newest picture next; when it goes, the encoding ends.
#[utoipa::path(get, path = "/api/v1/cameras/{name}/stream.mjpeg", tag = "cameras", operation_id = "streamCamera",
    params(("name" = String, Path, description = "The camera."), ViewQuery),
    responses((status = 200, content_type = "multipart/x-mixed-replace; boundary=frame", body = Vec<u8>,
            description = "JPEG pictures, one a part."),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json", description = "Refused."),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json",
            description = "Too many viewers, or shutting down.")))]
pub(crate) async fn stream(
    State(shared): State<Shared>,
    Named(name): Named,
    Query(query): Query<ViewQuery>,
) -> Result<Response, Problem> {
    let seat = shared.seat()?;
    let view = shared.site.view(&name, query.settings()?)?;
    let parts = stream::unfold((shared, view, seat), next_part);
    let mut response = Response::new(Body::from_stream(parts));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("multipart/x-mixed-replace; boundary=frame"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

type Viewing = (Shared, View, Seat);

/// The next part; the end when the camera is removed or the host ends.
async fn next_part((shared, mut view, seat): Viewing) -> Option<(Result<Bytes, std::io::Error>, Viewing)> {
    let seen = tokio::select! {
        biased;
        () = shared.options.shutdown.begun() => None,
        seen = view.next() => seen,
    }?;
    let head = format!("--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", seen.jpeg.len());
    let part = [head.as_bytes(), &seen.jpeg, b"\r\n"].concat();
    Some((Ok(part.into()), (shared, view, seat)))
}
