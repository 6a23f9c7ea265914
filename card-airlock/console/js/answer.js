// Shows the result of an action beside its button. On a phone the button may be out of sight: a bar shows it too, until
// somebody closes it or another answer comes.

import { readsAsCard } from "./card.js";
import { byId, h, show } from "./dom.js";
import { moment } from "./format.js";
import { now, on } from "./store.js";

/** Where the focus was when the bar came: there it returns. */
let before = null;

export function start() {
  byId("answer-bar-close").addEventListener("click", () => {
    byId("answer-bar").hidden = true;
    if (before?.checkVisibility() && !before.closest("[inert]")) before.focus({ preventScroll: true });
  });
  on("lost", markOld);
}

/** Shows an answer, good or not. */
export function say(output, good, ...words) {
  tell(output, good, ...words);
  bar(output);
}

/** Says what is under way: the answer of before is no answer to it. Without words there is none. */
export function asking(output, ...words) {
  tell(output, null, ...words);
  if (words.length) bar(output);
}

/** Shows a text beside its button only: nobody at this page waits for it. */
export function tell(output, good, ...words) {
  delete output.dataset.old;
  if (good === null) delete output.dataset.good;
  else output.dataset.good = good ? "yes" : "no";
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

/** Shows an answer in the bar, as it reads now: also one that has become another since it was given. */
export function bar(output) {
  const bar = byId("answer-bar");
  if (!bar.contains(document.activeElement)) before = document.activeElement;
  byId("answer-bar-text").textContent = output.textContent;
  bar.dataset.good = output.dataset.good ?? "asked";
  bar.hidden = false;
}

/** When the server is out of reach, what it answered before is marked as of before: another stack may be there next. */
function markOld() {
  const words = `As of ${moment(now())}, before the connection was lost. `;
  for (const output of document.querySelectorAll(".answer:not(:empty):not([data-old])")) {
    output.dataset.old = "";
    output.prepend(h("small", {}, words));
  }
  const bar = byId("answer-bar-text");
  if (!byId("answer-bar").hidden && !bar.textContent.startsWith("As of ")) bar.prepend(words);
}
