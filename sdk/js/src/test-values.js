// Values under keys as the host keeps them, for the fake host: with its limits and its refusals.

import { toUtf8 } from "./utf8.js";

const KEY_BYTES = 256;
const VALUE_BYTES = 64 * 1024;
const ENTRY_BYTES = 64;
const LIMIT = 1024 * 1024;

const size = (text) => toUtf8(text).length;
const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function refuse(tag, val) {
  throw { tag, val };
}

/** What a harness keeps for its rule. */
export class FakeValues {
  #entries = new Map();

  /** A value, whatever a call may do. */
  peek(key) {
    return this.#entries.get(key)?.slice();
  }

  /** What a call may do: `none` without the power, `early` before there are values, `read`, or `write`. */
  allowing(access) {
    const mayRead = () => {
      if (access === "none") refuse("not-granted");
      if (access === "early") refuse("not-now");
    };
    const mayWrite = () => {
      mayRead();
      if (access === "read") refuse("not-now");
    };
    return {
      get: (key) => (mayRead(), this.peek(key) ?? null),
      set: (key, value) => (mayWrite(), this.#set(key, value)),
      delete: (key) => (mayWrite(), this.#entries.delete(key)),
      keys: (prefix, after, limit) => (mayRead(), this.#keys(prefix, after, limit)),
    };
  }

  #set(key, value) {
    const keyBytes = size(key);
    if (keyBytes < 1 || keyBytes > KEY_BYTES) refuse("bad-key", KEY_BYTES);
    if (value.length > VALUE_BYTES) refuse("too-large", VALUE_BYTES);
    let used = keyBytes + value.length + ENTRY_BYTES;
    for (const [other, kept] of this.#entries) {
      if (other !== key) used += size(other) + kept.length + ENTRY_BYTES;
    }
    if (used > LIMIT) refuse("full", LIMIT);
    this.#entries.set(key, value.slice());
  }

  #keys(prefix, after, limit) {
    const isNext = (key) => key.startsWith(prefix) && (after === null || byBytes(key, after) > 0);
    return [...this.#entries.keys()].filter(isNext).sort(byBytes).slice(0, limit);
  }
}
