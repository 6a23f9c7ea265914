// What happened to an order, in sentences: from the stream records of its quarantine row, and its clean row.

import { duration, many, money } from "../format.js";
import { reasonWords } from "../reasons.js";
import { actsOf } from "./phases.js";

/** Answers of a sound service: what they say of the row, its stage tells. */
const OF_THE_ROW = ["InvalidCiphertextException", "ConditionalCheckFailedException", "TransactionCanceledException"];

/** The sentences, oldest first: [{ at, words }], by the stack's clock, which is `ahead` milliseconds ahead of that of calls. */
export function tale({ summary, rows, stream, calls = [], runs = [] }, ahead = 0) {
  const clean = rows.clean;
  const quarantine = ofStream(stream ?? [], clean, summary);
  const outages = ofRuns(actsOf(calls, runs), quarantine.filter(({ kind }) => kind === "again"), ahead);
  const all = [...outages, ...quarantine, ...ofPayments(clean), ...ofCard(clean)];
  // Of what is in the stream no more, the rows still tell the most.
  if (!all.some(({ kind }) => kind === "accepted") && summary?.acceptedAt) all.unshift({ at: Date.parse(summary.acceptedAt), words: "Accepted: its card was sealed before anything was written." });
  if (!all.some(({ kind }) => kind === "crossed") && summary?.tokenizedAt) all.push({ at: Date.parse(summary.tokenizedAt), words: crossed(summary) });
  return all.map(({ at, words }) => ({ at, words })).sort((a, b) => a.at - b.at);
}

/** The runs that failed: those whose last call did. A start that came after them is told after them, however the clock was moved. */
function ofRuns(acts, starts, ahead) {
  return acts.flatMap((act, index) => {
    const failed = (act.tries ?? []).map(({ bars }) => bars.at(-1)).filter(({ ok, outcome }) => !ok && !OF_THE_ROW.includes(outcome));
    if (failed.length === 0) return [];
    const later = acts.slice(index + 1).filter(({ title }) => title === "Start again").length;
    const start = later ? starts.at(-later) : null;
    const gaveUp = start?.wasPending ? " Lambda gave it up for now." : "";
    const last = failed.at(-1);
    return [{ at: Math.min(failed[0].from + ahead, start?.at ?? Infinity), words: `The worker failed ${many(failed.length, "time")}: ${last.words}, ${last.outcome}.${gaveUp}` }];
  });
}

/** Records have whole seconds: where a row has the very time, that is taken, and none goes back behind the one before. */
function ofStream(records, clean, summary) {
  const told = [];
  let latest = 0;
  for (const record of records) {
    const found = sentence(record, clean, summary);
    latest = Math.max(latest, found?.at ?? record.at * 1000);
    if (found) told.push({ ...found, at: latest });
  }
  return told;
}

/** { kind, at, words } of one record; null when it tells a person nothing. */
function sentence({ event, before, after, old, new: row, byTtl }, clean, summary) {
  if (event === "REMOVE") {
    if (byTtl) return { words: "Removed by DynamoDB’s TTL." };
    if (!clean) return null;
    const isThis = text(old, "AcceptanceId") === text(clean, "AcceptanceId");
    const words = text(old, "Replaces") ? "Crossed: the other card is in the vault, in place of the one before." : crossed(isThis ? summary : {});
    return { kind: "crossed", words, at: isThis ? Date.parse(summary.tokenizedAt) : undefined };
  }
  if (event === "INSERT" || text(old, "AcceptanceId") !== text(row, "AcceptanceId")) {
    return { kind: "accepted", at: Date.parse(text(row, "AcceptedAt")), words: `${text(row, "Replaces") ? "Another card was accepted" : "Accepted"}: ${card(row)}` };
  }
  if (after === "FAILED" && before !== "FAILED") {
    const reason = text(row, "FailureReason");
    const word = { CARD_REFUSED: "Refused by the worker", CARD_NOT_REPLACED: "Not replaced" }[reason] ?? "Parked, with a dead letter";
    return { words: `${word}. ${reasonWords(reason)}.` };
  }
  if (after === "EXPIRED" && before !== "EXPIRED") {
    return { words: text(row, "FailureReason") === "FORGOTTEN" ? "Forgotten before it crossed: its card was removed." : "Expired: it did not cross before its deadline, and its card was removed." };
  }
  if (after === "PENDING" && number(row, "Attempt") > number(old, "Attempt")) {
    const by = number(row, "TakenUp") > number(old, "TakenUp") ? "The sweep took it up" : "It was started again";
    return { kind: "again", wasPending: before === "PENDING", words: `${by}: attempt ${number(row, "Attempt")}.` };
  }
  if (text(row, "ArmAfter") && !text(old, "ArmAfter")) return { words: "Another card waits for a payment that is under way." };
  return null;
}

function card(row) {
  const last4 = text(row, "CardLast4");
  if (text(row, "CardJweDigest")) return "its card came encrypted, and only the worker can open it. It was sealed once more before anything was written.";
  return `its card${last4 ? `, ${text(row, "CardBrand") ?? ""} ending in ${last4},` : ""} was sealed before anything was written.`.replace("  ", " ");
}

function crossed({ acceptedAt, tokenizedAt }) {
  const after = tokenizedAt ? ` after ${duration(Date.parse(tokenizedAt) - Date.parse(acceptedAt))}` : "";
  return `Crossed${after}: its card is in the vault, and the order has a token in place of it.`;
}

function ofPayments(clean) {
  const declines = list(clean, "PaymentHistory").map((one) => ({
    at: Date.parse(one.SettledAt?.S),
    words: `Declined${amount(one.Amount?.N, one.Currency?.S, " ")}: ${one.DeclineCode?.S ?? "no code"}. ${one.DeclineKind?.S === "HARD" ? "The decline is hard: another card is needed." : "The decline is soft: a new payment may succeed, with this card or another."}`,
  }));
  const charged = amount(text(clean, "PaymentAmount"), text(clean, "PaymentCurrency"), " ");
  const by = text(clean, "PaymentProfile") ? ` by ${text(clean, "PaymentProfile")}` : "";
  const settled = Date.parse(text(clean, "PaymentSettledAt"));
  const now = {
    DECLINED: declines.length === 0 && { at: settled, words: "Declined." },
    SUBMITTED: { at: settled, words: `Charged${charged || ", without an amount,"}${by}.` },
    UNKNOWN: { at: settled, words: `The outcome of the payment${charged && ` of${charged}`} is not known: a lookup or an operator finds out.` },
    SUBMITTING: { at: Date.parse(text(clean, "PaymentStartedAt")), words: `A payment${charged && ` of${charged}`} began.` },
  }[text(clean, "PaymentStatus")];
  return [...declines, ...(now ? [now] : [])].filter(({ at }) => !Number.isNaN(at));
}

function ofCard(clean) {
  const at = Date.parse(text(clean, "CardForgottenAt"));
  return Number.isNaN(at) ? [] : [{ at, words: "Its card was forgotten: the vault has it no more." }];
}

const amount = (minor, currency, before) => (minor && currency ? `${before}${money(Number(minor), currency)}` : "");
const text = (row, name) => row?.[name]?.value;
const number = (row, name) => Number(text(row, name) ?? 0);

/** A list attribute: its maps, as DynamoDB has them. */
function list(row, name) {
  try {
    return JSON.parse(text(row, name) ?? "[]").map(({ M }) => M);
  } catch {
    return [];
  }
}
