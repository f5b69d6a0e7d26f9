//! `/ws/v1/events`: events of the whole site as they come.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::Response;

use super::{line, relay};
use crate::extract::Query;
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;
use crate::wire::event::{EventInterest, EventSchema};

/// Events of the site, live
///
/// A WebSocket. Every event that matches is one text message: the event with `"type":"event"`.
/// `{"type":"dropped","events":n}` says that n events passed by unsent because the viewer was slow; they are
/// under `/api/v1/events`.
#[utoipa::path(get, path = "/ws/v1/events", tag = "live", operation_id = "watchEvents", params(EventInterest),
    responses((status = 101, description = "The WebSocket is open.", body = EventSchema),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json",
            description = "Refused: 401 without the token, 426 without an upgrade."),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json",
            description = "Too many viewers, or shutting down.")))]
pub(crate) async fn watch(
    State(shared): State<Shared>,
    Query(interest): Query<EventInterest>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = line::accepted(upgrade)?;
    let events = shared.site.subscribe_events();
    relay::open(shared, upgrade, events, move |shared, event| {
        interest.covers(event).then(|| shared.texts.event(event))
    })
}
