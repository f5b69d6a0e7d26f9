//! A live site with synthetic cameras, a scripted detector and real plugins.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod hostile;
mod journal;
mod journal_faults;
mod level;
mod looks;
mod plates;
mod powers;
mod restart;
mod shadow;
mod signed;
mod site;
mod site_scope;
mod swap;
mod swapped_tracks;
