// The cases of the rule in Rust (plugins/line-crossing/tests) that a slip in another language would break.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Harness, track } from "@ocellus/sdk/test";

import lineCrossing from "./rule.js";

const door = (more = {}) => ({
  lines: [{ name: "door", from: [0.5, 0.2], to: [0.5, 0.8], entry: "left-to-right" }],
  ...more,
});
const person = (id, x, y = 0.5) => track(id, "person").sized(0.04, 0.16).footAt(x, y);

/** Entries and exits after these frames, a tenth of a second apart. */
function count(settings, frames, camera) {
  const harness = new Harness(lineCrossing, settings, camera);
  const outputs = frames.map((tracks, index) => harness.frame(index / 10, tracks));
  outputs.push(harness.finish(1000));
  const directions = outputs.flatMap(({ events }) => events.map(({ attributes }) => attributes[1][1].val));
  return ["entry", "exit"].map((direction) => directions.filter((found) => found === direction).length);
}

const walk = (settings, xs) => count(settings, xs.map((x) => [person(1, x)]));
const follow = (settings, path) => count(settings, path.map(([x, y]) => [person(1, x, y)]));

test("directions follow the line and the setting", () => {
  assert.deepEqual(walk(door(), [0.4, 0.45, 0.48, 0.53, 0.6]), [1, 0]);
  assert.deepEqual(walk(door(), [0.6, 0.53, 0.48, 0.4]), [0, 1]);
  const reversed = { lines: [{ ...door().lines[0], entry: "right-to-left" }] };
  assert.deepEqual(walk(reversed, [0.4, 0.6]), [0, 1]);
  const upwards = { lines: [{ ...door().lines[0], from: [0.5, 0.8], to: [0.5, 0.2] }] };
  assert.deepEqual(walk(upwards, [0.4, 0.6]), [0, 1]);
});

test("the event, the report and the answer say what happened", () => {
  const harness = new Harness(lineCrossing, door());
  harness.frame(0, [person(7, 0.4)]);
  const output = harness.frame(0.1, [person(7, 0.6)]);
  const attributes = [
    ["line", { tag: "text", val: "door" }],
    ["direction", { tag: "text", val: "entry" }],
    ["class", { tag: "text", val: "person" }],
  ];
  assert.deepEqual(output.events, [{ kind: "line-crossing", track: 7, attributes }]);
  assert.deepEqual([output.measured("door.entries"), output.measured("door.exits")], [1, 0]);
  assert.equal(output.overlays[0].val.label, "door  in 1 out 0");
  assert.deepEqual(harness.query(null), { lines: { door: { entries: 1, exits: 0 } } });
});

test("trembling, turning back and single outliers count nothing", () => {
  const trembling = Array.from({ length: 200 }, (_, index) => (index % 2 ? 0.496 : 0.504));
  assert.deepEqual(walk(door(), [0.4, ...trembling]), [0, 0]);
  assert.deepEqual(walk(door(), [0.4, ...trembling, 0.6]), [1, 0]);
  assert.deepEqual(walk(door(), [0.4, 0.48, 0.502, 0.48, 0.4]), [0, 0]);
  assert.deepEqual(walk(door(), [0.4, 0.49, 0.51, 0.49, 0.4]), [0, 0]);
  assert.deepEqual(walk(door(), [0.4, 0.49, 0.51, 0.51, 0.51]), [1, 0]);
});

test("the way around an end counts nothing and leaves no phantom", () => {
  assert.deepEqual(follow(door(), [[0.4, 0.5], [0.4, 0.9], [0.6, 0.9], [0.6, 0.5]]), [0, 0]);
  const back = [[0.4, 0.5], [0.6, 0.5], [0.6, 0.9], [0.4, 0.9], [0.4, 0.5], [0.3, 0.5]];
  assert.deepEqual(follow(door(), back), [1, 0]);
  const full = { lines: [{ name: "full", from: [0.5, 0], to: [0.5, 1] }] };
  assert.deepEqual(follow(full, [[0.4, 1.01], [0.6, 1.02]]), [1, 0]);
});

