// Whole values, when somebody asks for one: a tab has only their beginning. They are kept as long as the order is open.

import { byId } from "../dom.js";
import { get } from "../server.js";
import { emit, on, store } from "../store.js";

const values = new Map();

export function start() {
  on("chosen", () => values.clear());
}

/** The rows and images of the chosen order whole, or null. */
export async function whole() {
  return (await get(`/console/orders/${encodeURIComponent(store.chosen)}/whole`)).json;
}

/** What is known of an attribute whole. A value that begins in another way is of before. */
export function known(path, attribute) {
  const value = values.get(path);
  return value?.startsWith(attribute.value) ? value : null;
}

/** Fetches an attribute whole and shows it; the focus goes there. */
export async function reveal(path) {
  const all = await whole();
  const attribute = path.reduce((found, name) => found?.[name], all);
  if (attribute?.B === undefined) return;
  values.set(path.join("/"), hex(attribute.B));
  emit("whole-values");
  byId("tab").querySelector(`[data-path="${CSS.escape(path.join("/"))}"]`)?.focus();
}

/** Shows the beginning only, again. */
export function conceal(path) {
  values.delete(path.join("/"));
  emit("whole-values");
  byId("tab").querySelector(`[data-path="${CSS.escape(path.join("/"))}"]`)?.focus();
}

/** As the server writes the beginning: the colons separate digits, which could otherwise look like a card by chance. */
function hex(base64) {
  return Array.from(atob(base64), (letter) => letter.charCodeAt(0).toString(16).padStart(2, "0")).join(":");
}
