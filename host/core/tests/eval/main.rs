//! The measures against TrackEval, against counting by hand, and against what nobody should give them.

#![expect(clippy::unwrap_used, reason = "in a test a missing value is a failure")]

use ocellus_core::eval;

mod by_hand;
mod mot17;
mod refusals;
mod trackeval;
