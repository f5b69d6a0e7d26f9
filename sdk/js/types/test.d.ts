/** A host for unit tests: drives a rule exactly as the real one does, without WebAssembly. */

import type { Columns, Definition, Facts, Output, Power } from "./index.js";

/** A track of a test frame: confirmed, confidence 0.9, a box of 0.1 × 0.2 in the middle of the picture. */
export interface TrackBuilder {
  readonly id: number;
  /** Its box, 0..1 of the picture. */
  box(x: number, y: number, width: number, height: number): TrackBuilder;
  /** Width and height of its box; the foot point stays. */
  sized(width: number, height: number): TrackBuilder;
  /** Moves its box so that the foot point is there. */
  footAt(x: number, y: number): TrackBuilder;
  /** Moves its box so that the centre is there. */
  centreAt(x: number, y: number): TrackBuilder;
  withConfidence(confidence: number): TrackBuilder;
  /** Seen, but not believed yet. */
  tentative(): TrackBuilder;
  /** Not seen in this frame. */
  lost(): TrackBuilder;
}

export function track(id: number, className: string): TrackBuilder;

/** A rule on one camera, number 1, named `camera`. Times are in seconds. */
export class Harness {
  /** Throws the rule's refusal of its settings. Powers are granted that `granted` names. */
  constructor(
    rule: Definition,
    settings?: unknown,
    given?: { width?: number; height?: number; classes?: string[]; granted?: Power[] },
  );
  /** Sets the time of day for the calls that follow, in seconds since the Unix epoch; seen with `wall-clock`. */
  setWallClock(seconds: number): void;
  /**
   * Has a rule of this name on a camera named `other` say something before the next frame; heard with `messages`,
   * where `topics()` has the topic.
   */
  say(rule: string, topic: string, attributes?: Facts): void;
  /** What the rule keeps under a key. */
  value(key: string): Uint8Array | undefined;
  /** Shows the rule a frame. */
  frame(seconds: number, tracks: Iterable<TrackBuilder>): Output;
  /** Shows the rule a frame whose columns are exactly these, well-formed or not. */
  columns(seconds: number, columns: Partial<Columns>): Output;
  finish(seconds: number): Output;
  save(): Uint8Array;
  restore(state: Uint8Array | string, version: string): void;
  /** What the host does at a change of version: a new instance takes over the old one's state. */
  swap(): void;
  query(request: unknown): any;
  command(seconds: number, request: unknown): Output;
  /** The lines logged since the last time. */
  log(): { level: string; message: string }[];
}
