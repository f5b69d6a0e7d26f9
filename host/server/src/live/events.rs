//! `/ws/v1/events`: events of the whole site as they come.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use ocellus_core::EventRecord;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::line::{self, End, Line};
use super::text::dropped;
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
    let seat = shared.seat()?;
    let events = shared.site.subscribe_events();
    let patience = shared.options.patience;
    Ok(line::open(upgrade, patience, move |mut line| async move {
        let _seat = seat;
        let mut reader = Reader { shared, interest, events };
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
    interest: EventInterest,
    events: Receiver<Arc<EventRecord>>,
}

impl Reader {
    async fn run_once(&mut self, line: &mut Line) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.shared.options.shutdown.begun() => Err(End::SHUTDOWN),
            end = line.listen() => Err(end),
            event = self.events.recv() => match event {
                Ok(event) if !self.interest.covers(&event) => Ok(()),
                Ok(event) => line.send([Message::Text(self.shared.texts.event(&event))]).await,
                Err(RecvError::Lagged(missed)) => line.send([Message::Text(dropped(missed))]).await,
                Err(RecvError::Closed) => Err(End::SHUTDOWN),
            },
        }
    }
}
