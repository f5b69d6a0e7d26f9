// The fake host keeps the contract's promises, and the SDK says what is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";

import { calibration, f32, hypot32, line, log, outline, Output, Polygon, position, rule, shortest32 } from "../src/index.js";
import { inSource, isRefusal } from "../src/rule.js";
import { read } from "../src/schema.js";
import { Harness, track } from "../src/test.js";
import { fromUtf8, toUtf8 } from "../src/utf8.js";

const settingsSchema = {
  type: "object",
  properties: {
    factor: { type: "number", minimum: 0, default: 1 },
    area: outline,
    at: position,
    mode: { enum: ["one", "two"], default: "one" },
    name: { type: ["string", "null"], maxLength: 3 },
  },
  additionalProperties: false,
};

/** Adds up positions. */
class Mean {
  sum = 0;

  constructor(settings, site) {
    this.settings = settings;
    log.info(`on ${site.cameras[0].name}`);
  }

  process(frame, tracks) {
    const output = new Output();
    for (const seen of tracks) {
      const at = seen.centre();
      this.sum += at.x * this.settings.factor;
      output.event("seen").track(seen.id).integer("frame", frame.sequence).attribute("x", at.x);
      output.drawLabel(at, "good", seen.className ?? "?");
    }
    if (tracks.has(13)) throw new Error("unlucky");
    if (tracks.has(14)) throw Date.now();
    return output;
  }

  save() {
    return { sum: this.sum, name: "größer ✓" };
  }

  restore({ sum }, version) {
    if (version.startsWith("0.")) throw new Error(`${version} added up otherwise`);
    this.sum = sum;
  }

  query(request) {
    return [request, this.sum];
  }
}

const definition = { name: "mean", version: "1.2.3", summary: "Adds up.", settingsSchema };
const mean = rule({ ...definition, configure: (settings, site) => new Mean(settings, site) });

