// The host's names in an operator's words.

/** What each power gives. */
export const POWERS = {
  embeddings: ['Appearance of tracks', 'Vectors by which people and vehicles can be told apart.'],
  readings: ['Texts read on tracks', 'Such as number plates.'],
  messages: ['Messages between rules', 'To tell the other rules of this site something, and to hear from them.'],
  'key-value': ['Values under keys', 'Kept over restarts and versions, up to the limit of the rule.'],
  'wall-clock': ['Time of day', 'Without it the rule knows the time of its frames only.'],
  webhook: ['Calls of network addresses', 'The host calls the addresses below, and what is below them, on the rule’s behalf.'],
};

export const powerTitle = (power) => POWERS[power]?.[0] ?? power;

/** Tone and word of a rule's instance. */
export const RULE_STATES = {
  active: ['good', 'active'],
  'backing-off': ['warn', 'backing off'],
  quarantined: ['bad', 'in quarantine'],
};

/** Tone and word of what became of a version. */
export const VERSION_STATES = {
  uploaded: ['idle', 'uploaded'],
  active: ['good', 'active'],
  shadow: ['idle', 'shadow'],
  retired: ['idle', 'retired'],
  quarantined: ['bad', 'in quarantine'],
  refused: ['bad', 'refused'],
  waiting: ['warn', 'waits for your word'],
  removed: ['idle', 'removed'],
};

/** Why it became that. */
export const CAUSES = {
  upload: 'upload or deletion',
  bind: 'binding or settings',
  activate: 'activated',
  'roll-back': 'rolled back',
  shadow: 'shadow run',
  breach: 'it did worse than it may, and the host went back',
  strikes: 'it failed more often than it may',
  start: 'start of the host',
  remove: 'the rule was removed',
};

/** What becomes of a rule after a failure. */
export const ON_FAILURE = {
  reload: 'start anew after a pause, give up after five failures in ten minutes',
  skip: 'start anew at once, never give up',
  disable: 'give up at the first failure',
};
