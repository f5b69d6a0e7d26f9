// Building and updating the page. Text from outside is only ever set as text, never as markup.

export const $ = (id) => document.getElementById(id);

/** An element with properties and children; strings become text nodes. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key === 'dataset') Object.assign(node.dataset, value);
    else if (key.startsWith('aria') || key === 'role') node.setAttribute(key.replace(/^aria([A-Z])/, (_, c) => `aria-${c.toLowerCase()}`), value);
    else node[key] = value;
  }
  node.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return node;
}

/** Sets text only where it changed, so that selections and screen readers are left in peace. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Makes the children of `parent` stand for `items`, in order: a known key keeps its node.
 * `views` maps a key to `{ node, update(item), close?() }`.
 */
export function keyed(parent, views, items, keyOf, create) {
  const wanted = new Set(items.map(keyOf));
  for (const [key, view] of views) {
    if (wanted.has(key)) continue;
    view.close?.();
    view.node.remove();
    views.delete(key);
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    let view = views.get(key);
    if (!view) views.set(key, (view = create(item)));
    view.update(item);
    if (parent.children[index] !== view.node) parent.insertBefore(view.node, parent.children[index] ?? null);
  });
}

/** A passing message. `tone` is good, warn or bad; a bad one stays until it is closed. */
export function toast(tone, title, detail = '') {
  const close = el('button', { className: 'icon-button', type: 'button', ariaLabel: 'Dismiss', textContent: '×' });
  const node = el('div', { className: `toast tone-${tone}` }, el('strong', {}, title), close, detail ? el('p', {}, detail) : null);
  close.addEventListener('click', () => node.remove());
  const stack = $('toasts');
  stack.append(node);
  while (stack.children.length > 4) stack.firstChild.remove();
  if (tone !== 'bad') setTimeout(() => node.remove(), 8000);
}

/** Shows a failed call the way its problem document words it. */
export function toastProblem(error, doing) {
  toast('bad', error.title ? `${doing}: ${error.title}` : doing, error.detail ?? error.message);
}

/** A press that cannot be repeated while it works, and whose failure is shown. */
export function onPress(button, doing, work) {
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await work();
    } catch (error) {
      toastProblem(error, doing);
    }
    button.disabled = false;
  });
  return button;
}

/** A button; `doing` says what did not happen where its work fails. */
export const press = (label, className, doing, work) => onPress(el('button', { className: `button ${className}`, type: 'button' }, label), doing, work);

/** A word on a coloured ground. */
export const chip = (tone, word) => el('span', { className: 'chip', dataset: { tone } }, word);

/** Builds `node`'s children anew only where `key` is another one, so that focus and selections stay. */
export function rebuilt(node, key, build) {
  const text = JSON.stringify(key);
  if (node.ocellusKey === text) return;
  node.ocellusKey = text;
  node.replaceChildren(...build());
}

/** Opens a dialog; every `[data-close]` inside closes it. */
export function openDialog(dialog) {
  for (const button of dialog.querySelectorAll('[data-close]')) button.onclick = () => dialog.close();
  if (!dialog.open) dialog.showModal();
}

/** Microseconds as a person reads them. */
export function micros(us) {
  if (!us) return '–';
  if (us < 10) return `${us.toFixed(1)} µs`;
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${(us / 1000).toFixed(1)} ms`;
  return `${(us / 1e6).toFixed(1)} s`;
}

const grouped = new Intl.NumberFormat('en');
/** A whole number with thousands set apart. */
export const count = (number) => grouped.format(number ?? 0);

/** JSON as a person writes it: indented, positions on one line. */
export const pretty = (value) => JSON.stringify(value, null, 2).replace(/\[[\s\d.,eE+-]*\]/g, (list) => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']'));

/** Bytes as a person reads them. */
export function bytes(number) {
  if (number < 1024) return `${number} B`;
  if (number < 1024 * 1024) return `${(number / 1024).toFixed(number < 10240 ? 1 : 0)} KiB`;
  return `${(number / 1024 / 1024).toFixed(1)} MiB`;
}

/** The first characters of a content digest. */
export const short = (digest) => (digest ?? '').replace(/^sha256:/, '').slice(0, 8);

/** Wall-clock time of a frame; media time (from 0) as seconds. */
export function clock(timeUs) {
  const ms = timeUs / 1000;
  if (ms < 1e11) return `${(ms / 1000).toFixed(1)} s`;
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

/** Wall-clock time with its day, where that is not today. */
export function moment(timeUs) {
  const at = new Date(timeUs / 1000);
  const time = at.toLocaleTimeString([], { hour12: false });
  return at.toDateString() === new Date().toDateString() ? time : `${at.toLocaleDateString([], { day: 'numeric', month: 'short' })} ${time}`;
}
