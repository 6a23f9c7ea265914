// Shows the result of an action beside its button. On a phone the button may be out of sight: a bar shows it too, until
// somebody closes it or another answer comes.

import { readsAsCard } from "./card.js";
import { byId, h, show } from "./dom.js";
import { moment } from "./format.js";
import { now, on, store } from "./store.js";

/** Where the focus was when the bar came: there it returns. */
let before = null;
/** The answer that the bar shows. */
let inBar = null;
/** Answers that are true only as long as their order is as it was: of which order and stage, and when they were given. */
const watched = new Map();

export function start() {
  byId("answer-bar-close").addEventListener("click", () => {
    byId("answer-bar").hidden = true;
    if (before?.checkVisibility() && !before.closest("[inert]")) before.focus({ preventScroll: true });
  });
  on("lost", () => {
    const words = `As of ${moment(now())}, before the connection was lost. `;
    document.querySelectorAll(".answer:not(:empty)").forEach((output) => markOld(output, words));
    markBar(words);
  });
  on("orders", compare);
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
  watched.delete(output);
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

/** The API's own answer for an order: status, code, message; `done` is what is said when it has no words for a success. */
export function apiAnswer(order, { status, reason, answer }, done = "done") {
  const good = status < 300;
  const detail = good ? (answer.Status ?? answer.message ?? done) : `${answer.code ?? ""}: ${answer.message ?? ""}`;
  return [h("b", {}, `${status} ${reason ?? ""}`), ` ${named(order)}: ${detail}`];
}

/** Shows an answer in the bar, as it reads now: also one that has become another since it was given. */
export function bar(output) {
  const bar = byId("answer-bar");
  if (!bar.contains(document.activeElement)) before = document.activeElement;
  inBar = output;
  // What can be pressed is beside the button only.
  const words = output.cloneNode(true);
  words.querySelectorAll("button").forEach((button) => button.remove());
  byId("answer-bar-text").textContent = words.textContent;
  bar.dataset.good = output.dataset.good ?? "asked";
  bar.hidden = false;
}

/** Marks what was answered before, because it may not be so any more. */
function markOld(output, words) {
  if ("old" in output.dataset) return;
  output.dataset.old = "";
  output.prepend(h("small", {}, words));
}

function markBar(words) {
  const bar = byId("answer-bar-text");
  if (!byId("answer-bar").hidden && !bar.textContent.startsWith("As of ")) bar.prepend(words);
}

/** The answer is that of an order in `stage`: once the order leaves it, the answer is marked as of before. */
export function asLongAs(output, order, stage) {
  watched.set(output, { order, stage, at: now(), isThere: store.orders.get(order)?.stage === stage });
}

function compare({ changed }) {
  for (const [output, one] of watched) {
    for (const { id, stage } of changed) {
      if (id !== one.order) continue;
      // The order may come to this stage after the answer.
      if (stage === one.stage) one.isThere = true;
      else if (one.isThere) outdated(output, one);
    }
  }
}

function outdated(output, { at }) {
  watched.delete(output);
  const words = `As of ${moment(at)}, before the order changed. `;
  delete output.dataset.good;
  output.querySelector(".again")?.remove();
  markOld(output, words);
  if (inBar !== output) return;
  byId("answer-bar").dataset.good = "asked";
  markBar(words);
}
