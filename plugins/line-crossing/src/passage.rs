//! One track and one line: when a change of side counts.
//!
//! A side *settles* when the anchor is beyond three times the near distance, or stays beyond the near
//! distance for the settling time without being seen elsewhere. A crossing is a change of the settled
//! side whose path led through the line: passages through it are added up with their direction from one
//! settled side to the next, so trembling cancels itself out and a way around the end adds nothing; and
//! the last of them must have led through it too, so that who trembles along the line and leaves it past
//! its end did not cross.

use std::time::Duration;

use ocellus_sdk::prelude::*;

use crate::gate::Gate;

/// Nearer than this to the line is on it, in picture heights: the rounding of a box in `f32`.
const ON_LINE: f32 = 1e-6;
/// Beyond so many times the near distance a side settles at once.
const CLEARLY: f32 = 3.0;

/// Side of a line, by the sign of cross(to − from, p − from).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Left of a line drawn from top to bottom, as seen in the picture.
    Positive,
    /// Right of it.
    Negative,
}

impl Side {
    /// The sign as a number.
    pub(crate) fn sign(self) -> i8 {
        match self {
            Side::Positive => 1,
            Side::Negative => -1,
        }
    }

    /// The side of a sign; none for 0.
    pub(crate) fn of_sign(sign: i8) -> Option<Side> {
        match sign.signum() {
            1 => Some(Side::Positive),
            -1 => Some(Side::Negative),
            _ => None,
        }
    }

    /// The side at a signed distance; none for one not beyond `least`.
    fn beyond(distance: f32, least: f32) -> Option<Side> {
        if distance > least {
            Some(Side::Positive)
        } else if distance < -least {
            Some(Side::Negative)
        } else {
            None
        }
    }
}

/// One step of a track.
pub(crate) struct Step {
    /// How far beyond the line a side may count, in picture heights.
    pub(crate) near: f32,
    /// How long it must stay there.
    pub(crate) settle: Duration,
    /// Where it was seen last, in shares of the picture.
    pub(crate) from: Point,
    /// Where it is now.
    pub(crate) to: Point,
    /// The frame's time.
    pub(crate) now: TimeUs,
}

/// Where a track stands with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Passage {
    /// The side that counts; none while the track has only been seen near the line.
    pub(crate) settled: Option<Side>,
    /// The side where it was seen last, however near; a point on the line keeps it.
    pub(crate) last: Option<Side>,
    /// Passages through the line since the side settled: towards positive less towards negative.
    pub(crate) through: i8,
    /// Whether the last change of side led through the line.
    pub(crate) is_last_through: bool,
    /// Since when it has been on the other side than the settled one.
    pub(crate) pending: Option<TimeUs>,
}

impl Passage {
    /// Takes one step; the side it arrives on if that is a crossing.
    pub(crate) fn observe(&mut self, gate: &Gate, step: &Step) -> Option<Side> {
        let distance = gate.distance(step.to);
        let side = Side::beyond(distance, ON_LINE).or(self.last);
        if let (Some(before), Some(after)) = (self.last, side)
            && before != after
        {
            self.is_last_through = gate.is_passed(step.from, step.to);
            if self.is_last_through {
                self.through = self.through.saturating_add(after.sign());
            }
        }
        self.last = side;

        let near = step.near.max(ON_LINE);
        let Some(side) = Side::beyond(distance, near) else {
            self.pending = None;
            return None;
        };
        match self.settled {
            Some(settled) if settled != side => {
                let since = *self.pending.get_or_insert(step.now);
                let is_clear = distance.abs() > CLEARLY * step.near;
                (is_clear || step.now.since(since) >= step.settle).then(|| self.arrive(side)).flatten()
            }
            _ => {
                // Back where it came from, or seen clear of the line for the first time.
                *self = Passage { settled: Some(side), last: Some(side), ..Passage::default() };
                None
            }
        }
    }

    /// Time passes and the track is not seen: what it was last seen to do stands.
    pub(crate) fn settle_unseen(&mut self, now: TimeUs, settle: Duration) -> Option<Side> {
        if now.since(self.pending?) < settle {
            return None;
        }
        self.settle_finally()
    }

    /// Nothing more will be seen.
    pub(crate) fn settle_finally(&mut self) -> Option<Side> {
        self.pending?;
        let side = self.last?;
        self.arrive(side)
    }

    fn arrive(&mut self, side: Side) -> Option<Side> {
        let is_through = self.is_last_through && self.through.signum() == side.sign();
        *self = Passage { settled: Some(side), last: Some(side), ..Passage::default() };
        is_through.then_some(side)
    }
}
