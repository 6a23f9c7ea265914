// Where everything is: an order that is chosen moves nothing, at each size; a phone; targets; what is cut off.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, inStage, LIMIT, open, pay, place, press, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
  const page = await open(chromium, stack.origin);
  for (const order of ["one-1", "two-1"]) {
    await place(page, order);
    await inStage(page, order, "tokenized");
  }
  await pay(page, "one-1");
  await inStage(page, "one-1", "paid");
  await page.context().close();
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

/** The places of elements in the window: [left, top, width] each. */
const places = (page, ...selectors) =>
  page.evaluate((selectors) => selectors.map((one) => (({ left, top, width }) => [one, left, top, width])(document.querySelector(one).getBoundingClientRect())), selectors);

/** What is in the middle of an element: it, unless something covers it. */
const isOnTop = (page, selector) =>
  page.evaluate((selector) => {
    const one = document.querySelector(selector);
    const { left, top, width, height } = one.getBoundingClientRect();
    return one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  }, selector);

for (const width of [1920, 1600, 1280, 900]) {
  test(`an order that is chosen moves nothing, ${width} pixels wide`, options, async () => {
    const page = await open(chromium, stack.origin, { width, height: 900 });
    const row = page.locator('#orders [data-order="two-1"]');
    await row.scrollIntoViewIfNeeded();
    await page.waitForSelector("#ledger .stage.paid");
    const all = () => places(page, "#place", "#pay", "#airlock", "#faults", "#find", '#orders [data-order="two-1"]', "#operate-title", "#inside");
    const before = await all();
    await row.click();
    await page.waitForSelector('.about .who:text-is("two-1")');
    await page.waitForSelector("#tab .bars");
    assert.deepEqual(await all(), before);
    await page.keyboard.press("Escape");
    await page.waitForSelector("body:not(.with-panel)");
    assert.deepEqual(await all(), before);
  });
}

for (const width of [1920, 1280]) {
  test(`beside an open order the form, the picture and the faults are in view, ${width} pixels wide`, options, async () => {
    const page = await open(chromium, stack.origin, { width, height: 1000 });
    await page.goto(`${stack.origin}/#one-1`);
    await page.waitForSelector("#tab .bars");
    for (const seen of ["#place button[type=submit]", "#airlock", "#switch-kms-worker", "#close-order"]) assert.ok(await isOnTop(page, seen), seen);
    const cut = await page.$$eval("#tabs button", (tabs) => {
      const { left, right } = document.getElementById("inside").getBoundingClientRect();
      return tabs.filter((tab) => tab.getBoundingClientRect().right > right || tab.getBoundingClientRect().left < left).map((tab) => tab.textContent);
    });
    assert.deepEqual(cut, [], "no tab is cut off");
  });
}

test("the list has an order in a line and whole rows, the filters stand in lines, and the ledger hides nothing, 1280 pixels wide", options, async () => {
  const page = await open(chromium, stack.origin, { width: 1280, height: 900 });
  await place(page, "123456791", "visa", 12);
  await inStage(page, "123456791-012", "tokenized");
  // A state of many words takes its room from nothing else.
  await page.$eval("#orders tbody td:nth-child(2) small", (note) => (note.textContent = " taken up again by 23:59, another card: waits"));
  await page.$eval("#orders tbody td:nth-child(4)", (held) => (held.textContent = "53.1 s"));
  const broken = await page.$$eval("#orders tbody :is(td:first-child button, td:nth-child(4))", (all) =>
    all.filter((one) => {
      const range = document.createRange();
      range.selectNodeContents(one);
      return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
    }).map((one) => one.textContent),
  );
  assert.deepEqual(broken, []);
  const rest = await page.$eval("#orders", (list) => {
    const row = list.querySelector("tbody tr:last-child").offsetHeight;
    return (list.clientHeight - list.querySelector("thead").offsetHeight) % row;
  });
  assert.ok(rest <= 1, `${rest} pixels of a row`);
  const bottoms = await page.$$eval("#find label, #find button", (all) => Object.values(Object.groupBy(all, (one) => Math.round(one.getBoundingClientRect().bottom))).map((row) => new Set(row.filter((one) => one.matches("label")).map((one) => Math.round(one.getBoundingClientRect().top))).size));
  assert.ok(bottoms.length === 2 && bottoms.every((tops) => tops === 1), `the labels' heights: ${bottoms}`);
  await page.waitForSelector('#ledger:has-text("1 request to airlock")');
  assert.equal(await page.$eval("#ledger", ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth), 0);
});

test("on a phone the form and the list come before the faults, which open beside the picture", options, async () => {
  const page = await open(chromium, stack.origin, { width: 390, height: 844 });
  assert.equal(await page.isVisible("#switches"), false);
  const tops = (await places(page, "#airlock", "#break-title", "#place", "#find", "#pay", "#operate-title")).map(([, , top]) => top);
  assert.deepEqual(tops.toSorted((a, b) => a - b), tops);
  await page.click("#break-title");
  await page.locator("#switch-kms-worker").setChecked(true);
  await page.waitForSelector('#banner:has-text("KMS fails for the worker")');
  await press(page, "#all-off");
  await page.waitForFunction(() => !document.querySelector("#banner .broken"));
});

test("on a phone an answer stays until it is closed, or another one comes", options, async () => {
  const page = await open(chromium, stack.origin, { width: 390, height: 844 });
  assert.equal(await page.isVisible("#answer-bar"), false);
  await page.clock.install();
  await place(page, "bar-1");
  await page.waitForSelector('#answer-bar:has-text("202 Accepted bar-1")');
  await page.clock.fastForward(3_600_000);
  assert.equal(await page.isVisible("#answer-bar"), true);
  assert.ok(await isOnTop(page, "#answer-bar-close"));
  await pay(page, "nobody-1");
  await page.waitForSelector('#answer-bar:has-text("404"):has-text("nobody-1")');
  await page.click("#answer-bar-close");
  assert.equal(await page.isVisible("#answer-bar"), false);
  assert.equal(await page.evaluate(() => document.activeElement.matches("#pay button")), true, "the focus is where it was");
});

test("what is pressed is at least 24 pixels wide and high, and the parts fill their rows", options, async () => {
  for (const width of [1280, 390]) {
    const page = await open(chromium, stack.origin, { width, height: 900 });
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.waitForSelector("#orders [data-order]");
    await page.waitForSelector("#ledger .stage.paid");
    assert.deepEqual(await small(page), [], `${width}, the page`);
    const rows = await page.$$eval("#parts li", (all) => Object.values(Object.groupBy(all, (one) => one.getBoundingClientRect().top)).map((row) => row.length));
    assert.equal(new Set(rows).size, 1, `${width}: ${rows}`);
    await page.goto(`${stack.origin}/#one-1/rows`);
    await page.waitForSelector("#tab .attributes");
    assert.deepEqual(await small(page), [], `${width}, an order`);
    await page.context().close();
  }
});

/** What can be pressed and is smaller than WCAG 2.2 wants it (2.5.8). */
const small = (page) =>
  page.$$eval("button, input, select, summary, a:not(.skip)", (all) => {
    const target = (one) => (one.closest("label") && one.type === "checkbox" ? one.closest("label") : one);
    const isSmall = ({ width, height }) => width > 0 && (width < 24 || height < 24);
    return all.filter((one) => isSmall(target(one).getBoundingClientRect())).map((one) => one.id || one.textContent);
  });
