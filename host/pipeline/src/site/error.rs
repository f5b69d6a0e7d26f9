//! What can go wrong when an operator asks something of the site.

use std::path::PathBuf;

use ocellus_core::{Name, Powers};
use ocellus_runtime::GrantError;
use ocellus_store::StoreError;

use super::policy::PolicyError;
use crate::camera::{CameraSettingsError, ViewSettingsError};

/// Why the site refused or could not do what was asked. Every text names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// Nothing has that name.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// `camera`, `rule`, `plugin` or `recording`.
        what: &'static str,
        /// What was asked for.
        name: String,
    },
    /// The name is taken.
    #[error("there is already a {what} {name:?}; remove it first or choose another name")]
    Exists {
        /// `camera` or `rule`.
        what: &'static str,
        /// What was asked for.
        name: Name,
    },
    /// The config file says so.
    #[error("{what} {name:?} is declared {}", declared_where(file.as_deref()))]
    ReadOnly {
        /// `camera` or `rule`.
        what: &'static str,
        /// Which one.
        name: Name,
        /// The config file; none where the program itself declares it, as the demo does.
        file: Option<PathBuf>,
    },
    /// Something else depends on it.
    #[error("plugin {plugin} is used by rule {rules}; remove the rule or activate another version first")]
    InUse {
        /// The plugin.
        plugin: String,
        /// The rules, joined.
        rules: String,
    },
    /// A rule would be left without a camera.
    #[error(
        "camera {camera} is the only one of rule {rules}; remove the rule or bind it to another camera first"
    )]
    OnlyCamera {
        /// The camera.
        camera: Name,
        /// The rules, joined.
        rules: String,
    },
    /// Another change takes long.
    #[error("a change of {of} is under way and takes long; try again when that one is done")]
    Busy {
        /// What is being changed, such as `rule gate`.
        of: String,
    },
    /// Somebody else records the rule.
    #[error("rule {rule} is being recorded on {place} already; try again when that journal has ended")]
    Recorded {
        /// The rule.
        rule: Name,
        /// The camera, or `site`.
        place: String,
    },
    /// Several versions go by that name.
    #[error("{0}")]
    Invalid(String),
    /// A camera's settings.
    #[error(transparent)]
    Camera(#[from] CameraSettingsError),
    /// A rule's limits.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A view's settings.
    #[error(transparent)]
    View(#[from] ViewSettingsError),
    /// The plugin was refused.
    #[error("the plugin is refused: {0}")]
    Plugin(String),
    /// Nobody whom the operator trusts vouches for the plugin.
    #[error("{0}")]
    Signature(String),
    /// The compiler has no time for the plugin now.
    #[error("the plugin is not compiled: {0}")]
    Compiler(String),
    /// The rule refused its settings, a state or a request.
    #[error("rule {rule}: {reason}")]
    Rule {
        /// The rule.
        rule: Name,
        /// Why.
        reason: String,
    },
    /// The rule took the correction, which is not on the disk.
    #[error("rule {rule} took the correction, but it may be lost with the process: {source}")]
    NotKept {
        /// The rule.
        rule: Name,
        /// Why.
        source: NotKept,
    },
    /// No picture arrived so far.
    #[error("camera {0} has given no picture yet; look at its state under /api/v1/cameras/{0}")]
    NoFrameYet(Name),
    /// Too many different pictures of one camera are asked for.
    #[error("camera {0} already serves 16 different picture sizes and qualities; use one of those in use")]
    TooManyViews(Name),
    /// The picture could not be encoded.
    #[error("camera {camera}: {reason}")]
    Encode {
        /// The camera.
        camera: Name,
        /// Why.
        reason: String,
    },
    /// The folder of recordings cannot be read.
    #[error("recordings cannot be read: {0}")]
    Recordings(std::io::Error),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
    /// A camera, or the thread of a site rule, did not answer in time.
    #[error("{place} did not take the change within {seconds} s; the rule is as it was before")]
    NoAnswer {
        /// The camera or the rule.
        place: String,
        /// How long it had.
        seconds: u64,
    },
    /// A version asks for more than the operator has seen.
    #[error(
        "{plugin} {version} asks for more than what the rule runs now: {powers}; say in grants what rule {rule} may \
         do, with or without these"
    )]
    Consent {
        /// The rule.
        rule: Name,
        /// The plugin.
        plugin: Name,
        /// Its version.
        version: String,
        /// What is new.
        powers: Powers,
    },
    /// Grants that make no sense.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The host is ending.
    #[error("the host is shutting down")]
    ShuttingDown,
}

/// What sort of trouble a [`SiteError`] is, for a protocol's status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteErrorKind {
    /// Nothing has that name.
    NotFound,
    /// It cannot be done as things are now.
    Conflict,
    /// What was asked makes no sense; asking again does not help.
    Invalid,
    /// Nobody may do it as the host is configured.
    Forbidden,
    /// It may work later.
    Unavailable,
    /// The disk is full.
    NoRoom,
    /// Ours.
    Internal,
}

/// Why what a rule remembers is not on the disk.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// More is to be written than the disk takes.
    #[error("the disk is too slow for all that rules remember; it is kept with the rule's next save")]
    Busy,
    /// Nothing is written any more.
    #[error("the host is shutting down")]
    Ending,
}

fn declared_where(file: Option<&std::path::Path>) -> String {
    match file {
        Some(file) => format!("in {}; change it there and restart", file.display()),
        None => "by the program itself and cannot be changed".to_owned(),
    }
}

impl SiteError {
    /// What sort of trouble it is.
    #[must_use]
    pub fn kind(&self) -> SiteErrorKind {
        match self {
            SiteError::NotFound { .. } => SiteErrorKind::NotFound,
            SiteError::Exists { .. }
            | SiteError::OnlyCamera { .. }
            | SiteError::ReadOnly { .. }
            | SiteError::InUse { .. }
            | SiteError::Consent { .. }
            | SiteError::Recorded { .. }
            | SiteError::Busy { .. } => SiteErrorKind::Conflict,
            SiteError::Invalid(_)
            | SiteError::Camera(_)
            | SiteError::Policy(_)
            | SiteError::Grant(_)
            | SiteError::View(_)
            | SiteError::Plugin(_)
            | SiteError::Rule { .. } => SiteErrorKind::Invalid,
            SiteError::Signature(_) => SiteErrorKind::Forbidden,
            SiteError::Compiler(_)
            | SiteError::NoFrameYet(_)
            | SiteError::TooManyViews(_)
            | SiteError::NoAnswer { .. }
            | SiteError::ShuttingDown => SiteErrorKind::Unavailable,
            SiteError::Store(StoreError::DiskFull { .. })
            | SiteError::NotKept { source: NotKept::Store(StoreError::DiskFull { .. }), .. } => {
                SiteErrorKind::NoRoom
            }
            SiteError::NotKept { source: NotKept::Busy | NotKept::Ending, .. } => SiteErrorKind::Unavailable,
            SiteError::Encode { .. }
            | SiteError::Recordings(_)
            | SiteError::Store(_)
            | SiteError::NotKept { .. }
            | SiteError::Thread(_) => SiteErrorKind::Internal,
        }
    }

    pub(crate) fn no_camera(name: &Name) -> SiteError {
        SiteError::NotFound { what: "camera", name: name.as_str().into() }
    }

    pub(crate) fn no_rule(name: &Name) -> SiteError {
        SiteError::NotFound { what: "rule", name: name.as_str().into() }
    }
}
