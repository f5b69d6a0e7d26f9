// Counts objects that cross lines: the rule of plugins/line-crossing, in JavaScript, but for totals by interval and
// by class. The same tracks give the same events to the last bit, since each operation on a box is rounded to
// single precision as there.
//
// Each line has a name and a direction that is an entry. Every crossing is an event of kind `line-crossing`
// with the attributes `line`, `direction` (`entry` or `exit`) and `class`; the counts so far are the
// measurements `<line>.entries` and `<line>.exits`.
//
// What counts, and what does not:
// - only confirmed tracks move; a lost one keeps its place until it is seen again;
// - a side counts once the anchor is beyond the hysteresis (passage.js), so trembling counts nothing;
// - the path must lead through the line itself, not around its end (gate.js);
// - a track that takes over from one that vanished beside it goes on in its place (handover.js).

import { f32, Output, rule } from "@ocellus/sdk";

import { Gate } from "./gate.js";
import { pairs } from "./handover.js";
import { Mover, Movers } from "./mover.js";
import { check, near, segmentOf, settingsSchema, timesOf } from "./settings.js";
import * as state from "./state.js";

/** Anchors further outside the picture than this are no objects, whatever the tracker says. */
const FURTHEST = 10;

const isExtent = (length) => length >= 0 && length <= FURTHEST;

class LineCrossing {
  movers = new Movers();
  /** Tracks of the last frame that were not believed yet: where one that is believed now began. */
  glimpses = [];
  #settings;
  #classes;
  #names;
  #times;
  #mostMovers;
  #aspect = 1;

  constructor(settings, site) {
    check(settings);
    this.#settings = settings;
    this.#classes = settings.classes ? site.classes(settings.classes) : site.allClasses();
    this.#names = site.cameras[0]?.classes ?? [];
    this.#times = timesOf(settings);
    this.#mostMovers = state.mostMovers(settings.lines.length);
    this.lines = settings.lines.map((line) => ({
      settings: line,
      segment: segmentOf(line),
      gate: new Gate(segmentOf(line), this.#aspect),
      entryArrivesOn: line.entry === "left-to-right" ? -1 : 1,
      entries: 0,
      exits: 0,
    }));
  }

  process(frame, tracks) {
    this.#layOut(frame);
    const output = new Output();
    const { timeUs } = frame;
    const { sightings, seen } = this.#sightings(frame, tracks, "confirmed");
    const oldestUs = timeUs - this.#times.memoryUs;
    this.movers.retain((mover) => mover.timeUs >= oldestUs);
    const newcomers = sightings.filter(({ id }) => !this.movers.has(id));
    if (newcomers.length > 0) {
      this.#handOver(timeUs, newcomers, seen);
      this.#makeRoom(newcomers.length, seen);
    }
    for (const sighting of sightings) this.#observe(sighting, timeUs, output);
    const { settleUs } = this.#times;
    for (const mover of this.movers) {
      // A side that nobody contradicts for long enough counts, seen or not.
      if (!seen.has(mover.id)) this.#settle(mover, (passage) => passage.settleUnseen(timeUs, settleUs), output);
    }
    const tentative = this.#sightings(frame, tracks, "tentative").sightings;
    this.glimpses = tentative.slice(0, this.#mostMovers).map((sighting) => ({ timeUs, sighting }));
    return this.#report(output);
  }

  finish() {
    const output = new Output();
    // Nothing can contradict any more what was last seen.
    for (const mover of this.movers) this.#settle(mover, (passage) => passage.settleFinally(), output);
    return this.#report(output);
  }

  save() {
    return state.save(this);
  }

  restore(saved) {
    const { counts, movers, glimpses } = state.restore(saved, this.lines, this.#mostMovers);
    this.movers = new Movers();
    for (const mover of movers) this.movers.insert(mover);
    this.glimpses = glimpses;
    this.lines.forEach((line, index) => {
      const { entries, exits } = counts[index] ?? line;
      Object.assign(line, { entries, exits });
    });
  }

  query() {
    const counts = this.lines.map(({ settings, entries, exits }) => [settings.name, { entries, exits }]);
    return { lines: Object.fromEntries(counts) };
  }

  /** Distances are measured in picture heights, so the gates depend on the picture's shape. */
  #layOut({ width, height }) {
    const aspect = f32(f32(Math.max(width, 1)) / f32(Math.max(height, 1)));
    if (aspect === this.#aspect) return;
    this.#aspect = aspect;
    for (const line of this.lines) line.gate = new Gate(line.segment, aspect);
  }

  /** The tracks of this frame in a state and of a class that counts, each id once, and their ids. */
  #sightings(frame, tracks, wanted) {
    const [sightings, seen] = [[], new Set()];
    const isFoot = this.#settings.anchor === "foot";
    for (const track of tracks) {
      if (track.state !== wanted || !this.#classes.accepts(frame.camera, track.class)) continue;
      const at = isFoot ? track.foot() : track.centre();
      const isSane =
        Math.abs(at.x) <= FURTHEST &&
        Math.abs(at.y) <= FURTHEST &&
        isExtent(track.width) &&
        isExtent(track.height);
      if (!isSane || seen.has(track.id)) continue;
      seen.add(track.id);
      const size = [track.width, track.height];
      sightings.push({ id: track.id, class: track.class, at, size, firstSeenUs: track.firstSeenUs });
    }
    return { sightings, seen };
  }

  /** Newcomers take over from tracks that vanished beside them. */
  #handOver(nowUs, newcomers, seen) {
    const longestUs = this.#times.handoverUs;
    if (longestUs === 0) return;
    const vanished = [...this.movers].filter(
      (mover) => !seen.has(mover.id) && nowUs - mover.timeUs <= longestUs,
    );
    for (const { from, to } of pairs(nowUs, this.#aspect, vanished, newcomers)) {
      const mover = this.movers.remove(from);
      this.movers.insert(Object.assign(mover, { id: to, predecessor: from }));
    }
  }

  /**
   * Forgets those unseen for longest, so that there is a place for each newcomer. (One that took over needs
   * none, so this may forget a few too early.)
   */
  #makeRoom(newcomers, seen) {
    for (let over = this.movers.length + newcomers - this.#mostMovers; over > 0; over--) {
      const unseen = [...this.movers].filter((mover) => !seen.has(mover.id));
      if (unseen.length === 0) return;
      const isOlder = (a, b) => a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.id < b.id);
      this.movers.remove(unseen.reduce((oldest, mover) => (isOlder(mover, oldest) ? mover : oldest)).id);
    }
  }

  /**
   * A track first seen just before the line has its side from when it was not believed yet; such a glimpse
   * alone never counts.
   */
  #observe(sighting, nowUs, output) {
    if (!this.movers.has(sighting.id)) {
      const glimpse = this.glimpses.find((glimpse) => glimpse.sighting.id === sighting.id);
      if (glimpse) this.#step(glimpse.sighting, glimpse.timeUs, output);
    }
    this.#step(sighting, nowUs, output);
  }

