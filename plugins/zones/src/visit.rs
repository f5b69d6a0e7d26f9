//! One track and one zone.

use ocellus_sdk::follow::Sighting;
use ocellus_sdk::prelude::*;
use ocellus_sdk::region::{Change, Presence};

use crate::zone::Zone;

/// A way is judged after so many picture heights ...
const LEG: f32 = 0.03;
/// ... and so many heights of the box more: what is near moves farther by trembling.
const LEG_OF_BOX: f32 = 0.25;

/// What is remembered of a track and a zone that it is in, may be about to enter, or has left lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// The zone's place in the list.
    pub(crate) zone: usize,
    pub(crate) presence: Presence,
    /// When the stay began, or the last one if it is outside.
    since_us: u64,
    /// When it was left, if it is outside.
    left_us: Option<u64>,
    /// Stays before this one that count for loitering, together.
    before_us: u64,
    has_dwelt: bool,
    has_loitered: bool,
    has_gone_wrong: bool,
    /// Where the piece of its way began that is judged next.
    leg: Option<[f32; 2]>,
}

/// What a visit comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Occurrence {
    Enters,
    /// After so many microseconds.
    Leaves(u64),
    Dwells(u64),
    Loiters(u64),
    /// By so many degrees.
    GoesWrong(f64),
}

impl Visit {
    pub(crate) fn new(zone: usize) -> Visit {
        Visit {
            zone,
            presence: Presence::default(),
            since_us: 0,
            left_us: None,
            before_us: 0,
            has_dwelt: false,
            has_loitered: false,
            has_gone_wrong: false,
            leg: None,
        }
    }

    /// Seen inside or outside, `change` being what the zone's [`Presence`] made of it.
    pub(crate) fn changes(&mut self, zone: &Zone, change: Option<Change>) -> Option<Occurrence> {
        match change? {
            Change::Entered(since) => {
                let is_back = self.left_us.is_some_and(|left| since.since(TimeUs(left)) <= zone.absence);
                if !is_back {
                    self.before_us = 0;
                    self.has_loitered = false;
                }
                (self.has_dwelt, self.has_gone_wrong, self.leg) = (false, false, None);
                (self.since_us, self.left_us) = (since.0, None);
                Some(Occurrence::Enters)
            }
            Change::Left(at) => Some(self.leaves(at)),
        }
    }

    /// Out of the zone since `at`.
    pub(crate) fn leaves(&mut self, at: TimeUs) -> Occurrence {
        let stayed_us = at.0.saturating_sub(self.since_us);
        self.before_us = self.before_us.saturating_add(stayed_us);
        (self.left_us, self.leg) = (Some(at.0), None);
        Occurrence::Leaves(stayed_us)
    }

    /// Seen inside: what it comes to.
    pub(crate) fn stays(&mut self, zone: &Zone, sighting: &Sighting, now: TimeUs) -> Vec<Occurrence> {
        let stayed_us = now.0.saturating_sub(self.since_us);
        let in_all_us = self.before_us.saturating_add(stayed_us);
        let mut comes_to = Vec::new();
        if !self.has_dwelt && zone.dwell_us.is_some_and(|least| stayed_us >= least) {
            self.has_dwelt = true;
            comes_to.push(Occurrence::Dwells(stayed_us));
        }
        if !self.has_loitered && zone.loitering_us.is_some_and(|least| in_all_us >= least) {
            self.has_loitered = true;
            comes_to.push(Occurrence::Loiters(in_all_us));
        }
        if let Some(degrees) = self.goes(zone, sighting)
            && !self.has_gone_wrong
        {
            self.has_gone_wrong = true;
            comes_to.push(Occurrence::GoesWrong(degrees));
        }
        comes_to
    }

    /// By how many degrees the piece of its way that ends here is wrong.
    fn goes(&mut self, zone: &Zone, sighting: &Sighting) -> Option<f64> {
        let way = zone.way.as_ref()?;
        let here = [sighting.at.x * way.aspect, sighting.at.y];
        let [x, y] = *self.leg.get_or_insert(here);
        let (dx, dy) = (here[0] - x, here[1] - y);
        if dx.hypot(dy) < LEG + LEG_OF_BOX * sighting.size[1] {
            return None;
        }
        self.leg = Some(here);
        let cross = way.towards[0] * dy - way.towards[1] * dx;
        let along = way.towards[0] * dx + way.towards[1] * dy;
        let degrees = f64::from(cross.atan2(along).abs().to_degrees());
        (degrees > way.tolerance_deg).then_some(degrees)
    }

    /// Whether nothing of it matters any more.
    pub(crate) fn is_over(&self, zone: &Zone, now: TimeUs) -> bool {
        let may_loiter_on = zone.loitering_us.is_some()
            && self.left_us.is_some_and(|left| now.since(TimeUs(left)) <= zone.absence);
        self.presence.is_blank() && !may_loiter_on
    }
}
