//! All routes, and what every request goes through.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State as Extract};
use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use ocellus_pipeline::Site;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::{
    camera_settings, cameras, events, health, plates, plugins, recordings, rules, shadows, transitions,
};
use crate::live;
use crate::options::ServerOptions;
use crate::problem::Problem;
use crate::state::{Shared, State};
use crate::{guard, openapi, page, problem};

/// Largest JSON body, in bytes.
const JSON_BYTES: usize = 1024 * 1024;

/// The whole server as a service: console, REST, WebSockets, health and metrics.
pub fn router(site: Site, options: ServerOptions) -> Router {
    let cors = cors(&options.allowed_origins);
    let shared: Shared = Arc::new(State::new(site, options));
    let guarded = guarded().layer(from_fn_with_state(Arc::clone(&shared), guard::token));
    let (routes, _) = guarded.merge(open()).split_for_parts();
    routes
        .fallback(page::serve)
        .with_state(Arc::clone(&shared))
        .layer(DefaultBodyLimit::max(JSON_BYTES))
        .layer(from_fn_with_state(Arc::clone(&shared), limit_time))
        .layer(cors)
        .layer(from_fn_with_state(shared, guard::origin))
        .layer(from_fn(problem::render))
        .layer(from_fn(safe_headers))
        .layer(from_fn(log))
}

/// The description of the whole API: what `/api/v1/openapi.json` gives.
#[must_use]
pub fn description() -> OpenApi {
    openapi::complete(guarded().merge(open()).into_openapi())
}

/// What needs no token.
fn open() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(openapi::document))
}

/// What asks for the token where there is one.
fn guarded() -> OpenApiRouter<Shared> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(plugins::list, plugins::upload))
        .layer(DefaultBodyLimit::max(plugins::PLUGIN_BYTES + plugins::FORM_BYTES));
    OpenApiRouter::new()
        .routes(routes!(cameras::list, cameras::add))
        .routes(routes!(cameras::get, cameras::remove))
        .routes(routes!(cameras::snapshot))
        .routes(routes!(plates::list))
        .routes(routes!(plates::picture))
        .routes(routes!(camera_settings::set_region, camera_settings::remove_region))
        .routes(routes!(camera_settings::set_calibration, camera_settings::remove_calibration))
        .routes(routes!(camera_settings::check_calibration))
        .routes(routes!(live::mjpeg::stream))
        .routes(routes!(recordings::start, recordings::stop))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::get))
        .merge(uploads)
        .routes(routes!(plugins::get, plugins::remove))
        .routes(routes!(rules::list))
        .routes(routes!(rules::get, rules::put, rules::remove))
        .routes(routes!(rules::activate))
        .routes(routes!(rules::roll_back))
        .routes(routes!(shadows::get, shadows::start, shadows::end))
        .routes(routes!(shadows::promote))
        .routes(routes!(transitions::list))
        .routes(routes!(rules::query))
        .routes(routes!(rules::command))
        .routes(routes!(rules::log))
        .routes(routes!(rules::journal))
        .routes(routes!(events::list))
        .routes(routes!(live::camera::watch))
        .routes(routes!(live::events::watch))
        .routes(routes!(live::transitions::watch))
        .routes(routes!(health::metrics))
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, plugins::SIGNATURE])
}

/// Ends a request that has no answer in time; the body of an answer, such as a stream, has its own.
async fn limit_time(
    Extract(shared): Extract<Shared>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let is_upload = request.method() == Method::POST && request.uri().path() == "/api/v1/plugins";
    let options = &shared.options;
    let limit = if is_upload { options.upload_timeout } else { options.request_timeout };
    tokio::time::timeout(limit, next.run(request)).await.map_err(|_| {
        let detail = format!("the request had no answer within {} s", limit.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
    })
}

/// A page of another site must not show what comes from here, nor guess what it is.
async fn safe_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("same-origin"));
    response
}

/// One line a request, without its query: that may hold the token.
async fn log(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = Instant::now();
    let response = next.run(request).await;
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    if method == Method::GET {
        tracing::debug!(%method, path, status, ?elapsed, "request");
    } else {
        tracing::info!(%method, path, status, ?elapsed, "request");
    }
    response
}
