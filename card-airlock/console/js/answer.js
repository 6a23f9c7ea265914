// Shows the result of an action beside its button. On a phone the button may be out of sight: a bar shows it too.

import { readsAsCard } from "./card.js";
import { byId, h, show } from "./dom.js";

const SHOWN_FOR = 8000;
let hiding = 0;

/** Shows a text, good or not. */
export function say(output, good, ...words) {
  output.dataset.good = good ? "yes" : "no";
  show(output, ...words);
  bar(output.textContent, good);
}

/** Says what is under way: the answer of before is no answer to it. */
export function asking(output, ...words) {
  delete output.dataset.good;
  show(output, ...words);
}

/** Runs an action with its button shown as busy, once at a time. */
export async function busy(button, action) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await action();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** An order in an answer. A number that was typed in the place of its id is not repeated. */
export const named = (order) => (readsAsCard(order) ? "this order" : order);

/** The API's own answer for an order: status, code, message. */
export function apiAnswer(order, { status, reason, answer }) {
  const good = status < 300;
  const detail = good ? (answer.Status ?? answer.message ?? "") : `${answer.code ?? ""}: ${answer.message ?? ""}`;
  return [h("b", {}, `${status} ${reason ?? ""}`), ` ${named(order)}: ${detail}`];
}

function bar(text, good) {
  const bar = byId("answer-bar");
  bar.textContent = text;
  bar.dataset.good = good ? "yes" : "no";
  bar.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (bar.hidden = true), SHOWN_FOR);
}
