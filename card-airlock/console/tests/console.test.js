// The console as a person uses it, in a real browser before a real `card-airlock up`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, inStage, LIMIT, open, pay, place, press, toggle, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

test("an order is placed and seen tokenized, its rows and traces are there", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "seen-1");
  assert.match(await page.textContent("#placed"), /^202 Accepted/);
  await inStage(page, "seen-1", "tokenized");
  await page.click("#tab-rows");
  await page.waitForSelector(".attributes .tokenish");
  assert.match(await page.textContent("#tab .rows"), /CreditCardToken.*SealedCard|CandidateString/s);
  for (const [tab, word] of [["stream", "INSERT"], ["log", "tokenized"], ["calls", "TransactWriteItems"]]) {
    await page.click(`#tab-${tab}`);
    await page.waitForSelector(`#tab:has-text("${word}")`);
  }
  assert.equal(await page.locator(".airlock .capsule:not(.ghost)").count(), 1, "the picture has it too");
  assert.deepEqual(page.complaints, []);
});

test("a refused order shows the API's own error", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "refused-1", "wrong");
  assert.match(await page.textContent("#placed"), /422 Unprocessable.*CARD_INVALID/);
  assert.equal(await page.locator('[data-order="refused-1"]').count(), 0);
});

test("many orders are placed at once", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "many", "amex", 25);
  await page.waitForSelector('#placed:has-text("25 × 202")');
  await inStage(page, "many-025", "tokenized");
});

test("with KMS down an order is held; a replay, dry run first, fixes it", options, async () => {
  const page = await open(chromium, stack.origin);
  await toggle(page, "kms-worker", true);
  await place(page, "held-1");
  await inStage(page, "held-1", "quarantine");
  await page.click("#tab-letters");
  await page.waitForSelector("#tab .trace .warn");
  assert.match(await page.textContent("#tab"), /RetryAttemptsExhausted/);
  assert.equal(await page.locator('#orders tr:has([data-order="held-1"]) .stage.quarantine').count(), 1, "held");
  await toggle(page, "kms-worker", false);
  await press(page, "#dry-run");
  await page.waitForSelector('#fixed:has-text("would re-arm 1 order")');
  await press(page, "#replay");
  await page.waitForSelector('#fixed:has-text("Re-armed 1 order")');
  await inStage(page, "held-1", "tokenized");
});

test("a poison order is parked and the worker's crash doubles nothing", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "before-poison");
  await inStage(page, "before-poison", "tokenized");
  await press(page, "#poison");
  const poison = await page.waitForSelector("#broken code");
  await inStage(page, await poison.textContent(), "failed");
  await press(page, "#crash");
  await page.waitForSelector('#crash:has-text("armed")');
  await place(page, "crashed-1");
  await page.waitForSelector('#broken:has-text("The worker crashed")');
  await inStage(page, "crashed-1", "tokenized");
  assert.equal(await page.locator('[data-order="crashed-1"]').count(), 1);
});

test("an order is paid and stands in the ledger; a declined card too", options, async () => {
  const page = await open(chromium, stack.origin);
  for (const [order, card, stage, answer] of [["paid-1", "mastercard", "paid", /200 OK.*\*{4}-4444/], ["paid-2", "decline", "declined", /402.*PAYMENT_DECLINED/]]) {
    await place(page, order, card);
    await inStage(page, order, "tokenized");
    await pay(page, order);
    await inStage(page, order, stage);
    await page.waitForSelector(`#ledger tr:has-text("${order}") .stage.${stage}`);
    await until("the answer is shown", async () => answer.test(await page.textContent("#paid")));
  }
  await page.waitForSelector('#ledger tr:has-text("paid-2"):has-text("declined soft"):has-text("airlock")');
});

test("at a real processor an order is paid by its amount, and not without one", options, async () => {
  const stripe = await up("--processor", "stripe");
  try {
    const page = await open(chromium, stripe.origin);
    await place(page, "priced-1");
    await inStage(page, "priced-1", "tokenized");
    await pay(page, "priced-1");
    await inStage(page, "priced-1", "paid");
    await page.waitForSelector('#ledger tr:has-text("priced-1"):has-text("stripe"):has-text("pi_")');
    await page.fill("#place [name=amount]", "");
    await place(page, "free-1");
    await inStage(page, "free-1", "tokenized");
    await pay(page, "free-1");
    await until("the answer is shown", async () => /409.*AMOUNT_NOT_SET/.test(await page.textContent("#paid")));
    await page.fill("#place [name=amount]", "500");
    await page.fill("#place [name=currency]", "EUR");
    await place(page, "euros-1");
    await inStage(page, "euros-1", "tokenized");
    await page.click("#tab-rows");
    await until("the row has it", async () => /OrderAmount.*500.*OrderCurrency.*EUR/s.test(await page.textContent("#tab")));
    assert.deepEqual(page.complaints, []);
  } finally {
    await stripe.stop();
  }
});

test("past its deadline an order expires, and its card is gone", options, async () => {
  const page = await open(chromium, stack.origin);
  await toggle(page, "kms-worker", true);
  await place(page, "late-1");
  await inStage(page, "late-1", "quarantine");
  await press(page, 'button[data-minutes="4380"]');
  await inStage(page, "late-1", "expired");
  await page.click('button[data-order="late-1"]');
  await page.click("#tab-rows");
  await until("the row says so", async () => /EXPIRED/.test(await page.textContent("#tab")));
  assert.doesNotMatch(await page.textContent("#tab"), /SealedCard|DataKey/);
  await toggle(page, "kms-worker", false);
});

test("everything works with the keyboard alone", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.focus("#place [name=order]");
  await page.keyboard.press("Control+A");
  await page.keyboard.type("keys-1");
  await page.keyboard.press("Enter");
  await inStage(page, "keys-1", "tokenized");
  await page.focus('[data-order="keys-1"]');
  await page.keyboard.press("Enter");
  await page.waitForSelector('.about .who:has-text("keys-1")');
  await page.focus("#tabs [aria-selected=true]");
  await page.keyboard.press("End");
  await page.waitForSelector("#tab-calls[aria-selected=true]:focus");
  await page.keyboard.press("Home");
  await page.waitForSelector("#tab-story[aria-selected=true]:focus");
});
