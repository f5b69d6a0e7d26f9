//! The log of events: appended in order, read by camera, rule, kind and time, expired from its front.

mod append;
mod block;
mod postings;
mod query;
mod retention;
mod stored;

pub use append::{APPEND_LIMIT, NewEvent};
pub(crate) use block::last_sequence;
pub use query::{EventPage, EventQuery, Order, PAGE_LIMIT};
pub use retention::{Expired, Retention};
