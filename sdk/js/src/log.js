// The rule's log, as the operator sees it. The host allows 64 KiB a second and drops what is over.

let sink = () => {};

/** Where lines go: the host's log in a component, a list in a test. */
export function setSink(write) {
  sink = write;
}

export const log = {
  /** For the author. */
  debug: (message) => sink("debug", String(message)),
  /** For the operator: all is well. */
  info: (message) => sink("info", String(message)),
  /** For the operator: look when there is time. */
  warn: (message) => sink("warn", String(message)),
  /** For the operator: something does not work. */
  error: (message) => sink("error", String(message)),
};
