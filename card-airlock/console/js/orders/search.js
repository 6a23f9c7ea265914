// What the list shows: the newest orders as they come, or what somebody searches, sorts or pages through.

import { readsAsCard } from "../card.js";
import { byId } from "../dom.js";
import { get } from "../server.js";
import { now, store } from "../store.js";

export const PAGE = 50;

/** By what the list is sorted, and which page of it is shown. */
export const view = { sort: "age", descending: true, page: 0 };

/** Whether the list is that of the newest orders, which the page knows without asking. */
export function isNewest() {
  return view.sort === "age" && view.descending && view.page === 0 && !isFiltered();
}

export function isFiltered() {
  const { text, stage, from, to } = fields();
  return [text, stage, from, to].some((field) => field.value !== "");
}

/** A number that was typed into the wrong field must not get into an address. */
function dropCard() {
  const { text } = fields();
  if (readsAsCard(text.value)) text.value = "";
}

/** { total, pages, orders }, or null when the server does not answer. */
export async function found() {
  dropCard();
  if (isNewest()) return newest();
  const { text, stage, from, to } = fields();
  const asked = new URLSearchParams({ text: text.value.trim(), stage: stage.value, ...view });
  for (const field of [from, to]) if (field.value) asked.set(field.name, moment(field.value));
  return (await get(`/console/orders?${asked}`)).json;
}

function newest() {
  const { counts } = store.pulse?.orders ?? { counts: {} };
  const total = Math.max(store.orders.size, Object.values(counts).reduce((sum, count) => sum + count, 0));
  return { total, pages: Math.ceil(total / PAGE), orders: [...store.orders.values()].slice(-PAGE).reverse() };
}

/** A time of day of the list, which is the stack's: the last one before now. */
function moment(time) {
  const at = new Date(now());
  at.setHours(...time.split(":").map(Number));
  if (at.getTime() > now()) at.setDate(at.getDate() - 1);
  at.setMilliseconds(0);
  return at.toISOString();
}

const fields = () => byId("find").elements;
