// What an order went through, from the calls that were made for it: acts, each with its bars, and the time of each phase.

/** How long nothing may happen within an act, in milliseconds. */
const PAUSE = 1500;

const ACTS = {
  IngestRole: "Accept",
  TokenizeWorkerRole: "Accept",
  PaybillRole: "Pay",
  ReplayRole: "Start again",
  ForgetRole: "Forget the card",
};

/** The acts, oldest first: { title, from, to, bars: [{ phase, words, from, to, ok }] }, all times in milliseconds. */
export function actsOf(calls) {
  const made = calls.map((call) => ({ ...call, from: call.at, to: call.at + call.microseconds / 1000 })).sort((a, b) => a.from - b.from);
  const first = made.find(({ relation }) => relation === "own")?.from ?? 0;
  const crossed = made.findLast(({ relation, operation, outcome }) => relation === "own" && operation === "TransactWriteItems" && outcome === "ok")?.to ?? Infinity;
  const acts = [];
  // A key that other orders of its batch asked for before this one came, or after it went, is no part of its story.
  for (const call of made.filter(({ from, relation }) => relation === "own" || (from >= first && from <= crossed))) {
    const title = ACTS[call.role];
    if (!title) continue;
    const latest = acts.at(-1);
    const waits = latest && waitsForWorker(latest, call);
    if (!latest || (!waits && (latest.title !== title || call.from - latest.to > PAUSE))) acts.push({ title, from: call.from, to: call.to, bars: [] });
    const act = acts.at(-1);
    if (waits) act.bars.push({ phase: "stream", words: "waits for the worker", from: act.to, to: Math.max(act.to, call.from), ok: true });
    act.bars.push({ phase: phaseOf(call), words: `${call.service} ${call.operation}`, from: call.from, to: call.to, ok: call.outcome === "ok", outcome: call.outcome });
    act.to = Math.max(act.to, call.to);
  }
  return acts.map(withProcessor);
}

/** Between what put the row and the worker's first call is the stream, however long it takes. */
function waitsForWorker(act, call) {
  return call.role === "TokenizeWorkerRole" && !act.bars.some(({ phase }) => ["kms", "transaction"].includes(phase)) && act.title !== "Pay";
}

function phaseOf({ role, service, operation }) {
  if (role === "TokenizeWorkerRole") return service === "KMS" ? "kms" : operation === "TransactWriteItems" ? "transaction" : "worker";
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
