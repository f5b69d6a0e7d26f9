//! The tracker against brute force, against the published formulas and against another implementation.

mod assignment;
mod kalman;
mod lifecycle;
mod overlap;
mod reference;
mod score;
mod support;
