// A track that counts, from frame to frame. A sighting is `{ id, class, at, size, firstSeenUs }`: a track as
// seen in one frame, its anchor `{ x, y }` and `[width, height]` in shares of the picture.

import { f32 } from "@ocellus/sdk";

import { Passage } from "./passage.js";

/** Over how many seconds a velocity is smoothed. */
const SMOOTHING_S = f32(0.3);
/** Faster than this is a fault, in pictures a second. */
const FASTEST = 100;

/** What is kept of a track. */
export class Mover {
  /** First seen, by this rule, as `sighting` says. */
  static of(sighting, timeUs, lines) {
    const { id, at, size } = sighting;
    const fields = { id, at, size, class: sighting.class, timeUs, velocity: [0, 0], sightings: 1 };
    return new Mover({ ...fields, predecessor: null, passages: Array.from({ length: lines }, () => new Passage()) });
  }

  constructor(fields) {
    Object.assign(this, fields);
  }

  /** Seen again. The velocity is in pictures a second; a young one is the mean of what was seen. */
  moveTo(sighting, nowUs) {
    const elapsedS = f32(f32(Math.max(nowUs - this.timeUs, 0)) / 1e6);
    if (elapsedS > 0) {
      const steps = f32(Math.max(this.sightings, 1));
      const weight = Math.max(f32(elapsedS / f32(elapsedS + SMOOTHING_S)), f32(1 / steps));
      const moved = [f32(sighting.at.x - this.at.x), f32(sighting.at.y - this.at.y)];
      this.velocity = this.velocity.map((velocity, axis) => {
        const measured = Math.min(Math.max(f32(moved[axis] / elapsedS), -FASTEST), FASTEST);
        return f32(velocity + f32(f32(measured - velocity) * weight));
      });
    }
    this.sightings = Math.min(this.sightings + 1, 0xffffffff);
    this.at = sighting.at;
    this.timeUs = nowUs;
    this.size = sighting.size;
    this.class = sighting.class;
  }
}

/** All that are kept, in the order of their ids, which is the order in which what is unseen counts. */
export class Movers {
  #sorted = [];

  get length() {
    return this.#sorted.length;
  }

  [Symbol.iterator]() {
    return this.#sorted[Symbol.iterator]();
  }

  has(id) {
    return this.#sorted[this.#place(id)]?.id === id;
  }

  get(id) {
    const mover = this.#sorted[this.#place(id)];
    return mover?.id === id ? mover : undefined;
  }

  /** Adds one, in place of another with its id. */
  insert(mover) {
    const place = this.#place(mover.id);
    this.#sorted.splice(place, this.#sorted[place]?.id === mover.id ? 1 : 0, mover);
  }

  remove(id) {
    const place = this.#place(id);
    return this.#sorted[place]?.id === id ? this.#sorted.splice(place, 1)[0] : undefined;
  }

  retain(keep) {
    if (!this.#sorted.every(keep)) this.#sorted = this.#sorted.filter(keep);
  }

  #place(id) {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle].id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