test("frames are counted, and events carry what was built", () => {
  const harness = new Harness(mean, { factor: 0.5 });
  harness.frame(0, []);
  const { events, overlays } = harness.frame(0.1, [track(5, "car").centreAt(0.5, 0.5)]);
  const attributes = [
    ["frame", { tag: "integer", val: 1 }],
    ["x", { tag: "number", val: 0.5 }],
  ];
  assert.deepEqual(events, [{ kind: "seen", track: 5, attributes }]);
  assert.equal(overlays[0].val.text, "car");
  assert.throws(() => harness.frame(0.1, []), /does not increase/);
  assert.throws(() => harness.frame(0.2, [track(1, "unicorn")]), /unicorn is none of the camera's classes/);
  assert.deepEqual(harness.log(), [{ level: "info", message: "on camera" }]);
});

test("a refusal leaves the rule standing, and the clock is the frame's", () => {
  const harness = new Harness(mean);
  const refused = (error) => isRefusal(error) && error.message === "unlucky";
  assert.throws(() => harness.frame(0, [track(13, "car")]), refused);
  const faulty = (error) => !isRefusal(error) && /frame.timeUs/.test(error.message);
  assert.throws(() => harness.frame(1, [track(14, "car")]), faulty);
  assert.ok(Date.now() > 0 && Math.random() >= 0, "put back");
  assert.deepEqual(harness.query({ a: 1 })[0], { a: 1 });
  assert.throws(() => harness.command(2, {}), /takes no commands/);
});

test("state goes from one version to the next", () => {
  const harness = new Harness(mean);
  harness.frame(0, [track(1, "car")]);
  const before = harness.query(null)[1];
  harness.swap();
  assert.equal(harness.query(null)[1], before);
  assert.throws(() => harness.restore("{}", "0.9.0"), /added up otherwise/);
  assert.throws(() => harness.restore("{", "1.0.0"), /the state of version 1.0.0 cannot be read by 1.2.3/);
});

test("settings are checked by their schema, and defaults filled in", () => {
  const configured = (settings) => new Harness(mean, settings);
  for (const [settings, part] of [
    [{ factor: "x" }, 'factor: invalid type: string "x", expected number'],
    [{ factor: -1 }, "factor is -1; give 0 or more"],
    [{ fctor: 1 }, "unknown field `fctor`, expected one of `factor`, `area`"],
    [{ area: [[0, 0], [1, 1]] }, "area: invalid length 2, expected 3 to 256 items"],
    [{ area: [[0, 0], [0.5, 0.5], [1, 1]] }, "area: the polygon has no area"],
    [{ area: [[0, 0], [0.5, 9], [1, 1]] }, "area[1] is [0.5, 9]; positions are 0..1"],
    [{ at: [0, "a"] }, "at[1]: invalid type"],
    [{ mode: "three" }, "mode: unknown variant `three`, expected `one` or `two`"],
    [{ name: "four" }, "name has 4 characters; give it 0 to 3"],
    ["{", "settings are not JSON"],
  ]) {
    assert.throws(() => configured(settings), ({ message }) => message.includes(part) || assert.fail(message));
  }
  configured({ name: null, area: [[0, 0], [1, 0], [0, 1]], mode: "two" });
});

test("shapes are checked by their place", () => {
  const place = { picture: [0.1, 0.9], ground: [0, 12.5] };
  for (const [schema, settings, part] of [
    [line, { from: [0, 0] }, "missing field `to`"],
    [line, { from: [0, 0], to: [0, 7] }, "to is [0, 7]; positions are 0..1"],
    [line, { from: [0, 0], to: [1, 1], name: "a" }, "unknown field `name`"],
    [calibration, [place, place, place], "invalid length 3, expected 4 to 256 items"],
    [calibration, [place, place, place, { picture: [0, 0], ground: [1] }], "[3].ground: invalid length 1"],
  ]) {
    assert.throws(() => read(schema, settings), ({ message }) => message.includes(part) || assert.fail(message));
  }
  assert.deepEqual(read(line, { from: [0, 0], to: [1, 1] }), { from: [0, 0], to: [1, 1] });
  assert.equal(read(calibration, [place, place, place, place])[3].ground[1], 12.5);
});

test("a definition that cannot be is refused by name", () => {
  const define = (change) => () => rule({ ...definition, configure: () => {}, ...change });
  assert.throws(define({ name: "a b" }), /name is "a b"/);
  assert.throws(define({ version: "1" }), /version is "1"/);
  assert.throws(define({ configure: undefined }), /configure/);
  const odd = { type: "object", properties: { a: { type: "string", pattern: "x" } } };
  assert.throws(define({ settingsSchema: odd }), /settingsSchema.properties.a uses pattern/);
});

test("columns that are too short end the tracks, and rows without a box are left out", () => {
  let seen = [];
  const spy = rule({
    ...definition,
    configure: () => ({
      process(_, tracks) {
        seen = [...tracks];
        return new Output();
      },
    }),
  });
  const full = { ids: [7, 8], classes: [0, 9], states: [9, 1], boxes: [0.1, 0.2, 0.2, 0.4, 0.5, 0.5, 0.1, 0.1] };
  const harness = new Harness(spy);
  harness.columns(0, { ...full, embeddings: Float32Array.of(1, 2, 3, 4), embeddingSize: 2, embeddingRows: [1, -1] });
  assert.deepEqual([seen[0].state, seen[1].className, seen[0].confidence], ["tentative", undefined, NaN]);
  assert.deepEqual([[...seen[0].embedding()], seen[1].embedding(), seen[0].ground()], [[3, 4], null, null]);
  const cuts = [{ ids: [7] }, { classes: [0] }, { states: [1] }, { boxes: full.boxes.slice(0, 7) }];
  cuts.push({ boxes: [Infinity, ...full.boxes.slice(1)] });
  cuts.forEach((cut, index) => {
    harness.columns(1 + index, { ...full, ...cut });
    assert.equal(seen.length, 1, `cut ${index}`);
  });
  assert.throws(() => harness.columns(10, { ...full, ids: [2 ** 53, 1] }), /over 2\^53/);
});

test("single precision is kept", () => {
  assert.equal(hypot32(3, 4), 5);
  assert.ok(Math.abs(hypot32(f32(1e-30), f32(1e-30)) / 1.41421356e-30 - 1) < 1e-6, "without underflow");
  assert.equal(hypot32(-Infinity, NaN), Infinity);
  for (const number of [0.1, 1 / 3, 1e-7, 123456.789]) assert.equal(f32(shortest32(f32(number))), f32(number));
  const square = new Polygon([[0, 0], [1, 0], [1, 1], [0, 1]]);
  assert.deepEqual([square.contains({ x: 0.5, y: 0.5 }), square.contains({ x: 1.5, y: 0.5 })], [true, false]);
  assert.equal(square.area(), 1);
});

test("a component's engine writes UTF-8 without TextEncoder", () => {
  const text = 'a "größer" ✓ 😀';
  const expected = [...new TextEncoder().encode(text)];
  const kept = { TextEncoder, TextDecoder, fromBase64: Uint8Array.fromBase64 };
  Uint8Array.fromBase64 = (base64) => Uint8Array.from(Buffer.from(base64, "base64"));
  try {
    globalThis.TextEncoder = globalThis.TextDecoder = undefined;
    assert.deepEqual([[...toUtf8(text)], fromUtf8(toUtf8(text)), fromUtf8(toUtf8("ab"))], [expected, text, "ab"]);
    assert.throws(() => fromUtf8(Uint8Array.of(0xff)));
  } finally {
    Object.assign(globalThis, { TextEncoder: kept.TextEncoder, TextDecoder: kept.TextDecoder });
    if (kept.fromBase64) Uint8Array.fromBase64 = kept.fromBase64;
    else delete Uint8Array.fromBase64;
  }
});

test("a fault in a component is shown at the line that its author wrote", () => {
  const places = { files: ["rule.js", "vendor/sdk.js"], lines: "0:1 0:16  1:64" };
  const stack = [1, 2, 3, 4, 9].map((line) => `    at process (componentize-qjs:user.js:${line}:5)`).join("\n");
  const shown = inSource(stack, places).split("\n").map((line) => /\((.*)\)/.exec(line)[1]);
  assert.deepEqual(shown, [
    "rule.js:1",
    "rule.js:16",
    "componentize-qjs:user.js:3:5",
    "vendor/sdk.js:64",
    "componentize-qjs:user.js:9:5",
  ]);
  assert.equal(inSource(stack, undefined), stack);
});
