//! Sources and files from the outside: real containers, real servers on loopback, real failures.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod device;
mod file;
mod http;
mod rtsp;
mod scene;
mod support;
mod write;
