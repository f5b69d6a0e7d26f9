//! What the API's description says besides its routes.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, LicenseBuilder, OpenApi, SecurityRequirement};

const TAGS: [(&str, &str); 7] = [
    ("cameras", "Cameras: what they show and how they do."),
    ("rules", "Rules: plugins bound to cameras, changed while they run."),
    ("plugins", "Plugins: uploaded WebAssembly components."),
    ("events", "Events that rules reported."),
    ("recordings", "Recordings of cameras' tracks, to be replayed."),
    ("live", "WebSockets: frames and events as they come."),
    ("host", "The host itself."),
];

const DESCRIPTION: &str = "Errors are problem documents (RFC 9457, `application/problem+json`). Where the host \
    has a token, show it as `Authorization: Bearer …` or, where no header can be sent, as `?token=…`.";

/// Written once: it is the same for every host of this version.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&crate::router::description()).unwrap_or_default().into());

/// This description
///
/// It needs no token.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "host", operation_id = "describe", security(()),
    responses((status = 200, content_type = "application/json", body = Object, description = "OpenAPI 3.1.")))]
pub(crate) async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}

/// Adds title, tags and the two ways to show the token.
pub(crate) fn complete(mut description: OpenApi) -> OpenApi {
    description.info = InfoBuilder::new()
        .title("Ocellus")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0 OR MIT").build()))
        .contact(None::<utoipa::openapi::Contact>)
        .build();
    let tag = |(name, text)| TagBuilder::new().name(name).description(Some(text)).build();
    description.tags = Some(TAGS.into_iter().map(tag).collect());
    let components = description.components.get_or_insert_with(Components::new);
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    components.add_security_scheme("bearer", bearer);
    components.add_security_scheme("query", SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("token"))));
    let none: [&str; 0] = [];
    description.security =
        Some(vec![SecurityRequirement::new("bearer", none), SecurityRequirement::new("query", none)]);
    description
}
