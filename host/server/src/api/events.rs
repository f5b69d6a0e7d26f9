//! `/api/v1/events`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ocellus_core::TimeUs;
use ocellus_pipeline::wire::EventLine;
use ocellus_store::{EventQuery, Order, PAGE_LIMIT};

use crate::extract::{Query, name};
use crate::problem::{Problem, ProblemDocument};
use crate::state::{Shared, blocking};
use crate::wire::event::{EventFilter, EventOrder, Page};

/// Events out of the log
#[utoipa::path(get, path = "/api/v1/events", tag = "events", operation_id = "listEvents", params(EventFilter),
    responses((status = 200, body = Page<'static>, description = "Events in the order asked for."),
        (status = 400, body = ProblemDocument, content_type = "application/problem+json", description = "A parameter is wrong."),
        (status = "default", body = ProblemDocument, content_type = "application/problem+json", description = "Refused.")))]
pub(crate) async fn list(
    State(shared): State<Shared>,
    Query(filter): Query<EventFilter>,
) -> Result<Response, Problem> {
    let query = query(filter)?;
    let page = blocking(&shared, move |site| site.events(&query)).await?;
    let events = page.records.iter().map(EventLine::from).collect();
    Ok(Json(Page { events, next: page.next, damaged: page.damaged }).into_response())
}

fn query(filter: EventFilter) -> Result<EventQuery, Problem> {
    let limit = filter.limit.unwrap_or(100);
    if !(1..=PAGE_LIMIT).contains(&limit) {
        let detail = format!("limit is {limit}, it must be from 1 to {PAGE_LIMIT}");
        return Err(Problem::bad_request(detail).sort("bad-query", "Bad query").field("limit"));
    }
    let order = match filter.order.unwrap_or(EventOrder::Newest) {
        EventOrder::Newest => Order::Newest,
        EventOrder::Oldest => Order::Oldest,
    };
    Ok(EventQuery {
        camera: filter.camera.map(|text| name(&text, "camera")).transpose()?,
        rule: filter.rule.map(|text| name(&text, "rule")).transpose()?,
        kind: filter.kind,
        from: filter.from.map(TimeUs),
        to: filter.to.map(TimeUs),
        after: filter.cursor,
        order,
        limit,
    })
}
