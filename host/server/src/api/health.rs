//! `/health` and `/metrics`

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::guard::is_authorised;
use crate::metrics;
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;
use crate::wire::health::{HealthReport, State as HealthState};

/// How the host does
///
/// It needs no token; without one the details of the components are left out.
#[utoipa::path(get, path = "/health", tag = "host", operation_id = "health", security(()),
    responses((status = 200, body = HealthReport, description = "Healthy or degraded."),
        (status = 503, body = HealthReport, description = "Starting.")))]
pub(crate) async fn health(State(shared): State<Shared>, request: Request) -> Response {
    let mut report = HealthReport::new(shared.site.health());
    if !is_authorised(&shared, &request) {
        report = report.without_details();
    }
    let status = match report.state {
        HealthState::Healthy | HealthState::Degraded => StatusCode::OK,
        HealthState::Starting => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(report)).into_response()
}

/// Measurements for Prometheus
#[utoipa::path(get, path = "/metrics", tag = "host", operation_id = "metrics",
    responses((status = 200, content_type = "application/openmetrics-text", body = String, description = "OpenMetrics text."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn metrics(State(shared): State<Shared>) -> Result<Response, Problem> {
    let text = metrics::render(&shared).map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
