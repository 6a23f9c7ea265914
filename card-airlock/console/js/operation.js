// Doctor, import and re-wrap: what an operator does with the whole stack, with progress and an end.

import { say } from "./answer.js";
import { byId, h, show } from "./dom.js";
import { many } from "./format.js";
import { post } from "./server.js";
import { on } from "./store.js";
import { sure } from "./sure.js";

/** What changes something is asked twice. */
const CHANGES = ["import", "scrub", "rewrap"];

export function start() {
  const button = (id, work, action) => {
    const begin = () => ask(work, action?.());
    byId(id).addEventListener("click", begin);
  };
  button("doctor", "doctor");
  for (const what of ["import", "rewrap"]) {
    const select = byId(`${what}-action`);
    const begin = byId(`${what}-begin`);
    const both = byId(`${what}-sure`);
    begin.addEventListener("click", () => ask(what, select.value));
    sure(both, () => ask(what, select.value));
    const match = () => {
      const changes = CHANGES.includes(select.value);
      begin.hidden = changes;
      both.hidden = !changes;
    };
    select.addEventListener("change", match);
    match();
  }
  byId("operation-cancel").addEventListener("click", () => post("/console/operate/cancel"));
  on("state", ({ operation }) => operation && draw(operation));
  on("operation", draw);
}

async function ask(what, action) {
  const { ok, json } = await post("/console/operate", action === undefined ? { what } : { what, action });
  if (!ok) say(byId("operated"), false, json.message);
}

function draw(operation) {
  const { work, running } = operation;
  const title = [work.what, work.action].filter(Boolean).join(", ");
  byId("operation-cancel").hidden = !running;
  const progress = byId("operation-progress");
  progress.hidden = !running;
  if (operation.total) Object.assign(progress, { max: operation.total, value: operation.rows });
  else progress.removeAttribute("value");
  if (running) {
    const output = byId("operated");
    delete output.dataset.good;
    show(output, `${title}: ${many(operation.rows, "row")}${operation.total ? ` of about ${operation.total}` : ""} …`);
    return;
  }
  if (operation.error) return say(byId("operated"), false, h("b", {}, `${title}: `), operation.error);
  if (operation.doctor) return examined(operation.doctor);
  say(byId("operated"), !operation.cancelled, h("b", {}, `${title}${operation.cancelled ? ", cancelled" : ""}: `), summary(operation.summary));
}

/** Every count of the summary that is not zero. */
function summary({ action, rows, ...counts }) {
  const flat = Object.entries(counts).flatMap(([name, value]) => (typeof value === "object" && value !== null ? Object.entries(value) : [[name, value]]));
  const told = flat.filter(([, count]) => count).map(([name, count]) => `${count} ${words(name)}`);
  return [many(rows, "row"), ...told].join(", ");
}

/** rewrapped, ofAnotherKey → of another key, CARD_EXPIRED as it is. */
const words = (name) => (/^[A-Z_]+$/.test(name) ? name : name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " "));

function examined({ findings, checks }) {
  const rows = checks.map(({ check, findings, notChecked }) => {
    const word = findings.length ? "wrong" : notChecked.length ? "not checked" : "sound";
    const more = [...findings.map(({ what, why, fix }) => h("li", {}, h("b", {}, what), ` ${why}`, h("pre", {}, fix))), ...notChecked.map((why) => h("li", {}, `Not checked: ${why}`))];
    return h("li", { "data-check": check, "data-word": word }, h("b", {}, check), ` ${word}`, more.length ? h("details", {}, h("summary", {}, many(more.length, "line")), h("ul", {}, more)) : null);
  });
  say(byId("operated"), findings === 0, h("b", {}, `doctor: ${many(findings, "finding")}`), h("ul", { class: "checks" }, rows));
}
