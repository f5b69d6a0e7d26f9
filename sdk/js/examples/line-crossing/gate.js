// A line as something to pass through.

import { f32, Segment } from "@ocellus/sdk";

/** An end this near to the picture's edge is meant to lie on it, in shares of the picture. */
const EDGE = f32(0.01);

const clamp01 = (share) => Math.min(Math.max(share, 0), 1);

/**
 * A line in isotropic coordinates: picture heights in both directions, so that distances mean the same along x
 * and y. Its ends that lie on the picture's edge reach beyond it, since a box cut off by the edge can have its
 * foot a little outside.
 */
export class Gate {
  #segment;
  #normal;
  #aspect;
  #startsAt;
  #endsAt;

  /** Lays out a segment, given in shares of the picture, for pictures `aspect` times as wide as high. */
  constructor({ from, to }, aspect) {
    this.#aspect = aspect;
    const laid = new Segment(this.#isotropic(from), this.#isotropic(to));
    const length = laid.length();
    this.#segment = laid;
    this.#normal = [
      f32(f32(laid.from.y - laid.to.y) / length),
      f32(f32(laid.to.x - laid.from.x) / length),
    ];
    this.#startsAt = leavesPicture(to, from) ? -Infinity : 0;
    this.#endsAt = leavesPicture(from, to) ? Infinity : 1;
  }

  /** Signed distance from the infinite line in picture heights, of a point in shares of the picture. */
  distance(point) {
    return this.#isotropicDistance(this.#isotropic(point));
  }

  /**
   * Whether the straight way between two points on different sides leads through the line and not around its
   * end.
   */
  isPassed(start, end) {
    const [from, to] = [this.#isotropic(start), this.#isotropic(end)];
    const [before, after] = [this.#isotropicDistance(from), this.#isotropicDistance(to)];
    const across = f32(before - after);
    const share = across === 0 ? 0 : clamp01(f32(before / across));
    const position = this.#segment.positionOf({
      x: f32(from.x + f32(f32(to.x - from.x) * share)),
      y: f32(from.y + f32(f32(to.y - from.y) * share)),
    });
    return this.#startsAt <= position && position <= this.#endsAt;
  }

  #isotropicDistance(point) {
    const { from } = this.#segment;
    const [x, y] = this.#normal;
    return f32(f32(x * f32(point.x - from.x)) + f32(y * f32(point.y - from.y)));
  }

  #isotropic(point) {
    return { x: f32(point.x * this.#aspect), y: point.y };
  }
}

/** Whether going on from `inner` over `end` leaves the picture within EDGE. */
function leavesPicture(inner, end) {
  const length = new Segment(inner, end).length();
  const beyond = (from, to) => {
    const further = f32(to + f32(f32(f32(to - from) / length) * EDGE));
    return !(further >= 0 && further <= 1);
  };
  return beyond(inner.x, end.x) || beyond(inner.y, end.y);
}
