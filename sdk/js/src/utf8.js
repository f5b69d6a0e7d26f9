// UTF-8, for which a component's engine has no TextEncoder. What its engine does natively is a hundred times
// faster than a loop, and a state may have a megabyte.

/** Characters handed to one call of `String.fromCharCode`. */
const CHUNK = 4096;

/** The bytes of a text. */
export function toUtf8(text) {
  if (globalThis.TextEncoder) return new TextEncoder().encode(text);
  const isAscii = !/[^\x00-\x7f]/.test(text);
  return Uint8Array.fromBase64(btoa(isAscii ? text : unescape(encodeURIComponent(text))));
}

/** The text of bytes. */
export function fromUtf8(bytes) {
  if (globalThis.TextDecoder) return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  let text = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK));
  }
  return /[^\x00-\x7f]/.test(text) ? decodeURIComponent(escape(text)) : text;
}
