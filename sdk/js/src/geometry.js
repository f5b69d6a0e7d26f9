// Plane geometry in picture coordinates, x to the right and y down, in the single precision that the host
// computes in: each operation is rounded, so that JavaScript and Rust decide alike to the last bit.

/** Rounds to single precision, as boxes are. */
export const f32 = Math.fround;

const HUGE = f32(2 ** 60);
const TINY = f32(2 ** -60);

/** Length of (x, y) in single precision, by the algorithm of the C library that rules in Rust use. */
export function hypot32(x, y) {
  let [most, least] = [Math.abs(x), Math.abs(y)];
  if (most === Infinity || least === Infinity) return Infinity;
  if (most < least) [most, least] = [least, most];
  if (Number.isNaN(most + least) || least === 0 || least < most * 2 ** -26) return f32(most + least);
  let scale = 1;
  if (most >= HUGE) scale = 2 ** 90;
  else if (least < TINY) scale = 2 ** -90;
  [most, least] = [most / scale, least / scale];
  return f32(scale * f32(Math.sqrt(f32(most * most + least * least))));
}

/** The shortest number that is the same in single precision: for a state, which is JSON of limited size. */
export function shortest32(number) {
  return Number(f32(number).toPrecision(9));
}

/** A directed line between two points `{ x, y }`. */
export class Segment {
  constructor(from, to) {
    this.from = from;
    this.to = to;
  }

  /** Length, in the unit of the points. */
  length() {
    return hypot32(f32(this.to.x - this.from.x), f32(this.to.y - this.from.y));
  }

  /** Where along the line the foot of the perpendicular from `point` falls: 0 at `from`, 1 at `to`. */
  positionOf(point) {
    const dx = f32(this.to.x - this.from.x);
    const dy = f32(this.to.y - this.from.y);
    const square = f32(f32(dx * dx) + f32(dy * dy));
    if (!(square > 0)) return 0;
    const along = f32(f32(point.x - this.from.x) * dx);
    return f32(f32(along + f32(f32(point.y - this.from.y) * dy)) / square);
  }
}

/** A closed outline of corners `{ x, y }`, or `[x, y]` as settings give them. */
export class Polygon {
  constructor(corners) {
    this.corners = corners.map((corner) =>
      Array.isArray(corner) ? { x: f32(corner[0]), y: f32(corner[1]) } : corner,
    );
  }

  /** Whether `point` lies inside, by the even-odd rule. */
  contains(point) {
    let inside = false;
    const { corners } = this;
    for (let index = 0; index < corners.length; index++) {
      const a = corners[index];
      const b = corners[(index + 1) % corners.length];
      if (a.y > point.y === b.y > point.y) continue;
      const run = f32(f32(b.x - a.x) * f32(point.y - a.y));
      if (point.x < f32(f32(run / f32(b.y - a.y)) + a.x)) inside = !inside;
    }
    return inside;
  }

  /** Area. */
  area() {
    let twice = 0;
    const { corners } = this;
    for (let index = 0; index < corners.length; index++) {
      const a = corners[index];
      const b = corners[(index + 1) % corners.length];
      twice = f32(twice + f32(f32(a.x * b.y) - f32(b.x * a.y)));
    }
    return Math.abs(twice / 2);
  }
}
