// The component's side of the boundary: an instance of the rule behind the functions of the contract.

import { setSink } from "./log.js";
import { withoutClock } from "./clockless.js";
import { Instance, isRefusal, logFault } from "./rule.js";

/**
 * The functions of the contract. `wide` turns a number into what the engine takes for 64-bit integers.
 */
export function component(definition, { hostLog, wide }) {
  setSink(hostLog);
  withoutClock();
  const instance = new Instance(definition);

  /** The contract knows errors as texts; anything else that is thrown traps, and ends the instance. */
  const call = (run) => {
    try {
      return run();
    } catch (error) {
      if (isRefusal(error)) throw error.message;
      logFault(error);
      throw 0;
    }
  };
  const event = ({ kind, track, attributes }) => ({
    kind,
    track: track === null ? track : wide(track),
    attributes: attributes.map(([key, { tag, val }]) => [key, { tag, val: tag === "integer" ? wide(val) : val }]),
  });
  const output = ({ events, measurements, overlays }) => ({ events: events.map(event), measurements, overlays });

  return {
    describe: () => call(() => instance.describe()),
    configure: (settings, cameras) => call(() => instance.configure(settings, cameras)),
    process: (frame, tracks) => call(() => output(instance.process(frame, tracks))),
    finish: (timeUs) => call(() => output(instance.finish(timeUs))),
    save: () => call(() => instance.save()),
    restore: (state, version) => call(() => instance.restore(state, version)),
    query: (request) => call(() => instance.query(request)),
    command: (timeUs, request) => call(() => output(instance.command(timeUs, request))),
  };
}
