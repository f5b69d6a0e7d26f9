//! Which vehicles fill which spaces in one frame.

use ocellus_sdk::prelude::*;

use crate::settings::{Match, Settings};
use crate::space::Space;

/// Pairs of vehicle and space weighed in one frame: more than any picture has.
const MOST_PAIRS: usize = 16_384;

/// A vehicle's box, seen or only expected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vehicle {
    pub(crate) rect: Rect,
    pub(crate) is_seen: bool,
}

/// How a space is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Filled {
    /// By a vehicle that is seen.
    pub(crate) by_seen: bool,
    /// By a vehicle that is seen or expected there.
    pub(crate) by_any: bool,
}

/// A vehicle that could fill a space.
#[derive(Debug, Clone, Copy)]
struct Fit {
    vehicle: usize,
    space: usize,
    iou: f32,
    is_seen: bool,
}

/// How each space is filled, in their order.
pub(crate) fn fill(settings: &Settings, spaces: &[Space], vehicles: &[Vehicle]) -> Vec<Filled> {
    let mut fits = fits(settings, spaces, vehicles);
    // Best first; equals in the order of vehicles and spaces, so that the same frame gives the same.
    fits.sort_unstable_by(|a, b| {
        b.iou.total_cmp(&a.iou).then((a.vehicle, a.space).cmp(&(b.vehicle, b.space)))
    });
    let mut filled = vec![Filled::default(); spaces.len()];
    mark(settings, &fits, vehicles.len(), &mut filled, |filled| filled.by_any = true);
    // Weighed again without them: a vehicle that is only expected takes no space from one that is seen.
    fits.retain(|fit| fit.is_seen);
    mark(settings, &fits, vehicles.len(), &mut filled, |filled| filled.by_seen = true);
    filled
}

fn fits(settings: &Settings, spaces: &[Space], vehicles: &[Vehicle]) -> Vec<Fit> {
    let mut fits = Vec::new();
    for (index, vehicle) in vehicles.iter().enumerate() {
        for (number, space) in spaces.iter().enumerate() {
            let fit = |iou| Fit { vehicle: index, space: number, iou, is_seen: vehicle.is_seen };
            match settings.matching {
                Match::Centre if vehicle.rect.contains(space.centre) => {
                    // The overlap only ranks the spaces of a vehicle, where it may fill but one.
                    let iou = if settings.exclusive { iou(space, &vehicle.rect) } else { 0.0 };
                    fits.push(fit(iou));
                }
                Match::Iou => {
                    let iou = iou(space, &vehicle.rect);
                    if iou > 0.0 && f64::from(iou) >= settings.min_iou {
                        fits.push(fit(iou));
                    }
                }
                Match::Centre => {}
            }
            if fits.len() >= MOST_PAIRS {
                return fits;
            }
        }
    }
    fits
}

/// Marks the spaces of the fits that hold; the fits come best first.
fn mark(
    settings: &Settings,
    fits: &[Fit],
    vehicles: usize,
    filled: &mut [Filled],
    mark: impl Fn(&mut Filled),
) {
    let one_space_a_vehicle = settings.exclusive || settings.matching == Match::Iou;
    let one_vehicle_a_space = settings.exclusive;
    let (mut used, mut taken) = (vec![false; vehicles], vec![false; filled.len()]);
    for fit in fits {
        let is_free = !(one_space_a_vehicle && used[fit.vehicle] || one_vehicle_a_space && taken[fit.space]);
        if is_free {
            used[fit.vehicle] = true;
            taken[fit.space] = true;
            mark(&mut filled[fit.space]);
        }
    }
}

/// Intersection over union of a space and a box.
fn iou(space: &Space, rect: &Rect) -> f32 {
    let shared = space.polygon.intersection_area(rect);
    let union = space.area + rect.area() - shared;
    if union > 0.0 { shared / union } else { 0.0 }
}
