// The order that is shown, in a line; and what can be copied of it.

import { asking, busy } from "../answer.js";
import { rowCommand, statusCommand } from "../commands.js";
import { copyButton } from "../copy.js";
import { byId, h, show } from "../dom.js";
import { replayOne, stopTelling } from "../fix.js";
import { duration, held, mask, stageWords } from "../format.js";
import { isHopeless } from "../reasons.js";
import { get } from "../server.js";
import { now, on, store } from "../store.js";
import { whole } from "./whole.js";

/** The order of the copy buttons: they stay as long as it does, so that a press is not lost. */
let copiesOf = null;
let latest = null;

export function start() {
  const [button, output] = [byId("replay-this"), byId("replayed")];
  button.addEventListener("click", () => busy(button, () => replayOne(store.chosen, latest, output)));
  on("chosen", () => {
    stopTelling(output);
    asking(output);
  });
}

export function about(id, { summary }) {
  latest = summary;
  if (copiesOf !== id) {
    copiesOf = id;
    show(byId("copies"), ...(id ? copies(id) : []));
  }
  offerReplay(summary);
  if (!id) return show(byId("about"));
  const order = summary ?? { stage: "gone" };
  const facts = [mask(order) && `${order.brand} ${mask(order)}`, order.stage !== "expired" && summary && `held ${duration(held(order, now()))}`, order.attempt && `attempt ${order.attempt}`, order.reason, order.forgottenAt && "card forgotten", order.replacement && `another card: ${order.replacement}`];
  show(
    byId("about"),
    h(
      "div",
      { class: "about" },
      h("span", { class: "who" }, id),
      h("span", { class: `stage ${store.givenUp.has(id) ? "givenup" : order.stage}` }, store.givenUp.has(id) ? "given up" : stageWords(order.stage)),
      h("span", { class: "soft" }, facts.filter(Boolean).join(" · ")),
    ),
  );
}

/** A replay leads the panel where it can help; where it cannot, what helps is said, and the replay comes last. */
function offerReplay(summary) {
  const button = byId("replay-this");
  const isLast = summary?.stage === "failed" && isHopeless(summary.reason);
  button.hidden = !["quarantine", "failed"].includes(summary?.stage);
  byId("replay-why").hidden = !isLast;
  button.textContent = isLast ? "Replay it all the same" : "Replay this order";
  if ((button.previousElementSibling !== null) === isLast) return;
  if (isLast) byId("copies").after(button);
  else byId("copies").before(button);
}

/** Of an order that nobody knows. */
export function aboutNobody(words) {
  latest = null;
  offerReplay(null);
  show(byId("about"), words && h("p", { class: "empty" }, words));
}

function copies(id) {
  return [
    copyButton("Copy id", id, () => id),
    copyButton("Copy curl", `the status of ${id}`, () => statusCommand(id)),
    copyButton("Copy aws", `the row of ${id}`, async () => {
      const { clean, quarantine } = (await whole())?.rows ?? {};
      const row = clean ?? quarantine;
      return row ? rowCommand(row) : null;
    }),
    copyButton("Copy JSON", `all of ${id}`, async () => {
      const { json } = await get(`/console/orders/${encodeURIComponent(id)}`);
      return json && JSON.stringify(json, null, 2);
    }),
  ];
}
