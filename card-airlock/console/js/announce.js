// A summary of what happens to orders, for people who do not see the picture: a sentence each few seconds at most.

import { byId } from "./dom.js";
import { many, stageWords } from "./format.js";
import { on } from "./store.js";

const GATHER = 3000;
const MOST_NAMED = 3;

/** The orders that changed since the last sentence, each with its state. */
const gathered = new Map();
let due = false;

export function start() {
  on("orders", ({ changed, whole }) => {
    if (whole) return;
    changed.forEach((order) => gathered.set(order.id, order.stage));
    if (due || gathered.size === 0) return;
    due = true;
    setTimeout(tell, GATHER);
  });
}

function tell() {
  due = false;
  byId("announcer").textContent = summary([...gathered]);
  gathered.clear();
}

function summary(orders) {
  if (orders.length <= MOST_NAMED) return `${orders.map(([id, stage]) => `${id} ${stageWords(stage)}`).join(", ")}.`;
  const counts = new Map();
  for (const [, stage] of orders) counts.set(stage, (counts.get(stage) ?? 0) + 1);
  return `${many(orders.length, "order")} changed: ${[...counts].map(([stage, count]) => `${count} ${stageWords(stage)}`).join(", ")}.`;
}
