// What the page knows, and the listeners that are called when it changes.

import { readsAsCard } from "./card.js";
import { duration } from "./format.js";

/** What can be seen of an order; the first is shown first. */
export const TABS = ["story", "rows", "stream", "letters", "events", "log", "calls"];

const listeners = new Map();

export const store = {
  orders: new Map(),
  inWorker: new Set(),
  /** The orders that Lambda gave up, each with the time by which a sweep takes it up. */
  givenUp: new Map(),
  pulse: null,
  state: null,
  /** The order that is shown, or null. */
  chosen: null,
  /** What is shown of it. */
  tab: TABS[0],
  /** The server's clock minus ours, in milliseconds. */
  skew: 0,
};

/** The stack's time: it can be ahead of the machine's. */
export const now = () => Date.now() + store.skew;

/** Whose time log lines and AWS calls have: that of this machine, which the stack's clock may have left behind. */
export function machineClock() {
  const ahead = store.pulse?.ahead;
  return `by this machine’s clock${ahead ? `, ${duration(ahead * 1000)} behind the stack’s` : ""}`;
}

/** Calls `listener` with what happened, each time something of this name does. */
export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(listener);
}

export function emit(name, what) {
  for (const listener of listeners.get(name) ?? []) listener(what);
}

/** Chooses the order that is shown; null for none. It is in the page's address: a reload keeps it, and Back returns. */
export function choose(id) {
  store.chosen = id && !readsAsCard(id) ? id : null;
  if (inAddress().order !== store.chosen) history.pushState(null, "", address());
  emit("chosen", store.chosen);
}

/** Chooses what is seen of the order. It is in the address too, but is no step of its own for Back. */
export function chooseTab(tab) {
  store.tab = tab;
  history.replaceState(null, "", address());
}

/** Goes to where the address leads. What names no order, or reads as a card, is removed from it. */
export function followAddress() {
  const { order, tab } = inAddress();
  store.chosen = order && !readsAsCard(order) ? order : null;
  store.tab = tab;
  history.replaceState(null, "", address());
  emit("chosen", store.chosen);
}

function address() {
  const tab = store.tab === TABS[0] ? "" : `/${store.tab}`;
  return store.chosen ? `#${encodeURIComponent(store.chosen)}${tab}` : location.pathname;
}

/** The order and the tab that the address names. */
function inAddress() {
  const [order, tab] = location.hash.slice(1).split("/");
  const known = TABS.includes(tab) ? tab : TABS[0];
  try {
    return { order: decodeURIComponent(order) || null, tab: known };
  } catch {
    return { order: null, tab: known };
  }
}