test("without hysteresis every change of side counts", () => {
  assert.deepEqual(walk(door({ hysteresis: 0 }), [0.499, 0.501, 0.499, 0.501]), [2, 1]);
  assert.deepEqual(walk(door({ hysteresis: 0 }), [0.4, 0.5, 0.4]), [0, 0]);
});

test("ids that change at the line count once", () => {
  const wide = { lines: [{ name: "door", from: [0.5, 0.1], to: [0.5, 0.9] }] };
  const broad = (id, x, y = 0.5) => track(id, "person").sized(0.06, 0.24).footAt(x, y);
  const xs = [0.44, 0.46, 0.48, 0.49, 0.5, 0.51, 0.52, 0.54, 0.58];
  assert.deepEqual(count(wide, xs.map((x, index) => [broad(1 + (index % 2), x)])), [1, 0]);
  const both = [
    [broad(1, 0.47, 0.4), broad(2, 0.53, 0.6)],
    [broad(1, 0.48, 0.4), broad(2, 0.52, 0.6)],
    [broad(3, 0.51, 0.4), broad(4, 0.49, 0.6)],
    [broad(3, 0.53, 0.4), broad(4, 0.47, 0.6)],
    [broad(3, 0.56, 0.4), broad(4, 0.44, 0.6)],
  ];
  assert.deepEqual(count(wide, both), [1, 1]);
});

test("only confirmed tracks of the chosen classes move", () => {
  const harness = new Harness(lineCrossing, door({ classes: ["person"] }));
  const car = (x) => track(2, "car").footAt(x, 0.5);
  harness.frame(0, [person(1, 0.4), car(0.4)]);
  const others = [person(1, 0.6).lost(), car(0.6), person(3, 0.6).tentative()];
  assert.equal(harness.frame(0.1, others).events.length, 0);
  assert.equal(harness.frame(0.2, [person(1, 0.45)]).events.length, 0);
  assert.equal(harness.frame(0.3, [person(1, 0.6)]).events.length, 1);
});

test("a swap between any two frames changes nothing", () => {
  const xs = [0.4, 0.49, 0.51, 0.49, 0.52, 0.52, 0.52, 0.6, 0.49, 0.48, 0.4];
  const run = (swapBefore) => {
    const harness = new Harness(lineCrossing, door());
    const outputs = xs.map((x, index) => {
      if (swapBefore === index) harness.swap();
      return harness.frame(index / 10, [person(1, x)]);
    });
    return [outputs, harness.save()];
  };
  const undisturbed = run(-1);
  for (const index of xs.keys()) assert.deepEqual(run(index), undisturbed, `swapped before frame ${index}`);
});

test("a state of the rule in Rust is taken over", () => {
  const harness = new Harness(lineCrossing, { lines: [{ name: "door", from: [0.5, 0.2], to: [0.5, 0.8] }] });
  const passages = [[1, 1, 0, 0, null]];
  const mover = { id: 1, at: [0.4, 0.5], time_us: 900000, velocity: [0.1, 0], size: [0.04, 0.16], class: 0 };
  const line = { name: "door", from: [0.5, 0.2], to: [0.5, 0.8], entry: "left-to-right" };
  const movers = [{ ...mover, sightings: 5, predecessor: null, passages }];
  const state = { lines: [{ line, entries: 3, exits: 1 }], movers };
  harness.restore(JSON.stringify(state), "0.1.0");
  const output = harness.frame(1, [person(1, 0.6)]);
  assert.deepEqual([output.measured("door.entries"), output.measured("door.exits")], [4, 1]);
});

