//! Where an instance of a rule works.

use std::fmt;

use ocellus_core::Name;

/// One of the places that a rule has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seat {
    /// On one camera, for a rule of camera scope.
    Camera(Name),
    /// Beside the cameras, for all of them.
    Site,
}

impl Seat {
    pub(crate) fn camera(&self) -> Option<&Name> {
        match self {
            Seat::Camera(name) => Some(name),
            Seat::Site => None,
        }
    }
}

/// The camera's name, or `site`.
impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seat::Camera(name) => name.fmt(f),
            Seat::Site => f.write_str("site"),
        }
    }
}
