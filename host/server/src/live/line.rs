//! One WebSocket: bounded, timed, and closed with a reason.

use std::borrow::Cow;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::Response;
use futures::{SinkExt, StreamExt};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

use crate::options::ViewerPatience;
use crate::problem::Problem;

/// Viewers send nothing but pongs; a small buffer each keeps thousands of them small.
const READ_BUFFER: usize = 1024;
const LONGEST_MESSAGE: usize = 4096;
/// A frame's text and picture leave in one write.
const WRITE_BUFFER: usize = 256 * 1024;
const LONGEST_QUEUE: usize = 32 * 1024 * 1024;

/// An open WebSocket to a viewer.
pub(crate) struct Line {
    socket: WebSocket,
    patience: ViewerPatience,
    pings: Interval,
    heard: Instant,
}

/// Why a viewer is let go.
#[derive(Debug)]
pub(crate) enum End {
    /// It closed, or its connection broke.
    Gone,
    /// It is told why.
    Close(u16, Cow<'static, str>),
}

impl End {
    pub(crate) const SHUTDOWN: End = End::Close(close_code::AWAY, Cow::Borrowed("the host is shutting down"));
    pub(crate) const NO_CAMERA: End = End::Close(close_code::NORMAL, Cow::Borrowed("the camera was removed"));
    const SILENT: End = End::Close(close_code::POLICY, Cow::Borrowed("no answer to a ping"));
}

/// The upgrade, or what is wrong with the request.
pub(crate) fn accepted(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<WebSocketUpgrade, Problem> {
    upgrade.map_err(|rejection| {
        let status = match rejection.status() {
            StatusCode::METHOD_NOT_ALLOWED => StatusCode::METHOD_NOT_ALLOWED,
            _ => StatusCode::UPGRADE_REQUIRED,
        };
        Problem::new(status, format!("this path speaks WebSocket only: {}", rejection.body_text()))
    })
}

/// Answers the upgrade request and runs `watch` on the open line.
pub(crate) fn open<F, Watching>(upgrade: WebSocketUpgrade, patience: ViewerPatience, watch: F) -> Response
where
    F: FnOnce(Line) -> Watching + Send + 'static,
    Watching: Future<Output = ()> + Send + 'static,
{
    upgrade
        .read_buffer_size(READ_BUFFER)
        .max_message_size(LONGEST_MESSAGE)
        .max_frame_size(LONGEST_MESSAGE)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(LONGEST_QUEUE)
        .on_upgrade(move |socket| watch(Line::new(socket, patience)))
}

impl Line {
    fn new(socket: WebSocket, patience: ViewerPatience) -> Line {
        let now = Instant::now();
        let mut pings = interval_at(now + patience.ping, patience.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Line { socket, patience, pings, heard: now }
    }

    /// Hears the viewer and keeps the line alive; returns when it is to end.
    pub(crate) async fn listen(&mut self) -> End {
        loop {
            tokio::select! {
                biased;
                said = self.socket.next() => match said {
                    None | Some(Err(_)) => return End::Gone,
                    Some(Ok(Message::Close(_))) => return self.answer_close().await,
                    Some(Ok(_)) => self.heard = Instant::now(),
                },
                _ = self.pings.tick() => {
                    if self.heard.elapsed() > self.patience.idle {
                        return End::SILENT;
                    }
                    if let Err(end) = self.send([Message::Ping(bytes::Bytes::new())]).await {
                        return end;
                    }
                }
            }
        }
    }

    /// Sends messages in one write. A viewer that does not take them in time is let go: whoever waits
    /// for it would hold old pictures.
    pub(crate) async fn send(&mut self, messages: impl IntoIterator<Item = Message>) -> Result<(), End> {
        let sending = async {
            for message in messages {
                self.socket.feed(message).await?;
            }
            self.socket.flush().await
        };
        match timeout(self.patience.send, sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }

    /// The reply to a close frame waits in the socket; reading on sends it, until the viewer hangs up.
    async fn answer_close(&mut self) -> End {
        let hung_up = async { while let Some(Ok(_)) = self.socket.next().await {} };
        let _ = timeout(std::time::Duration::from_secs(1), hung_up).await;
        End::Gone
    }

    /// Ends the line.
    pub(crate) async fn close(mut self, end: End) {
        let End::Close(code, reason) = end else { return };
        let frame = CloseFrame { code, reason: reason.as_ref().into() };
        if self.send([Message::Close(Some(frame))]).await.is_ok() {
            // The viewer's own close frame ends the connection in order.
            let answered = async { while let Some(Ok(_)) = self.socket.next().await {} };
            let _ = timeout(std::time::Duration::from_secs(1), answered).await;
        }
    }
}
