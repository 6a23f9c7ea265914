// The list of orders: it says the same as the picture, and works with the keyboard.

import { byId, h, show } from "./dom.js";
import { duration, held, mask, stageWords, timeOfDay } from "./format.js";
import { open } from "./panel.js";
import { now, on, store } from "./store.js";

const MOST = 200;
let due = false;

export function start() {
  on("orders", soon);
  on("chosen", soon);
  on("pulse", () => [...store.orders.values()].some((order) => order.stage === "quarantine") && soon());
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = event.target.order.value.trim();
    event.target.order.value = "";
    if (id) open(id);
  });
  on("orders", announce);
  draw();
}

function soon() {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    draw();
  }, 120);
}

function draw() {
  const latest = [...store.orders.values()].slice(-MOST).reverse();
  const list = byId("orders");
  if (latest.length === 0) return show(list, h("p", { class: "empty" }, "There is no order yet. Place the first one: the form has the sample’s order."));
  // The button with the focus keeps it when it is drawn again.
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.order : null;
  const head = ["Order", "State", "Card", "Held", "Attempt"].map((title) => h("th", { scope: "col" }, title));
  show(list, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, latest.map(row))));
  if (focused) list.querySelector(`[data-order="${CSS.escape(focused)}"]`)?.focus();
}

function row(order) {
  return h(
    "tr",
    { class: order.id === store.chosen ? "chosen" : null },
    h("td", {}, h("button", { type: "button", class: "link", "data-order": order.id, "aria-pressed": String(order.id === store.chosen), onclick: () => open(order.id) }, order.id)),
    h("td", {}, stage(order), note(order)),
    h("td", { class: "mono" }, mask(order)),
    h("td", {}, order.stage === "expired" ? "–" : duration(held(order, now()))),
    h("td", {}, order.attempt ?? ""),
  );
}

function stage({ id, stage }) {
  const againBy = stage === "quarantine" && store.givenUp.get(id);
  if (!againBy) return h("span", { class: `stage ${stage}` }, stageWords(stage));
  return [h("span", { class: "stage quarantine givenup" }, "given up"), h("small", {}, ` taken up again by ${timeOfDay(againBy).slice(0, 5)}`)];
}

function note({ reason, forgottenAt, replacement }) {
  const words = [reason, forgottenAt && "card forgotten", replacement && `another card: ${replacement}`].filter(Boolean);
  return words.length ? h("small", {}, ` ${words.join(", ")}`) : null;
}

/** A few words for people who do not see the picture. */
function announce({ changed, whole }) {
  if (whole || changed.length === 0) return;
  const words = changed.length > 3 ? `${changed.length} orders changed` : changed.map((order) => `${order.id} ${stageWords(order.stage)}`).join(", ");
  byId("announcer").textContent = words;
}
