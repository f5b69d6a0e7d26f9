import { fromUtf8, Output, rule, toUtf8, values, wallClock } from "../../src/index.js";

const POWERS = ["embeddings", "readings", "messages", "key-value", "wall-clock", "webhook"];

/** What `call` gives, or the words of the refusal. */
function tried(call) {
  try {
    return call();
  } catch (error) {
    return error.message;
  }
}

/** One more under `key`, and how many that makes. */
function count(key) {
  const before = values.get(key);
  const now = 1 + (before ? Number(fromUtf8(before)) : 0);
  values.set(key, toUtf8(String(now)));
  return now;
}

/** Uses every power and says what came of it. */
class Powers {
  #heard = [];

  constructor(settings, site) {
    this.settings = settings;
    if (settings.require) site.require(settings.require);
    this.granted = POWERS.filter((power) => site.granted(power)).join(",");
    this.early = tried(() => values.get("frames"));
  }

  topics() {
    return [this.settings.topic];
  }

  hear(message) {
    this.#heard.push(message);
  }

  process(frame) {
    const output = new Output();
    for (const { timeUs, camera, rule: name, topic, attributes } of this.#heard.splice(0)) {
      const event = output.event("heard").integer("time_us", timeUs).attribute("camera", camera);
      event.attribute("rule", name).attribute("topic", topic).integer("n", attributes.n);
      for (const key of ["half", "flag", "text"]) event.attribute(key, attributes[key]);
    }
    const kept = tried(() => count("frames"));
    const saw = output.event("saw").attribute("granted", this.granted).attribute("early", this.early);
    saw.attribute("kept", String(kept)).attribute("wall", String(wallClock() ?? "none"));
    saw.attribute("missing", String(tried(() => values.get("nothing") ?? "none")));
    saw.attribute("empty key", tried(() => values.set("", toUtf8("x"))));
    saw.attribute("long value", tried(() => values.set("long", new Uint8Array(65537))));
    tried(() => ["größe", "b", "a"].forEach((key) => values.set(`key/${key}`, new Uint8Array(0))));
    saw.attribute("keys", String(tried(() => values.keys("key/", { after: "key/a", limit: 2 }).join(" "))));
    saw.attribute("deleted", String(tried(() => [values.delete("key/b"), values.delete("key/b")].map(Number))));
    const n = BigInt(frame.sequence);
    output.publish(this.settings.topic, { n, half: 0.5, flag: true, text: "größer ✓" });
    output.callWebhook("http://127.0.0.1:9/", { n: frame.sequence });
    return output;
  }

  query() {
    return [tried(() => values.set("query", toUtf8("x"))), tried(() => values.keys("", { limit: 1 })), wallClock()];
  }

  save() {
    return tried(() => values.delete("frames"));
  }

  restore(state) {
    this.early = state;
    count("restored");
  }

  command(timeUs) {
    const output = new Output();
    output.event("commanded").integer("time_us", timeUs).integer("wall_us", wallClock() ?? -1);
    return output;
  }
}

export default rule({
  name: "powers-js",
  version: "0.1.0",
  summary: "Uses every power.",
  settingsSchema: {
    type: "object",
    properties: { topic: { type: "string", default: "frames" }, require: { type: ["string", "null"], default: null } },
    additionalProperties: false,
  },
  powers: POWERS,
  configure: (settings, site) => new Powers(settings, site),
});
