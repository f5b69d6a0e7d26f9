// What belongs to the running call and is not about tracks: the time of day.

let wallUs = null;

/** A call begins; the contract gives the time of day to some. */
export function begin(given = null) {
  wallUs = given === null ? null : Number(given);
}

export function wallClock() {
  return wallUs;
}
