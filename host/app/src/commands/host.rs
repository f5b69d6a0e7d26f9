//! A live host: site and web server, from start to ordered shutdown.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use ocellus_pipeline::{ShutdownReport, Site, SiteParts, SiteSettings};
use ocellus_server::{ConnectionLimits, ServerOptions};
use ocellus_store::Database;
use tokio::net::TcpListener;

/// How long frames, events and viewers have to come to their end.
const GRACE: Duration = Duration::from_secs(10);

/// Opens the database, loudly where it was damaged.
pub(crate) fn open_database(folder: &Path) -> anyhow::Result<Database> {
    std::fs::create_dir_all(folder).with_context(|| format!("data folder {}", folder.display()))?;
    let opened = Database::open(folder)?;
    if let Some(damage) = &opened.damage {
        tracing::error!("{damage}");
        eprintln!("warning: {damage}");
    }
    Ok(opened.database)
}

/// Runs a site behind a web server until Ctrl-C, SIGTERM or `limit`; `ready` gets it and its address.
pub(crate) fn run(
    parts: SiteParts,
    settings: SiteSettings,
    web: (SocketAddr, ServerOptions),
    limit: Option<Duration>,
    ready: impl FnOnce(&Site, SocketAddr) -> anyhow::Result<()>,
) -> anyhow::Result<ShutdownReport> {
    let (address, options) = web;
    options.check(address)?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("server")
        .enable_all()
        .build()
        .context("the web server's threads")?;
    let listener = tokio.block_on(TcpListener::bind(address)).with_context(|| {
        format!("address {address} cannot be used; is another ocellus running? choose another address")
    })?;
    let address = listener.local_addr().context("the web server's address")?;
    let site = Site::start(parts, settings)?;
    let shutdown = options.shutdown.clone();
    let router = ocellus_server::router(site.clone(), options);
    let served = match ready(&site, address) {
        Ok(()) => {
            let ending = shutdown.clone();
            tokio.spawn(async move {
                ended(limit).await;
                ending.begin();
            });
            let limits = ConnectionLimits::default();
            Ok(tokio.block_on(ocellus_server::serve(listener, router, shutdown, limits)))
        }
        Err(error) => Err(error),
    };
    let report = site.shutdown(GRACE);
    if !report.still_running.is_empty() {
        eprintln!("warning: still running after {} s: {}", GRACE.as_secs(), report.still_running.join(", "));
    }
    tokio.shutdown_timeout(Duration::from_secs(1));
    let cut = served?;
    if cut.connections + cut.viewers > 0 {
        eprintln!("warning: {} requests and {} viewers were cut", cut.connections, cut.viewers);
    }
    Ok(report)
}

/// Resolves on Ctrl-C, on SIGTERM, or after `limit`.
async fn ended(limit: Option<Duration>) {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "SIGTERM cannot be heard");
            return;
        }
    };
    let time = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
        () = time => {}
    }
}
