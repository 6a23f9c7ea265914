// Look inside: the rows and traces of one order, or what belongs to no single order.

import { byId, h, show } from "../dom.js";
import { duration, held, mask, stageWords } from "../format.js";
import { replay } from "../fix.js";
import { get } from "../server.js";
import { choose, now, on, store } from "../store.js";
import { rows } from "./rows.js";
import { tabs } from "./tabs.js";
import { calls, letters, log, stream } from "./traces.js";

let drawTabs;
let asked = 0;
let due = false;
let callsSeen = -1;

export function start() {
  drawTabs = tabs("rows");
  byId("close-order").addEventListener("click", () => choose(null));
  on("chosen", refresh);
  on("orders", ({ touched, whole }) => (whole || !store.chosen || touched.includes(store.chosen)) && soon());
  // Calls for a key batch name no order, so this looks again after each AWS call.
  on("pulse", (pulse) => {
    if (pulse.calls !== callsSeen) soon();
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
  const inside = await get(id ? `/console/orders/${encodeURIComponent(id)}` : "/console/recent");
  if (turn !== asked) return;
  byId("close-order").hidden = !id;
  if (!inside) {
    byId("inside-title").textContent = "Look inside";
    show(byId("about"), h("p", { class: "empty" }, id ? `There is no trace of ${id}.` : "The console does not answer: check that card-airlock up still runs."));
    byId("tabs").hidden = byId("tab").hidden = true;
    return;
  }
  byId("tabs").hidden = byId("tab").hidden = false;
  about(id, inside);
  drawTabs([
    { name: "rows", title: "Rows", draw: () => (id ? rows(inside) : h("p", { class: "empty" }, "Choose an order, in the list or in the picture, to see its rows as they are stored.")) },
    { name: "stream", title: "Stream", count: inside.stream?.length, draw: () => stream(inside) },
    { name: "letters", title: "Dead letters", count: inside.letters.length, draw: () => letters(inside, id) },
    { name: "log", title: "Log", count: inside.log.length, draw: () => log(inside, id) },
    { name: "calls", title: "AWS calls", count: inside.calls.length, draw: () => calls(inside, id) },
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
