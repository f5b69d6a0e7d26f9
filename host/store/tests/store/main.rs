//! The store as its users see it: what was acknowledged is there again, whatever happened in between.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod damage;
mod disk_full;
mod events;
mod kill;
mod retention;
mod rows;
mod states;
mod support;
mod writer;
