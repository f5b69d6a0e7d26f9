//! The end of serving: told to every stream, waited for, and counted.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Tells streams to end, and knows which have not yet. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    viewers: TaskTracker,
}

impl Shutdown {
    /// Nothing is ending yet.
    #[must_use]
    pub fn new() -> Shutdown {
        Shutdown::default()
    }

    /// Ends serving: no new connection, streams are closed with a reason.
    pub fn begin(&self) {
        self.viewers.close();
        self.token.cancel();
    }

    /// Returns when [`Shutdown::begin`] was called.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Whether [`Shutdown::begin`] was called.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Viewers connected now.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.viewers.len()
    }

    /// Counts a viewer for as long as the value lives.
    pub(crate) fn viewer(&self) -> tokio_util::task::task_tracker::TaskTrackerToken {
        self.viewers.token()
    }

    pub(crate) async fn viewers_gone(&self) {
        self.viewers.wait().await;
    }
}
