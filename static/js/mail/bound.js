/* The reader's own keys, as the page brings them (webmail/present/shortcuts.py): `bound` says what a key does,
   `shown` how a command's key is written. */

const told = JSON.parse(document.getElementById("keys")?.textContent ?? "{}");

export const keys = () => ({ bound: {}, shown: {}, ...told });
