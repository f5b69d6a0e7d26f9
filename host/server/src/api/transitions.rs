//! `/api/v1/transitions`

use axum::Json;
use axum::extract::State;
use ocellus_pipeline::TransitionQuery;

use crate::extract::{Query, name};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::transition::{Transition, TransitionFilter, TransitionPage};

/// Largest page.
const LIMIT: usize = 1000;

/// What became of plugin versions: uploads, activations, roll-backs, failures
///
/// The last 10,000 are kept, newest first.
#[utoipa::path(get, path = "/api/v1/transitions", tag = "plugins", operation_id = "listTransitions",
    params(TransitionFilter),
    responses((status = 200, body = TransitionPage, description = "Transitions, newest first."),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json", description = "A parameter is wrong."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<TransitionFilter>,
) -> Result<Json<TransitionPage>, Problem> {
    let limit = filter.limit.unwrap_or(100);
    if !(1..=LIMIT).contains(&limit) {
        let detail = format!("limit is {limit}, it must be from 1 to {LIMIT}");
        return Err(Problem::bad_request(detail).sort("bad-query", "Bad query").field("limit"));
    }
    let query = TransitionQuery {
        rule: filter.rule.map(|text| name(&text, "rule")).transpose()?,
        plugin: filter.plugin.map(|text| name(&text, "plugin")).transpose()?,
        before: filter.cursor,
        limit,
    };
    let records = blocking(&shared, move |site| site.transitions(&query)).await?;
    let next = records.last().filter(|_| records.len() == limit).map(|record| record.sequence);
    Ok(Json(TransitionPage { transitions: records.into_iter().map(Transition::from).collect(), next }))
}
