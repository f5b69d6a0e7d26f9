// A host for unit tests: drives a rule exactly as the real one does, without WebAssembly. It keeps the
// contract's promises (frames numbered from 0, time strictly increasing, ids with a first sight) and throws
// where a test breaks one.

import { withoutClock } from "./clockless.js";
import { f32 } from "./geometry.js";
import { setSink } from "./log.js";
import { Instance } from "./rule.js";

const CLASSES = ["person", "bicycle", "car", "motorcycle", "bus", "truck"];
const STATES = ["tentative", "confirmed", "lost"];

/** A rule on one camera, number 1, named `camera`. */
export class Harness {
  #definition;
  #settings;
  #camera;
  #size;
  #instance;
  #nextSequence = 0;
  #lastUs = -1;
  #firstSeen = new Map();
  #log = [];

  /** Throws the rule's refusal of its settings. `camera` may give `width`, `height` and `classes`. */
  constructor(definition, settings = {}, camera = {}) {
    const { width = 1280, height = 720, classes = CLASSES } = camera;
    this.#definition = definition;
    this.#settings = typeof settings === "string" ? settings : JSON.stringify(settings);
    this.#camera = { handle: 1, name: "camera", classes };
    this.#size = { width, height };
    this.#instance = this.#configured();
  }

  frame(seconds, tracks) {
    const columns = emptyColumns();
    for (const track of tracks) this.#add(columns, seconds, track);
    return this.columns(seconds, columns);
  }

  columns(seconds, columns) {
    const timeUs = micros(seconds);
    if (timeUs <= this.#lastUs) throw new Error(`frame time ${seconds} s does not increase`);
    this.#lastUs = timeUs;
    const frame = { camera: 1, sequence: this.#nextSequence++, timeUs, ...this.#size };
    return this.#call(() => this.#instance.process(frame, { ...emptyColumns(), ...columns }));
  }

  finish(seconds) {
    return this.#call(() => this.#instance.finish(micros(seconds)));
  }

  save() {
    return this.#call(() => this.#instance.save());
  }

  restore(state, version) {
    const bytes = typeof state === "string" ? new TextEncoder().encode(state) : state;
    this.#call(() => this.#instance.restore(bytes, version));
  }

  swap() {
    const state = this.save();
    const successor = this.#configured();
    this.#call(() => successor.restore(state, this.#definition.version));
    this.#instance = successor;
  }

  query(request) {
    return JSON.parse(this.#call(() => this.#instance.query(JSON.stringify(request))));
  }

  command(seconds, request) {
    return this.#call(() => this.#instance.command(micros(seconds), JSON.stringify(request)));
  }

  log() {
    return this.#log.splice(0);
  }

  #configured() {
    const instance = new Instance(this.#definition);
    this.#call(() => instance.configure(this.#settings, [this.#camera]));
    return instance;
  }

  #call(run) {
    setSink((level, message) => this.#log.push({ level, message }));
    const putBack = withoutClock();
    try {
      return run();
    } finally {
      putBack();
    }
  }

  #add(columns, seconds, track) {
    const number = this.#camera.classes.indexOf(track.class);
    if (number < 0) {
      throw new Error(`${track.class} is none of the camera's classes ${this.#camera.classes.join(", ")}`);
    }
    if (!this.#firstSeen.has(track.id)) this.#firstSeen.set(track.id, micros(seconds));
    columns.ids.push(track.id);
    columns.classes.push(number);
    columns.confidences.push(f32(track.confidence));
    columns.states.push(STATES.indexOf(track.state));
    columns.boxes.push(f32(track.x), f32(track.y), f32(track.width), f32(track.height));
    columns.firstSeenUs.push(this.#firstSeen.get(track.id));
  }
}

/** A track of a test frame: confirmed, confidence 0.9, a box of 0.1 × 0.2 in the middle of the picture. */
export function track(id, name) {
  return new TrackBuilder({ id, class: name, confidence: 0.9, state: "confirmed" }, [0.45, 0.4, 0.1, 0.2]);
}

class TrackBuilder {
  constructor(fields, [x, y, width, height]) {
    Object.assign(this, fields, { x: f32(x), y: f32(y), width: f32(width), height: f32(height) });
  }

  box(x, y, width, height) {
    return new TrackBuilder(this, [x, y, width, height]);
  }

  sized(width, height) {
    const foot = [f32(this.x + this.width / 2), f32(this.y + this.height)];
    return this.box(0, 0, width, height).footAt(...foot);
  }

  footAt(x, y) {
    const { width, height } = this;
    return this.box(f32(f32(x) - width / 2), f32(f32(y) - height), width, height);
  }

  centreAt(x, y) {
    const { width, height } = this;
    return this.box(f32(f32(x) - width / 2), f32(f32(y) - height / 2), width, height);
  }

  withConfidence(confidence) {
    return this.#with({ confidence });
  }

  tentative() {
    return this.#with({ state: "tentative" });
  }

  lost() {
    return this.#with({ state: "lost" });
  }

  #with(fields) {
    return new TrackBuilder({ ...this, ...fields }, [this.x, this.y, this.width, this.height]);
  }
}

function micros(seconds) {
  return Math.round(seconds * 1e6);
}

function emptyColumns() {
  return {
    ids: [],
    classes: [],
    confidences: [],
    states: [],
    boxes: [],
    ground: [],
    groundSigma: [],
    firstSeenUs: [],
    embeddings: [],
    embeddingSize: 0,
    embeddingRows: [],
    readings: [],
  };
}
