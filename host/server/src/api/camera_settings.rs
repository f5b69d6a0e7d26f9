//! `/api/v1/cameras/{name}/region` and `/calibration`: what changes while the camera goes on.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ocellus_pipeline::{CalibrationSpec, CameraSettingsError, RegionSpec, SiteError};

use crate::extract::{Body, Named};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::calibration::CalibrationTrial;
use crate::wire::camera::Camera;

/// Says which part of a camera's picture counts
///
/// From its next picture on; the camera goes on. `areas` and `masks` are lists of outlines, each of three or more corners,
/// x and y 0..1 of the picture. What has its foot point in none of the areas is not tracked. Masks are blanked before the
/// detector sees the picture, and what it finds in them is not tracked. With `crop` it sees only the rectangle around the areas.
#[utoipa::path(put, path = "/api/v1/cameras/{name}/region", tag = "cameras", operation_id = "setRegion",
    request_body(content = Object, description = "`areas`, `masks`, `crop`."),
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 200, body = Camera, description = "Set."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "It cannot be used."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn set_region(
    State(shared): State<Shared>,
    Named(name): Named,
    Body(region): Body<RegionSpec>,
) -> Result<Json<Camera>, Problem> {
    Ok(Json(blocking(&shared, move |site| site.set_region(&name, Some(region))).await?.into()))
}

/// Lets all of a camera's picture count
#[utoipa::path(delete, path = "/api/v1/cameras/{name}/region", tag = "cameras", operation_id = "removeRegion",
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 204, description = "Removed."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn remove_region(
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.set_region(&name, None)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says how a camera's picture lies on the ground
///
/// From its next frame on; the camera goes on, and speeds are measured anew. As `calibration` of a camera that is added.
#[utoipa::path(put, path = "/api/v1/cameras/{name}/calibration", tag = "cameras", operation_id = "setCalibration",
    request_body(content = Object, description = "`points`, or `homography` with `size`; at will the lens and `on_map`."),
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 200, body = Camera, description = "Set; its `calibration` says how well the points agree."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "It cannot be used."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn set_calibration(
    State(shared): State<Shared>,
    Named(name): Named,
    Body(calibration): Body<CalibrationSpec>,
) -> Result<Json<Camera>, Problem> {
    Ok(Json(blocking(&shared, move |site| site.set_calibration(&name, Some(calibration))).await?.into()))
}

/// Takes a camera's calibration away
///
/// Its tracks have no place on the ground from the next frame on.
#[utoipa::path(delete, path = "/api/v1/cameras/{name}/calibration", tag = "cameras", operation_id = "removeCalibration",
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 204, description = "Removed."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn remove_calibration(
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.set_calibration(&name, None)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a calibration without taking it
///
/// How well its points agree, how far each is off, and a grid of the ground as the camera's picture would show it.
#[utoipa::path(post, path = "/api/v1/cameras/{name}/calibration/check", tag = "cameras", operation_id = "checkCalibration",
    request_body(content = Object, description = "A calibration."),
    params(("name" = String, Path, description = "The camera.")),
    responses((status = 200, body = CalibrationTrial, description = "What it would come to."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "It cannot be used."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn check_calibration(
    State(shared): State<Shared>,
    Named(camera): Named,
    Body(calibration): Body<CalibrationSpec>,
) -> Result<Json<CalibrationTrial>, Problem> {
    let trial = blocking(&shared, move |site| {
        site.expect_shape(&camera, &calibration)?;
        let refused =
            |reason| SiteError::Camera(CameraSettingsError::Calibration { camera: camera.clone(), reason });
        calibration.try_out().map_err(refused)
    });
    Ok(Json(trial.await?.into()))
}
