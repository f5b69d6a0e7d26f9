// What a rule returns, built up call by call.

import { checkName } from "./name.js";
import { integer, toValue } from "./value.js";

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
    return this.#set(key, toValue(key, value));
  }

  integer(key, value) {
    return this.#set(key, integer(key, value));
  }

  #set(key, value) {
    const { attributes } = this.#event;
    const known = attributes.find((attribute) => attribute[0] === text("the key of an attribute", key));
    if (known) known[1] = value;
    else attributes.push([key, value]);
    return this;
  }
}

/** Events, measurements, overlays, publications and webhook calls of one call. */
export class Output {
  events = [];
  measurements = [];
  overlays = [];
  publications = [];
  webhooks = [];

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

  publish(topic, attributes = {}) {
    const said = Object.entries(attributes).map(([key, value]) => [key, toValue(key, value)]);
    this.publications.push({ topic: checkName(text("topic", topic)), attributes: said });
  }

  callWebhook(url, body) {
    const json = JSON.stringify(body);
    if (json === undefined) throw new TypeError(`the webhook's body is ${typeof body}; give what JSON can hold`);
    this.webhooks.push({ url: text("url", url), body: json });
  }

  measured(name) {
    return this.measurements.find((measurement) => measurement.name === name)?.value;
  }
}
