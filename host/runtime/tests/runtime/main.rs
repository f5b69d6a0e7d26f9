//! Behaviour of the plugin host, tried with components that do as they please.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails loudly, in its helpers too")]

mod support;

mod cache;
mod calls;
mod compiler;
mod hostile;
mod powers;
mod room;
mod sandbox;
mod signatures;
mod slot;
mod swap;
mod values;
mod verification;
