//! The tracker against brute force, against the published formulas and against another implementation.

#![expect(clippy::unwrap_used, reason = "in a test a missing value is a failure")]

mod assignment;
mod kalman;
mod kinds;
mod lifecycle;
mod overlap;
mod reference;
mod score;
mod support;
