// What lasts over a restart or a change of version: the same JSON as the rule in Rust writes, so that either
// can take over from the other.

import { f32, shortest32 } from "@ocellus/sdk";

import { Mover } from "./mover.js";
import { Passage } from "./passage.js";

/** A state is at most 1 MiB, and the longest passage takes 32 bytes of it. */
const MOST_PASSAGES = 20_480;
/** More objects than this are in no picture. */
const MOST_MOVERS = 1024;

/** Tracks kept at once with so many lines. */
export function mostMovers(lines) {
  return Math.min(Math.floor(MOST_PASSAGES / Math.max(lines, 1)), MOST_MOVERS);
}

export function save({ lines, movers, glimpses }) {
  const short = (numbers) => numbers.map(shortest32);
  return {
    lines: lines.map(({ settings, entries, exits }) => ({
      line: { ...settings, from: short(settings.from), to: short(settings.to) },
      entries,
      exits,
    })),
    movers: [...movers].map((mover) => ({
      id: mover.id,
      at: short([mover.at.x, mover.at.y]),
      time_us: mover.timeUs,
      velocity: short(mover.velocity),
      size: short(mover.size),
      class: mover.class,
      sightings: mover.sightings,
      predecessor: mover.predecessor,
      passages: mover.passages.map(({ settled, last, through, isLastThrough, pendingUs }) => [
        settled,
        last,
        through,
        isLastThrough ? 1 : 0,
        pendingUs,
      ]),
    })),
    glimpses: glimpses.map(({ timeUs, sighting: { id, class: number, at, size, firstSeenUs } }) => [
      timeUs,
      id,
      number,
      short([at.x, at.y]),
      short(size),
      firstSeenUs,
    ]),
  };
}

/**
 * The counts by line, the movers and the glimpses of a saved state. Counts go to the line of the same name.
 * Where a line was moved, its tracks start anew, since their sides were those of another line.
 */
export function restore(state, lines, most) {
  const saved = object(state, "the state");
  const known = list(saved.lines, "lines").map(savedLine);
  const same = (a, b) => a[0] === b[0] && a[1] === b[1];
  const places = lines.map(({ settings: { name, from, to } }) =>
    known.findIndex(({ line }) => line.name === name && same(line.from, from) && same(line.to, to)),
  );
  const movers = list(saved.movers, "movers").slice(0, most).map((mover) => savedMover(mover, known.length, places));
  const glimpses = list(saved.glimpses ?? [], "glimpses").slice(0, most).map(savedGlimpse);
  const counts = lines.map(({ settings }) => known.find(({ line }) => line.name === settings.name));
  return { counts, movers, glimpses };
}

function savedLine(saved) {
  const { line, entries, exits } = object(saved, "a line");
  const { name, from, to } = object(line, "a line");
  const ends = { name: String(name), from: pair(from, "from"), to: pair(to, "to") };
  return { line: ends, entries: number(entries, "entries"), exits: number(exits, "exits") };
}

function savedMover(saved, lines, places) {
  const mover = object(saved, "a track");
  const passages = list(mover.passages, "passages").map(savedPassage);
  if (passages.length !== lines) {
    throw new Error(`the state of track ${mover.id} speaks of ${passages.length} lines, its list of ${lines}`);
  }
  const [x, y] = pair(mover.at, "at");
  return new Mover({
    id: number(mover.id, "id"),
    at: { x, y },
    timeUs: number(mover.time_us, "time_us"),
    velocity: pair(mover.velocity, "velocity"),
    size: pair(mover.size, "size"),
    class: number(mover.class, "class"),
    sightings: number(mover.sightings, "sightings"),
    predecessor: mover.predecessor === null ? null : number(mover.predecessor, "predecessor"),
    passages: places.map((place) => Object.assign(new Passage(), passages[place])),
  });
}

function savedPassage(saved) {
  const [settled, last, through, lastThrough, pendingUs] = list(saved, "a passage");
  return {
    settled: Math.sign(number(settled, "a side")),
    last: Math.sign(number(last, "a side")),
    through: number(through, "passages"),
    isLastThrough: number(lastThrough, "a passage") !== 0,
    pendingUs: pendingUs === null ? null : number(pendingUs, "a time"),
  };
}

function savedGlimpse(saved) {
  const [timeUs, id, of, at, size, firstSeenUs] = list(saved, "a glimpse");
  const [x, y] = pair(at, "at");
  const sighting = { id: number(id, "id"), class: number(of, "class"), at: { x, y }, size: pair(size, "size") };
  return { timeUs: number(timeUs, "a time"), sighting: { ...sighting, firstSeenUs: number(firstSeenUs, "a time") } };
}

function object(value, what) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : wrong(what, value);
}

function list(value, what) {
  return Array.isArray(value) ? value : wrong(what, value);
}

function number(value, what) {
  return typeof value === "number" ? value : wrong(what, value);
}

function pair(value, what) {
  return list(value, what).length === 2 ? value.map((part) => f32(number(part, what))) : wrong(what, value);
}

function wrong(what, value) {
  throw new Error(`the state is of something else: ${what} is ${JSON.stringify(value)}`);
}
