/** Write a rule for Ocellus. */

/** A position or a vector, in shares of the picture. */
export interface Point {
  x: number;
  y: number;
}

/** One frame of one camera. */
export interface Frame {
  /** Stable number of the camera. */
  camera: number;
  /** Counts the frames that rules see, from 0, without gaps. */
  sequence: number;
  /** Microseconds; strictly increases per camera. A rule's only clock. */
  timeUs: number;
  /** Pixels of the source picture. */
  width: number;
  height: number;
}

/** A text read on a track, such as a number plate. */
export interface Reading {
  kind: string;
  text: string;
  /** 0..1. */
  confidence: number;
}

/** Where a track stands on the ground, where the camera is calibrated. */
export interface Ground {
  xM: number;
  yM: number;
  /** Along both axes, in metres a second, once it is known well enough: a new track has none yet. */
  velocityMps: [number, number] | null;
  /** Standard deviation of the position in metres; NaN where it is not known. */
  sigmaM: number;
}

/** One track in one frame. */
export interface TrackView {
  /** Never reused by this camera. */
  readonly id: number;
  /** Its class as a number of this camera's model. */
  readonly class: number;
  /** The name of its class, where the model names it. */
  readonly className: string | undefined;
  /** `tentative`: seen, not believed yet. `lost`: not seen in this frame, its box is a prediction. */
  readonly state: "tentative" | "confirmed" | "lost";
  /** Believed and seen in this frame. */
  readonly isConfirmed: boolean;
  /** Its box, 0..1 of the picture; may reach beyond it, and is finite. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Confidence of its last detection, 0..1; NaN where the host gave none. */
  readonly confidence: number;
  /** When it was first seen, in microseconds. */
  readonly firstSeenUs: number;
  /** The middle of the box's bottom edge, where a standing object meets the ground. */
  foot(): Point;
  /** The middle of the box. */
  centre(): Point;
  ground(): Ground | null;
  /** What it looks like, as numbers, where that was granted and measured. */
  embedding(): ArrayLike<number> | null;
  readings(): Reading[];
}

/** Tracks as columns, one row a track, as they cross the boundary. */
export interface Columns {
  ids: ArrayLike<number | bigint>;
  classes: ArrayLike<number>;
  confidences: ArrayLike<number>;
  states: ArrayLike<number>;
  /** Four a track: x, y, width, height. */
  boxes: ArrayLike<number>;
  /** Four a track: x, y, vx, vy. */
  ground: ArrayLike<number>;
  groundSigma: ArrayLike<number>;
  firstSeenUs: ArrayLike<number | bigint>;
  embeddings: ArrayLike<number>;
  embeddingSize: number;
  embeddingRows: ArrayLike<number>;
  readings: (Reading & { row: number })[];
}

/** All tracks of a frame, in the host's order. */
export interface Tracks extends Iterable<TrackView> {
  readonly length: number;
  readonly columns: Columns;
  get(id: number): TrackView | undefined;
  has(id: number): boolean;
}

export type Tone = "neutral" | "good" | "bad";

/** Says more of an event that was just added. */
export interface EventBuilder {
  /** The track concerned. */
  track(id: number): this;
  /** A further fact: a flag, a number (always with a fraction, so 2 is 2.0) or a text. */
  attribute(key: string, value: boolean | number | bigint | string): this;
  /** A further fact that is a whole number. */
  integer(key: string, value: number): this;
}

/** A bigint is a whole number; a number is one with a fraction, so 2 is 2.0. */
export type Facts = { [key: string]: boolean | number | bigint | string };

type StoredFacts = [string, { tag: string; val: unknown }][];

/** Events, measurements, overlays, publications and webhook calls of one call. */
export class Output {
  readonly events: { kind: string; track: number | null; attributes: StoredFacts }[];
  readonly measurements: { name: string; value: number }[];
  readonly overlays: { tag: "polygon" | "line" | "label"; val: Record<string, unknown> }[];
  readonly publications: { topic: string; attributes: StoredFacts }[];
  /** Each `body` is JSON. */
  readonly webhooks: { url: string; body: string }[];
  /** Adds an event of `kind`, such as `line-crossing`. */
  event(kind: string): EventBuilder;
  /** Adds a number as it stands at this moment. */
  measure(name: string, value: number): void;
  /** Draws until the next call. */
  drawPolygon(polygon: { corners: Point[] }, tone: Tone, label?: string): void;
  drawLine(line: { from: Point; to: Point }, tone: Tone, label?: string): void;
  /** `at` is the left end of the text's base line. */
  drawLabel(at: Point, tone: Tone, text: string): void;
  /**
   * Tells the other rules of the site something; those that named the topic hear it from their next frame on. Needs
   * `messages`, without which the host leaves it out. Throws where `topic` is no name.
   */
  publish(topic: string, attributes?: Facts): void;
  /**
   * Has the host call an address by `POST` once this call has returned. Needs `webhook` and an address that the
   * operator named, without which the host leaves it out.
   */
  callWebhook(url: string, body: Json): void;
  /** The measurement of this name. */
  measured(name: string): number | undefined;
}

/** A camera that the rule is bound to. */
export interface Camera {
  handle: number;
  name: string;
  /** Names of the model's classes; `TrackView.class` indexes it. */
  classes: string[];
}

/** Which classes a rule looks at, resolved to each camera's class numbers. */
export interface ClassFilter {
  accepts(camera: number, classNumber: number): boolean;
}

