//! What all requests share.

use std::sync::Arc;

use axum::http::StatusCode;
use ocellus_pipeline::{Site, SiteError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::live::text::Texts;
use crate::options::ServerOptions;
use crate::problem::Problem;

pub(crate) type Shared = Arc<State>;

/// Uploads that are received, verified, compiled or wait for it at one time; each holds its component.
const UPLOADS: usize = 8;
/// Uploads verified and compiled at one time; more would only take the cameras' processors.
const COMPILING: usize = 2;

/// What all requests share.
pub(crate) struct State {
    pub(crate) site: Site,
    pub(crate) options: ServerOptions,
    pub(crate) texts: Texts,
    uploads: Arc<Semaphore>,
    compiling: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
}

/// A viewer's place; free again when it is dropped.
pub(crate) struct Seat {
    _permit: OwnedSemaphorePermit,
    _counted: TaskTrackerToken,
}

/// The place of an upload, from before its first byte on; free again when it is dropped.
pub(crate) struct UploadPlace(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// The turn of an upload; the next one's when it is dropped.
pub(crate) struct UploadTurn {
    _place: UploadPlace,
    _compiling: OwnedSemaphorePermit,
}

impl State {
    pub(crate) fn new(site: Site, options: ServerOptions) -> State {
        let viewers = Arc::new(Semaphore::new(options.max_viewers));
        let (uploads, compiling) = (Arc::new(Semaphore::new(UPLOADS)), Arc::new(Semaphore::new(COMPILING)));
        State { site, options, texts: Texts::default(), uploads, compiling, viewers }
    }

    /// A place for one more upload.
    pub(crate) fn upload_place(&self) -> Result<UploadPlace, Problem> {
        let place = Arc::clone(&self.uploads).try_acquire_owned().map_err(|_| {
            let detail = format!("{UPLOADS} uploads are under way already; try again when they are done");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).sort("too-many-uploads", "Too many uploads")
        })?;
        Ok(UploadPlace(place))
    }

    /// The turn of an upload that is there whole, when few enough are before it.
    pub(crate) async fn upload_turn(&self, place: UploadPlace) -> Result<UploadTurn, Problem> {
        let compiling = Arc::clone(&self.compiling).acquire_owned().await;
        let compiling = compiling.map_err(|error| Problem::internal(&error))?;
        Ok(UploadTurn { _place: place, _compiling: compiling })
    }

    /// A place for one more viewer.
    pub(crate) fn seat(&self) -> Result<Seat, Problem> {
        if self.options.shutdown.has_begun() {
            return Err(SiteError::ShuttingDown.into());
        }
        let permit = Arc::clone(&self.viewers).try_acquire_owned().map_err(|_| {
            let detail = format!(
                "the host already has {} viewers, the most that server.max_viewers allows",
                self.options.max_viewers
            );
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).sort("too-many-viewers", "Too many viewers")
        })?;
        Ok(Seat { _permit: permit, _counted: self.options.shutdown.viewer() })
    }

    /// Viewers connected now.
    pub(crate) fn viewers(&self) -> usize {
        self.options.shutdown.viewers()
    }
}

/// Runs what may wait (files, compiling, a frame boundary) away from the tasks that serve sockets.
pub(crate) async fn blocking<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Site) -> Result<T, SiteError> + Send + 'static,
) -> Result<T, Problem> {
    let site = shared.site.clone();
    let done = tokio::task::spawn_blocking(move || work(&site)).await;
    done.map_err(|error| Problem::internal(&error))?.map_err(Problem::from)
}
