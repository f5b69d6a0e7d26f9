// Write a rule for Ocellus: `export default rule({ name, version, summary, settingsSchema, configure })`.

export { wallClock } from "./call.js";
export { log } from "./log.js";
export { Output } from "./output.js";
export { rule } from "./rule.js";
export { calibration, line, outline, position } from "./schema.js";
export { f32, hypot32, Polygon, Segment, shortest32 } from "./geometry.js";
export { fromUtf8, toUtf8 } from "./utf8.js";
export { values } from "./values.js";
