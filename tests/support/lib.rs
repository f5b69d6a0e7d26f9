//! Support for the tests of the whole: the built program, a running host, the local test data.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's support fails by panicking")]

pub mod data;
pub mod host;
pub mod program;

pub use data::test_data;
pub use host::Host;
pub use program::{Finished, guest, ocellus, ocellus_command, plugin};
