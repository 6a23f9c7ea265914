// A chosen order is shown in a panel at the side, which is visible wherever the page is scrolled to.

import { byId } from "./dom.js";
import { choose, on, store } from "./store.js";

export function start() {
  on("chosen", (order) => document.body.classList.toggle("with-panel", order !== null));
  byId("close-order").addEventListener("click", close);
  byId("inside").addEventListener("keydown", (event) => event.key === "Escape" && store.chosen && close());
}

/** Shows an order because a person asked for it: the focus goes where the answer is. */
export function open(order) {
  choose(order);
  if (store.chosen) byId("inside-title").focus();
}

/** The focus returns to where the order stands in the list. */
function close() {
  const order = store.chosen;
  choose(null);
  byId("orders").querySelector(`[data-order="${CSS.escape(order)}"]`)?.focus();
}
