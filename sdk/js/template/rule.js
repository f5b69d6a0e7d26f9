import { Output, Polygon, outline, rule } from "@ocellus/sdk";

/** Reports objects that stay in an area for too long. */
class Stay {
  #afterUs;
  #area;
  /** Since when each track has been in the area, and whether that was reported. */
  #since = new Map();

  constructor(settings) {
    this.#afterUs = settings.seconds * 1e6;
    this.#area = settings.area ? new Polygon(settings.area) : null;
  }

  process(frame, tracks) {
    const output = new Output();
    // Who is gone is forgotten, so that the state stays small.
    for (const id of this.#since.keys()) if (!tracks.has(id)) this.#since.delete(id);
    for (const track of tracks) {
      if (!track.isConfirmed) continue;
      if (this.#area && !this.#area.contains(track.foot())) {
        this.#since.delete(track.id);
        continue;
      }
      const stay = this.#since.get(track.id) ?? { us: frame.timeUs, reported: false };
      this.#since.set(track.id, stay);
      const stayedUs = frame.timeUs - stay.us;
      if (stayedUs >= this.#afterUs && !stay.reported) {
        stay.reported = true;
        output.event("{{name}}").track(track.id).attribute("seconds", stayedUs / 1e6);
      }
    }
    output.measure("present", this.#since.size);
    if (this.#area) output.drawPolygon(this.#area, "neutral", "{{name}}");
    return output;
  }

  save() {
    return { since: [...this.#since] };
  }

  restore(state) {
    this.#since = new Map(state.since);
  }
}

export default rule({
  name: "{{name}}",
  version: "0.1.0",
  summary: "Reports objects that stay in an area for too long.",
  settingsSchema: {
    type: "object",
    properties: {
      seconds: { type: "number", minimum: 0, default: 30, description: "Seconds that are too long." },
      area: { ...outline, description: "Where nobody should stay; the whole picture if left out." },
    },
    additionalProperties: false,
  },
  configure: (settings) => new Stay(settings),
});
