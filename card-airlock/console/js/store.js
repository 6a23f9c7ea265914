// What the page knows, and the listeners that are called when it changes.

import { readsAsCard } from "./card.js";

const listeners = new Map();

export const store = {
  orders: new Map(),
  inWorker: new Set(),
  pulse: null,
  state: null,
  /** The order that is shown, or null. */
  chosen: null,
  /** The server's clock minus ours, in milliseconds. */
  skew: 0,
};

/** The stack's time: it can be ahead of the machine's. */
export const now = () => Date.now() + store.skew;

/** Calls `listener` with what happened, each time something of this name does. */
export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(listener);
}

export function emit(name, what) {
  for (const listener of listeners.get(name) ?? []) listener(what);
}

/** Chooses the order that is shown; null for none. It is in the page's address, so that a reload keeps it. */
export function choose(id) {
  store.chosen = id && !readsAsCard(id) ? id : null;
  if (inAddress() !== store.chosen) history.replaceState(null, "", store.chosen ? `#${encodeURIComponent(store.chosen)}` : location.pathname);
  emit("chosen", store.chosen);
}

/** The order that the address names. */
export function inAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || null;
  } catch {
    return location.hash;
  }
}
