// The cameras that a rule is bound to, and what it may do there.

import { checkPowers } from "./powers.js";

/** Names shown of a long class list. */
const NAMED = 12;

function listed(classes) {
  if (classes.length === 0) return "no class names";
  const more = classes.length > NAMED ? ` and ${classes.length - NAMED} more` : "";
  return classes.slice(0, NAMED).join(", ") + more;
}

/** Which classes a rule looks at, resolved to each camera's class numbers. */
class ClassFilter {
  #cameras;

  /** `cameras`: the accepted class numbers by camera; null accepts every class. */
  constructor(cameras) {
    this.#cameras = cameras;
  }

  accepts(camera, number) {
    return this.#cameras === null || (this.#cameras.get(camera)?.has(number) ?? false);
  }
}

/** All cameras that the rule is bound to; one for a rule of camera scope. */
export class Site {
  #granted;

  constructor(cameras, granted = []) {
    this.cameras = cameras;
    this.#granted = checkPowers("granted", granted);
  }

  granted(power) {
    checkPowers("granted(power)", [power]);
    return this.#granted.includes(power);
  }

  require(power) {
    if (!this.granted(power)) throw new Error(`this needs the power ${power}; grant it to the rule`);
  }

  camera(handle) {
    return this.cameras.find((camera) => camera.handle === handle);
  }

  classes(names, key = "classes") {
    for (const camera of this.cameras) {
      const unknown = names.find((name) => !camera.classes.includes(name));
      if (unknown !== undefined) {
        throw new Error(
          `${key}: ${JSON.stringify(unknown)} is not a class of camera ${camera.name}; ` +
            `its model knows ${listed(camera.classes)}`,
        );
      }
    }
    return this.knownClasses(names);
  }

  knownClasses(names) {
    const numbers = ({ handle, classes }) => [
      handle,
      new Set(classes.map((name, number) => (names.includes(name) ? number : -1))),
    ];
    return new ClassFilter(new Map(this.cameras.map(numbers)));
  }

  allClasses() {
    return new ClassFilter(null);
  }
}
