// What a rule may do beyond seeing tracks, granted and refused.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Output, rule, toUtf8, values, wallClock } from "../src/index.js";
import { withoutClock } from "../src/clockless.js";
import { component } from "../src/component.js";
import { isRefusal } from "../src/rule.js";
import { Harness } from "../src/test.js";
import { setBackend } from "../src/values.js";
import powers from "./powers/rule.js";

const ALL = ["embeddings", "readings", "messages", "key-value", "wall-clock", "webhook"];
const NOT_GRANTED = "the power key-value is not granted to this rule";
const NOT_NOW = "values cannot be used so in this call";

const plain = { name: "plain", version: "1.0.0", summary: "Plain.", settingsSchema: { type: "object" } };
const withCall = (call) =>
  rule({ ...plain, configure: () => ({ process: () => (call(), new Output()) }) });

/** The attributes of an event by key. */
const facts = ({ attributes }) => Object.fromEntries(attributes.map(([key, { val }]) => [key, val]));

test("without a grant nothing is kept, heard or known, and the rule is told in the host's words", () => {
  const harness = new Harness(powers);
  harness.setWallClock(5);
  harness.say("gate", "frames", { n: 1n, half: 0.5, flag: false, text: "" });
  const { events } = harness.frame(0, []);
  assert.deepEqual(events.map(({ kind }) => kind), ["saw"]);
  const said = facts(events[0]);
  assert.deepEqual([said.granted, said.wall], ["", "none"]);
  for (const key of ["early", "kept", "missing", "empty key", "long value", "keys", "deleted"]) {
    assert.equal(said[key], NOT_GRANTED, key);
  }
  assert.throws(() => new Harness(powers, { require: "messages" }), /this needs the power messages; grant it to the rule/);
  assert.throws(() => values.get("frames"), { message: NOT_GRANTED, code: "not-granted" }, "outside of a call");
});

test("a power that does not exist is refused by name", () => {
  const define = (powers) => () => rule({ ...plain, powers, configure: () => {} });
  assert.throws(define(["keyValue"]), /powers has "keyValue"; give some of embeddings, .*key-value/);
  assert.throws(define("messages"), /powers must be a list/);
  assert.throws(() => new Harness(powers, {}, { granted: ["files"] }), /granted has "files"/);
  assert.throws(() => new Harness(powers, { require: "clock" }, { granted: ALL }), /has "clock"/);
});

test("values are kept within their limits, and a refusal can be told by its code", () => {
  const harness = new Harness(powers, {}, { granted: ALL });
  harness.frame(0, []);
  const said = facts(harness.frame(1, []).events[0]);
  assert.deepEqual([said.granted, said.early, said.kept, said.missing], [ALL.join(","), NOT_NOW, "2", "none"]);
  assert.equal(said["empty key"], "the key must have 1 to 256 bytes");
  assert.equal(said["long value"], "the value has more than 65536 bytes");
  assert.deepEqual([said.keys, said.deleted], ["key/b key/größe", "1,0"]);
  assert.deepEqual(harness.value("frames"), toUtf8("2"));

  let refusal;
  const greedy = withCall(() => {
    for (let n = 0; n < 17; n++) values.set(`part ${n}`, new Uint8Array(65536));
  });
  try {
    new Harness(greedy, {}, { granted: ["key-value"] }).frame(0, []);
  } catch (error) {
    refusal = error;
  }
  assert.ok(isRefusal(refusal), String(refusal));
  assert.deepEqual([refusal.message, refusal.code], ["the rule would keep more than 1048576 bytes", "full"]);
});

test("a slip in the use of values is a fault", () => {
  const faults = [
    [() => values.set("key", "text"), /the value of key is string; give a Uint8Array/],
    [() => values.get(7), /the key is number; give a string/],
    [() => values.keys("", { limit: -1 }), /limit is -1/],
  ];
  for (const [call, words] of faults) {
    const harness = new Harness(withCall(call), {}, { granted: ["key-value"] });
    assert.throws(() => harness.frame(0, []), (error) => error instanceof TypeError && words.test(error.message));
  }
});

