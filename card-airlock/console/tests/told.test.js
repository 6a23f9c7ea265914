// What the page tells of an order: its story in sentences, the tries of the worker, why it cannot be replayed, whose clock.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DISCOVER } from "./cards.js";
import { actions, browser, inStage, LIMIT, open, pay, place, press, toggle, typeCard, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

const sentences = (page) => page.$$eval("#tab .tale li span", (all) => all.map((one) => one.textContent));

/** Waits until the story has sentences like these, in this sequence, and no others. */
async function tells(page, ...patterns) {
  await page.waitForFunction((count) => document.querySelectorAll("#tab .tale li").length === count, patterns.length);
  const told = await sentences(page);
  patterns.forEach((pattern, index) => assert.match(told[index], pattern));
}

test("the story says in sentences what happened: accepted, crossed, charged how much, forgotten", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "told-1");
  await inStage(page, "told-1", "tokenized");
  await tells(page, /^Accepted: its card, .*ending in 1111, was sealed before/, /^Crossed after [\d.]+ m?s: its card is in the vault/);
  await pay(page, "told-1");
  await inStage(page, "told-1", "paid");
  await tells(page, /^Accepted/, /^Crossed/, /^Charged 19\.99 USD by airlock\.$/);
  await actions(page, "told-1");
  await press(page, "#forget-this");
  await press(page, "#forget-this");
  await page.waitForSelector('#acted:has-text("200 OK told-1: its card is forgotten")');
  await page.waitForSelector('.about:has-text("card forgotten")');
  await tells(page, /^Accepted/, /^Crossed/, /^Charged/, /^Its card was forgotten/);
  assert.deepEqual(page.complaints, []);
});

test("the story says why a payment was declined, and why an order was parked", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "told-2", "decline");
  await inStage(page, "told-2", "tokenized");
  await pay(page, "told-2");
  await inStage(page, "told-2", "declined");
  await tells(page, /^Accepted/, /^Crossed/, /^Declined 19\.99 USD: \S+\. The decline is soft/);
  await press(page, "#poison");
  const poison = await (await page.waitForSelector("#broken code")).textContent();
  await inStage(page, poison, "failed");
  await tells(page, /^Accepted/, /^Parked, with a dead letter\. ENVELOPE_REFUSED: the sealed card does not open/);
  await page.waitForSelector('#replay-why:has-text("a replay parks it again. Place the order again")');
  assert.equal(await page.$eval("#inside .copies button:not([hidden])", (first) => first.id === "replay-this"), false, "what cannot help does not lead");
  await page.waitForSelector('#replay-this:text-is("Replay it all the same")');
  await press(page, "#replay-this");
  await page.waitForSelector(`#replayed[data-good=no]:has-text("Started again"):has-text("${poison} was parked again. ENVELOPE_REFUSED")`);
  assert.equal(await page.textContent("#fixed"), "", "it answers where it was asked");
  await tells(page, /^Accepted/, /^Parked/, /^It was started again: attempt 2\.$/, /^Parked/);
});

test("the tries of the worker are drawn together, each with its number; given up is the last sentence", options, async () => {
  const page = await open(chromium, stack.origin);
  await toggle(page, "kms-worker", true);
  await place(page, "tried-1");
  await page.waitForSelector('#tab h4:has-text("Worker, 3rd try")');
  await page.waitForSelector('#tab .tale li:last-child:has-text("now"):has-text("Lambda gave it up for now. A sweep takes it up by")');
  const titles = await page.$$eval("#tab .act h3", (all) => all.map((one) => /^[^,]+(, \d+ tries)?/.exec(one.textContent)[0]));
  assert.equal(titles.length, 2, titles.join("; "));
  assert.equal(titles[0], "Accept");
  assert.match(titles[1], /^Worker, \d+ tries$/);
  assert.doesNotMatch(await page.textContent("#tab"), /KMS\s+KMS/);
  await toggle(page, "kms-worker", false);
  await press(page, "#replay-this");
  await inStage(page, "tried-1", "tokenized");
  await tells(page, /^Accepted/, /^The worker failed \d+ times: KMS \w+, \w+\. Lambda gave it up for now\.$/, /^It was started again: attempt 2\.$/, /^Crossed after/);
  await page.waitForSelector('#replayed[data-good=yes]:has-text("Started again")');
  await until("the new try is an act of its own", async () => (await page.locator("#tab .act").count()) === 4);
});

test("without an order the panel says what the words mean", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForSelector("#tab .words");
  const words = await page.$$eval("#tab .words dt", (all) => all.map((one) => one.textContent));
  assert.deepEqual(words, ["In quarantine", "Given up for now", "Parked", "Dead letter", "Across", "KMS"]);
  await place(page, "words-1");
  await page.waitForSelector("#tab .tale");
  assert.equal(await page.locator("#tab .words").count(), 0);
});

test("an order that no replay can start again says so where it was asked, and why", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.fill("#place [name=order]", "refused-1");
  // Only the worker knows that the card has expired.
  await typeCard(page, "#place", DISCOVER, "01/20");
  await press(page, "#place button[type=submit]");
  await inStage(page, "refused-1", "failed");
  await tells(page, /^Accepted: its card came encrypted/, /^Refused by the worker\. CARD_REFUSED: a card that was sent encrypted/);
  await press(page, "#replay-this");
  await page.waitForSelector('#replayed[data-good=no]:has-text("No replay can start this order again. CARD_REFUSED: a card that was sent encrypted cannot be opened")');
  assert.equal(await page.textContent("#fixed"), "");
  await page.click("#orders [data-order]:not([data-order=refused-1])");
  await until("it was the answer for that order", async () => (await page.textContent("#replayed")) === "");
});

test("with the clock days ahead times have their dates, and log and calls say whose clock they have", options, async () => {
  const moved = await up();
  try {
    const page = await open(chromium, moved.origin);
    await place(page, "today-1");
    await inStage(page, "today-1", "tokenized");
    const accepted = (order) => page.textContent(`#orders tr:has([data-order="${order}"]) td:nth-child(5)`);
    assert.match(await accepted("today-1"), /^\d\d:\d\d:\d\d$/);
    await page.click("#tab-log");
    await page.waitForSelector("#tab .cost:has-text(\"Newest first, by this machine’s clock.\")");
    await press(page, 'button[data-minutes="4380"]');
    await page.waitForSelector('#broken:has-text("The clock is 3 days ahead")');
    await place(page, "ahead-1");
    await inStage(page, "ahead-1", "tokenized");
    assert.match(await accepted("ahead-1"), /^\d{1,2} [A-Z][a-z]{2}( \d{4})?, \d\d:\d\d:\d\d$/);
    assert.match(await accepted("today-1"), /^\d\d:\d\d:\d\d$/);
    for (const tab of ["log", "calls"]) {
      await page.click(`#tab-${tab}`);
      await page.waitForSelector("#tab .cost:has-text(\"by this machine’s clock, 3 days behind the stack’s\")");
    }
    await page.click("#tab-story");
    await page.waitForSelector('#tab .tale time:has-text(", ")');
    await page.click("#tab-events");
    await page.waitForSelector('#tab .trace time:has-text(", ")');
  } finally {
    await moved.stop();
  }
});
