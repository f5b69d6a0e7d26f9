//! Passes what the site tells everybody on to one viewer.

use std::sync::Arc;

use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::response::Response;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::line::{self, End, Line};
use super::text::dropped;
use crate::problem::Problem;
use crate::state::Shared;

/// Opens the WebSocket and sends what `text` makes of each thing; nothing where it makes nothing.
pub(super) fn open<T, F>(
    shared: Shared,
    upgrade: WebSocketUpgrade,
    mut things: Receiver<Arc<T>>,
    text: F,
) -> Result<Response, Problem>
where
    T: Send + Sync + 'static,
    F: Fn(&Shared, &Arc<T>) -> Option<Utf8Bytes> + Send + Sync + 'static,
{
    let seat = shared.seat()?;
    let patience = shared.options.patience;
    Ok(line::open(upgrade, patience, move |mut line| async move {
        let _seat = seat;
        let end = loop {
            if let Err(end) = run_once(&shared, &mut line, &mut things, &text).await {
                break end;
            }
        };
        line.close(end).await;
    }))
}

async fn run_once<T>(
    shared: &Shared,
    line: &mut Line,
    things: &mut Receiver<Arc<T>>,
    text: &(impl Fn(&Shared, &Arc<T>) -> Option<Utf8Bytes> + Sync),
) -> Result<(), End> {
    tokio::select! {
        biased;
        () = shared.options.shutdown.begun() => Err(End::SHUTDOWN),
        end = line.listen() => Err(end),
        thing = things.recv() => match thing {
            Ok(thing) => match text(shared, &thing) {
                Some(text) => line.send([Message::Text(text)]).await,
                None => Ok(()),
            },
            Err(RecvError::Lagged(missed)) => line.send([Message::Text(dropped(missed))]).await,
            Err(RecvError::Closed) => Err(End::SHUTDOWN),
        },
    }
}
