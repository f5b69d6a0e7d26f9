// Names of rules and topics.

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function isName(text) {
  return typeof text === "string" && NAME.test(text);
}

/** The name, or an `Error` in the words of the host. */
export function checkName(text) {
  if (isName(text)) return text;
  throw new Error(
    `${JSON.stringify(text.slice(0, 80))} is not a name: ` +
      "use 1 to 64 letters, digits, '.', '_' or '-', starting with a letter or digit",
  );
}
