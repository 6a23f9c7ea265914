// Look inside: the story, rows and traces of one order, or what belongs to no single order.

import { byId, h, show } from "../dom.js";
import { get } from "../server.js";
import { isRead, onLeft } from "../still.js";
import { on, store } from "../store.js";
import { about, start as startAbout } from "./about.js";
import { show as showFilter, start as startFilter } from "./log_filter.js";
import { rows } from "./rows.js";
import { tabs } from "./tabs.js";
import { calls, events, letters, log, stream } from "./traces.js";
import { waterfall } from "./waterfall.js";
import { start as startWhole } from "./whole.js";

/** What is not fetched, because no tab shows it. */
const EMPTY = { rows: {}, audit: [], letters: [], events: [], log: [], calls: [], stream: null, counts: {} };
/** The tabs that show nothing without an order. */
const OF_ORDERS = ["story", "rows", "stream"];

let drawTabs;
let asked = 0;
let due = false;
let callsSeen = -1;
/** The document that is shown, of which order and tab, and whether a newer one waits for a reader to leave. */
let shown = { id: null, tab: null, json: {} };
let isNewer = false;

export function start() {
  drawTabs = tabs(refresh);
  startAbout();
  startWhole();
  startFilter(() => draw(shown.id, shown.json));
  document.addEventListener("visibilitychange", soon);
  onLeft(byId("tab"), () => isNewer && soon());
  on("connected", soon);
  on("chosen", refresh);
  on("whole-values", () => draw(shown.id, shown.json));
  on("orders", ({ touched, whole }) => (whole || touched.includes(store.chosen)) && soon());
  // Calls for a key batch name no order, so this looks again after each AWS call.
  on("pulse", (pulse) => {
    if (pulse.calls !== callsSeen && (store.chosen || !OF_ORDERS.includes(store.tab))) soon();
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
  // Without an order some tabs show nothing, and a hidden page shows nothing at all.
  if (document.hidden) return;
  const { json, absent } = !id && OF_ORDERS.includes(tab) ? { json: {}, absent: false } : await get(`${id ? `/console/orders/${encodeURIComponent(id)}` : "/console/recent"}?tab=${tab}`);
  if (turn !== asked) return;
  byId("close-order").hidden = byId("act").hidden = !id;
  if (!json) {
    // Only the server can say that an order is not there.
    const words = absent ? `There is no trace of ${id}.` : "The console does not answer, so nothing is known now: check that card-airlock up still runs.";
    show(byId("about"), h("p", { class: "empty" }, words));
    byId("tabs").hidden = byId("tab").hidden = true;
    return;
  }
  byId("tabs").hidden = byId("tab").hidden = false;
  about(id, json);
  isNewer = shown.id === id && shown.tab === tab && isRead(byId("tab")) && JSON.stringify(shown.json) !== JSON.stringify(json);
  byId("newer-inside").hidden = !isNewer;
  if (!isNewer) draw(id, json);
}

function draw(id, json) {
  shown = { id, tab: store.tab, json };
  showFilter();
  const inside = { ...EMPTY, ...json };
  const { counts } = inside;
  drawTabs([
    { name: "story", title: "Story", draw: () => waterfall(inside, id) },
    { name: "rows", title: "Rows", draw: () => (id ? rows(inside) : h("p", { class: "empty" }, "Choose an order, in the list or in the picture, to see its rows as they are stored.")) },
    { name: "stream", title: "Stream", count: counts.stream, draw: () => stream(inside) },
    { name: "letters", title: "Dead letters", count: counts.letters, draw: () => letters(inside, id) },
    { name: "events", title: "Events", count: counts.events, draw: () => events(inside, id) },
    { name: "log", title: "Log", count: counts.log, draw: () => log(inside, id) },
    { name: "calls", title: "AWS calls", count: counts.calls, draw: () => calls(inside, id) },
  ]);
}
