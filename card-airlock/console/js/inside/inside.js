// Look inside: the rows and traces of one order, or what belongs to no single order.

import { byId, h, show } from "../dom.js";
import { duration, held, mask, stageWords } from "../format.js";
import { replay } from "../fix.js";
import { get } from "../server.js";
import { now, on, store } from "../store.js";
import { rows } from "./rows.js";
import { tabs } from "./tabs.js";
import { calls, letters, log, stream } from "./traces.js";

/** What is not fetched, because no tab shows it. */
const EMPTY = { rows: {}, audit: [], letters: [], log: [], calls: [], stream: null, counts: {} };
const NOTHING = {};

let drawTabs;
let asked = 0;
let due = false;
let callsSeen = -1;

export function start() {
  drawTabs = tabs(refresh);
  document.addEventListener("visibilitychange", soon);
  on("connected", soon);
  on("chosen", refresh);
  on("orders", ({ touched, whole }) => (whole || touched.includes(store.chosen)) && soon());
  // Calls for a key batch name no order, so this looks again after each AWS call.
  on("pulse", (pulse) => {
    if (pulse.calls !== callsSeen && (store.chosen || store.tab !== "rows")) soon();
    callsSeen = pulse.calls;
  });
  refresh();
}

function soon() {
  if (due) return;
  due = true;
  setTimeout(() => {
    due = false;
    refresh();
  }, 150);
}

async function refresh() {
  const turn = ++asked;
  const id = store.chosen;
  const tab = store.tab;
  // Without an order the rows' tab shows nothing, and a hidden page shows nothing at all.
  if (document.hidden) return;
  const { json, absent } = !id && tab === "rows" ? { json: NOTHING, absent: false } : await get(`${id ? `/console/orders/${encodeURIComponent(id)}` : "/console/recent"}?tab=${tab}`);
  if (turn !== asked) return;
  byId("close-order").hidden = !id;
  if (!json) {
    // Only the server can say that an order is not there.
    const words = absent ? `There is no trace of ${id}.` : "The console does not answer, so nothing is known now: check that card-airlock up still runs.";
    show(byId("about"), h("p", { class: "empty" }, words));
    byId("tabs").hidden = byId("tab").hidden = true;
    return;
  }
  byId("tabs").hidden = byId("tab").hidden = false;
  const inside = { ...EMPTY, ...json };
  about(id, inside);
  const { counts } = inside;
  drawTabs([
    { name: "rows", title: "Rows", draw: () => (id ? rows(inside) : h("p", { class: "empty" }, "Choose an order, in the list or in the picture, to see its rows as they are stored.")) },
    { name: "stream", title: "Stream", count: counts.stream, draw: () => stream(inside) },
    { name: "letters", title: "Dead letters", count: counts.letters, draw: () => letters(inside, id) },
    { name: "log", title: "Log", count: counts.log, draw: () => log(inside, id) },
    { name: "calls", title: "AWS calls", count: counts.calls, draw: () => calls(inside, id) },
  ]);
}

function about(id, { summary }) {
  if (!id) return show(byId("about"));
  const order = summary ?? { stage: "gone" };
  const facts = [mask(order) && `${order.brand} ${mask(order)}`, order.stage !== "expired" && summary && `held ${duration(held(order, now()))}`, order.attempt && `attempt ${order.attempt}`, order.reason, order.forgottenAt && "card forgotten"];
  const stuck = ["quarantine", "failed"].includes(order.stage);
  show(
    byId("about"),
    h(
      "div",
      { class: "about" },
      h("span", { class: "who" }, id),
      h("span", { class: `stage ${order.stage}` }, stageWords(order.stage)),
      h("span", { class: "soft" }, facts.filter(Boolean).join(" · ")),
      stuck ? h("button", { type: "button", id: "replay-this", onclick: () => replay(false, id) }, "Replay this order") : null,
    ),
  );
}
