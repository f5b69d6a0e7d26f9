// A rule as the host drives it: texts and columns in, texts and output out.

import { begin } from "./call.js";
import { log } from "./log.js";
import { checkName, isName } from "./name.js";
import { Output } from "./output.js";
import { checkPowers } from "./powers.js";
import { checkSchema, read } from "./schema.js";
import { Site } from "./site.js";
import { Tracks } from "./tracks.js";
import { fromUtf8, toUtf8 } from "./utf8.js";
import { fromValue } from "./value.js";

const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/** Checks what an author says of a rule, so that a slip is named when the component is built. */
export function rule(definition) {
  const { name, version, summary, settingsSchema, scope = "camera", powers = [], configure } = definition;
  if (!isName(name)) {
    throw new Error(`name is ${JSON.stringify(name)}; give 1 to 64 letters, digits, '.', '_' or '-'`);
  }
  if (!VERSION.test(version)) {
    throw new Error(`version is ${JSON.stringify(version)}; write one such as 1.2.0`);
  }
  if (typeof summary !== "string") throw new Error("summary is missing; say in one sentence what the rule does");
  if (settingsSchema?.type !== "object") throw new Error("settingsSchema must be a JSON Schema of an object");
  if (scope !== "camera" && scope !== "site") throw new Error(`scope is ${scope}; give camera or site`);
  if (typeof configure !== "function") throw new Error("configure(settings, site) is missing");
  checkPowers("powers", powers);
  checkSchema(settingsSchema);
  return Object.freeze({ name, version, summary, settingsSchema, scope, powers, configure });
}

/** A rule and its site, before and after it is configured. */
export class Instance {
  #definition;
  #rule = null;
  #site = new Site([]);

  constructor(definition) {
    this.#definition = definition;
  }

  describe() {
    const { settingsSchema, configure, ...said } = this.#definition;
    return { ...said, settingsSchema: JSON.stringify(settingsSchema) };
  }

  /** Gives the topics that the rule wants to hear of. A rule that stood before stays when this throws. */
  configure(text, cameras, granted) {
    begin();
    const settings = parse(text, "settings are not JSON");
    try {
      const site = new Site(cameras, granted);
      const made = this.#definition.configure(read(this.#definition.settingsSchema, settings), site);
      if (typeof made?.process !== "function") {
        throw new Error("configure returned no object with process(frame, tracks)");
      }
      const topics = topicsOf(made);
      [this.#rule, this.#site] = [made, site];
      return topics;
    } catch (error) {
      if (error instanceof Error) error.message = `settings: ${error.message}`;
      throw error;
    }
  }

  process({ wallUs, ...frame }, columns, messages) {
    begin(wallUs);
    const configured = this.#configured();
    if (configured.hear) for (const said of messages) configured.hear(message(said));
    const classes = this.#site.camera(frame.camera)?.classes ?? [];
    const seen = { ...frame, sequence: Number(frame.sequence), timeUs: Number(frame.timeUs) };
    return output(configured.process(seen, new Tracks(columns, classes)), "process");
  }

  finish({ timeUs, wallUs }) {
    begin(wallUs);
    return output(this.#configured().finish?.(Number(timeUs)) ?? new Output(), "finish");
  }

  save() {
    begin();
    const state = this.#rule?.save?.();
    return state === undefined ? new Uint8Array(0) : toUtf8(JSON.stringify(state));
  }

  restore(state, version) {
    begin();
    const configured = this.#configured();
    const said = `the state of version ${version} cannot be read by ${this.#definition.version}`;
    if (!configured.restore && state.length === 0) return;
    configured.restore?.(parse(decode(state, said), said), version);
  }

  query(request) {
    begin();
    const configured = this.#configured();
    const asked = parse(request.trim() || "null", "the request is not JSON");
    if (!configured.query) throw new Error(`rule ${this.#definition.name} answers no queries`);
    return JSON.stringify(configured.query(asked) ?? null);
  }

  command({ timeUs, wallUs }, request) {
    begin(wallUs);
    const configured = this.#configured();
    const asked = parse(request.trim() || "null", "the request is not JSON");
    if (!configured.command) throw new Error(`rule ${this.#definition.name} takes no commands`);
    return output(configured.command(Number(timeUs), asked), "command");
  }

  #configured() {
    if (!this.#rule) throw new Error(`rule ${this.#definition.name} was not configured`);
    return this.#rule;
  }
}

/** A refusal is a plain `Error`; the language's own errors (`TypeError` …) are faults of the rule. */
export function isRefusal(error) {
  return error instanceof Error && error.constructor === Error;
}

/** Writes a fault to the log, with the line where it happened. */
export function logFault(error) {
  log.error(error instanceof Error ? `${error}\n${inSource(error.stack ?? "")}`.trimEnd() : `threw ${String(error)}`);
}

/** A stack whose lines are those that the author wrote; a component is one module, made of several. */
export function inSource(stack, places = globalThis.ocellusPlaces) {
  if (!places) return stack;
  const lines = places.lines.split(" ");
  return stack.replace(/componentize-qjs:user\.js:(\d+):\d+/g, (found, line) => {
    const [file, original] = lines[line - 1]?.split(":") ?? [];
    return file ? `${places.files[file]}:${original}` : found;
  });
}

function parse(text, said) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${said}: ${error.message}`);
  }
}

function decode(bytes, said) {
  try {
    return fromUtf8(bytes);
  } catch {
    throw new Error(`${said}: it is not UTF-8`);
  }
}

function topicsOf(made) {
  const topics = made.topics?.() ?? [];
  const isList = Array.isArray(topics) && topics.every((topic) => typeof topic === "string");
  if (!isList) throw new TypeError("topics() returned no list of strings");
  return topics.map(checkName);
}

function message({ timeUs, camera, rule, topic, attributes }) {
  const facts = attributes.map(([key, value]) => [key, fromValue(value)]);
  return { timeUs: Number(timeUs), camera, rule, topic, attributes: Object.fromEntries(facts) };
}

function output(returned, call) {
  if (returned instanceof Output) return returned;
  throw new TypeError(`${call} returned ${typeof returned}; return an Output`);
}
