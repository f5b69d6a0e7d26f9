// What a rule returns, built up call by call.

const TONES = ["neutral", "good", "bad"];

function text(what, value) {
  if (typeof value !== "string") throw new TypeError(`${what} is ${typeof value}; give a string`);
  return value;
}

function number(what, value) {
  if (typeof value !== "number") throw new TypeError(`${what} is ${typeof value}; give a number`);
  return value;
}

function tone(value) {
  if (!TONES.includes(value)) throw new TypeError(`tone is ${value}; give one of ${TONES.join(", ")}`);
  return value;
}

function point(what, value) {
  return { x: number(`${what}.x`, value?.x), y: number(`${what}.y`, value?.y) };
}

/** Says more of an event that was just added. */
class EventBuilder {
  #event;

  constructor(event) {
    this.#event = event;
  }

  track(id) {
    this.#event.track = number("track", id);
    return this;
  }

  attribute(key, value) {
    switch (typeof value) {
      case "boolean":
        return this.#set(key, { tag: "flag", val: value });
      case "number":
        return this.#set(key, { tag: "number", val: value });
      case "bigint":
        return this.integer(key, Number(value));
      case "string":
        return this.#set(key, { tag: "text", val: value });
      default:
        throw new TypeError(`attribute ${key} is ${typeof value}; give a boolean, a number or a string`);
    }
  }

  integer(key, value) {
    if (!Number.isSafeInteger(value)) throw new TypeError(`attribute ${key} is ${value}; give a whole number`);
    return this.#set(key, { tag: "integer", val: value });
  }

  #set(key, value) {
    const { attributes } = this.#event;
    const known = attributes.find((attribute) => attribute[0] === text("the key of an attribute", key));
    if (known) known[1] = value;
    else attributes.push([key, value]);
    return this;
  }
}

/** Events, measurements and overlays of one call. */
export class Output {
  events = [];
  measurements = [];
  overlays = [];

  event(kind) {
    const event = { kind: text("the kind of an event", kind), track: null, attributes: [] };
    this.events.push(event);
    return new EventBuilder(event);
  }

  measure(name, value) {
    this.measurements.push({ name: text("the name of a measurement", name), value: number(name, value) });
  }

  drawPolygon(polygon, meant, label = "") {
    const corners = polygon.corners.map((corner) => point("corner", corner));
    this.overlays.push({ tag: "polygon", val: { corners, tone: tone(meant), label: text("label", label) } });
  }

  drawLine({ from, to }, meant, label = "") {
    const ends = { from: point("from", from), to: point("to", to) };
    this.overlays.push({ tag: "line", val: { ...ends, tone: tone(meant), label: text("label", label) } });
  }

  drawLabel(at, meant, said) {
    this.overlays.push({
      tag: "label",
      val: { at: point("at", at), tone: tone(meant), text: text("text", said) },
    });
  }

  measured(name) {
    return this.measurements.find((measurement) => measurement.name === name)?.value;
  }
}
