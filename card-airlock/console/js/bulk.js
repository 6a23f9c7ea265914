// Many orders at once: a part after the other, with progress, until all are placed or somebody cancels.

import { byId } from "./dom.js";
import { post } from "./server.js";

/** So many are placed with one request: a cancel waits for no more than these. */
const PART = 25;

let cancelled = false;

export function start() {
  byId("bulk-cancel").addEventListener("click", () => (cancelled = true));
}

/** Places `order.count` orders; gives { placed, outcomes, cancelled }, or the server's refusal. */
export async function placeMany(order) {
  const outcomes = {};
  let placed = 0;
  cancelled = false;
  progress(0, order.count);
  try {
    while (placed < order.count && !cancelled) {
      const count = Math.min(PART, order.count - placed);
      const { ok, json } = await post("/console/orders", { ...order, count, first: placed + 1 });
      if (!ok) return { ok, json };
      placed += count;
      for (const [outcome, times] of Object.entries(json.outcomes)) outcomes[outcome] = (outcomes[outcome] ?? 0) + times;
      progress(placed, order.count);
    }
  } finally {
    const hadFocus = byId("bulk").contains(document.activeElement);
    byId("bulk").hidden = true;
    if (hadFocus) byId("place").querySelector("button[type=submit]").focus();
  }
  return { ok: true, json: { placed, outcomes, cancelled: cancelled && placed < order.count } };
}

function progress(placed, count) {
  byId("bulk").hidden = false;
  Object.assign(byId("bulk-progress"), { max: count, value: placed });
  byId("bulk-said").textContent = `${placed} of ${count} placed`;
}
