// A chosen order is shown in the panel at the side, which is visible wherever the page is scrolled to. Its place is always
// reserved, so nothing else moves. On a phone it covers the window.

import { byId } from "./dom.js";
import { choose, on, store } from "./store.js";

const PHONE = matchMedia("(max-width: 760px)");
/** What a panel as large as the window covers. */
const BEHIND = ".skip, .top, .foot, main > :not(#inside)";

export function start() {
  on("chosen", (order) => {
    document.body.classList.toggle("with-panel", order !== null);
    cover();
  });
  PHONE.addEventListener("change", cover);
  byId("close-order").addEventListener("click", close);
  byId("inside").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !store.chosen) return;
    if (event.target.matches("input, select")) leaveField(event.target);
    else close();
  });
  byId("find-order").addEventListener("keydown", (event) => event.key === "Escape" && leaveField(event.target));
}

/** Escape empties a text field; from an empty one, or from a list of choices, it leads out of the field. */
function leaveField(field) {
  if (field.matches("input") && field.value !== "") {
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (field.closest("#inside")) byId("inside-title").focus();
  else field.blur();
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
  (byId("orders").querySelector(`[data-order="${CSS.escape(order)}"]`) ?? byId("orders-title")).focus();
}
