//! The server over a real site: scene cameras, a scripted detector, a database in a temporary folder.

mod access;
mod host;
mod http;
mod metrics;
mod openapi;
mod page;
mod rest;
mod viewers;
