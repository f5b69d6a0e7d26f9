//! `/api/v1/rules/{name}/shadow`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ocellus_pipeline::SiteError;

use crate::extract::{Body, Named, OptionalBody};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::grants::RuleGrants;
use crate::wire::rule::{Activate, Activated, Promote};
use crate::wire::shadow::Shadow;

/// How a rule's shadow compares with the active version
#[utoipa::path(get, path = "/api/v1/rules/{name}/shadow", tag = "rules", operation_id = "getShadow",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Shadow, description = "The comparison so far."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn get(State(shared): State<Shared>, Named(rule): Named) -> Result<Json<Shadow>, Problem> {
    Ok(Json(shared.site.shadow_status(&rule)?.into()))
}

/// Runs a version beside the active one, on the same tracks
///
/// It begins with the active version's state of now. Its events go nowhere but the comparison, and it cannot slow
/// the active version: a shadow that is behind misses frames. It does not outlast a restart of the host.
#[utoipa::path(put, path = "/api/v1/rules/{name}/shadow", tag = "rules", operation_id = "startShadow",
    request_body = Activate, params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Shadow, description = "It runs."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The version refuses the settings or the state."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn start(
    State(shared): State<Shared>,
    Named(rule): Named,
    Body(wanted): Body<Activate>,
) -> Result<Json<Shadow>, Problem> {
    Ok(Json(blocking(&shared, move |site| site.shadow(&rule, &wanted.plugin)).await?.into()))
}

/// Activates the shadow in the active version's place
#[utoipa::path(post, path = "/api/v1/rules/{name}/shadow/promote", tag = "rules", operation_id = "promoteShadow",
    request_body(content = Promote, description = "May be left out."),
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Activated, description = "Switched."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "The version asks for more than those before it: say what it gets."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn promote(
    State(shared): State<Shared>,
    Named(rule): Named,
    OptionalBody(Promote { grants }): OptionalBody<Promote>,
) -> Result<Json<Activated>, Problem> {
    let grants = grants.map(RuleGrants::into_grants).transpose().map_err(SiteError::from)?;
    Ok(Json(blocking(&shared, move |site| site.promote_shadow(&rule, grants)).await?.into()))
}

/// Ends a shadow
#[utoipa::path(delete, path = "/api/v1/rules/{name}/shadow", tag = "rules", operation_id = "dropShadow",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 204, description = "Ended."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn end(State(shared): State<Shared>, Named(rule): Named) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.drop_shadow(&rule)).await?;
    Ok(StatusCode::NO_CONTENT)
}
