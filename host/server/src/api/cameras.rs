//! `/api/v1/cameras`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};

use super::view::ViewQuery;
use crate::extract::{Body, Named, Query};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::camera::{Camera, CameraList, NewCamera};

/// All cameras and how they do
#[utoipa::path(get, path = "/api/v1/cameras", tag = "cameras", operation_id = "listCameras",
    responses((status = 200, body = CameraList, description = "All cameras, by name."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<CameraList> {
    Json(CameraList { cameras: shared.site.cameras().into_iter().map(Camera::from).collect() })
}

/// Adds a camera
///
/// It is kept over restarts. Its source is opened in the background; its state says how that goes.
#[utoipa::path(post, path = "/api/v1/cameras", tag = "cameras", operation_id = "addCamera", request_body = NewCamera,
    responses((status = 201, body = Camera, description = "Added."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "The name is taken."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "A value cannot be used."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn add(
    State(shared): State<Shared>,
    Body(camera): Body<NewCamera>,
) -> Result<Response, Problem> {
    let settings = camera.into_settings()?;
    let location = format!("/api/v1/cameras/{}", settings.name);
    let status = blocking(&shared, move |site| site.add_camera(settings)).await?;
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(Camera::from(status))).into_response())
}

/// One camera and how it does
#[utoipa::path(get, path = "/api/v1/cameras/{name}", tag = "cameras", operation_id = "getCamera",
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 200, body = Camera, description = "The camera."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn get(State(shared): State<Shared>, Named(name): Named) -> Result<Json<Camera>, Problem> {
    Ok(Json(shared.site.camera(&name)?.into()))
}

/// Removes a camera
///
/// Its events stay. A camera that the config file declares is changed there.
#[utoipa::path(delete, path = "/api/v1/cameras/{name}", tag = "cameras", operation_id = "removeCamera",
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 204, description = "Removed."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn remove(State(shared): State<Shared>, Named(name): Named) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.remove_camera(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A camera's newest picture
#[utoipa::path(get, path = "/api/v1/cameras/{name}/snapshot", tag = "cameras", operation_id = "snapshot",
    params(("name" = String, Path, description = "The camera."), ViewQuery),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>, description = "A JPEG."),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json", description = "No picture yet."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn snapshot(
    State(shared): State<Shared>,
    Named(name): Named,
    Query(query): Query<ViewQuery>,
) -> Result<Response, Problem> {
    let settings = query.settings()?;
    let jpeg = blocking(&shared, move |site| site.snapshot(&name, settings)).await?;
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "no-store")], jpeg).into_response())
}
