//! A tracker that loses an object and finds it again under a new id would lose what happens between the
//! two, or see it come from nowhere. So a newcomer goes on in the place of a track that vanished shortly
//! before, where it should be by now, with about the same size; one for one, the nearest first.

use ocellus_core::{Point, Segment, TimeUs};

use super::{Mover, Sighting};

/// A newcomer may have been seen this long beside the one it replaces: trackers overlap a little.
const OVERLAP: std::time::Duration = std::time::Duration::from_millis(500);
/// How far from the way that the vanished one would have gone, in box sizes, at once ...
const REACH: f32 = 0.75;
/// ... and more for each second since.
const REACH_PER_S: f32 = 1.0;
/// Largest ratio of box sizes.
const SIZE_RATIO: f32 = 2.0;
/// The same where the class differs too.
const SIZE_RATIO_OTHER_CLASS: f32 = 1.5;
/// Pairs weighed in one frame: more than any picture has.
const MOST_FITS: usize = 4096;
/// How much farther another class counts.
const OTHER_CLASS: f32 = 2.0;

/// Who goes on in whose place, as (vanished, newcomer); each id at most once.
pub(super) fn pairs<D>(
    now: TimeUs,
    aspect: f32,
    vanished: &[&Mover<D>],
    newcomers: &[&Sighting],
) -> Vec<(u64, u64)> {
    let mut fits: Vec<(f32, u64, u64)> = Vec::new();
    for mover in vanished {
        for newcomer in newcomers {
            let returns = mover.predecessor == Some(newcomer.id);
            if (returns || newcomer.first_seen + OVERLAP >= mover.time)
                && fits.len() < MOST_FITS
                && let Some(cost) = cost(now, aspect, mover, newcomer)
            {
                fits.push((cost, mover.id, newcomer.id));
            }
        }
    }
    let mut chosen = Vec::new();
    // The nearest first; of equals the one with the lower ids, so that the same frame gives the same.
    let order =
        |a: &&(f32, u64, u64), b: &&(f32, u64, u64)| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2)));
    while let Some(&(_, from, to)) = fits.iter().min_by(order) {
        fits.retain(|fit| fit.1 != from && fit.2 != to);
        chosen.push((from, to));
    }
    chosen
}

/// Distance in box sizes; nothing where the two cannot be the same object.
fn cost<D>(now: TimeUs, aspect: f32, mover: &Mover<D>, newcomer: &Sighting) -> Option<f32> {
    let size = |[width, height]: [f32; 2]| (width * aspect * height).sqrt();
    let (before, after) = (size(mover.size), size(newcomer.size));
    let ratio = before.max(after) / before.min(after);
    let same_class = mover.class == newcomer.class;
    let most_ratio = if same_class { SIZE_RATIO } else { SIZE_RATIO_OTHER_CLASS };
    // An empty box makes the ratio infinite or no number at all.
    if ratio.is_nan() || ratio > most_ratio {
        return None;
    }
    let elapsed_s = now.since(mover.time).as_secs_f32();
    let [vx, vy] = mover.velocity;
    let start = Point::new(mover.at.x * aspect, mover.at.y);
    let expected = Point::new(start.x + vx * aspect * elapsed_s, start.y + vy * elapsed_s);
    // Anywhere on the way: it may have slowed down or stopped while nobody saw it.
    let way = Segment::new(start, expected);
    let found = Point::new(newcomer.at.x * aspect, newcomer.at.y);
    let share = way.position_of(found).clamp(0.0, 1.0);
    let nearest =
        Point::new(start.x + (expected.x - start.x) * share, start.y + (expected.y - start.y) * share);
    let distance = Segment::new(nearest, found).length() / before.max(after);
    let weighed = if same_class { distance } else { distance * OTHER_CLASS };
    (weighed <= REACH + REACH_PER_S * elapsed_s).then_some(weighed)
}
