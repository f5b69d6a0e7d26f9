// A rule's only clock is the frame's time, and the same tracks give the same events: the clock and the dice
// of the language say so when they are used.

const noClock = () => {
  throw new TypeError("a rule has no clock but the frame's time: use frame.timeUs, or wallClock() for the time of day");
};

const noDice = () => {
  throw new TypeError("a rule has no random numbers: the same tracks must give the same events");
};

/** A moment that is given is fine, this moment is not. */
const frozenDate = new Proxy(Date, {
  apply: noClock,
  construct: (target, args) => (args.length === 0 ? noClock() : new target(...args)),
  get: (target, key) => (key === "now" ? noClock : Reflect.get(target, key)),
});

/** Takes the clock and the random numbers away; gives a function that puts them back. */
export function withoutClock() {
  const taken = [
    [globalThis, "Date", frozenDate],
    [globalThis, "performance", { now: noClock }],
    [Math, "random", noDice],
  ].map(([owner, key, value]) => {
    const before = Object.getOwnPropertyDescriptor(owner, key);
    Object.defineProperty(owner, key, { value, configurable: true, writable: true });
    return [owner, key, before];
  });
  return () => {
    for (const [owner, key, before] of taken) Object.defineProperty(owner, key, before);
  };
}
