//! What belongs to the running call and is not about tracks: the time of day, and what the rule keeps under keys.

use std::cell::Cell;

use ocellus_core::TimeUs;

thread_local! {
    static WALL: Cell<Option<TimeUs>> = const { Cell::new(None) };
}

/// The time of day of the running frame, command or end, in microseconds since the Unix epoch. Nothing without the power
/// [`WallClock`](ocellus_core::Power::WallClock), and over recordings that do not have it. It is the same all through a
/// call, and a recording of the call holds it.
#[must_use]
pub fn wall_clock() -> Option<TimeUs> {
    WALL.get()
}

/// A call begins.
pub(crate) fn begin(wall: Option<TimeUs>) {
    WALL.set(wall);
}
