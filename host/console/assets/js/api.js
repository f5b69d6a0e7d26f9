// The host's REST and WebSocket API, with the token if there is one.

const root = new URL('.', document.baseURI);
const TOKEN = 'ocellus-token';
let askForToken = async () => null;

/** A refused call: what the problem document (RFC 9457) says. */
export class Problem extends Error {
  constructor(status, document_) {
    super(document_.detail ?? document_.title ?? `status ${status}`);
    this.status = status;
    this.type = document_.type;
    this.title = document_.title;
    this.detail = document_.detail;
    this.field = document_.field;
  }
}

/** `ask(refused)` resolves to a token that a person typed. It is called when the host answers 401. */
export function onTokenNeeded(ask) {
  askForToken = ask;
}

const token = () => sessionStorage.getItem(TOKEN);

function address(path, parameters = {}) {
  const url = new URL(path, root);
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(key, value);
  }
  return url;
}

/** The answer to a request that shows the token; a person is asked for it where the host wants one. */
async function answer(method, path, { parameters, body, type, headers: further, signal } = {}) {
  for (;;) {
    const used = token();
    const headers = { ...further };
    if (used) headers.Authorization = `Bearer ${used}`;
    if (type) headers['Content-Type'] = type;
    const response = await fetch(address(path, parameters), { method, headers, body, signal, cache: 'no-store' });
    if (response.status !== 401) return response;
    // Another call may have asked meanwhile.
    if (token() === used) sessionStorage.setItem(TOKEN, await askForToken(used !== null));
  }
}

const isJson = (response) => /\bjson$/.test((response.headers.get('Content-Type') ?? '').split(';')[0]);

async function call(method, path, options) {
  const response = await answer(method, path, options);
  const content = isJson(response) ? await response.json() : null;
  // The health of a host that still starts comes with status 503 and is an answer all the same.
  if (response.ok || (path === 'health' && content?.state)) return content;
  throw new Problem(response.status, content ?? { title: response.statusText });
}

/** The body of an answer that is not JSON, unread. */
async function fetchBody(method, path, options) {
  const response = await answer(method, path, options);
  if (response.ok) return response;
  throw new Problem(response.status, isJson(response) ? await response.json() : { title: response.statusText });
}

const segment = encodeURIComponent;
const json = (value) => ({ body: JSON.stringify(value), type: 'application/json' });
const cameraPath = (name, rest) => `api/v1/cameras/${segment(name)}${rest}`;
const rulePath = (name, rest = '') => `api/v1/rules/${segment(name)}${rest}`;

export const api = {
  health: () => call('GET', 'health'),
  cameras: () => call('GET', 'api/v1/cameras').then((page) => page.cameras),
  /** The newest picture, without boxes. */
  snapshot: (camera) => fetchBody('GET', `api/v1/cameras/${segment(camera)}/snapshot`, { parameters: { draw: 'plain' } }).then((response) => response.blob()),
  plates: (camera, limit) => call('GET', cameraPath(camera, '/plates'), { parameters: { limit } }).then((page) => page.plates),
  platePicture: (camera, track) => fetchBody('GET', cameraPath(camera, `/plates/${track}/picture`)).then((response) => response.blob()),
  checkCalibration: (name, calibration) => call('POST', cameraPath(name, '/calibration/check'), json(calibration)),
  setCalibration: (name, calibration) => call('PUT', cameraPath(name, '/calibration'), json(calibration)),
  removeCalibration: (name) => call('DELETE', cameraPath(name, '/calibration')),
  plugins: () => call('GET', 'api/v1/plugins').then((page) => page.plugins),
  uploadPlugin: (file, signature) => call('POST', 'api/v1/plugins', {
    body: file, type: 'application/wasm', headers: signature ? { 'Ocellus-Signature': signature } : {} }),
  removePlugin: (digest) => call('DELETE', `api/v1/plugins/${segment(digest)}`),
  rules: () => call('GET', 'api/v1/rules').then((page) => page.rules),
  putRule: (name, rule) => call('PUT', rulePath(name), json(rule)),
  removeRule: (name) => call('DELETE', rulePath(name)),
  activate: (name, plugin, grants) => call('POST', rulePath(name, '/activate'), json({ plugin, grants })),
  rollBack: (name) => call('POST', rulePath(name, '/roll-back')),
  shadow: (name) => call('GET', rulePath(name, '/shadow')),
  startShadow: (name, plugin) => call('PUT', rulePath(name, '/shadow'), json({ plugin })),
  promoteShadow: (name, grants) => call('POST', rulePath(name, '/shadow/promote'), grants && json({ grants })),
  dropShadow: (name) => call('DELETE', rulePath(name, '/shadow')),
  ruleLog: (name) => call('GET', rulePath(name, '/log')).then((page) => page.lines),
  journal: (name, parameters, signal) => fetchBody('POST', rulePath(name, '/journal'), { parameters, signal }),
  events: (parameters) => call('GET', 'api/v1/events', { parameters }).then((page) => page.events),
  transitions: (parameters) => call('GET', 'api/v1/transitions', { parameters }),
};

/**
 * A WebSocket that comes back by itself: 0.5 s after the first failure, doubling to 15 s, with jitter.
 * `on` has `message(data)`, `state('open' | 'waiting' | 'closed')`.
 */
export function connect(path, parameters, on) {
  let socket = null;
  let timer = 0;
  let failures = 0;
  let closed = false;

  const open = () => {
    const url = address(path, { ...parameters, token: token() });
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => on.state('open');
    socket.onmessage = ({ data }) => {
      failures = 0;
      on.message(data);
    };
    socket.onclose = () => {
      if (closed) return;
      on.state('waiting');
      const patience = Math.min(15000, 500 * 2 ** failures) * (0.7 + 0.6 * Math.random());
      failures += 1;
      timer = setTimeout(open, patience);
    };
  };
  open();
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      if (socket) socket.onclose = null;
      socket?.close();
      on.state('closed');
    },
  };
}
