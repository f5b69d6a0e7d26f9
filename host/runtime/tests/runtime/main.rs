//! Behaviour of the plugin host, tried with components that do as they please.

mod support;

mod cache;
mod calls;
mod hostile;
mod sandbox;
mod slot;
mod swap;
mod verification;
