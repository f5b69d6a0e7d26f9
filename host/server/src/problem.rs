//! Errors as RFC 9457 problem documents.

use axum::Json;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ocellus_pipeline::{SiteError, SiteErrorKind};
use serde::Serialize;
use utoipa::ToSchema;

/// Bytes of a detail, and of a field's name, which may hold what the caller sent; the rest is cut.
const DETAIL_BYTES: usize = 8 << 10;
const FIELD_BYTES: usize = 256;

/// What went wrong, as RFC 9457 words it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// What sort of problem it is; stable, for programs.
    #[serde(rename = "type")]
    #[schema(example = "urn:ocellus:problem:not-found")]
    pub kind: String,
    /// The same for people.
    #[schema(example = "Not found")]
    pub title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// This occurrence: the thing, the value and the remedy.
    #[schema(example = "there is no camera \"gate\"")]
    pub detail: String,
    /// The path that was asked for.
    #[schema(example = "/api/v1/cameras/gate")]
    pub instance: String,
    /// The field of the body or of the query that is wrong, where one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

/// A problem on its way to its document: what is missing is the request's path.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    field: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        let (slug, title) = sort(status);
        Problem { status, slug, title, detail: detail.into(), field: None }
    }

    pub(crate) fn sort(self, slug: &'static str, title: &'static str) -> Problem {
        Problem { slug, title, ..self }
    }

    pub(crate) fn field(self, field: impl Into<String>) -> Problem {
        Problem { field: Some(field.into()), ..self }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Logs the cause and tells the caller only that there is one.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Problem {
        tracing::error!(%cause, "a request failed inside the host");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the host could not do this; its log has the cause")
    }

    fn document(self, instance: &str) -> ProblemDocument {
        ProblemDocument {
            kind: format!("urn:ocellus:problem:{}", self.slug),
            title: self.title.into(),
            status: self.status.as_u16(),
            detail: cut(self.detail, DETAIL_BYTES),
            instance: instance.into(),
            field: self.field.map(|field| cut(field, FIELD_BYTES)),
        }
    }
}

fn cut(mut text: String, bytes: usize) -> String {
    if text.len() > bytes {
        text.truncate(text.floor_char_boundary(bytes));
        text.push('…');
    }
    text
}

/// Name and title of a status that needs no closer word.
fn sort(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => ("bad-request", "Bad request"),
        StatusCode::UNAUTHORIZED => ("unauthorized", "Token required"),
        StatusCode::FORBIDDEN => ("forbidden", "Not allowed"),
        StatusCode::NOT_FOUND => ("not-found", "Not found"),
        StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "Method not allowed"),
        StatusCode::REQUEST_TIMEOUT => ("timeout", "Request took too long"),
        StatusCode::CONFLICT => ("conflict", "Conflict"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "Body too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported-media-type", "Unsupported media type"),
        StatusCode::MISDIRECTED_REQUEST => ("unknown-host", "Unknown host name"),
        StatusCode::UNPROCESSABLE_ENTITY => ("invalid", "Invalid content"),
        StatusCode::UPGRADE_REQUIRED => ("upgrade-required", "WebSocket only"),
        StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "Not available now"),
        StatusCode::INSUFFICIENT_STORAGE => ("disk-full", "No room on the disk"),
        _ if status.is_server_error() => ("internal", "Internal error"),
        _ => ("refused", "Refused"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<SiteError> for Problem {
    fn from(error: SiteError) -> Problem {
        let status = match error.kind() {
            SiteErrorKind::NotFound => StatusCode::NOT_FOUND,
            SiteErrorKind::Conflict => StatusCode::CONFLICT,
            SiteErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            SiteErrorKind::Forbidden => StatusCode::FORBIDDEN,
            SiteErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            SiteErrorKind::NoRoom => StatusCode::INSUFFICIENT_STORAGE,
            SiteErrorKind::Internal => return Problem::internal(&error),
        };
        let problem = Problem::new(status, error.to_string());
        match error {
            SiteError::ReadOnly { .. } => problem.sort("read-only", "Declared in the configuration"),
            SiteError::Consent { .. } => problem.sort("consent-needed", "Version asks for more"),
            SiteError::Exists { .. } => problem.sort("exists", "Name is taken"),
            SiteError::InUse { .. } | SiteError::OnlyCamera { .. } => problem.sort("in-use", "Still in use"),
            SiteError::Plugin(_) => problem.sort("plugin-refused", "Plugin refused"),
            SiteError::Signature(_) => problem.sort("signature-refused", "Signature refused"),
            SiteError::Compiler(_) => problem.sort("compiler-busy", "Compiler not available now"),
            SiteError::Rule { .. } => problem.sort("rule-refused", "Rule refused"),
            SiteError::NoFrameYet(_) => problem.sort("no-frame-yet", "No picture yet"),
            SiteError::ShuttingDown => problem.sort("shutting-down", "Shutting down"),
            _ => problem,
        }
    }
}

/// Gives every error its document, those of the framework (404, 405, 413 …) included.
pub(crate) async fn render(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return document(problem, &instance, response.headers());
    }
    let status = response.status();
    let is_plain = !response.headers().get(CONTENT_TYPE).is_some_and(is_json);
    if (status.is_client_error() || status.is_server_error()) && is_plain {
        return document(
            Problem::new(status, plain_detail(status, &instance)),
            &instance,
            response.headers(),
        );
    }
    response
}

fn is_json(kind: &HeaderValue) -> bool {
    kind.as_bytes().windows(4).any(|window| window == b"json")
}

fn plain_detail(status: StatusCode, path: &str) -> String {
    match status {
        StatusCode::NOT_FOUND => {
            format!("there is nothing at {path}; /api/v1/openapi.json lists what there is")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            format!("{path} does not take this method; the Allow header lists those it takes")
        }
        StatusCode::PAYLOAD_TOO_LARGE if path.starts_with("/api/v1/plugins") => {
            "the component is larger than 32 MiB; strip debug information, or build it for size".into()
        }
        StatusCode::PAYLOAD_TOO_LARGE => "the body is larger than the 1 MiB that this path takes".into(),
        _ => status.canonical_reason().unwrap_or("the request was refused").to_lowercase(),
    }
}

fn document(problem: Problem, instance: &str, former: &HeaderMap) -> Response {
    let status = problem.status;
    let mut response = (status, Json(problem.document(instance))).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(allow) = former.get(ALLOW) {
        headers.insert(ALLOW, allow.clone());
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ocellus\""));
    }
    response
}
