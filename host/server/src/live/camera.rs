//! `/ws/v1/cameras/{name}`: a camera's frames and events as they come.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use bytes::Bytes;
use ocellus_core::{EventRecord, Name};
use ocellus_pipeline::{Live, LiveFrame, View};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::line::{self, End, Line};
use super::text::{FrameTexts, dropped};
use crate::api::view::LiveQuery;
use crate::extract::{Named, Query};
use crate::problem::{Problem, ProblemDocument};
use crate::state::Shared;

/// What a viewer looks at.
enum Look {
    Pictures(View),
    Tracks(Live),
}

/// A frame as a viewer gets it.
struct Sight {
    frame: Arc<LiveFrame>,
    picture: Option<Bytes>,
    skipped: u64,
}

impl Look {
    async fn next(&mut self) -> Option<Sight> {
        match self {
            Look::Pictures(view) => {
                let seen = view.next().await?;
                Some(Sight { frame: seen.frame, picture: Some(seen.jpeg), skipped: seen.skipped })
            }
            Look::Tracks(live) => {
                let (frame, skipped) = live.next().await?;
                Some(Sight { frame, picture: None, skipped })
            }
        }
    }
}

/// A camera's frames and events, live
///
/// A WebSocket. A frame is one text message (`FrameMessage`), directly followed by one binary message with
/// its JPEG unless `pictures=false`. The newest frame comes at once; a viewer that is slow gets the newest
/// one next, and `skipped` says how many it missed. An event of the camera is a text message: the event with
/// `"type":"event"`. `{"type":"dropped","events":n}` says that n events of the site passed by unsent. The host
/// pings every 30 s and closes a viewer that does not answer, or does not take a message within 10 s.
#[utoipa::path(get, path = "/ws/v1/cameras/{name}", tag = "live", operation_id = "watchCamera",
    params(("name" = String, Path, description = "The camera."), LiveQuery),
    responses((status = 101, description = "The WebSocket is open.", content(
            (crate::wire::frame::FrameMessage<'static> = "application/json"))),
        (status = "4XX", body = ProblemDocument, content_type = "application/problem+json",
            description = "Refused: 401 without the token, 404 for an unknown camera, 426 without an upgrade."),
        (status = 503, body = ProblemDocument, content_type = "application/problem+json",
            description = "Too many viewers, or shutting down.")))]
pub(crate) async fn watch(
    State(shared): State<Shared>,
    Named(name): Named,
    Query(query): Query<LiveQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let wants_pictures = query.pictures.unwrap_or(true);
    let settings = query.settings()?;
    // Checked before the look is opened: a look that nobody gets costs an encoding.
    let upgrade = line::accepted(upgrade)?;
    let seat = shared.seat()?;
    let look = if wants_pictures {
        Look::Pictures(shared.site.view(&name, settings)?)
    } else {
        Look::Tracks(shared.site.live(&name)?)
    };
    let events = shared.site.subscribe_events();
    let texts = shared.texts.of(&name);
    let patience = shared.options.patience;
    Ok(line::open(upgrade, patience, move |line| async move {
        let _seat = seat;
        let viewer = Viewer { shared, name, look, events, texts };
        viewer.run(line).await;
    }))
}

struct Viewer {
    shared: Shared,
    name: Name,
    look: Look,
    events: Receiver<Arc<EventRecord>>,
    texts: Arc<FrameTexts>,
}

impl Viewer {
    async fn run(mut self, mut line: Line) {
        let end = loop {
            if let Err(end) = self.run_once(&mut line).await {
                break end;
            }
        };
        tracing::debug!(camera = %self.name, ?end, "viewer ended");
        // Nothing is encoded for a viewer who only says goodbye.
        drop(self);
        line.close(end).await;
    }

    async fn run_once(&mut self, line: &mut Line) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.shared.options.shutdown.begun() => Err(End::SHUTDOWN),
            end = line.listen() => Err(end),
            event = self.events.recv() => match event {
                Ok(event) if event.camera != self.name => Ok(()),
                Ok(event) => line.send([Message::Text(self.shared.texts.event(&event))]).await,
                Err(RecvError::Lagged(missed)) => line.send([Message::Text(dropped(missed))]).await,
                Err(RecvError::Closed) => Err(End::SHUTDOWN),
            },
            sight = self.look.next() => match sight {
                None => Err(End::NO_CAMERA),
                Some(sight) => {
                    let text = Message::Text(self.texts.text(&sight.frame, sight.skipped));
                    line.send([Some(text), sight.picture.map(Message::Binary)].into_iter().flatten()).await
                }
            },
        }
    }
}
