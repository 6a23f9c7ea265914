// Numbers, times and words as a person reads them.

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

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

/** The time of day to the millisecond; with its date if that is not the reader's today. */
export const precisely = (milliseconds) => dated(milliseconds, timeOfDay(milliseconds));

/** The same to the second. */
export const moment = (milliseconds) => dated(milliseconds, timeOfDay(milliseconds).slice(0, 8));

/** The same to the minute. */
export const minute = (milliseconds) => dated(milliseconds, timeOfDay(milliseconds).slice(0, 5));

function dated(milliseconds, time) {
  const day = new Date(milliseconds);
  if (day.toDateString() === new Date().toDateString()) return time;
  const year = day.getFullYear() === new Date().getFullYear() ? "" : ` ${day.getFullYear()}`;
  return `${day.getDate()} ${MONTHS[day.getMonth()]}${year}, ${time}`;
}

function timeOfDay(milliseconds) {
  const time = new Date(milliseconds);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** 19.99 USD: an amount in the currency's minor units, as a person reads it. */
export function money(amount, currency) {
  const digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  return `${(amount / 10 ** digits).toFixed(digits)} ${currency}`;
}

/** 1st, 2nd, 3rd, 11th. */
export function ordinal(number) {
  const last = number % 100 > 10 && number % 100 < 14 ? 0 : number % 10;
  return `${number}${["", "1st", "2nd", "3rd"][last]?.slice(1) || "th"}`;
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