test("a state of something else is refused and changes nothing", () => {
  const harness = new Harness(lineCrossing, door());
  harness.frame(0, [person(1, 0.4)]);
  const state = harness.save();
  for (const bad of ["", "{", "null", "[1,2]", '{"lines":[],"movers":[{"id":1,"passages":[[0,0,0,0,null]]}]}']) {
    assert.throws(() => harness.restore(bad, "9.9.9"), /state/);
    assert.deepEqual(harness.save(), state);
  }
});

test("rows that are no objects are passed over", () => {
  const harness = new Harness(lineCrossing, door());
  const rows = [track(1, "person").box(-1e30, 0, 3e38, 1), track(2, "person").box(0.5, 0.5, -0.1, -0.1)];
  harness.frame(0, [...rows, person(3, 0.4), person(3, 0.6)]);
  assert.equal(harness.frame(0.1, [person(3, 0.6)]).events.length, 1);
  assert.equal(harness.columns(0.2, { ids: [3, 4], classes: [0], states: [1] }).events.length, 0);
});

test("each refusal names the key, the value and the remedy", () => {
  const one = (change) => {
    const settings = { lines: [{ name: "door", from: [0.5, 0], to: [0.5, 1] }] };
    change(settings, settings.lines[0]);
    return settings;
  };
  const cases = [
    [{}, ["missing field `lines`"]],
    [[], ["settings"]],
    [{ lines: [] }, ["lines has 0 lines", "1 to 64"]],
    [one((s) => (s.speed = 1)), ["unknown field `speed`", "`hysteresis`"]],
    [one((_, line) => (line.colour = 1)), ["lines[0]", "unknown field `colour`"]],
    [one((_, line) => (line.to = [0.5])), ["lines[0].to", "length 1"]],
    [one((_, line) => (line.to = "x")), ["lines[0].to", '"x"']],
    [one((_, line) => (line.to = [0.5, 0])), ["lines[0]", "door", "move one end"]],
    [one((_, line) => (line.to = [0.5, 720])), ["lines[0].to", "720", "0..1"]],
    [one((_, line) => (line.entry = "up")), ["lines[0].entry", "`up`", "`left-to-right`", "`right-to-left`"]],
    [one((s) => (s.anchor = "head")), ["anchor", "`head`", "`foot`", "`centre`"]],
    [one((s) => (s.hysteresis = -0.1)), ["hysteresis is -0.1", "0 to 0.5"]],
    [one((s) => (s.classes = ["persn"])), ["classes", '"persn"', "person, bicycle"]],
    [one((s) => (s.classes = [])), ["classes is empty"]],
    [one((s) => s.lines.push(s.lines[0])), ['lines[1].name is "door" like lines[0].name']],
    [one((_, line) => (line.name = "a\nb")), ["lines[0].name is", "control characters"]],
    [one((_, line) => (line.name = "門".repeat(41))), ["lines[0].name has 123 bytes; give it at most 120"]],
    ["{", ["not JSON"]],
  ];
  for (const [settings, parts] of cases) {
    assert.throws(
      () => new Harness(lineCrossing, settings),
      ({ message }) => parts.every((part) => message.includes(part)) || assert.fail(`${message} lacks ${parts}`),
    );
  }
});

test("memory and state stay bounded under a flood of tracks", () => {
  const lines = Array.from({ length: 64 }, (_, index) => ({ name: `line ${index}`, from: [0.5, 0], to: [0.5, 1] }));
  const harness = new Harness(lineCrossing, { lines });
  let largest = 0;
  for (let frame = 0; frame < 20; frame++) {
    const crowd = Array.from({ length: 300 }, (_, index) =>
      person(1_000_000_000_000 + (frame >> 1) * 300 + index, frame % 2 ? 0.508 : 0.4),
    );
    harness.frame(1e9 + frame / 10, crowd);
    largest = Math.max(largest, harness.save().length);
  }
  assert.ok(largest > 100_000 && largest < 1 << 20, `${largest} bytes`);
});
