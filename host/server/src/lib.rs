//! The site over HTTP: REST and OpenAPI under `/api/v1`, WebSockets under `/ws/v1`, MJPEG, health,
//! metrics and the console.
//!
//! [`router`] is the whole of it as a service, [`serve`] runs it on a socket. Before listening ask
//! [`ServerOptions::check`]: without a token only this machine is served.

mod api;
pub mod compat;
mod extract;
mod guard;
mod live;
mod metrics;
mod openapi;
mod options;
mod page;
mod problem;
mod process;
mod router;
mod serve;
mod shutdown;
mod state;
mod wire;

pub use options::{OptionsError, ServerOptions, TOKEN_MIN_CHARS, Token, ViewerPatience};
pub use problem::ProblemDocument;
pub use router::{description, router};
pub use serve::{ConnectionLimits, ServeReport, serve};
pub use shutdown::Shutdown;
