// A function whose runs failed, once the cause is gone: nothing tells that it still fails, and nothing that it works.

import { minute } from "./format.js";

/** Whether the function failed last, and what made it fail has ended: no fault is in force, and no run began since one ended, or no call fails. */
export function isUntried(name, { functions, faults, services }) {
  const { failing, untried } = functions[name] ?? {};
  const isWell = Object.values(services).every(({ failed }) => failed === 0);
  return Boolean(failing) && faults === 0 && (untried || isWell);
}

/** When the worker tries again; null when no order waits for it. */
export function nextTry({ orders, givenUp, inWorker }) {
  if (orders.counts.quarantine === 0) return null;
  if (inWorker) return "recovering, at work again";
  if (givenUp.count === 0) return "recovering, waits for its next try";
  const first = Math.min(...givenUp.orders.map(({ againBy }) => Date.parse(againBy)));
  return `recovering, next try by ${minute(first)}`;
}
