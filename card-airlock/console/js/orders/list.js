// The list of orders: it says the same as the picture, and works with the keyboard. Rows are brought up to date in place;
// new ones come in when nobody reads the list.

import { byId, h, show } from "../dom.js";
import { many } from "../format.js";
import { open } from "../panel.js";
import { roving } from "../roving.js";
import { isRead, onLeft } from "../still.js";
import { on, store } from "../store.js";
import { row } from "./row.js";
import { found, isFiltered, isNewest, view } from "./search.js";

const COLUMNS = [["id", "Order"], ["state", "State"], ["card", "Card"], ["held", "Held"], ["age", "Accepted"], ["attempt", "Attempt"]];

/** The rows that are drawn, by order. */
const rows = new Map();
const body = h("tbody");
let refreshRoving;
let due = false;
let asked = 0;

export function start() {
  const list = byId("orders");
  refreshRoving = roving(list, "[data-order]");
  const form = byId("find");
  form.addEventListener("input", anew);
  form.addEventListener("reset", () => setTimeout(anew));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    enter();
  });
  byId("orders-newer").addEventListener("click", async () => {
    await draw(true);
    body.querySelector("[data-order]")?.focus();
  });
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  onLeft(list, soon);
  on("orders", () => soon());
  on("chosen", () => soon());
  on("pulse", () => soon());
  draw(true);
}

/** Another search begins at its first page. */
function anew() {
  view.page = 0;
  soon();
}

function turn(by) {
  view.page += by;
  draw(true);
}

function sortBy(column) {
  view.descending = view.sort === column ? !view.descending : column === "age";
  view.sort = column;
  view.page = 0;
  draw(true);
}

/** The order with this id, or the only one that is found. */
async function enter() {
  const result = await found();
  const text = byId("find").elements.text.value.trim();
  const orders = result?.orders ?? [];
  const order = orders.find(({ id }) => id === text) ?? (orders.length === 1 && text ? orders[0] : null);
  if (order) return open(order.id);
  await draw(true);
  body.querySelector("[data-order]")?.focus();
}

/** What is searched is asked of the server: not more often than somebody can read. */
function soon() {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    draw(false);
  }, isNewest() ? 250 : 1000);
}

/** Draws what is new. Unless `atOnce`, nothing moves in a list that is read. */
async function draw(atOnce) {
  const turn = ++asked;
  const result = await found();
  if (turn !== asked || !result) return;
  const { orders, total, pages } = result;
  const waiting = !atOnce && isRead(byId("orders")) ? orders.filter(({ id }) => !rows.has(id)).length : 0;
  if (waiting || (!atOnce && isRead(byId("orders")))) update(new Map(orders.map((order) => [order.id, order])));
  else place(orders);
  byId("orders-newer").hidden = waiting === 0;
  byId("orders-newer").textContent = `Show ${many(waiting, "newer order")}`;
  byId("pages").hidden = pages < 2 && view.page === 0;
  byId("page-said").textContent = `Page ${view.page + 1} of ${Math.max(pages, 1)}, ${many(total, "order")}`;
  const [previous, next] = [byId("previous"), byId("next")];
  const focused = document.activeElement;
  previous.disabled = view.page === 0;
  next.disabled = view.page + 1 >= pages;
  // At the first and at the last page the focus would be lost.
  if ([previous, next].includes(focused) && focused.disabled) [previous, next, byId("orders")].find((one) => !one.disabled).focus();
}

/** Brings the rows that are there up to date. */
function update(orders) {
  for (const [id, { update }] of rows) {
    const order = orders.get(id) ?? store.orders.get(id);
    if (order) update(order);
  }
}

/** Makes the list what it should be. A row that stays does not leave the page, so that it keeps the focus. */
function place(orders) {
  const list = byId("orders");
  if (orders.length === 0) {
    rows.clear();
    body.replaceChildren();
    const words = isFiltered() ? "No order is found." : "There is no order yet. Place the first one: the form has the sample’s order.";
    if (list.textContent !== words) show(list, h("p", { class: "empty" }, words));
    return;
  }
  const wanted = new Set(orders.map(({ id }) => id));
  for (const [id, { element }] of rows) {
    if (wanted.has(id)) continue;
    element.remove();
    rows.delete(id);
  }
  let next = body.firstChild;
  for (const order of orders) {
    if (!rows.has(order.id)) rows.set(order.id, row(order.id));
    const { element, update } = rows.get(order.id);
    update(order);
    if (element === next) next = next.nextSibling;
    else body.insertBefore(element, next);
  }
  if (!list.contains(body)) show(list, h("table", {}, h("thead", {}, h("tr", {}, COLUMNS.map(head))), body));
  list.querySelectorAll("th").forEach((cell, index) => cell.setAttribute("aria-sort", view.sort !== COLUMNS[index][0] ? "none" : view.descending ? "descending" : "ascending"));
  refreshRoving();
}

function head([column, title]) {
  return h("th", { scope: "col" }, h("button", { type: "button", class: "sort", onclick: () => sortBy(column) }, title));
}
