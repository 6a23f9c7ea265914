// What is broken on purpose, with one button to end it; and what happens next to orders that were given up.

import { busy } from "./answer.js";
import { byId, h, show } from "./dom.js";
import { duration, many, minute } from "./format.js";
import { SWITCHES } from "./switches.js";
import { post } from "./server.js";
import { on, store } from "./store.js";

let isNewStack = false;
let shown = "";

export function start() {
  on("pulse", draw);
  on("new-stack", () => {
    isNewStack = true;
    if (store.pulse) draw(store.pulse);
  });
}

function draw(pulse) {
  const broken = brokenNow(pulse);
  const next = broken.faults.length ? "" : whatNext(pulse);
  // The banner is drawn again only when it says something new: a button must not move under a finger.
  const words = JSON.stringify([broken, next, isNewStack]);
  if (words === shown) return;
  shown = words;
  const hadFocus = byId("banner").contains(document.activeElement);
  const all = [...broken.faults, ...broken.clock];
  const off = h("button", { type: "button", id: "all-off" }, "All off");
  off.addEventListener("click", () => busy(off, () => post("/console/all-off")));
  const close = h("button", { type: "button", id: "new-stack-seen", onclick: () => ((isNewStack = false), draw(store.pulse)) }, "Understood");
  show(
    byId("banner"),
    isNewStack ? h("p", { class: "notice" }, h("span", {}, h("b", {}, "This is a new stack. "), "card-airlock up was started again. The orders, cards and keys of before are gone."), close) : null,
    all.length ? h("p", { class: "notice broken" }, h("span", {}, h("b", {}, "Broken on purpose: "), `${all.join(" · ")}.`), broken.faults.length ? off : null) : null,
    next ? h("p", { class: "notice" }, h("span", {}, h("b", {}, "What happens next: "), next)) : null,
  );
  // The button that had it is gone: the next one has it, or what is below the banner.
  if (hadFocus) (byId("banner").querySelector("button") ?? byId("scene-title")).focus({ preventScroll: true });
}

function brokenNow({ switches, faults, crashesArmed, ahead }) {
  const on = SWITCHES.filter(([name]) => switches[name]);
  const others = faults - on.length;
  return {
    faults: [...on.map(([, title]) => title), others > 0 && `${many(others, "fault")} of --fault`, crashesArmed && `${many(crashesArmed, "armed crash", "armed crashes")} of the worker`].filter(Boolean),
    clock: ahead ? [`the clock is ${duration(ahead * 1000)} ahead, and does not go back`] : [],
  };
}

/** Once the cause is gone, the sweep does the rest. */
function whatNext({ givenUp: { count, orders } }) {
  if (count === 0) return "";
  const last = Math.max(...orders.map(({ againBy }) => Date.parse(againBy)));
  return `Lambda gave up ${many(count, "order")}. A sweep takes ${count === 1 ? "it" : "them"} up by ${minute(last)} at the latest, without anybody’s help. “Replay” does it at once.`;
}
