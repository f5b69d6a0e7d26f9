//! Tracks that a rule follows from frame to frame, with what it remembers of each.
//!
//! A tracker that loses an object and finds it again under a new id would break what a rule remembers in two. A
//! [`Follower`] has the newcomer go on in the place of the one that vanished, so that nothing is counted twice and
//! nothing is lost:
//!
//! ```
//! use ocellus_sdk::follow::{Follower, Following};
//! use ocellus_sdk::prelude::*;
//!
//! struct Longest {
//!     follower: Follower<TimeUs>,
//! }
//!
//! impl Longest {
//!     fn see(&mut self, frame: &Frame, tracks: &Tracks, output: &mut Output) {
//!         let mut longest = 0.0_f64;
//!         self.follower.follow(
//!             (frame, tracks),
//!             |_, now| now,
//!             |mover, _, now| longest = longest.max(now.since(mover.data).as_secs_f64()),
//!         );
//!         output.measure("longest", longest);
//!     }
//! }
//!
//! let following = Following::default();
//! assert!(Follower::<TimeUs>::new(following, ClassFilter::all()).movers().next().is_none());
//! ```

mod follower;
mod handover;
mod mover;
mod sighting;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use follower::Follower;
pub(crate) use follower::aspect_of;
pub use mover::{Mover, Movers};
pub use sighting::{SavedSighting, Sighting};

/// More objects than this are in no picture.
pub const MOST_MOVERS: usize = 1024;

/// The point of a box that says where its object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Anchor {
    /// The middle of the bottom edge, where a standing object meets the ground.
    #[default]
    Foot,
    /// The middle of the box.
    Centre,
}

/// How tracks are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Following {
    /// The point that moves.
    pub anchor: Anchor,
    /// How long a track that is not seen is remembered.
    pub memory: Duration,
    /// How long one that vanished can be taken over from; zero for never.
    pub handover: Duration,
    /// Tracks remembered at once, so that memory and state stay bounded; at most [`MOST_MOVERS`].
    pub most: usize,
}

impl Default for Following {
    /// By the foot point, remembered for 5 s, taken over from within 2 s.
    fn default() -> Following {
        Following {
            anchor: Anchor::Foot,
            memory: Duration::from_secs(5),
            handover: Duration::from_secs(2),
            most: MOST_MOVERS,
        }
    }
}
