// Replay and sweep.

import { busy, say } from "./answer.js";
import { byId, h } from "./dom.js";
import { many } from "./format.js";
import { post } from "./server.js";

export function start() {
  const button = (id, action) => byId(id).addEventListener("click", () => busy(byId(id), action));
  button("dry-run", () => replay(true));
  button("replay", () => replay(false));
  button("sweep", sweep);
}

/** Replays everything, or one order. */
export async function replay(dryRun, order = null) {
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
}

async function sweep() {
  const { ok, json } = await post("/console/sweep");
  if (!ok) return say(byId("fixed"), false, json.message);
  say(byId("fixed"), true, h("b", {}, `Swept ${many(json.rows, "row")}`), `: ${json.rearmed} re-armed${json.givenUp ? ` (${json.takenUp} of ${json.givenUp} that Lambda gave up)` : ""}, ${json.parked} parked, ${json.expired} expired, ${json.failed} waiting for a replay.`);
}