  #step(sighting, nowUs, output) {
    let mover = this.movers.get(sighting.id);
    if (!mover) {
      if (this.movers.length >= this.#mostMovers) return;
      mover = Mover.of(sighting, nowUs, this.lines.length);
      this.movers.insert(mover);
    }
    const { settleUs } = this.#times;
    const step = { near: near(this.#settings, sighting.size[1]), settleUs, from: mover.at, to: sighting.at, nowUs };
    this.lines.forEach((line, index) => {
      const side = mover.passages[index].observe(line.gate, step);
      if (side !== 0) count(line, side, [sighting.id, this.#names[sighting.class]], output);
    });
    mover.moveTo(sighting, nowUs);
  }

  /** Counts what settles without being seen. */
  #settle(mover, settle, output) {
    this.lines.forEach((line, index) => {
      const side = settle(mover.passages[index]);
      if (side !== 0) count(line, side, [mover.id, this.#names[mover.class]], output);
    });
  }

  #report(output) {
    for (const { settings, segment, entries, exits } of this.lines) {
      output.measure(`${settings.name}.entries`, entries);
      output.measure(`${settings.name}.exits`, exits);
      output.drawLine(segment, "neutral", `${settings.name}  in ${entries} out ${exits}`);
    }
    return output;
  }
}

/** Counts an arrival on `side`. */
function count(line, side, [track, className], output) {
  const isEntry = side === line.entryArrivesOn;
  if (isEntry) line.entries += 1;
  else line.exits += 1;
  const event = output
    .event("line-crossing")
    .track(track)
    .attribute("line", line.settings.name)
    .attribute("direction", isEntry ? "entry" : "exit");
  if (className !== undefined) event.attribute("class", className);
}

export default rule({
  name: "line-crossing-js",
  version: "0.1.0",
  summary: "Counts objects that cross lines, by direction.",
  settingsSchema,
  configure: (settings, site) => new LineCrossing(settings, site),
});
