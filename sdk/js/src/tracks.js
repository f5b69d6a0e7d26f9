// The tracks of a frame: columns as they cross the boundary, read row by row and never copied.

import { f32 } from "./geometry.js";

const STATES = ["tentative", "confirmed", "lost"];

/** One track in one frame: a row of the columns. */
class TrackView {
  #columns;
  #classes;
  #row;

  constructor(columns, classes, row, id) {
    const at = row * 4;
    const { boxes } = columns;
    this.#columns = columns;
    this.#classes = classes;
    this.#row = row;
    this.id = id;
    this.class = columns.classes[row];
    // A state of a later contract is one this rule has no reason to believe.
    this.state = STATES[columns.states[row]] ?? "tentative";
    this.x = boxes[at];
    this.y = boxes[at + 1];
    this.width = boxes[at + 2];
    this.height = boxes[at + 3];
  }

  get className() {
    return this.#classes[this.class];
  }

  get confidence() {
    return this.#columns.confidences[this.#row] ?? NaN;
  }

  get isConfirmed() {
    return this.state === "confirmed";
  }

  get firstSeenUs() {
    return Number(this.#columns.firstSeenUs[this.#row] ?? 0);
  }

  foot() {
    return { x: f32(this.x + this.width / 2), y: f32(this.y + this.height) };
  }

  centre() {
    return { x: f32(this.x + this.width / 2), y: f32(this.y + this.height / 2) };
  }

  ground() {
    const at = this.#row * 4;
    const { ground, groundSigma } = this.#columns;
    const [xM, yM, vxMps, vyMps] = [ground[at], ground[at + 1], ground[at + 2], ground[at + 3]];
    if (![xM, yM].every(Number.isFinite)) return null;
    const velocityMps = [vxMps, vyMps].every(Number.isFinite) ? [vxMps, vyMps] : null;
    return { xM, yM, velocityMps, sigmaM: groundSigma[this.#row] ?? NaN };
  }

  embedding() {
    const { embeddings, embeddingSize: size, embeddingRows } = this.#columns;
    const row = embeddingRows[this.#row] ?? -1;
    if (row < 0 || !(size > 0) || (row + 1) * size > embeddings.length) return null;
    const part = embeddings.subarray ?? embeddings.slice;
    return part.call(embeddings, row * size, (row + 1) * size);
  }

  readings() {
    return this.#columns.readings.filter((reading) => reading.row === this.#row);
  }
}

/**
 * All tracks of a frame. A row without a class, a state or a finite box is no track: it is left out, whatever
 * the other columns say, so that a rule never has to ask.
 */
export class Tracks {
  #views = [];

  /** `classes` are the camera's class names. */
  constructor(columns, classes) {
    this.columns = columns;
    const { ids, boxes } = columns;
    const count = Math.min(ids.length, columns.classes.length, columns.states.length, boxes.length >> 2);
    for (let row = 0; row < count; row++) {
      const id = Number(ids[row]);
      if (id > Number.MAX_SAFE_INTEGER) {
        throw new Error(`track id ${ids[row]} is over 2^53, which JavaScript's numbers do not tell apart`);
      }
      const view = new TrackView(columns, classes, row, id);
      // The sum of finite single precision numbers is finite in double precision.
      if (Number.isFinite(view.x + view.y + view.width + view.height)) this.#views.push(view);
    }
  }

  get length() {
    return this.#views.length;
  }

  [Symbol.iterator]() {
    return this.#views[Symbol.iterator]();
  }

  get(id) {
    return this.#views.find((track) => track.id === id);
  }

  has(id) {
    return this.get(id) !== undefined;
  }
}
