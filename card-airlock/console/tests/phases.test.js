// The story's acts and phases from calls, without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { actsOf, phaseTimes } from "../js/inside/phases.js";

const call = (role, service, operation, at, milliseconds, more = {}) => ({ role, service, operation, at, microseconds: milliseconds * 1000, outcome: "ok", relation: "own", ...more });

const CROSSING = [
  call("IngestRole", "DynamoDB", "PutItem", 1000, 10),
  call("TokenizeWorkerRole", "KMS", "Decrypt", 1100, 5, { relation: "batch" }),
  call("TokenizeWorkerRole", "KMS", "GenerateDataKey", 1102, 8),
  call("TokenizeWorkerRole", "DynamoDB", "TransactWriteItems", 1120, 20),
];

test("the stream is the time between the last write and the worker's first call; what overlaps counts once", () => {
  const acts = actsOf(CROSSING.toReversed());
  assert.deepEqual(acts.map(({ title, from, to }) => [title, from, to]), [["Accept", 1000, 1010], ["Worker", 1010, 1140]]);
  assert.deepEqual(acts.flatMap(({ bars }) => bars.map(({ phase }) => phase)), ["accept", "stream", "kms", "kms", "transaction"]);
  assert.deepEqual([...phaseTimes(acts)], [["accept", 10], ["stream", 90], ["kms", 10], ["transaction", 20]]);
});

test("a wait for the worker is the stream however long it takes, and a later payment is an act of its own", () => {
  const late = CROSSING.map((one) => (one.role === "IngestRole" ? one : { ...one, at: one.at + 60_000 }));
  const acts = actsOf([...late, call("PaybillRole", "KMS", "Decrypt", 70_000, 2), call("PaybillRole", "DynamoDB", "UpdateItem", 70_050, 4)]);
  assert.deepEqual(acts.map(({ title }) => title), ["Accept", "Worker", "Pay"]);
  assert.equal(phaseTimes(acts).get("stream"), 60_090);
  assert.deepEqual(acts[2].bars.map(({ words, from, to }) => [words, to - from]), [["KMS Decrypt", 2], ["the processor", 48], ["DynamoDB UpdateItem", 4]]);
});

test("the tries of the worker are one act, each with the calls of its run, until the order is started again", () => {
  const failing = (at) => call("TokenizeWorkerRole", "KMS", "GenerateDataKey", at, 1, { outcome: "KMSInternalException" });
  const event = call("TokenizeWorkerRole", "EventBridge", "PutEvents", 16_500, 1);
  const calls = [CROSSING[0], failing(2000), failing(2100), failing(5000), failing(9000), call("ReplayRole", "DynamoDB", "UpdateItem", 15_000, 5), failing(16_000), event];
  // Another order's run asked for the key of the batch.
  calls.push(call("TokenizeWorkerRole", "KMS", "Decrypt", 1500, 1, { relation: "batch" }));
  const runs = [1990, 4990, 8990, 15_990].map((from) => ({ from, to: from + 200 }));
  const acts = actsOf(calls, runs);
  assert.deepEqual(acts.map(({ title, tries }) => [title, tries?.length]), [["Accept", undefined], ["Worker", 3], ["Start again", undefined], ["Worker", 1], ["Tell of it", undefined]]);
  assert.deepEqual(acts[1].tries.map(({ bars }) => bars.map(({ phase }) => phase)), [["stream", "kms", "kms"], ["kms"], ["kms"]]);
  assert.deepEqual(acts[3].tries[0].bars.map(({ phase }) => phase), ["stream", "kms"]);
});

test("a key that other orders of the batch asked for, before it came or after it crossed, is no part of its story", () => {
  const others = [0, 500, 5000].map((at) => call("TokenizeWorkerRole", "KMS", "Decrypt", at, 1, { relation: "batch" }));
  assert.deepEqual(actsOf([...others, ...CROSSING]), actsOf(CROSSING));
});

test("a failed call keeps its error, and what belongs to no act is left out", () => {
  const failed = call("TokenizeWorkerRole", "KMS", "GenerateDataKey", 1100, 1, { outcome: "KMSInternalException", relation: "one-of" });
  const [, act] = actsOf([CROSSING[0], failed, call("NotifyRole", "EventBridge", "PutEvents", 1200, 1)]);
  assert.deepEqual(act.bars.map(({ words, ok, outcome }) => [words, ok, outcome]).at(-1), ["KMS GenerateDataKey", false, "KMSInternalException"]);
  assert.deepEqual(actsOf([]), []);
});
