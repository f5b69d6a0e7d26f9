import assert from "node:assert/strict";
import { test } from "node:test";

import { Harness, track } from "@ocellus/sdk/test";

import rule from "./rule.js";

test("somebody who stays is reported once", () => {
  const harness = new Harness(rule, { seconds: 10 });
  assert.equal(harness.frame(0, [track(1, "person")]).events.length, 0);
  assert.equal(harness.frame(10, [track(1, "person")]).events.length, 1);
  assert.equal(harness.frame(11, [track(1, "person")]).events.length, 0);
});

test("a change of version forgets nobody", () => {
  const harness = new Harness(rule, { seconds: 10 });
  harness.frame(0, [track(1, "person")]);
  harness.swap();
  assert.equal(harness.frame(10, [track(1, "person")]).events.length, 1);
});

test("a misspelt setting is named", () => {
  assert.throws(() => new Harness(rule, { second: 10 }), /unknown field `second`, expected `seconds` or `area`/);
});
