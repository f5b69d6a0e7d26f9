//! The server over a real site: scene cameras, a scripted detector, a database in a temporary folder.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod camera_settings;
mod host;
mod http;
mod metrics;
mod openapi;
mod page;
mod recordings;
mod rest;
mod viewers;
