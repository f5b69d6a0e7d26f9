//! `/api/v1/rules`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use ocellus_pipeline::SiteError;

use crate::extract::{Body, Named, Query, name};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::grants::RuleGrants;
use crate::wire::rule::{
    Activate, Activated, BindRule, LogLine, Rule, RuleAnswer, RuleList, RuleLog, RuleRequest,
};

/// All rules and how they do
#[utoipa::path(get, path = "/api/v1/rules", tag = "rules", operation_id = "listRules",
    responses((status = 200, body = RuleList, description = "All rules, by name."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(State(shared): State<Shared>) -> Json<RuleList> {
    Json(RuleList { rules: shared.site.rules().into_iter().map(Rule::from).collect() })
}

/// One rule and how it does
#[utoipa::path(get, path = "/api/v1/rules/{name}", tag = "rules", operation_id = "getRule",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Rule, description = "The rule."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn get(State(shared): State<Shared>, Named(name): Named) -> Result<Json<Rule>, Problem> {
    Ok(Json(shared.site.rule(&name)?.into()))
}

/// Binds a plugin to cameras, or changes a rule's plugin, cameras or settings
///
/// The plugin checks the settings before anything changes. Cameras go on without losing a frame.
#[utoipa::path(put, path = "/api/v1/rules/{name}", tag = "rules", operation_id = "putRule", request_body = BindRule,
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Rule, description = "Bound."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file, or being changed."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The plugin refuses the settings."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn put(
    State(shared): State<Shared>,
    Named(name): Named,
    Body(rule): Body<BindRule>,
) -> Result<Json<Rule>, Problem> {
    let settings = rule.into_settings(name)?;
    let status = blocking(&shared, move |site| site.put_rule(settings)).await?;
    Ok(Json(status.into()))
}

/// Removes a rule
///
/// Its cameras go on without it; its events stay.
#[utoipa::path(delete, path = "/api/v1/rules/{name}", tag = "rules", operation_id = "removeRule",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 204, description = "Removed."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "Declared in the config file."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn remove(State(shared): State<Shared>, Named(name): Named) -> Result<StatusCode, Problem> {
    blocking(&shared, move |site| site.remove_rule(&name)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switches a rule to another version of its plugin, at a frame boundary
///
/// The new version takes over the old one's state. It is tried out first; where that fails, nothing changes.
#[utoipa::path(post, path = "/api/v1/rules/{name}/activate", tag = "rules", operation_id = "activateRule",
    request_body = Activate, params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Activated, description = "Switched."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "The rule is being changed, or the version asks for more than the ones before and `grants` do not say what it gets."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The version refuses the settings or the state."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn activate(
    State(shared): State<Shared>,
    Named(name): Named,
    Body(wanted): Body<Activate>,
) -> Result<Json<Activated>, Problem> {
    let Activate { plugin, grants } = wanted;
    let grants = grants.map(RuleGrants::into_grants).transpose().map_err(SiteError::from)?;
    let done = blocking(&shared, move |site| site.activate(&name, &plugin, grants)).await?;
    Ok(Json(done.into()))
}

/// Goes back to the version that ran before
///
/// With the state of now, or else the state that version had when it was replaced. Versions in quarantine are
/// passed over.
#[utoipa::path(post, path = "/api/v1/rules/{name}/roll-back", tag = "rules", operation_id = "rollBackRule",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = Activated, description = "Switched."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "There is no former version, or it refuses the state."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn roll_back(
    State(shared): State<Shared>,
    Named(name): Named,
) -> Result<Json<Activated>, Problem> {
    Ok(Json(blocking(&shared, move |site| site.roll_back(&name)).await?.into()))
}

