//! `/api/v1/cameras/{name}/plates`

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use ocellus_store::PAGE_LIMIT;

use crate::extract::{Named, Query, name};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::plate::{Plate, PlateList, PlatesQuery};

/// Plates of an answer, where nothing else is asked for.
const USUAL: usize = 50;

/// Number plates that were read on a camera
///
/// Those of the vehicles in view, and of the last 50 that have gone since the camera was added. None on a camera that reads none.
#[utoipa::path(get, path = "/api/v1/cameras/{name}/plates", tag = "cameras", operation_id = "listPlates",
    params(("name" = String, Path, description = "The camera."), PlatesQuery),
    responses((status = 200, body = PlateList, description = "The plates, that of the vehicle seen last first."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Named(camera): Named,
    Query(query): Query<PlatesQuery>,
) -> Result<Json<PlateList>, Problem> {
    let limit = query.limit.unwrap_or(USUAL);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        let detail = format!("limit is {limit}, it must be from 1 to {PAGE_LIMIT}");
        return Err(Problem::bad_request(detail).sort("bad-query", "Bad query").field("limit"));
    }
    let seen = shared.site.plates(&camera)?;
    Ok(Json(PlateList { plates: seen.iter().take(limit).map(|seen| Plate::new(&camera, seen)).collect() }))
}

/// The clearest picture of a number plate
///
/// Of a track of `listPlates` that has one.
#[utoipa::path(get, path = "/api/v1/cameras/{name}/plates/{track}/picture", tag = "cameras", operation_id = "platePicture",
    params(("name" = String, Path, description = "The camera."), ("track" = u64, Path, description = "The vehicle's track.")),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>, description = "A JPEG."),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json", description = "There is none, or not any more."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn picture(
    State(shared): State<Shared>,
    Path((camera, track)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let camera = name(&camera, "camera")?;
    let track: u64 = track.parse().map_err(|_| {
        Problem::bad_request(format!("track is {track:?}, it must be a whole number of 0 or more"))
            .field("track")
    })?;
    let jpeg = blocking(&shared, move |site| site.plate_picture(&camera, track)).await?;
    Ok(([(CONTENT_TYPE, "image/jpeg"), (CACHE_CONTROL, "no-store")], jpeg).into_response())
}
