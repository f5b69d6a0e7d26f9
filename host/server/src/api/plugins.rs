//! `/api/v1/plugins`

use axum::Json;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderName, LOCATION};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ocellus_runtime::Upload;
use tokio::time::timeout;

use crate::extract::{bytes, media_type};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::plugin::{Plugin, PluginList};

/// Where an upload's signature stands.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("ocellus-signature");
/// Largest component taken, in bytes.
pub(crate) const PLUGIN_BYTES: usize = 32 * 1024 * 1024;
/// What a multipart form may add to it.
pub(crate) const FORM_BYTES: usize = 64 * 1024;

/// All plugin versions
#[utoipa::path(get, path = "/api/v1/plugins", tag = "plugins", operation_id = "listPlugins",
    responses((status = 200, body = PluginList, description = "All versions, by name and time of upload."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(State(shared): State<Shared>) -> Result<Json<PluginList>, Problem> {
    Ok(Json(PluginList { plugins: all(&shared).await? }))
}

async fn all(shared: &Shared) -> Result<Vec<Plugin>, Problem> {
    let plugins = blocking(shared, ocellus_pipeline::Site::plugins).await?;
    Ok(plugins.into_iter().map(Plugin::from).collect())
}

/// Uploads a plugin
///
/// A WebAssembly component, as the body itself or as the field `plugin` of a form. It is verified, compiled
/// and asked to describe itself; nothing that runs is touched. Uploading the same bytes again changes nothing but
/// who signed them. A host with `plugins.trusted_keys` in its config takes only what one of these keys has signed.
#[utoipa::path(post, path = "/api/v1/plugins", tag = "plugins", operation_id = "uploadPlugin",
    request_body(content((Vec<u8> = "application/wasm"), (Vec<u8> = "application/octet-stream"),
        (PluginForm = "multipart/form-data")), description = "The component, at most 32 MiB."),
    params(("Ocellus-Signature" = Option<String>, Header,
        description = "The Ed25519 signature over the component's bytes, 64 bytes in base64: the text that `ocellus plugin sign` writes.")),
    responses((status = 201, body = Plugin, description = "Ready to be bound."),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json", description = "Not signed by a trusted key."),
        (status = 413, body = ProblemDocument, content_type = "application/problem+json", description = "Too large."),
        (status = 415, body = ProblemDocument, content_type = "application/problem+json", description = "Not a component's media type."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "Refused, and why."),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json", description = "Too many uploads at once, or the compiler is not available."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn upload(State(shared): State<Shared>, request: Request) -> Result<Response, Problem> {
    let signature = signature(&request);
    let place = shared.upload_place()?;
    // Sending has the time of any request; compiling may take longer.
    let sent = timeout(shared.options.request_timeout, component(request, &shared)).await;
    let component = sent.map_err(|_| late(&shared))??;
    if component.len() > PLUGIN_BYTES {
        return Err(too_large());
    }
    let turn = shared.upload_turn(place).await?;
    let upload = Upload::new(component.into());
    let upload = match signature {
        Some(signature) => upload.signed(signature),
        None => upload,
    };
    let status = blocking(&shared, move |site| {
        // Kept until it is done, also where nobody waits for the answer any more.
        let _turn = turn;
        site.upload_plugin(upload)
    })
    .await?;
    let plugin = Plugin::from(status);
    let location = format!("/api/v1/plugins/{}", plugin.digest());
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(plugin)).into_response())
}

/// The form of an upload.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the form; its field is read by name")]
pub(crate) struct PluginForm {
    /// The component.
    #[schema(value_type = String, format = Binary)]
    plugin: Vec<u8>,
}

async fn component(request: Request, shared: &Shared) -> Result<Bytes, Problem> {
    match media_type(&request).as_str() {
        "application/wasm" | "application/octet-stream" => bytes(request, shared).await,
        "multipart/form-data" => form_field(request, shared).await,
        other => {
            let detail = format!(
                "the body is {other:?}, it must be application/wasm, application/octet-stream, \
                 or multipart/form-data with the field `plugin`"
            );
            Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
        }
    }
}

async fn form_field(request: Request, shared: &Shared) -> Result<Bytes, Problem> {
    let mut form = Multipart::from_request(request, shared)
        .await
        .map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    let unreadable = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        status => Problem::new(status, format!("the form cannot be read: {}", error.body_text())),
    };
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() == Some("plugin") {
            return field.bytes().await.map_err(unreadable);
        }
    }
    Err(Problem::bad_request("the form has no field `plugin`").field("plugin"))
}

/// The signature as it was sent; whether it is one is for the runtime to say.
fn signature(request: &Request) -> Option<String> {
    let value = request.headers().get(SIGNATURE)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn late(shared: &Shared) -> Problem {
    let limit = shared.options.request_timeout.as_secs();
    Problem::new(StatusCode::REQUEST_TIMEOUT, format!("the component was not sent within {limit} s"))
}

fn too_large() -> Problem {
    let detail = format!("the component is larger than {} MiB", PLUGIN_BYTES / (1024 * 1024));
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
}

/// One plugin version
#[utoipa::path(get, path = "/api/v1/plugins/{digest}", tag = "plugins", operation_id = "getPlugin",
    params(("digest" = String, Path, description = "The version's digest.")),
    responses((status = 200, body = Plugin, description = "The version."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn get(
    State(shared): State<Shared>,
    Path(digest): Path<String>,
) -> Result<Json<Plugin>, Problem> {
    let found = shared.site.plugins()?.into_iter().map(Plugin::from).find(|plugin| plugin.digest() == digest);
    found
        .map(Json)
        .ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("there is no plugin {digest:?}")))
}

/// Deletes a plugin version that no rule runs
#[utoipa::path(delete, path = "/api/v1/plugins/{digest}", tag = "plugins", operation_id = "deletePlugin",
    params(("digest" = String, Path, description = "The version's digest.")),
    responses((status = 204, description = "Deleted."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "A rule runs it."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Path(digest): Path<String>,
) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.remove_plugin(&digest)).await?;
    Ok(StatusCode::NO_CONTENT)
}
