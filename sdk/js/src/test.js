// A host for unit tests: drives a rule exactly as the real one does, without WebAssembly. It keeps the
// contract's promises (frames numbered from 0, time strictly increasing, ids with a first sight) and throws
// where a test breaks one.

import { withoutClock } from "./clockless.js";
import { f32 } from "./geometry.js";
import { setSink } from "./log.js";
import { checkName } from "./name.js";
import { checkPowers } from "./powers.js";
import { Instance } from "./rule.js";
import { FakeValues } from "./test-values.js";
import { toValue } from "./value.js";
import { setBackend } from "./values.js";

const CLASSES = ["person", "bicycle", "car", "motorcycle", "bus", "truck"];
const STATES = ["tentative", "confirmed", "lost"];

/** A rule on one camera, number 1, named `camera`. */
export class Harness {
  #definition;
  #settings;
  #camera;
  #size;
  #granted;
  #instance;
  #topics = [];
  #nextSequence = 0;
  #lastUs = -1;
  #firstSeen = new Map();
  #log = [];
  #values = new FakeValues();
  #wallUs = null;
  #heard = [];

  /** Throws the rule's refusal of its settings. `given` may have `width`, `height`, `classes` and `granted`. */
  constructor(definition, settings = {}, given = {}) {
    const { width = 1280, height = 720, classes = CLASSES, granted = [] } = given;
    this.#granted = checkPowers("granted", granted);
    this.#definition = definition;
    this.#settings = typeof settings === "string" ? settings : JSON.stringify(settings);
    this.#camera = { handle: 1, name: "camera", classes };
    this.#size = { width, height };
    this.#instance = this.#configured();
  }

  setWallClock(seconds) {
    this.#wallUs = micros(seconds);
  }

  say(rule, topic, attributes = {}) {
    this.#heard.push({
      timeUs: Math.max(this.#lastUs, 0),
      camera: "other",
      rule: checkName(rule),
      topic: checkName(topic),
      attributes: Object.entries(attributes).map(([key, value]) => [key, toValue(key, value)]),
    });
  }

  value(key) {
    return this.#values.peek(key);
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
    const frame = { camera: 1, sequence: this.#nextSequence++, ...this.#at(timeUs), ...this.#size };
    const messages = this.#messages();
    return this.#call("write", () => this.#instance.process(frame, { ...emptyColumns(), ...columns }, messages));
  }

  finish(seconds) {
    return this.#call("write", () => this.#instance.finish(this.#at(micros(seconds))));
  }

  save() {
    return this.#call("read", () => this.#instance.save());
  }

  restore(state, version) {
    const bytes = typeof state === "string" ? new TextEncoder().encode(state) : state;
    this.#call("write", () => this.#instance.restore(bytes, version));
  }

  swap() {
    const state = this.save();
    const successor = this.#configured();
    this.#call("write", () => successor.restore(state, this.#definition.version));
    this.#instance = successor;
  }

  query(request) {
    return JSON.parse(this.#call("read", () => this.#instance.query(JSON.stringify(request))));
  }

  command(seconds, request) {
    const at = this.#at(micros(seconds));
    return this.#call("write", () => this.#instance.command(at, JSON.stringify(request)));
  }

  log() {
    return this.#log.splice(0);
  }

  #configured() {
    const instance = new Instance(this.#definition);
    const configure = () => instance.configure(this.#settings, [this.#camera], this.#granted);
    this.#topics = this.#call("early", configure);
    return instance;
  }

  #has(power) {
    return this.#granted.includes(power);
  }

  #at(timeUs) {
    return { timeUs, wallUs: this.#has("wall-clock") ? this.#wallUs : null };
  }

  /** What was said since the last frame, as far as the rule hears it, by the names of those who said it. */
  #messages() {
    const isHeard = ({ topic }) => this.#has("messages") && this.#topics.includes(topic);
    const order = (a, b) => a.timeUs - b.timeUs || (a.rule < b.rule ? -1 : Number(a.rule > b.rule));
    return this.#heard.splice(0).filter(isHeard).sort(order);
  }

  #call(access, run) {
    setSink((level, message) => this.#log.push({ level, message }));
    setBackend(this.#values.allowing(this.#has("key-value") ? access : "none"));
    const putBack = withoutClock();
    try {
      return run();
    } finally {
      putBack();
      setBackend(null);
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
