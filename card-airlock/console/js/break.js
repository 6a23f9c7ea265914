// Switches and buttons that cause faults.

import { busy, say } from "./answer.js";
import { byId, h, show } from "./dom.js";
import { duration } from "./format.js";
import { post } from "./server.js";
import { choose, on, store } from "./store.js";
import { SWITCHES } from "./switches.js";

const FORWARD = [
  [10, "+10 min"],
  [75, "+75 min"],
  [73 * 60, "+73 h"],
];

/** Switches that were pressed and have no answer yet: what the server said before is older than the press. */
const pressed = new Set();

export function start() {
  const output = byId("broken");
  const inputs = SWITCHES.map(([name]) => h("input", { type: "checkbox", role: "switch", id: `switch-${name}`, onchange: (event) => toggle(event.target, name, output) }));
  show(byId("switches"), ...SWITCHES.map(([, title, hint], index) => h("label", { class: "switch" }, h("span", { class: "name" }, title), h("span", { class: "hint" }, hint), inputs[index])));
  const crash = h("button", { type: "button", class: "wide", id: "crash" }, "Crash the worker");
  const poison = h("button", { type: "button", class: "wide", id: "poison" }, "Add a poison order");
  const hours = FORWARD.map(([minutes, title]) => h("button", { type: "button", "data-minutes": minutes, "aria-label": `Clock forward: ${title}` }, title));
  show(byId("breakers"), crash, poison, h("span", { class: "hint wide", id: "clock" }, "Clock forward"), ...hours);
  crash.addEventListener("click", () => busy(crash, () => arm(output)));
  poison.addEventListener("click", () => busy(poison, () => slip(output)));
  hours.forEach((button) => button.addEventListener("click", () => busy(button, () => forward(Number(button.dataset.minutes), output))));
  on("pulse", (pulse) => {
    SWITCHES.forEach(([name], index) => pressed.has(name) || (inputs[index].checked = pulse.switches[name]));
    crash.textContent = pulse.crashesArmed ? `Crash the worker (armed: ${pulse.crashesArmed})` : "Crash the worker";
    byId("clock").textContent = pulse.ahead == null ? pulse.clockIsOff : pulse.ahead ? `Clock forward: now ${duration(pulse.ahead * 1000)} ahead` : "Clock forward";
    hours.forEach((button) => (button.disabled = pulse.ahead == null));
  });
  on("crash", () => say(output, true, "The worker crashed after its transaction, before it got the answer. Lambda invokes it again."));
}

async function toggle(input, name, output) {
  pressed.add(name);
  const { ok, json } = await post("/console/switch", { name, on: input.checked });
  pressed.delete(name);
  if (!ok) {
    input.checked = store.pulse?.switches[name] ?? false;
    say(output, false, json.message);
  }
}

async function arm(output) {
  const { ok, json } = await post("/console/crash");
  say(output, ok, ok ? "The worker will crash after its next transaction, before it gets the answer. Place an order." : json.message);
}

async function slip(output) {
  const { ok, json } = await post("/console/poison");
  if (!ok) return say(output, false, json.message);
  say(output, true, "A sealed card was copied into the row of ", h("code", {}, json.order), ". It must not open there.");
  choose(json.order);
}

async function forward(minutes, output) {
  const { ok, json } = await post("/console/clock", { minutes });
  if (!ok) return say(output, false, json.message);
  const { swept } = json;
  const result = swept ? `${swept.rearmed} re-armed, ${swept.parked} parked, ${swept.expired} expired of ${swept.rows} in quarantine` : "the sweep failed: switch off the faults";
  say(output, Boolean(swept), `The clock is ${duration(json.ahead * 1000)} ahead. The scheduled sweep ran: ${result}.`);
}
