// Numbers, times and words as a person reads them.

/** 850 ms, 3.2 s, 12 min, 3 h. */
export function duration(milliseconds) {
  if (milliseconds == null || Number.isNaN(milliseconds)) return "–";
  const ms = Math.max(0, milliseconds);
  if (ms < 10) return ms < 0.1 ? "<0.1 ms" : `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  const hours = ms / 3_600_000;
  return hours < 48 ? `${hours.toFixed(1)} h` : `${Math.round(hours / 24)} days`;
}

/** The time of day to the millisecond. */
export function timeOfDay(milliseconds) {
  const time = new Date(milliseconds);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** How long the order was, or has been, in quarantine. */
export function held(order, now) {
  if (!order?.acceptedAt) return null;
  const until = order.tokenizedAt ? Date.parse(order.tokenizedAt) : now;
  return until - Date.parse(order.acceptedAt);
}

export const mask = (order) => (order.last4 ? `••••${order.last4}` : "");

/** 1 order, 2 orders. */
export const many = (count, word, words = `${word}s`) => `${count} ${count === 1 ? word : words}`;

const STAGES = {
  quarantine: "in quarantine",
  failed: "parked: failed",
  expired: "expired",
  tokenized: "tokenized",
  paying: "paying",
  paid: "paid",
  declined: "declined",
  unknown: "payment unknown",
  gone: "gone",
};
export const stageWords = (stage) => STAGES[stage] ?? stage;
