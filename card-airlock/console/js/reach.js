// While the server cannot be reached, what is shown is of before, and nothing can be done: the page says both, where the
// picture is and in the panel, and takes no press.

import { byId } from "./dom.js";
import { moment } from "./format.js";
import { now, on } from "./store.js";

/** What asks the server to do something. */
const ACTIONS = [
  "#all-off",
  "#place button[type=submit]",
  "#pay button",
  "#processor",
  "#switches input",
  "#breakers button",
  ".fix button",
  ".operate-it button:not(.cancel)",
  "#replay-this",
  "#act button:not(.copy, .cancel)",
].join();

/** What this has disabled: what others have disabled stays so. */
const disabled = new Set();
let focused = null;

export function start() {
  // The browser tries again and again: what is shown is as of the first loss.
  on("lost", () => document.body.classList.contains("out-of-reach") || leave());
  on("connected", comeBack);
}

function leave() {
  document.body.classList.add("out-of-reach");
  const at = moment(now());
  byId("scene-title").textContent = `The airlock, as of ${at}`;
  byId("stale").textContent = `The server cannot be reached since ${at}: check that card-airlock up still runs. Nothing here is live, and nothing can be done until it is back.`;
  byId("stale").hidden = false;
  focused = document.activeElement;
  for (const action of document.querySelectorAll(ACTIONS)) {
    if (action.disabled) continue;
    action.disabled = true;
    disabled.add(action);
  }
}

function comeBack() {
  if (!document.body.classList.contains("out-of-reach")) return;
  document.body.classList.remove("out-of-reach");
  byId("scene-title").textContent = "The airlock, live";
  byId("stale").hidden = true;
  for (const action of disabled) action.disabled = false;
  // A button that is disabled loses the focus: it has it again, unless somebody went on.
  if (disabled.has(focused) && document.activeElement === document.body) focused.focus({ preventScroll: true });
  disabled.clear();
}
