// What a rule may do beyond seeing tracks and reporting: asked for by its author, granted by an operator.

const POWERS = ["embeddings", "readings", "messages", "key-value", "wall-clock", "webhook"];

/** A power in the contract's flags, whose names have no hyphens in JavaScript. */
const flag = (power) => power.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

/** Throws where `powers`, called `what`, is no list of powers. */
export function checkPowers(what, powers) {
  if (!Array.isArray(powers)) throw new Error(`${what} must be a list, such as ["messages"]`);
  const unknown = powers.find((power) => !POWERS.includes(power));
  if (unknown !== undefined) {
    throw new Error(`${what} has ${JSON.stringify(unknown)}; give some of ${POWERS.join(", ")}`);
  }
  return powers;
}

export function toFlags(powers) {
  return Object.fromEntries(POWERS.map((power) => [flag(power), powers.includes(power)]));
}

export function fromFlags(flags) {
  return POWERS.filter((power) => flags[flag(power)]);
}
