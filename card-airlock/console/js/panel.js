// A chosen order is shown in a panel at the side, which is visible wherever the page is scrolled to.

import { byId } from "./dom.js";
import { choose, on, store } from "./store.js";

const PHONE = matchMedia("(max-width: 760px)");
/** What a panel as large as the window covers. */
const BEHIND = ".skip, .top, .foot, main > :not(.middle), .middle > :not(#inside)";

export function start() {
  on("chosen", (order) => {
    document.body.classList.toggle("with-panel", order !== null);
    cover();
  });
  PHONE.addEventListener("change", cover);
  byId("close-order").addEventListener("click", close);
  byId("inside").addEventListener("keydown", (event) => event.key === "Escape" && store.chosen && close());
}

/** On a phone nobody gets, by the keyboard or a screen reader, to what the panel covers. */
function cover() {
  const isCovered = PHONE.matches && store.chosen !== null;
  for (const element of document.querySelectorAll(BEHIND)) element.inert = isCovered;
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
