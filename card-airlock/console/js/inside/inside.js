// Look inside: the story, rows and traces of one order, or what belongs to no single order.

import { byId, h } from "../dom.js";
import { minute, moment } from "../format.js";
import { get } from "../server.js";
import { isRead, onLeft } from "../still.js";
import { emit, now, on, store } from "../store.js";
import { about, aboutNobody, start as startAbout } from "./about.js";
import { show as showFilter, start as startFilter } from "./log_filter.js";
import { rows } from "./rows.js";
import { story } from "./story.js";
import { tabs } from "./tabs.js";
import { calls, events, letters, log, stream } from "./traces.js";
import { start as startWhole } from "./whole.js";

/** What is not fetched, because no tab shows it. */
const EMPTY = { rows: {}, audit: [], letters: [], events: [], log: [], calls: [], runs: [], stream: null, counts: {} };
/** The tabs that show nothing without an order. */
const OF_ORDERS = ["story", "rows", "stream"];

let drawTabs;
let asked = 0;
let due = false;
let callsSeen = -1;
let givenUpSeen = "";
/** The document that is shown, of which order and tab, and whether a newer one waits for a reader to leave. */
let shown = { id: null, tab: null, json: {}, isKnown: true };
let isNewer = false;
/** What the server said last of this order, by tab, and when: it is shown when the server does not answer any more. */
const kept = { id: null, tabs: new Map() };

export function start() {
  drawTabs = tabs(refresh);
  startAbout();
  startWhole();
  startFilter(redraw);
  document.addEventListener("visibilitychange", soon);
  onLeft(byId("tab"), () => isNewer && soon());
  on("connected", soon);
  on("lost", soon);
  on("chosen", refresh);
  on("whole-values", redraw);
  on("orders", ({ touched, whole }) => (whole || touched.includes(store.chosen)) && soon());
  // Calls for a key batch name no order, so this looks again after each AWS call.
  on("pulse", (pulse) => {
    if (pulse.calls !== callsSeen && (store.chosen || !OF_ORDERS.includes(store.tab))) soon();
    callsSeen = pulse.calls;
    // No call tells that Lambda gave an order up.
    const againBy = store.givenUp.get(store.chosen);
    const words = againBy ? minute(againBy) : "";
    if (words !== givenUpSeen) soon();
    givenUpSeen = words;
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
  byId("close-order").hidden = !id;
  // Only the server can say that an order is not there.
  byId("act").hidden = !id || absent;
  byId("tabs").hidden = byId("tab").hidden = absent;
  byId("as-of").textContent = "";
  if (absent) return aboutNobody(`There is no trace of ${id}.`);
  if (!json) return drawKept(id, tab);
  keep(id, tab, json);
  about(id, json);
  emit("about", json.summary);
  isNewer = shown.id === id && shown.tab === tab && isRead(byId("tab")) && JSON.stringify(shown.json) !== JSON.stringify(json);
  byId("newer-inside").hidden = !isNewer;
  if (!isNewer) draw(id, json);
}

function keep(id, tab, json) {
  if (kept.id !== id) kept.tabs.clear();
  kept.id = id;
  kept.tabs.set(tab, { json, at: now() });
}

/** Without an answer: what was known of the order, as of then. */
function drawKept(id, tab) {
  const isSame = kept.id === id;
  const last = isSame ? (kept.tabs.get(tab) ?? [...kept.tabs.values()].at(-1)) : null;
  const isKnown = isSame && kept.tabs.has(tab);
  byId("as-of").textContent = `The console does not answer: check that card-airlock up still runs. ${isKnown ? `This is as of ${moment(last.at)}.` : "Of this nothing is known now."}`;
  if (last) about(id, last.json);
  else aboutNobody(id);
  if (isKnown && shown.id === id && shown.tab === tab) return;
  if (isKnown) draw(id, last.json);
  else draw(id, { counts: last?.json.counts }, false);
}

function draw(id, json, isKnown = true) {
  shown = { id, tab: store.tab, json, isKnown };
  redraw();
}

function redraw() {
  const { id, json, isKnown } = shown;
  showFilter();
  const inside = { ...EMPTY, ...json };
  const counts = inside.counts ?? {};
  const all = [
    { name: "story", title: "Story", draw: () => story(inside, id) },
    { name: "rows", title: "Rows", draw: () => (id ? rows(inside) : h("p", { class: "empty" }, "Choose an order, in the list or in the picture, to see its rows as they are stored.")) },
    { name: "stream", title: "Stream", count: counts.stream, draw: () => stream(inside) },
    { name: "letters", title: "Dead letters", count: counts.letters, draw: () => letters(inside, id) },
    { name: "events", title: "Events", count: counts.events, draw: () => events(inside, id) },
    { name: "log", title: "Log", count: counts.log, draw: () => log(inside, id) },
    { name: "calls", title: "AWS calls", count: counts.calls, draw: () => calls(inside, id) },
  ];
  drawTabs(isKnown ? all : all.map((tab) => ({ ...tab, draw: () => h("p", { class: "empty" }, "Not known.") })));
}
