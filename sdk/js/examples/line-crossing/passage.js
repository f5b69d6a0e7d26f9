// One track and one line: when a change of side counts.
//
// A side *settles* when the anchor is beyond three times the near distance, or stays beyond the near distance
// for the settling time without being seen elsewhere. A crossing is a change of the settled side whose path led
// through the line: passages through it are added up with their direction from one settled side to the next, so
// trembling cancels itself out and a way around the end adds nothing; and the last of them must have led
// through it too, so that who trembles along the line and leaves it past its end did not cross.
//
// Sides are signs, by cross(to − from, p − from): 1 is left of a line drawn from top to bottom, as seen in the
// picture, -1 right of it, 0 neither.

import { f32 } from "@ocellus/sdk";

/** Nearer than this to the line is on it, in picture heights: the rounding of a box in single precision. */
const ON_LINE = f32(1e-6);
/** Beyond so many times the near distance a side settles at once. */
const CLEARLY = 3;

function beyond(distance, least) {
  return distance > least ? 1 : distance < -least ? -1 : 0;
}

/** Where a track stands with a line. */
export class Passage {
  /** The side that counts; 0 while the track has only been seen near the line. */
  settled = 0;
  /** The side where it was seen last, however near; a point on the line keeps it. */
  last = 0;
  /** Passages through the line since the side settled: towards positive less towards negative. */
  through = 0;
  /** Whether the last change of side led through the line. */
  isLastThrough = false;
  /** Since when it has been on the other side than the settled one, in microseconds; null if it is not. */
  pendingUs = null;

  /** Takes one step `{ near, settleUs, from, to, nowUs }`; the side it arrives on if that is a crossing, or 0. */
  observe(gate, { near, settleUs, from, to, nowUs }) {
    const distance = gate.distance(to);
    const side = beyond(distance, ON_LINE) || this.last;
    if (this.last !== 0 && side !== this.last) {
      this.isLastThrough = gate.isPassed(from, to);
      if (this.isLastThrough) this.through = Math.min(Math.max(this.through + side, -128), 127);
    }
    this.last = side;

    const clear = beyond(distance, Math.max(near, ON_LINE));
    if (clear === 0) {
      this.pendingUs = null;
      return 0;
    }
    if (this.settled !== 0 && this.settled !== clear) {
      this.pendingUs ??= nowUs;
      const isClear = Math.abs(distance) > f32(CLEARLY * near);
      return isClear || nowUs - this.pendingUs >= settleUs ? this.#arrive(clear) : 0;
    }
    // Back where it came from, or seen clear of the line for the first time.
    this.#settle(clear);
    return 0;
  }

  /** Time passes and the track is not seen: what it was last seen to do stands. */
  settleUnseen(nowUs, settleUs) {
    if (this.pendingUs === null || Math.max(nowUs - this.pendingUs, 0) < settleUs) return 0;
    return this.settleFinally();
  }

  /** Nothing more will be seen. */
  settleFinally() {
    return this.pendingUs === null || this.last === 0 ? 0 : this.#arrive(this.last);
  }

  #arrive(side) {
    const isThrough = this.isLastThrough && Math.sign(this.through) === side;
    this.#settle(side);
    return isThrough ? side : 0;
  }

  #settle(side) {
    this.settled = side;
    this.last = side;
    this.through = 0;
    this.isLastThrough = false;
    this.pendingUs = null;
  }
}
