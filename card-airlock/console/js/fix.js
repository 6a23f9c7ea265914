// Replay and sweep.

import { busy, say } from "./answer.js";
import { byId, h } from "./dom.js";
import { many } from "./format.js";
import { reasonWords } from "./reasons.js";
import { post } from "./server.js";
import { on } from "./store.js";

const MOST_TOLD = 3;
/** The replay whose orders are watched. */
let replayed = null;

export function start() {
  on("orders", parkedAgain);
  const button = (id, action) => byId(id).addEventListener("click", () => busy(byId(id), action));
  button("dry-run", () => replay(true));
  button("replay", () => replay(false));
  button("sweep", sweep);
}

/** Replays everything, or one order. */
export async function replay(dryRun, order = null) {
  // Before the answer: the worker may be faster than it.
  const watched = dryRun ? null : { order, parked: new Map(), isAnswered: false };
  replayed = watched;
  const { ok, json } = await post("/console/replay", { dryRun, order });
  if (!ok) return say(byId("fixed"), false, json.message);
  const rest = [
    [json.messagesSettled, "dead letter", "settled"],
    [json.alreadyTokenized, "order", "tokenized already"],
    [json.gone, "order", "gone"],
    [json.stillFailing, "order", "left as it is"],
    [json.messagesLeft, "dead letter", "left"],
  ];
  const parts = rest.filter(([count]) => count).map(([count, word, what]) => `${many(count, word)} ${what}`);
  const title = dryRun ? `Dry run: a replay would re-arm ${many(json.rearmed, "order")}` : `Re-armed ${many(json.rearmed, "order")}`;
  say(byId("fixed"), true, h("b", {}, title), parts.length ? `; ${parts.join(", ")}.` : ".");
  if (!watched) return;
  watched.isAnswered = true;
  tellParked(watched);
}

/** An order that was replayed and is parked again: it says so, and why. */
function parkedAgain({ changed }) {
  if (!replayed) return;
  const { order, parked } = replayed;
  const again = changed.filter(({ id, stage, attempt }) => stage === "failed" && attempt > 1 && (order === null || order === id));
  again.forEach(({ id, reason }) => parked.set(id, reason));
  if (again.length && replayed.isAnswered) tellParked(replayed);
}

function tellParked({ parked }) {
  const output = byId("fixed");
  output.querySelectorAll(".parked-again").forEach((line) => line.remove());
  if (parked.size === 0) return;
  output.dataset.good = "no";
  // A long list helps nobody: the list of orders has them all.
  const told = [...parked].slice(0, MOST_TOLD).map(([id, reason]) => h("span", { class: "parked-again" }, h("code", {}, id), ` was parked again. ${reasonWords(reason)}.`));
  const more = parked.size > MOST_TOLD ? h("span", { class: "parked-again" }, `${many(parked.size - MOST_TOLD, "more order")} parked again: see the list.`) : "";
  output.append(...told, more);
}

async function sweep() {
  const { ok, json } = await post("/console/sweep");
  if (!ok) return say(byId("fixed"), false, json.message);
  say(byId("fixed"), true, h("b", {}, `Swept ${many(json.rows, "row")}`), `: ${json.rearmed} re-armed${json.givenUp ? ` (${json.takenUp} of ${json.givenUp} that Lambda gave up)` : ""}, ${json.parked} parked, ${json.expired} expired, ${json.failed} waiting for a replay.`);
}
