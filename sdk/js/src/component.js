// The component's side of the boundary: an instance of the rule behind the functions of the contract.

import { setSink } from "./log.js";
import { withoutClock } from "./clockless.js";
import { fromFlags, toFlags } from "./powers.js";
import { Instance, isRefusal, logFault } from "./rule.js";
import { setBackend } from "./values.js";

/**
 * The functions of the contract. `hostLog` and `keyValue` are the host's; `wide` turns a number into what the engine
 * takes for 64-bit integers.
 */
export function component(definition, { hostLog, keyValue, wide }) {
  setSink(hostLog);
  setBackend(keyValue);
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
  const fact = ([key, { tag, val }]) => [key, { tag, val: tag === "integer" ? wide(val) : val }];
  const event = ({ kind, track, attributes }) => ({
    kind,
    track: track === null ? track : wide(track),
    attributes: attributes.map(fact),
  });
  const publication = ({ topic, attributes }) => ({ topic, attributes: attributes.map(fact) });
  const output = ({ events, publications, ...rest }) => ({
    ...rest,
    events: events.map(event),
    publications: publications.map(publication),
  });
  const description = ({ powers, ...said }) => ({ ...said, powers: toFlags(powers) });

  return {
    describe: () => call(() => description(instance.describe())),
    configure: (settings, cameras, granted) =>
      call(() => instance.configure(settings, cameras, fromFlags(granted))),
    process: (frame, tracks, messages) => call(() => output(instance.process(frame, tracks, messages))),
    finish: (at) => call(() => output(instance.finish(at))),
    save: () => call(() => instance.save()),
    restore: (state, version) => call(() => instance.restore(state, version)),
    query: (request) => call(() => instance.query(request)),
    command: (at, request) => call(() => output(instance.command(at, request))),
  };
}
