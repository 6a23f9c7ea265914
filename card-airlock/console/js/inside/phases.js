// What an order went through, from the calls that were made for it: acts, each with its bars, and the time of each phase.

/** How long nothing may happen within an act, in milliseconds. */
const PAUSE = 1500;

const WORKER = "TokenizeWorkerRole";
const ACTS = {
  IngestRole: "Accept",
  [WORKER]: "Worker",
  PaybillRole: "Pay",
  ReplayRole: "Start again",
  ForgetRole: "Forget the card",
};

/**
 * The acts, oldest first: { title, from, to, bars: [{ phase, words, from, to, ok }] }, all times in milliseconds. An act of the
 * worker has all its tries until another act begins, as `tries`, each with its bars; `runs` are the worker's runs with this order.
 */
export function actsOf(calls, runs = []) {
  const made = calls.map((call) => ({ ...call, from: call.at, to: call.at + call.microseconds / 1000 })).sort((a, b) => a.from - b.from);
  const first = made.find(({ relation }) => relation === "own")?.from ?? 0;
  const crossed = made.findLast(({ relation, operation, outcome }) => relation === "own" && operation === "TransactWriteItems" && outcome === "ok")?.to ?? Infinity;
  const acts = [];
  // A key that other orders of its batch asked for before this one came, or after it went, is no part of its story.
  for (const call of made.filter(({ from, relation }) => relation === "own" || (from >= first && from <= crossed))) {
    const title = titleOf(call);
    const run = runOf(call, runs);
    // Nor is one that the worker asked for in a run without this order.
    if (!title || (title === "Worker" && run < 0 && runs.length && call.relation === "batch")) continue;
    const latest = acts.at(-1);
    if (latest?.title !== title || (title !== "Worker" && call.from - latest.to > PAUSE)) acts.push(begun(title, call, latest));
    const act = acts.at(-1);
    act.bars.push({ phase: phaseOf(call), words: `${call.service} ${call.operation}`, from: call.from, to: call.to, ok: call.outcome === "ok", outcome: call.outcome, run });
    act.to = Math.max(act.to, call.to);
  }
  return acts.map((act) => (act.title === "Worker" ? { ...act, tries: triesOf(act.bars) } : withProcessor(act)));
}

/** The worker also puts the event of an order that failed: that is no try of the order. */
function titleOf({ role, service }) {
  if (role === WORKER && service === "EventBridge") return "Tell of it";
  return ACTS[role];
}

/** Between what wrote the row and the worker's first call is the stream, however long it takes. */
function begun(title, call, before) {
  const waits = title === "Worker" && ["Accept", "Start again"].includes(before?.title);
  if (!waits) return { title, from: call.from, to: call.to, bars: [] };
  const wait = { phase: "stream", words: "waits for the worker", from: before.to, to: Math.max(before.to, call.from), ok: true };
  return { title, from: before.to, to: call.to, bars: [wait] };
}

/** The place of the run that made the worker's call, or -1. */
function runOf({ role, at }, runs) {
  return role === WORKER ? runs.findLastIndex(({ from, to }) => from <= at && at <= (to ?? Infinity)) : -1;
}

/** The bars of each run; the first ones have the wait before them. */
function triesOf(bars) {
  const calls = bars.filter(({ phase }) => phase !== "stream");
  const numbers = [...new Set(calls.map(({ run }) => run))];
  return numbers.map((number, index) => {
    const own = bars.filter((bar) => (bar.phase === "stream" ? index === 0 : bar.run === number));
    return { from: own[0].from, to: Math.max(...own.map(({ to }) => to)), bars: own };
  });
}

function phaseOf({ role, service, operation }) {
  if (role === WORKER) return service === "KMS" ? "kms" : operation === "TransactWriteItems" ? "transaction" : "worker";
  return { IngestRole: "accept", PaybillRole: "payment", ReplayRole: "replay", ForgetRole: "forget" }[role];
}

/** Between the vault key's opening and the next write of a payment is the processor, which is no call to AWS. */
function withProcessor(act) {
  const opened = act.bars.findIndex(({ words }) => words === "KMS Decrypt");
  if (act.title !== "Pay" || opened < 0 || opened === act.bars.length - 1) return act;
  const [before, after] = [act.bars[opened], act.bars[opened + 1]];
  const processor = { phase: "payment", words: "the processor", from: before.to, to: Math.max(before.to, after.from), ok: true };
  return { ...act, bars: act.bars.toSpliced(opened + 1, 0, processor) };
}

export const PHASES = { accept: "accept", stream: "stream", worker: "worker", kms: "KMS", transaction: "transaction", payment: "payment", replay: "replay", forget: "forget" };

/** How long each phase took, in milliseconds: overlapping bars count once. */
export function phaseTimes(acts) {
  const times = new Map();
  for (const phase of Object.keys(PHASES)) {
    const bars = acts.flatMap((act) => act.bars).filter((bar) => bar.phase === phase);
    if (bars.length) times.set(phase, union(bars));
  }
  return times;
}

function union(bars) {
  let [sum, until] = [0, -Infinity];
  for (const { from, to } of bars.toSorted((a, b) => a.from - b.from)) {
    sum += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return sum;
}