/**
 * What a rule may do beyond seeing tracks and reporting: see embeddings or readings, publish and hear messages, keep
 * values, know the time of day, have network addresses called.
 */
export type Power = "embeddings" | "readings" | "messages" | "key-value" | "wall-clock" | "webhook";

/** All cameras that the rule is bound to, one for a rule of camera scope; and what it may do there. */
export interface Site {
  readonly cameras: Camera[];
  /** Whether the operator has granted the rule this power. */
  granted(power: Power): boolean;
  /** Throws an `Error` that says what to do where the power is not granted; for a rule that cannot do without. */
  require(power: Power): void;
  camera(handle: number): Camera | undefined;
  /** Throws where a camera's model does not know one of the names, naming `key`. */
  classes(names: string[], key?: string): ClassFilter;
  /** Leaves out what a camera's model does not know. */
  knownClasses(names: string[]): ClassFilter;
  allClasses(): ClassFilter;
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What another rule has said. */
export interface Message {
  /** Time of the frame or command that caused it, in microseconds. */
  timeUs: number;
  /** The name of the camera of that frame. */
  camera: string;
  rule: string;
  topic: string;
  attributes: { [key: string]: boolean | number | string };
}

/**
 * A rule at work. A plain `Error` that it throws is for the operator, and the rule goes on; any other
 * (`TypeError` …) is a fault and ends the instance.
 */
export interface RuleInstance {
  /** The topics that it wants to hear of, asked for once, after `configure`. Needs `messages`. */
  topics?(): string[];
  /** Hears what another rule of the site has said; before the frame that it is told with, in a fixed order. */
  hear?(message: Message): void;
  /** Sees one frame. */
  process(frame: Frame, tracks: Tracks): Output;
  /** The stream ended: last reports. */
  finish?(timeUs: number): Output;
  /** Its state, all that must last; written as JSON, at most 1 MiB. */
  save?(): unknown;
  /** Takes over a state that `version` of this plugin saved. It was configured just before. */
  restore?(state: any, version: string): void;
  /** Answers a question over REST without changing anything. */
  query?(request: any): unknown;
  /** Takes an operator's correction. */
  command?(timeUs: number, request: any): Output;
}

/** What an author says of a rule. */
export interface Definition<Settings = any> {
  /** 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit. */
  name: string;
  /** A semantic version. */
  version: string;
  /** One sentence. */
  summary: string;
  /** JSON Schema of the settings: they are checked against it, and its defaults are filled in. */
  settingsSchema: { type: "object"; [keyword: string]: unknown };
  /** One instance a camera (the default), or one for all cameras of a binding. */
  scope?: "camera" | "site";
  /** What it asks for beyond seeing tracks; `Site.granted` says what it got. */
  powers?: Power[];
  /** Takes the settings and the cameras. An `Error` refuses the binding. */
  configure(settings: Settings, site: Site): RuleInstance;
}

export function rule<Settings>(definition: Definition<Settings>): Readonly<Definition<Settings>>;

/** The rule's log, as the operator sees it. */
export const log: Record<"debug" | "info" | "warn" | "error", (message: unknown) => void>;

/** Why the host has not read or set a value. */
export type ValueRefusal = Error & { code: "not-granted" | "not-now" | "bad-key" | "too-large" | "full" };

/**
 * What a rule keeps under keys, over restarts and versions; needs `key-value`. For what is too large or too rarely
 * changed for the state, which is saved as a whole every second. Each instance has values of its own; after a failure
 * values and state are both as they were at the last save. Throws a `ValueRefusal`: where the power is not granted, in
 * `configure`, where `save` or `query` would change something, and where a key, a value or all values are too long.
 */
export const values: {
  get(key: string): Uint8Array | undefined;
  /** Sets a value, in place of the one before. */
  set(key: string, value: Uint8Array): void;
  /** Whether it was there. */
  delete(key: string): boolean;
  /** At most `limit` keys (1000) that begin with `prefix`, sorted by their bytes; the first after `after` if given. */
  keys(prefix?: string, options?: { after?: string | null; limit?: number }): string[];
};

/**
 * The time of day of the running call, in microseconds since the Unix epoch; the same all through a call. Null without
 * `wall-clock`, over recordings that do not have it, and in calls other than `process`, `finish` and `command`.
 */
export function wallClock(): number | null;

/** The bytes of a text. */
export function toUtf8(text: string): Uint8Array;
/** The text of bytes; throws where they are none. */
export function fromUtf8(bytes: Uint8Array): string;

/** Schema of a position in the picture, `[x, y]`. */
export const position: { [keyword: string]: unknown };
/** Schema of a closed outline. */
export const outline: { [keyword: string]: unknown };
/** Schema of a line from one position to another. */
export const line: { [keyword: string]: unknown };
/** Schema of places known in the picture and, in metres, on the ground. */
export const calibration: { [keyword: string]: unknown };

/** Rounds to single precision, as boxes are. */
export function f32(number: number): number;
/** Length of (x, y) in single precision. */
export function hypot32(x: number, y: number): number;
/** The shortest number that is the same in single precision. */
export function shortest32(number: number): number;

/** A directed line, in single precision. */
export class Segment {
  constructor(from: Point, to: Point);
  from: Point;
  to: Point;
  length(): number;
  /** Where along the line the foot of the perpendicular from `point` falls: 0 at `from`, 1 at `to`. */
  positionOf(point: Point): number;
}

/** A closed outline, in single precision. */
export class Polygon {
  constructor(corners: (Point | [number, number])[]);
  corners: Point[];
  contains(point: Point): boolean;
  area(): number;
}
