//! Sources and files from the outside: real containers, real servers on loopback, real failures.

mod device;
mod file;
mod http;
mod rtsp;
mod scene;
mod support;
mod write;
