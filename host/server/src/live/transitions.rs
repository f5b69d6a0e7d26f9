//! `/ws/v1/transitions`: what becomes of plugin versions, as it happens.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use ocellus_pipeline::TransitionRecord;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::line::{self, End, Line};
use super::text::{dropped, transition};
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
    let seat = shared.seat()?;
    let transitions = shared.site.subscribe_transitions();
    let patience = shared.options.patience;
    Ok(line::open(upgrade, patience, move |mut line| async move {
        let _seat = seat;
        let mut reader = Reader { shared, transitions };
        let end = loop {
            if let Err(end) = reader.run_once(&mut line).await {
                break end;
            }
        };
        line.close(end).await;
    }))
}

struct Reader {
    shared: Shared,
    transitions: Receiver<Arc<TransitionRecord>>,
}

impl Reader {
    async fn run_once(&mut self, line: &mut Line) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.shared.options.shutdown.begun() => Err(End::SHUTDOWN),
            end = line.listen() => Err(end),
            record = self.transitions.recv() => match record {
                Ok(record) => line.send([Message::Text(transition(&record))]).await,
                Err(RecvError::Lagged(missed)) => line.send([Message::Text(dropped(missed))]).await,
                Err(RecvError::Closed) => Err(End::SHUTDOWN),
            },
        }
    }
}
