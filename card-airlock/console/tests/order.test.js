// A chosen order: the panel is in view at every size, has the focus, and has an address.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, inStage, LIMIT, open, place, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
  const page = await open(chromium, stack.origin);
  for (const order of ["one-1", "two-1"]) {
    await place(page, order);
    await inStage(page, order, "tokenized");
  }
  await page.context().close();
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

for (const width of [1920, 1280, 900, 390]) {
  test(`an order that is chosen is seen at once, ${width} pixels wide`, options, async () => {
    const page = await open(chromium, stack.origin, { width, height: 844 });
    await page.click('button[data-order="one-1"]');
    await page.waitForSelector('.about .who:has-text("one-1")');
    await page.waitForSelector(".attributes .tokenish");
    const { top, left, right } = await page.evaluate(() => document.querySelector(".about .who").getBoundingClientRect().toJSON());
    assert.ok(top >= 0 && top < 400 && left >= 0 && right <= width, `${top} ${left} ${right}`);
    assert.equal(await page.evaluate(() => document.activeElement.id), "inside-title");
    await page.keyboard.press("Escape");
    await until("the panel is closed", async () => (await page.locator("body.with-panel").count()) === 0);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.order), "one-1", "the focus is where it was");
  });
}

test("an address leads to an order and a tab, and Back to the order before", options, async () => {
  const page = await open(chromium, `${stack.origin}`);
  await page.click('button[data-order="one-1"]');
  await page.click("#tab-calls");
  await page.waitForSelector('#tab:has-text("TransactWriteItems")');
  assert.ok(page.url().endsWith("/#one-1/calls"), page.url());
  await page.click('button[data-order="two-1"]');
  await page.waitForSelector('.about .who:has-text("two-1")');
  assert.ok(page.url().endsWith("/#two-1/calls"), page.url());
  await page.goBack();
  await page.waitForSelector('.about .who:has-text("one-1")');
  await page.reload();
  await page.waitForSelector('.about .who:has-text("one-1")');
  await page.waitForSelector("#tab-calls[aria-selected=true]");
  await page.goto(`${stack.origin}/#two-1/no-such-tab`);
  await page.waitForSelector('.about .who:has-text("two-1")');
  await page.waitForSelector("#tab-rows[aria-selected=true]");
  assert.ok(page.url().endsWith("/#two-1"), page.url());
  assert.deepEqual(page.complaints, []);
});
