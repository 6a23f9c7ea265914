// Shows the result of an action beside its button.

import { h, show } from "./dom.js";

/** Shows a text, good or not. */
export function say(output, good, ...words) {
  output.dataset.good = good ? "yes" : "no";
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

/** The API's own answer: status, code, message. */
export function apiAnswer({ status, reason, answer }) {
  const good = status < 300;
  const detail = good ? (answer.Status ?? answer.message ?? "") : `${answer.code ?? ""}: ${answer.message ?? ""}`;
  return [h("b", {}, `${status} ${reason ?? ""}`), ` ${detail}`];
}
