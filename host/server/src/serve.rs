//! Connections: taken, limited, and ended in order.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::shutdown::Shutdown;

/// Limits of the connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Most connections at one time; further ones wait in the system's queue.
    pub connections: usize,
    /// Longest time for a request's head.
    pub head: Duration,
    /// Longest wait for requests and streams that still run when serving ends.
    pub grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> ConnectionLimits {
        ConnectionLimits { connections: 12_000, head: Duration::from_secs(10), grace: Duration::from_secs(5) }
    }
}

/// What was still running when the grace period ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServeReport {
    /// Connections cut while a request was under way.
    pub connections: usize,
    /// Viewers cut.
    pub viewers: usize,
}

/// Bytes of a request's head, and the number of its lines.
const HEAD_BYTES: usize = 32 * 1024;
const HEAD_LINES: usize = 64;

/// Serves `router` until `shutdown` begins; then takes no new connection, lets requests finish, has
/// WebSockets closed with a reason, and returns at the latest after the grace period.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: Shutdown,
    limits: ConnectionLimits,
) -> ServeReport {
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &room) => accepted,
        };
        let (stream, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Mostly the limit of open files: it passes when connections end.
                tracing::warn!(%error, "a connection could not be accepted; trying again in 100 ms");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEAD_LINES)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()))
            .with_upgrades();
        let ending = shutdown.clone();
        connections.spawn(async move {
            let mut connection = pin!(connection);
            let outcome = tokio::select! {
                biased;
                outcome = connection.as_mut() => outcome,
                () = ending.begun() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = outcome {
                tracing::debug!(%error, "connection ended");
            }
            drop(permit);
        });
    }
    drop(listener);
    let ended = async {
        while connections.join_next().await.is_some() {}
        shutdown.viewers_gone().await;
    };
    if timeout(limits.grace, ended).await.is_ok() {
        return ServeReport::default();
    }
    while connections.try_join_next().is_some() {}
    let report = ServeReport { connections: connections.len(), viewers: shutdown.viewers() };
    connections.abort_all();
    report
}

type Permit = tokio::sync::OwnedSemaphorePermit;

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> io::Result<(TcpStream, Permit)> {
    let permit = Arc::clone(room).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    // A frame's text goes before its picture; waiting to fill packets would only delay both.
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}
