// A tracker that loses an object and finds it again under a new id would lose a crossing between the two, or
// count it from nowhere. So a newcomer goes on in the place of a track that vanished shortly before, where it
// should be by now, with about the same size; one for one, the nearest first.

import { f32, Segment } from "@ocellus/sdk";

/** A newcomer may have been seen this long beside the one it replaces: trackers overlap a little. */
const OVERLAP_US = 500_000;
/** How far from the way that the vanished one would have gone, in box sizes, at once ... */
const REACH = 0.75;
/** ... and more for each second since. */
const REACH_PER_S = 1;
/** Largest ratio of box sizes. */
const SIZE_RATIO = 2;
/** The same where the class differs too. */
const SIZE_RATIO_OTHER_CLASS = 1.5;
/** Pairs weighed in one frame: more than any picture has. */
const MOST_FITS = 4096;
/** How much farther another class counts. */
const OTHER_CLASS = 2;

/** Who goes on in whose place, as `{ from, to }`; each id at most once. */
export function pairs(nowUs, aspect, vanished, newcomers) {
  let fits = [];
  for (const mover of vanished) {
    for (const newcomer of newcomers) {
      const returns = mover.predecessor === newcomer.id;
      if (!returns && newcomer.firstSeenUs + OVERLAP_US < mover.timeUs) continue;
      if (fits.length >= MOST_FITS) continue;
      const cost = costOf(nowUs, aspect, mover, newcomer);
      if (cost !== null) fits.push({ cost, from: mover.id, to: newcomer.id });
    }
  }
  const chosen = [];
  // The nearest first; of equals the one with the lower ids, so that the same frame gives the same.
  const order = (a, b) => a.cost - b.cost || a.from - b.from || a.to - b.to;
  while (fits.length > 0) {
    const best = fits.reduce((least, fit) => (order(fit, least) < 0 ? fit : least));
    fits = fits.filter((fit) => fit.from !== best.from && fit.to !== best.to);
    chosen.push(best);
  }
  return chosen;
}

/** Distance in box sizes; null where the two cannot be the same object. */
function costOf(nowUs, aspect, mover, newcomer) {
  const size = ([width, height]) => f32(Math.sqrt(f32(f32(width * aspect) * height)));
  const [before, after] = [size(mover.size), size(newcomer.size)];
  const ratio = f32(Math.max(before, after) / Math.min(before, after));
  const sameClass = mover.class === newcomer.class;
  // An empty box makes the ratio infinite or no number at all.
  if (!(ratio <= (sameClass ? SIZE_RATIO : SIZE_RATIO_OTHER_CLASS))) return null;
  const elapsedS = seconds(Math.max(nowUs - mover.timeUs, 0));
  const [vx, vy] = mover.velocity;
  const start = { x: f32(mover.at.x * aspect), y: mover.at.y };
  const expected = {
    x: f32(start.x + f32(f32(vx * aspect) * elapsedS)),
    y: f32(start.y + f32(vy * elapsedS)),
  };
  // Anywhere on the way: it may have slowed down or stopped while nobody saw it.
  const found = { x: f32(newcomer.at.x * aspect), y: newcomer.at.y };
  const share = Math.min(Math.max(new Segment(start, expected).positionOf(found), 0), 1);
  const nearest = {
    x: f32(start.x + f32(f32(expected.x - start.x) * share)),
    y: f32(start.y + f32(f32(expected.y - start.y) * share)),
  };
  const distance = f32(new Segment(nearest, found).length() / Math.max(before, after));
  const weighed = sameClass ? distance : f32(distance * OTHER_CLASS);
  return weighed <= f32(REACH + f32(REACH_PER_S * elapsedS)) ? weighed : null;
}

/** Seconds in single precision, rounded as Rust's `Duration::as_secs_f32` does. */
function seconds(us) {
  const nanos = (us % 1_000_000) * 1000;
  return f32(f32(Math.floor(us / 1_000_000)) + f32(f32(nanos) / 1e9));
}
