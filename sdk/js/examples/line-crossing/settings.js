// Settings, and what is wrong with them.

import { f32, position, Segment } from "@ocellus/sdk";

/** Lines of one rule. */
const MOST_LINES = 64;
/** Characters of a line's name. */
const LONGEST_NAME = 64;
/** Bytes of it: with `.entries` behind it, it names a measurement, and the host takes 128 bytes. */
const NAME_BYTES = 120;
/** Below this a line is a dot, in shares of the picture. */
const SHORTEST_LINE = f32(1e-3);
/**
 * Share of the box's height below which its edge says little: the detector's own noise grows with the box, and
 * only boxes taller than a quarter of the picture widen the default hysteresis by it.
 */
const BOX_NOISE = f32(0.04);

const line = {
  type: "object",
  format: "line",
  description: "A line.",
  properties: {
    name: { type: "string", description: "Its name in events; each line has its own." },
    from: { ...position, description: "Where it starts." },
    to: { ...position, description: "Where it ends. An end at the picture's edge reaches beyond it." },
    entry: {
      enum: ["left-to-right", "right-to-left"],
      default: "left-to-right",
      description: "Which direction is an entry, as seen on a line that is drawn from top to bottom.",
    },
  },
  required: ["name", "from", "to"],
  additionalProperties: false,
};

export const settingsSchema = {
  type: "object",
  title: "Settings",
  properties: {
    lines: { type: "array", items: line, description: "The lines, each with a name of its own." },
    classes: {
      type: ["array", "null"],
      items: { type: "string" },
      default: null,
      description: "Names of the classes that count; all of them if left out.",
    },
    anchor: { enum: ["foot", "centre"], default: "foot", description: "The point of the box that crosses." },
    hysteresis: {
      type: "number",
      minimum: 0,
      maximum: 0.5,
      default: 0.01,
      description:
        "How far beyond the line the anchor must be for its side to count, in picture heights. 0 counts every " +
        "change of side from one frame to the next as it is, and nothing but that.",
    },
    settle_s: {
      type: "number",
      minimum: 0,
      maximum: 10,
      default: 0.2,
      description:
        "Seconds that the anchor must stay beyond the line, unless it is beyond three times the hysteresis.",
    },
    handover_s: {
      type: ["number", "null"],
      minimum: 0,
      maximum: 10,
      default: null,
      description:
        "A new track goes on in the place of one that vanished beside it up to so many seconds before; 0 " +
        "switches this off. 2 if left out, and 0 if the hysteresis is 0.",
    },
    memory_s: {
      type: "number",
      minimum: 0,
      maximum: 3600,
      default: 5,
      description: "Seconds after which a track that was not seen starts anew.",
    },
  },
  required: ["lines"],
  additionalProperties: false,
};

/** Refuses what the schema allows and cannot be meant. */
export function check({ lines, classes }) {
  if (lines.length === 0 || lines.length > MOST_LINES) {
    throw new Error(`lines has ${lines.length} lines; give 1 to ${MOST_LINES}`);
  }
  lines.forEach((line, index) => {
    const length = [...line.name].length;
    if (length === 0 || length > LONGEST_NAME) {
      throw new Error(`lines[${index}].name has ${length} characters; give it 1 to ${LONGEST_NAME}`);
    }
    const bytes = encodeURIComponent(line.name).replace(/%../g, "x").length;
    if (bytes > NAME_BYTES) {
      throw new Error(`lines[${index}].name has ${bytes} bytes; give it at most ${NAME_BYTES}`);
    }
    if (/\p{Cc}/u.test(line.name)) {
      throw new Error(`lines[${index}].name is ${JSON.stringify(line.name)}; leave out control characters`);
    }
    if (segmentOf(line).length() < SHORTEST_LINE) {
      throw new Error(
        `lines[${index}] (${JSON.stringify(line.name)}) starts and ends at [${line.from.join(", ")}]; ` +
          "move one end away",
      );
    }
    const first = lines.findIndex((other) => other.name === line.name);
    if (first < index) {
      throw new Error(
        `lines[${index}].name is ${JSON.stringify(line.name)} like lines[${first}].name; ` +
          "give each line a name of its own",
      );
    }
  });
  if (classes?.length === 0) {
    throw new Error("classes is empty; name the classes that count, or leave it out for all");
  }
}

/** Where a line runs, in shares of the picture. */
export function segmentOf({ from, to }) {
  return new Segment({ x: from[0], y: from[1] }, { x: to[0], y: to[1] });
}

/** How far beyond a line a side counts, in picture heights, for a box of this height. */
export function near({ hysteresis }, boxHeight) {
  return hysteresis > 0 ? Math.max(f32(hysteresis), f32(BOX_NOISE * boxHeight)) : 0;
}

/** The settings that are times, in whole microseconds, as frames are timed. */
export function timesOf({ hysteresis, settle_s, handover_s, memory_s }) {
  const us = (seconds) => Math.round(seconds * 1e6);
  const handover = Math.min(handover_s ?? (hysteresis > 0 ? 2 : 0), memory_s);
  return { settleUs: us(settle_s), handoverUs: us(handover), memoryUs: us(memory_s) };
}
