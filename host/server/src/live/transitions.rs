//! `/ws/v1/transitions`: what becomes of plugin versions, as it happens.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::Response;

use super::text::transition;
use super::{line, relay};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;
use crate::wire::transition::Transition;

/// What becomes of plugin versions, live
///
/// A WebSocket. Every transition is one text message: the transition with `"type":"transition"`.
/// `{"type":"dropped","events":n}` says that n passed by unsent because the viewer was slow; they are under
/// `/api/v1/transitions`.
#[utoipa::path(get, path = "/ws/v1/transitions", tag = "live", operation_id = "watchTransitions",
    responses((status = 101, description = "The WebSocket is open.", body = Transition),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json",
            description = "Refused: 401 without the token, 426 without an upgrade."),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json",
            description = "Too many viewers, or shutting down.")))]
pub(crate) async fn watch(
    State(shared): State<Shared>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = line::accepted(upgrade)?;
    let transitions = shared.site.subscribe_transitions();
    relay::open(shared, upgrade, transitions, |_, record| Some(transition(record)))
}