test("questions and saving change no values, and a restored rule finds them", () => {
  const harness = new Harness(powers, {}, { granted: ALL });
  harness.setWallClock(5);
  harness.frame(0, []);
  assert.deepEqual(harness.query(null), [NOT_NOW, ["frames"], null]);
  assert.equal(JSON.parse(Buffer.from(harness.save())), NOT_NOW);
  harness.swap();
  assert.deepEqual(harness.value("restored"), toUtf8("1"));
  assert.equal(facts(harness.frame(1, []).events[0]).kept, "2");
});

test("a rule hears the topics that it named, once and in order", () => {
  const harness = new Harness(powers, { topic: "near" }, { granted: ["messages"] });
  const said = { n: 7n, half: 0.5, flag: true, text: "a" };
  harness.frame(1, []);
  harness.say("z", "near", said);
  harness.say("a", "near", { ...said, text: "b" });
  harness.say("a", "far", said);
  const heard = harness.frame(2, []).events.slice(0, -1).map(facts);
  const common = { time_us: 1e6, camera: "other", topic: "near", n: 7, half: 0.5, flag: true };
  assert.deepEqual(heard, [
    { ...common, rule: "a", text: "b" },
    { ...common, rule: "z", text: "a" },
  ]);
  assert.equal(harness.frame(3, []).events.length, 1);
  assert.throws(() => harness.say("a", "b c"), /"b c" is not a name: use 1 to 64 letters/);
  const topics = (topics) => () =>
    new Harness(rule({ ...plain, configure: () => ({ process() {}, topics: () => topics }) }));
  assert.throws(topics(["a b"]), /settings: "a b" is not a name/);
  assert.throws(topics("a"), /topics\(\) returned no list of strings/);
});

test("publications and webhook calls carry what was built", () => {
  const { publications, webhooks } = new Harness(powers).frame(0, []);
  assert.deepEqual(publications, [
    {
      topic: "frames",
      attributes: [
        ["n", { tag: "integer", val: 0 }],
        ["half", { tag: "number", val: 0.5 }],
        ["flag", { tag: "flag", val: true }],
        ["text", { tag: "text", val: "größer ✓" }],
      ],
    },
  ]);
  assert.deepEqual(webhooks, [{ url: "http://127.0.0.1:9/", body: '{"n":0}' }]);
  const output = new Output();
  assert.throws(() => output.publish("a b"), (error) => isRefusal(error) && /"a b" is not a name/.test(error.message));
  assert.throws(() => output.publish(7), TypeError);
  assert.throws(() => output.publish("a", { b: null }), /attribute b is object/);
  assert.throws(() => output.callWebhook("http://a/", undefined), /body is undefined/);
  assert.deepEqual([output.publications, output.webhooks], [[], []]);
});

test("the time of day is that of the call, where it is granted", () => {
  const harness = new Harness(powers, {}, { granted: ["wall-clock"] });
  assert.equal(facts(harness.frame(0, []).events[0]).wall, "none");
  harness.setWallClock(1_700_000_000);
  assert.equal(facts(harness.frame(1, []).events[0]).wall, "1700000000000000");
  assert.deepEqual(facts(harness.command(2, null).events[0]), { time_us: 2e6, wall_us: 1.7e15 });
  harness.query(null);
  assert.equal(wallClock(), null);
});

test("an engine's ways of 64-bit integers, flags and errors are met", () => {
  const keyValue = {
    get: () => {
      throw Object.assign(new Error("ComponentError"), { payload: { tag: "bad-key", val: 9 } });
    },
  };
  const putBack = withoutClock();
  try {
    const made = component(withCall(() => values.get("key")), { hostLog: () => {}, keyValue, wide: BigInt });
    const flags = { embeddings: false, readings: false, messages: true, keyValue: true, wallClock: false };
    assert.deepEqual(made.describe().powers, { ...flags, messages: false, keyValue: false, webhook: false });
    assert.deepEqual(made.configure("{}", [], flags), []);
    const columns = { ids: [], classes: [], states: [], boxes: [] };
    const process = () => made.process({ camera: 1, sequence: 0n, timeUs: 0n }, columns, []);
    assert.throws(process, (error) => error === "the key must have 1 to 9 bytes");
  } finally {
    putBack();
    setBackend(null);
  }
});
