// The story's sentences, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { tale } from "../js/inside/tale.js";

/** A row as the console's server shows it. */
const row = (attributes) => Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, { type: typeof value === "number" ? "N" : "S", value: String(value) }]));
const at = (second, millisecond = "000") => `2026-11-29T12:00:${String(second).padStart(2, "0")}.${millisecond}Z`;
const record = (second, event, old, row) => ({ event, at: Date.parse(at(second)) / 1000, before: old?.Status?.value, after: row?.Status?.value, old, new: row });
const words = (told) => told.map(({ words }) => words);

const ACCEPTED = row({ AcceptanceId: "a", AcceptedAt: at(1, "400"), Status: "PENDING", Attempt: 1, CardLast4: "1111", CardBrand: "VISA" });

test("an order that crossed and was paid has a sentence for each step, with its very time and its amount", () => {
  const clean = row({ AcceptanceId: "a", PaymentStatus: "SUBMITTED", PaymentAmount: 1999, PaymentCurrency: "USD", PaymentProfile: "stripe", PaymentSettledAt: at(9) });
  const summary = { acceptedAt: at(1, "400"), tokenizedAt: at(1, "650") };
  const told = tale({ summary, rows: { clean }, stream: [record(1, "INSERT", null, ACCEPTED), record(1, "REMOVE", ACCEPTED, null)] });
  assert.deepEqual(told.map(({ at }) => new Date(at).toISOString()), [at(1, "400"), at(1, "650"), at(9)]);
  assert.deepEqual(words(told), [
    "Accepted: its card, VISA ending in 1111, was sealed before anything was written.",
    "Crossed after 250 ms: its card is in the vault, and the order has a token in place of it.",
    "Charged 19.99 USD by stripe.",
  ]);
});

test("an order that was parked, started again, taken up and expired says so, and why, in that sequence", () => {
  const again = { ...ACCEPTED, ...row({ Attempt: 2 }) };
  const taken = { ...ACCEPTED, ...row({ Attempt: 3, TakenUp: 1 }) };
  const failed = { ...ACCEPTED, ...row({ Status: "FAILED", FailureReason: "REJECTED" }) };
  const stream = [record(1, "INSERT", null, ACCEPTED), record(1, "MODIFY", ACCEPTED, failed), record(5, "MODIFY", failed, failed), record(6, "MODIFY", failed, again), record(8, "MODIFY", again, taken), record(20, "MODIFY", taken, row({ AcceptanceId: "a", Status: "EXPIRED" }))];
  assert.deepEqual(words(tale({ summary: { acceptedAt: at(1, "400") }, rows: {}, stream })), [
    "Accepted: its card, VISA ending in 1111, was sealed before anything was written.",
    "Parked, with a dead letter. REJECTED: DynamoDB refuses the transaction itself.",
    "It was started again: attempt 2.",
    "The sweep took it up: attempt 3.",
    "Expired: it did not cross before its deadline, and its card was removed.",
  ]);
});

test("an outage is told: how often the worker failed and at what, and that the order was given up, also with a clock that was moved", () => {
  const again = { ...ACCEPTED, ...row({ Attempt: 2, TakenUp: 1 }) };
  const stream = [record(1, "INSERT", null, ACCEPTED), record(50, "MODIFY", ACCEPTED, again), record(51, "REMOVE", again, null)];
  const call = (second, role, outcome, operation = "Decrypt") => ({ at: Date.parse(at(second)), microseconds: 1000, role, service: operation === "Decrypt" ? "KMS" : "DynamoDB", operation, outcome, relation: "own" });
  const worker = "TokenizeWorkerRole";
  // A call that fails and is tried again within its run is no failed run.
  const calls = [call(1, "IngestRole", "ok", "PutItem"), call(2, worker, "KMSInternalException"), call(4, worker, "KMSInternalException"), call(50, "ReplayRole", "ok", "UpdateItem"), call(51, worker, "ThrottlingException"), call(52, worker, "ok", "TransactWriteItems")];
  const runs = [2, 4, 51].map((second) => ({ from: Date.parse(at(second)), to: Date.parse(at(second)) + 1500 }));
  for (const ahead of [0, 600_000]) {
    assert.deepEqual(words(tale({ summary: { acceptedAt: at(1, "400"), tokenizedAt: at(51) }, rows: { clean: row({ AcceptanceId: "a" }) }, stream, calls, runs }, ahead)), [
      "Accepted: its card, VISA ending in 1111, was sealed before anything was written.",
      "The worker failed 2 times: KMS Decrypt, KMSInternalException. Lambda gave it up for now.",
      "The sweep took it up: attempt 2.",
      "Crossed after 49.6 s: its card is in the vault, and the order has a token in place of it.",
    ]);
  }
});

test("declines have their amount and what may follow; another card and a forgotten one are told", () => {
  const decline = (second, kind) => ({ M: { SettledAt: { S: at(second) }, Amount: { N: "500" }, Currency: { S: "JPY" }, DeclineCode: { S: "do_not_honor" }, DeclineKind: { S: kind } } });
  const clean = { ...row({ AcceptanceId: "b", CardForgottenAt: at(40), PaymentStatus: "DECLINED", PaymentSettledAt: at(30) }), PaymentHistory: { type: "L", value: JSON.stringify([decline(10, "SOFT"), decline(30, "HARD")]) } };
  const other = row({ AcceptanceId: "b", AcceptedAt: at(20), Status: "PENDING", Attempt: 1, Replaces: "a", CardJweDigest: "x" });
  const stream = [record(1, "INSERT", null, ACCEPTED), record(2, "REMOVE", ACCEPTED, null), record(20, "INSERT", null, other), record(21, "REMOVE", other, null)];
  assert.deepEqual(words(tale({ summary: { acceptedAt: at(20), tokenizedAt: at(21) }, rows: { clean }, stream })), [
    "Accepted: its card, VISA ending in 1111, was sealed before anything was written.",
    "Crossed: its card is in the vault, and the order has a token in place of it.",
    "Declined 500 JPY: do_not_honor. The decline is soft: a new payment may succeed, with this card or another.",
    "Another card was accepted: its card came encrypted, and only the worker can open it. It was sealed once more before anything was written.",
    "Crossed: the other card is in the vault, in place of the one before.",
    "Declined 500 JPY: do_not_honor. The decline is hard: another card is needed.",
    "Its card was forgotten: the vault has it no more.",
  ]);
});

test("what the stream has no more is told by the rows", () => {
  const told = tale({ summary: { acceptedAt: at(1), tokenizedAt: at(3) }, rows: { clean: row({ AcceptanceId: "a" }) }, stream: [] });
  assert.deepEqual(words(told), ["Accepted: its card was sealed before anything was written.", "Crossed after 2.0 s: its card is in the vault, and the order has a token in place of it."]);
});
