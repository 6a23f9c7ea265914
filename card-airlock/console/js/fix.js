// Replay and sweep.

import { bar, busy, say } from "./answer.js";
import { byId, h } from "./dom.js";
import { many } from "./format.js";
import { isReplayable, reasonWords } from "./reasons.js";
import { post } from "./server.js";
import { on, store } from "./store.js";

const MOST_TOLD = 3;
/** The replay whose orders are watched, and where it answers. */
let replayed = null;

export function start() {
  on("orders", parkedAgain);
  const button = (id, action) => byId(id).addEventListener("click", () => busy(byId(id), action));
  button("dry-run", () => replay(true));
  button("replay", () => replay(false));
  button("sweep", sweep);
}

/** Replays everything. */
async function replay(dryRun) {
  const output = byId("fixed");
  const { ok, json, watched } = await started(dryRun, null, output);
  if (!ok) return say(output, false, json.message);
  const rest = [
    [json.messagesSettled, "dead letter", "settled"],
    [json.alreadyTokenized, "order", "tokenized already"],
    [json.gone, "order", "gone"],
    [json.stillFailing, "order", "left as it is"],
    [json.messagesLeft, "dead letter", "left"],
  ];
  const parts = rest.filter(([count]) => count).map(([count, word, what]) => `${many(count, word)} ${what}`);
  const title = dryRun ? `Dry run: a replay would re-arm ${many(json.rearmed, "order")}` : `Re-armed ${many(json.rearmed, "order")}`;
  say(output, true, h("b", {}, title), parts.length ? `; ${parts.join(", ")}.` : ".");
  if (!dryRun) tellParked(watched);
}

/** Replays one order, and says what came of it where it was asked. `summary` is what is known of the order. */
export async function replayOne(order, summary, output) {
  const { ok, json, watched } = await started(false, order, output);
  // Another order may be in the panel by now.
  if (store.chosen !== order) return;
  if (!ok) return say(output, false, json.message);
  if (!json.rearmed) return say(output, false, h("b", {}, "Not replayed. "), whyNot(json, summary));
  say(output, true, h("b", {}, "Started again. "), "The worker gets the order once more.");
  tellParked(watched);
}

async function started(dryRun, order, output) {
  // Before the answer: the worker may be faster than it.
  const watched = { order, output, parked: new Map(), isAnswered: false };
  replayed = dryRun ? null : watched;
  const { ok, json } = await post("/console/replay", { dryRun, order });
  watched.isAnswered = true;
  return { ok, json, watched };
}

function whyNot({ alreadyTokenized, gone }, summary) {
  if (alreadyTokenized) return "The order is tokenized already.";
  if (gone || !summary) return "The order is gone.";
  if (!isReplayable(summary.reason)) return `No replay can start this order again. ${reasonWords(summary.reason)}.`;
  return "The worker has the order, or it waits for a payment: it goes on by itself.";
}

/** An order that was replayed and is parked again: it says so, and why. */
function parkedAgain({ changed }) {
  if (!replayed) return;
  const { order, parked } = replayed;
  const again = changed.filter(({ id, stage, attempt }) => stage === "failed" && attempt > 1 && (order === null || order === id));
  again.forEach(({ id, reason }) => parked.set(id, reason));
  if (again.length && replayed.isAnswered) tellParked(replayed);
}

function tellParked({ output, parked }) {
  output.querySelectorAll(".parked-again").forEach((line) => line.remove());
  if (parked.size === 0) return;
  output.dataset.good = "no";
  // A long list helps nobody: the list of orders has them all.
  const told = [...parked].slice(0, MOST_TOLD).map(([id, reason]) => h("span", { class: "parked-again" }, " ", h("code", {}, id), ` was parked again. ${reasonWords(reason)}.`));
  const more = parked.size > MOST_TOLD ? h("span", { class: "parked-again" }, ` ${many(parked.size - MOST_TOLD, "more order")} parked again: see the list.`) : "";
  output.append(...told, more);
  // What the bar says of it is not true any more.
  bar(output);
}

/** Another order is in the panel: what becomes of the one before is not told there. */
export function stopTelling(output) {
  if (replayed?.output === output) replayed = null;
}

async function sweep() {
  const { ok, json } = await post("/console/sweep");
  if (!ok) return say(byId("fixed"), false, json.message);
  say(byId("fixed"), true, h("b", {}, `Swept ${many(json.rows, "row")}`), `: ${json.rearmed} re-armed${json.givenUp ? ` (${json.takenUp} of ${json.givenUp} that Lambda gave up)` : ""}, ${json.parked} parked, ${json.expired} expired, ${json.failed} waiting for a replay.`);
}
