// The parts of the stack, each with its health, as its latest calls tell.

import { byId, h, show } from "./dom.js";
import { many, moment } from "./format.js";
import { isUntried, nextTry } from "./recovery.js";
import { now, on } from "./store.js";

const WORKER = "TokenizeWorkerFunction";
const FUNCTIONS = [
  ["IngestFunction", "ingest"],
  [WORKER, "worker"],
  ["PaybillFunction", "paybill"],
  ["ReplayFunction", "replay and sweep"],
];

let parts = [];
let shown = "";

export function start() {
  on("pulse", (pulse) => {
    parts = partsOf(pulse);
    draw(parts);
  });
  // Nobody knows how they are now.
  on("lost", () => {
    if (parts.some(({ health }) => health === "stale")) return;
    parts = parts.map(({ name, says }) => ({ name, health: "stale", says: `${says}, as of ${moment(now())}` }));
    draw(parts);
  });
}

function draw(parts) {
  const words = JSON.stringify(parts);
  if (words === shown) return;
  shown = words;
  show(byId("parts"), ...parts.map(({ name, health, says }) => h("li", { "data-part": name, "data-health": health }, h("b", {}, name), " ", h("span", {}, says))));
}

/** Each part: its name, its health (well, ill, untried, quiet), and why in a few words. */
export function partsOf(pulse) {
  const { services, functions, letters, ledger } = pulse;
  return [
    service("KMS", services.KMS, ofWorker(pulse)),
    service("DynamoDB", services.DynamoDB),
    stream(pulse),
    { name: "Queue", health: letters ? "ill" : "well", says: letters ? many(letters, "dead letter") : "empty" },
    ...FUNCTIONS.map(([id, name]) => lambda(name, id, pulse)),
    processor(ledger),
  ];
}

/** Whether only the worker's calls to KMS fail: ingest works. */
const ofWorker = ({ switches }) => switches["kms-worker"] && !switches.kms;

function service(name, latest, isOfWorker = false) {
  if (!latest) return { name, health: "quiet", says: "no call lately" };
  const { calls, failed, last } = latest;
  if (failed === 0) return { name, health: "well", says: "answers" };
  if (isOfWorker) return { name, health: "ill", says: `calls of the worker fail: ${last}` };
  return { name, health: "ill", says: `${failed === calls ? "all" : "some"} calls fail: ${last}` };
}

function stream(pulse) {
  const { functions, inWorker, givenUp } = pulse;
  const untried = isUntried(WORKER, pulse);
  const next = untried && nextTry(pulse);
  if (next) return { name: "Stream", health: "untried", says: next };
  if (!untried && functions[WORKER]?.failing) return { name: "Stream", health: "ill", says: "held back by the worker" };
  if (givenUp.count) return { name: "Stream", health: "ill", says: `${many(givenUp.count, "order")} given up` };
  return { name: "Stream", health: "well", says: inWorker ? `${inWorker} in the worker` : "nothing waits" };
}

function lambda(name, id, pulse) {
  const counts = pulse.functions[id];
  if (!counts) return { name, health: "quiet", says: "not invoked yet" };
  if (isUntried(id, pulse)) return { name, health: "untried", says: (id === WORKER && nextTry(pulse)) || "its last run failed, and none came since" };
  if (counts.failing) return { name, health: "ill", says: `fails: ${counts.failing}× in succession` };
  return { name, health: "well", says: "works" };
}

function processor({ charged, declined }) {
  const sums = [charged && `${charged} charged`, declined && `${declined} declined`].filter(Boolean);
  return { name: "Processor", health: sums.length ? "well" : "quiet", says: sums.join(", ") || "no payment yet" };
}
