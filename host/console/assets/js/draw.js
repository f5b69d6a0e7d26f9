// What is drawn over a camera's picture. All positions in messages are 0..1 of the picture.

const TRAIL = 30;
const TONES = { neutral: '#38bdf8', good: '#34d399', bad: '#f87171' };

/** A colour fixed per track id, all equally light; neighbours differ, since the golden angle never repeats. */
export function trackColour(id) {
  return `oklch(0.8 0.15 ${((id * 137.508) % 360).toFixed(1)})`;
}

/** The last centres of every track in sight. */
export class Trails {
  #points = new Map();

  take(tracks) {
    const seen = new Set();
    for (const { id, state, box } of tracks) {
      seen.add(id);
      if (state === 'lost') continue;
      let points = this.#points.get(id);
      if (!points) this.#points.set(id, (points = []));
      points.push([box[0] + box[2] / 2, box[1] + box[3] / 2]);
      if (points.length > TRAIL) points.shift();
    }
    for (const id of this.#points.keys()) if (!seen.has(id)) this.#points.delete(id);
  }

  of(id) {
    return this.#points.get(id) ?? [];
  }
}

/** Draws one frame: `layers` says what of `message` is wanted. `ratio` is device pixels a CSS pixel. */
export function drawFrame(context, picture, message, { trails, layers, ratio }) {
  const { width, height } = context.canvas;
  if (picture) context.drawImage(picture, 0, 0, width, height);
  const pen = { context, width, height, ratio };
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.font = `600 ${Math.round(11.5 * ratio)}px system-ui, "DejaVu Sans", sans-serif`;
  context.textBaseline = 'middle';
  if (layers.overlays) for (const overlay of message.overlays) drawOverlay(pen, overlay);
  if (layers.trails) for (const track of message.tracks) drawTrail(pen, trails.of(track.id), trackColour(track.id));
  if (layers.boxes) for (const track of message.tracks) drawTrack(pen, track);
}

function drawTrack(pen, { id, label, confidence, state, box }) {
  const { context, width, height, ratio } = pen;
  const colour = trackColour(id);
  const [x, y, w, h] = [box[0] * width, box[1] * height, box[2] * width, box[3] * height];
  context.globalAlpha = state === 'confirmed' ? 1 : 0.5;
  context.setLineDash(state === 'lost' ? [5 * ratio, 4 * ratio] : []);
  context.strokeStyle = colour;
  context.lineWidth = 2 * ratio;
  context.strokeRect(x, y, w, h);
  context.setLineDash([]);
  tag(pen, `ID:${id} ${label} ${confidence.toFixed(2)}`, x - ratio, y, colour);
  context.globalAlpha = 1;
}

function drawTrail({ context, width, height, ratio }, points, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 2 * ratio;
  for (let i = 1; i < points.length; i += 1) {
    context.globalAlpha = (0.85 * i) / points.length;
    context.beginPath();
    context.moveTo(points[i - 1][0] * width, points[i - 1][1] * height);
    context.lineTo(points[i][0] * width, points[i][1] * height);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawOverlay(pen, overlay) {
  const { context, width, height, ratio } = pen;
  const colour = TONES[overlay.tone] ?? TONES.neutral;
  const at = ([x, y]) => [x * width, y * height];
  context.strokeStyle = colour;
  context.lineWidth = 2.5 * ratio;
  if (overlay.shape === 'polygon') {
    context.beginPath();
    overlay.corners.forEach((corner, i) => context[i ? 'lineTo' : 'moveTo'](...at(corner)));
    context.closePath();
    context.fillStyle = colour;
    context.globalAlpha = 0.16;
    context.fill();
    context.globalAlpha = 0.95;
    context.lineWidth = 1.75 * ratio;
    context.stroke();
    const centre = [0, 1].map((axis) => overlay.corners.reduce((sum, c) => sum + c[axis], 0) / overlay.corners.length);
    if (overlay.label) text(pen, overlay.label, ...at(centre), colour);
  } else if (overlay.shape === 'line') {
    const [from, to] = [at(overlay.from), at(overlay.to)];
    context.globalAlpha = 0.95;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    // The label stays inside the picture where the line starts at its very edge.
    const upper = from[1] < to[1] ? from : to;
    if (overlay.label) tag(pen, overlay.label, upper[0] + 5 * ratio, upper[1] + 26 * ratio, colour);
  } else if (overlay.shape === 'label') {
    const [x, y] = at(overlay.at);
    tag(pen, overlay.text, x, y, colour);
  }
  context.globalAlpha = 1;
}

/** Text on a filled tag whose lower left corner is (x, y), moved into the picture where it would leave it. */
function tag({ context, width, ratio }, words, x, y, colour) {
  const [high, pad] = [17 * ratio, 5 * ratio];
  const wide = context.measureText(words).width + 2 * pad;
  const left = Math.max(0, Math.min(x, width - wide));
  const top = Math.max(0, y - high);
  context.fillStyle = colour;
  context.beginPath();
  context.roundRect(left, top, wide, high, 3 * ratio);
  context.fill();
  context.fillStyle = '#06090c';
  context.textAlign = 'left';
  context.fillText(words, left + pad, top + high / 2 + 0.5 * ratio);
}

function text({ context, ratio }, words, x, y, colour) {
  context.textAlign = 'center';
  context.lineWidth = 3.5 * ratio;
  context.strokeStyle = '#06090ccc';
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
  context.textAlign = 'left';
}
