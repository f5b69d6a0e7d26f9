// What a rule keeps under keys, over restarts and versions; needs the power `key-value`.

/** The host's words for its refusals. */
const WORDS = {
  "not-granted": () => "the power key-value is not granted to this rule",
  "not-now": () => "values cannot be used so in this call",
  "bad-key": (limit) => `the key must have 1 to ${limit} bytes`,
  "too-large": (limit) => `the value has more than ${limit} bytes`,
  full: (limit) => `the rule would keep more than ${limit} bytes`,
};

/** Keys that `keys` gives where it is not told how many. */
const MOST_KEYS = 1000;

let backend = null;

/** Where values are kept: the host in a component, a map in a test; null outside of a call. */
export function setBackend(given) {
  backend = given;
}

/** Asks the host; a refusal is a plain `Error`, which a rule may leave for the operator to see. */
function ask(call) {
  try {
    if (!backend) throw { tag: "not-granted" };
    return call(backend);
  } catch (error) {
    // SpiderMonkey wraps what QuickJS throws as it is.
    const { tag, val } = error?.payload ?? error;
    if (!Object.hasOwn(WORDS, tag)) throw error;
    throw Object.assign(new Error(WORDS[tag](val)), { code: tag });
  }
}

function text(what, value) {
  if (typeof value !== "string") throw new TypeError(`${what} is ${typeof value}; give a string`);
  return value;
}

export const values = {
  get: (key) => ask((host) => host.get(text("the key", key))) ?? undefined,

  set(key, value) {
    if (!(value instanceof Uint8Array)) {
      throw new TypeError(`the value of ${key} is ${typeof value}; give a Uint8Array, as toUtf8 makes of a string`);
    }
    ask((host) => host.set(text("the key", key), value));
  },

  delete: (key) => ask((host) => host.delete(text("the key", key))),

  keys(prefix = "", { after = null, limit = MOST_KEYS } = {}) {
    if (after !== null) text("after", after);
    if (!Number.isInteger(limit) || limit < 0 || limit >= 2 ** 32) {
      throw new TypeError(`limit is ${limit}; give a whole number below 2^32`);
    }
    return ask((host) => host.keys(text("the prefix", prefix), after, limit));
  },
};