/// Asks a rule for its own view of the site
///
/// It changes nothing.
#[utoipa::path(post, path = "/api/v1/rules/{name}/query", tag = "rules", operation_id = "queryRule",
    request_body = RuleRequest, params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = RuleAnswer, description = "The rule's answer."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The rule refuses the question, or its answer is not JSON."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn query(
    State(shared): State<Shared>,
    Named(rule): Named,
    Body(question): Body<RuleRequest>,
) -> Result<Json<RuleAnswer>, Problem> {
    let camera = name(&question.camera, "camera")?;
    let asked = rule.clone();
    let ask = move |site: &ocellus_pipeline::Site| site.query_rule(&asked, &camera, question.request.get());
    let said = blocking(&shared, ask).await?;
    Ok(Json(RuleAnswer::new(said).map_err(|reason| SiteError::Rule { rule, reason })?))
}

/// Gives a rule an operator's correction
///
/// It is recorded like a frame, so that a replay sees it too.
#[utoipa::path(post, path = "/api/v1/rules/{name}/command", tag = "rules", operation_id = "commandRule",
    request_body = RuleRequest, params(("name" = String, Path, description = "The rule.")),
    responses((status = 204, description = "Taken."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The rule refuses it."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn command(
    State(shared): State<Shared>,
    Named(rule): Named,
    Body(command): Body<RuleRequest>,
) -> Result<StatusCode, Problem> {
    let camera = name(&command.camera, "camera")?;
    blocking(&shared, move |site| site.command_rule(&rule, &camera, command.request.get())).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a rule wrote to its log
#[utoipa::path(get, path = "/api/v1/rules/{name}/log", tag = "rules", operation_id = "ruleLog",
    params(("name" = String, Path, description = "The rule.")),
    responses((status = 200, body = RuleLog, description = "The last lines, oldest first."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn log(State(shared): State<Shared>, Named(name): Named) -> Result<Json<RuleLog>, Problem> {
    let lines = shared.site.rule_log(&name)?.into_iter().map(LogLine::from);
    Ok(Json(RuleLog { lines: lines.collect() }))
}

/// How much of a rule to record.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct JournalQuery {
    /// The camera whose instance is meant.
    camera: String,
    /// Calls to record, 1 to 100000: frames, corrections, questions, and each saving of the state.
    #[serde(default = "journal_calls")]
    #[param(minimum = 1, maximum = 100_000, default = 500)]
    calls: u64,
}

fn journal_calls() -> u64 {
    500
}

/// Records a rule's calls as they happen
///
/// JSON Lines: all that goes into each call and all that comes out, beginning with what the rule remembers.
/// `ocellus replay` makes the same calls again, on any host. The rule goes on with a fresh instance that has the old
/// one's memory. The answer ends with the last call; the recording ends where the client goes, or is too slow.
#[utoipa::path(post, path = "/api/v1/rules/{name}/journal", tag = "rules", operation_id = "recordRule",
    params(("name" = String, Path, description = "The rule."), JournalQuery),
    responses((status = 200, content_type = "application/jsonl", body = String, description = "The journal."),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json", description = "The rule is being recorded there already."),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json", description = "The rule is not running, or calls is out of range."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn journal(
    State(shared): State<Shared>,
    Named(rule): Named,
    Query(query): Query<JournalQuery>,
) -> Result<Response, Problem> {
    let seat = shared.seat()?;
    let camera = name(&query.camera, "camera")?;
    let calls = query.calls;
    if !(1..=100_000).contains(&calls) {
        return Err(SiteError::Invalid(format!("calls is {calls}, it must be from 1 to 100000")).into());
    }
    let journal = blocking(&shared, move |site| site.record_rule(&rule, &camera, calls)).await?;
    let lines = stream::unfold((journal, seat), |(mut journal, seat)| async move {
        let next = tokio::task::spawn_blocking(move || (journal.next_line(), journal)).await.ok()?;
        let (line, journal) = next;
        Some((Ok::<_, std::io::Error>(Bytes::from(line?)), (journal, seat)))
    });
    let mut response = Response::new(axum::body::Body::from_stream(lines));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    Ok(response)
}
