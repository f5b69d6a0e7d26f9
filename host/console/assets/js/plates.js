// The number plates that a camera read lately, as a strip below its picture.

import { api } from './api.js';
import { el, keyed, setText } from './dom.js';

const SHOWN = 8;

/** `update(status)` asks for the plates where the camera reads any. */
export function plateStrip(camera) {
  const node = el('ul', { className: 'plates', ariaLabel: `Number plates of ${camera.name}`, hidden: true });
  const views = new Map();
  let asking = false;

  const show = (plates) => {
    keyed(node, views, plates, (plate) => plate.track, () => plateItem(camera.name));
    node.hidden = plates.length === 0;
  };

  return {
    node,
    async update(status) {
      if (!status.plates) show([]);
      if (!status.plates || asking || document.hidden) return;
      asking = true;
      try {
        show(await api.plates(camera.name, SHOWN));
      } catch {
        // The camera's chip and the banner say what is wrong; the strip stays as it was.
      }
      asking = false;
    },
    close: () => show([]),
  };
}

function plateItem(camera) {
  const picture = el('img', { alt: '', hidden: true });
  const text = el('b', { className: 'mono' });
  const node = el('li', {}, picture, text);
  let of = ''; // what the picture was taken of
  let address = '';
  let closed = false;

  const load = async (plate) => {
    try {
      const found = URL.createObjectURL(await api.platePicture(camera, plate.track));
      URL.revokeObjectURL(address);
      address = found;
      if (closed) URL.revokeObjectURL(found);
      picture.src = found;
      picture.hidden = false;
    } catch {
      of = ''; // gone meanwhile, or next time
    }
  };

  return {
    node,
    update(plate) {
      setText(text, plate.text);
      node.title = `${Math.round(plate.confidence * 100)} % sure after ${plate.readings} readings`;
      node.classList.toggle('in-view', plate.in_view);
      const now = `${plate.text} ${plate.readings}`;
      if (!plate.picture || of === now) return;
      of = now;
      load(plate);
    },
    close() {
      closed = true;
      URL.revokeObjectURL(address);
    },
  };
}
