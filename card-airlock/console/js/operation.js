// Doctor, import and re-wrap: what an operator does with the whole stack, with progress and an end.

import { say as answer, tell } from "./answer.js";
import { byId, h } from "./dom.js";
import { many, moment } from "./format.js";
import { post } from "./server.js";
import { on, store } from "./store.js";
import { sure } from "./sure.js";

/** What changes something is asked twice. */
const CHANGES = ["import", "scrub", "rewrap"];
/** Those that this page asked for. */
const own = new Set();
let latest = null;
/** As `card-airlock rewrap` says it. */
const REWRAPPED = {
  present: "say that they are under the present key",
  rewrapped: "moved to the present key",
  ofAnotherKey: "were not under the previous key",
  changedMeanwhile: "forgotten, replaced or moved by somebody else meanwhile",
  left: "still under the previous key",
  refused: "that nobody can open",
  unreadable: "that cannot be read",
};
/** What failed last, import or re-wrap: until a check of it succeeds, nothing is changed by it. */
const failed = new Set();

export function start() {
  byId("doctor").addEventListener("click", () => ask("doctor"));
  const offers = ["import", "rewrap"].map(offer);
  byId("operation-cancel").addEventListener("click", () => post("/console/operate/cancel"));
  const take = (operation) => {
    draw(operation);
    offers.forEach((match) => match());
  };
  on("state", ({ operation }) => operation && take(operation));
  on("operation", take);
}

/** The buttons of import or re-wrap. Gives a function that offers what the choice and the last check allow. */
function offer(what) {
  const select = byId(`${what}-action`);
  const begin = byId(`${what}-begin`);
  const both = byId(`${what}-sure`);
  begin.addEventListener("click", () => ask(what, select.value));
  const askAgain = sure(both, () => ask(what, select.value));
  const match = () => {
    const changes = CHANGES.includes(select.value);
    begin.hidden = changes;
    both.hidden = !changes;
    both.disabled = failed.has(what);
    tellWhy();
  };
  select.addEventListener("change", () => {
    askAgain();
    match();
  });
  match();
  return match;
}

function tellWhy() {
  const names = ["import", "rewrap"].filter((what) => failed.has(what) && CHANGES.includes(byId(`${what}-action`).value));
  byId("operate-why").hidden = names.length === 0;
  byId("operate-why").textContent = names.length ? `The last ${names.map((name) => (name === "rewrap" ? "re-wrap" : name)).join(" and ")} failed. Do what its answer says, and let a dry run succeed first.` : "";
}

async function ask(what, action) {
  const { ok, json } = await post("/console/operate", action === undefined ? { what } : { what, action });
  if (!ok) return answer(byId("operated"), false, json.message);
  own.add(keyOf(json));
  // It may have been told before this answer came.
  if (latest && keyOf(latest) === keyOf(json)) draw(latest);
}

/** Each stack begins with the number 1. */
const keyOf = ({ number }) => `${store.state.stack} ${number}`;

function draw(operation) {
  latest = operation;
  const { work, running } = operation;
  const title = [work.what, work.action].filter(Boolean).join(", ");
  // The stack has one operation for all of its pages.
  const isOwn = own.has(keyOf(operation));
  const others = isOwn ? "" : h("small", {}, `Begun at ${moment(operation.at)}, not by this page. `);
  const say = (...words) => (isOwn ? answer : tell)(byId("operated"), ...words);
  byId("operation-cancel").hidden = !running;
  const progress = byId("operation-progress");
  progress.hidden = !running;
  if (operation.total) Object.assign(progress, { max: operation.total, value: operation.rows });
  else progress.removeAttribute("value");
  if (running) {
    tell(byId("operated"), null, others, `${title}: ${many(operation.rows, "row")}${operation.total ? ` of about ${operation.total}` : ""} …`);
    return;
  }
  if (operation.error) failed.add(work.what);
  else if (!operation.cancelled) failed.delete(work.what);
  if (operation.error) return say(false, others, h("b", {}, `${title}: `), operation.error);
  if (operation.doctor) return say(operation.doctor.findings === 0, others, examined(operation.doctor));
  const isGood = !operation.cancelled && !(work.what === "rewrap" && isLeft(operation.summary));
  say(isGood, others, h("b", {}, `${title}${operation.cancelled ? ", cancelled" : ""}: `), summary(work, operation.summary));
}

/** Every count of the summary that is not zero. What the rows say of their key material is for the program. */
function summary({ what }, { action, rows, materials, ...counts }) {
  const flat = Object.entries(counts).flatMap(([name, value]) => (typeof value === "object" && value !== null ? Object.entries(value) : [[name, value]]));
  const told = flat.filter(([, count]) => count).map(([name, count]) => `${count} ${(what === "rewrap" && REWRAPPED[name]) || words(name)}`);
  const isClean = what === "rewrap" && action === "verify" && !isLeft(counts);
  return `${[many(rows, "row"), ...told].join(", ")}${isClean ? ". Nothing needs the previous key any more" : ""}`;
}

/** Whether a pass left something to do. */
const isLeft = ({ left, refused, unreadable }) => Boolean(left || refused || unreadable);

/** alreadyThere → already there, CARD_EXPIRED as it is. */
const words = (name) => (/^[A-Z_]+$/.test(name) ? name : name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll("_", " "));

function examined({ findings, checks }) {
  const rows = checks.map(({ check, findings, notChecked }) => {
    const word = findings.length ? "wrong" : notChecked.length ? "not checked" : "sound";
    const more = [...findings.map(({ what, why, fix }) => h("li", {}, h("b", {}, what), ` ${why}`, h("pre", {}, fix))), ...notChecked.map((why) => h("li", {}, `Not checked: ${why}`))];
    return h("li", { "data-check": check, "data-word": word }, h("b", {}, check), ` ${word}`, more.length ? h("details", {}, h("summary", {}, many(more.length, "line")), h("ul", {}, more)) : null);
  });
  return [h("b", {}, `doctor: ${many(findings, "finding")}`), h("ul", { class: "checks" }, rows)];
}
