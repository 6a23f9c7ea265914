// The console in daily use: search, sort, pages, pause, a list that stands still, the keyboard, charts, themes, a phone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, inStage, LIMIT, open, place, press, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
  const page = await open(chromium, stack.origin);
  await place(page, "order", "visa", 120);
  await page.waitForSelector('#placed:has-text("120 × 202")');
  await place(page, "single-1", "mastercard");
  await inStage(page, "single-1", "tokenized");
  await page.context().close();
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

const ids = (page) => page.$$eval("#orders [data-order]", (all) => all.map((one) => one.dataset.order));

/** Waits until the list begins with these. */
const shows = (page, what, ...wanted) => until(what, async () => (await ids(page)).slice(0, wanted.length).join() === wanted.join());

test("orders are found by a part of the id, the last four digits, the state and the time", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.fill("#find-order", "ngle");
  await until("one is found", async () => (await ids(page)).join() === "single-1");
  await page.fill("#find-order", "4444");
  await until("one is found", async () => (await ids(page)).join() === "single-1");
  await page.fill("#find-order", "");
  await page.selectOption("#find [name=stage]", "failed");
  await page.waitForSelector('#orders:has-text("No order is found.")');
  await page.click("#find [type=reset]");
  await shows(page, "all are shown", "single-1");
  await page.fill("#find [name=to]", "00:00:01");
  await page.waitForSelector('#orders:has-text("No order is found.")');
  await page.click("#find [type=reset]");
  await shows(page, "all are shown", "single-1");
  await page.fill("#find-order", "single-1");
  await page.press("#find-order", "Enter");
  await page.waitForSelector('.about .who:text-is("single-1")');
  assert.deepEqual(page.complaints, []);
});

test("every page of the list is reached, and each column sorts in both directions", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForSelector('#page-said:has-text("Page 1 of 3, 121 orders")');
  assert.equal((await ids(page)).length, 50);
  const seen = new Set(await ids(page));
  for (const number of [2, 3]) {
    await page.click("#next");
    await page.waitForSelector(`#page-said:has-text("Page ${number} of 3")`);
    (await ids(page)).forEach((id) => seen.add(id));
  }
  assert.equal(seen.size, 121);
  assert.ok(await page.isDisabled("#next"));
  assert.equal(await page.evaluate(() => document.activeElement.id), "previous", "at the last page the focus is not lost");
  await page.keyboard.press("Enter");
  await page.waitForSelector('#page-said:has-text("Page 2 of 3")');
  await page.keyboard.press("Enter");
  await page.waitForSelector('#page-said:has-text("Page 1 of 3")');
  assert.equal(await page.evaluate(() => document.activeElement.id), "next", "nor at the first");
  await page.click('#orders th button:text-is("Order")');
  await shows(page, "sorted by id", "order-001", "order-002");
  await page.click('#orders th button:text-is("Order")');
  await shows(page, "sorted the other way", "single-1", "order-120");
  await page.waitForSelector('#orders th[aria-sort=descending]:has-text("Order")');
  await page.click('#orders th button:text-is("Card")');
  await page.waitForSelector('#orders th[aria-sort=ascending]:has-text("Card")');
  await page.click('#orders th button:text-is("Card")');
  await shows(page, "the greatest last four digits first", "single-1");
  await page.click('#orders th button:text-is("Accepted")');
  await shows(page, "the newest again", "single-1");
});

test("nothing moves under a pointer, a selection or the keyboard's focus; what changes is told in its place", options, async () => {
  const page = await open(chromium, stack.origin);
  await shows(page, "the list", "single-1");
  const other = await open(chromium, stack.origin);
  const add = async (order) => {
    await place(other, order);
    await inStage(other, order, "tokenized");
  };
  await page.hover('#orders [data-order="single-1"]');
  await add("hover-1");
  await page.waitForSelector('#orders-newer:has-text("Show 1 newer order")');
  assert.equal((await ids(page))[0], "single-1");
  await page.mouse.move(0, 0);
  await shows(page, "when the pointer leaves, it comes", "hover-1", "single-1");

  await page.focus("#orders [data-order]");
  await page.keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.order), "single-1");
  await add("focus-1");
  await page.waitForSelector('#orders-newer:has-text("Show 1 newer order")');
  assert.equal((await ids(page))[0], "hover-1");
  await page.click("#orders-newer");
  await shows(page, "it is shown when somebody asks for it", "focus-1", "hover-1");

  await page.evaluate(() => {
    document.activeElement.blur();
    getSelection().selectAllChildren(document.querySelector('[data-order="hover-1"]').closest("tr"));
  });
  await add("selection-1");
  await page.waitForSelector("#orders-newer:not([hidden])");
  assert.equal((await ids(page))[0], "focus-1");
  await page.evaluate(() => getSelection().removeAllRanges());
  await shows(page, "it comes when nothing is selected", "selection-1");
});

test("a page that is paused stands still and fetches nothing, and goes on with what is true then", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForSelector("#orders [data-order]");
  await press(page, "#pause");
  await page.waitForSelector("#live[data-state=paused]");
  const before = await ids(page);
  const other = await open(chromium, stack.origin);
  await place(other, "paused-1");
  await inStage(other, "paused-1", "tokenized");
  assert.deepEqual(await ids(page), before);
  await press(page, "#pause");
  await page.waitForSelector("#live[data-state=live]");
  await inStage(page, "paused-1", "tokenized");
});

test("the keyboard reaches everything in fewer than 60 stops, however many orders there are", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForSelector("#orders [data-order]");
  assert.equal(await page.locator('#orders [data-order][tabindex="0"]').count(), 1);
  await page.evaluate(() => document.activeElement.blur());
  const stops = new Set();
  for (let presses = 0; presses < 80; presses += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const one = document.activeElement;
      if (one === document.body) return null;
      one.dataset.stop ??= String(document.querySelectorAll("[data-stop]").length);
      return one.dataset.stop;
    });
    if (stop === null || stops.has(stop)) break;
    stops.add(stop);
  }
  assert.ok(stops.size > 20 && stops.size < 60, `${stops.size} stops`);
  await page.focus('#orders [data-order][tabindex="0"]');
  await page.keyboard.press("End");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.order), (await ids(page)).at(-1));
  await page.keyboard.press("Home");
  assert.equal(await page.evaluate(() => document.activeElement.dataset.order), (await ids(page))[0]);
  await page.keyboard.press("Enter");
  await page.waitForSelector("body.with-panel");
});

test("the live region gives a summary, not a line for each order", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.evaluate(() => {
    window.said = [];
    new MutationObserver(() => window.said.push(document.getElementById("announcer").textContent)).observe(document.getElementById("announcer"), { childList: true, characterData: true, subtree: true });
  });
  await place(page, "said", "visa", 30);
  await until("a summary is said", () => page.evaluate(() => window.said.some((text) => /^\d+ orders changed: .*\d+ tokenized/.test(text))));
  const said = await page.evaluate(() => window.said);
  assert.ok(said.length < 30, said.join("\n"));
});

test("rates and times are charts with their latest numbers in words, and a reload keeps them", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "chart", "visa", 10);
  const label = () => page.getAttribute('#charts figure:has-text("From acceptance to token") svg', "aria-label");
  await until("the times are told", async () => /p50 [\d.]+ (ms|s), p95 [\d.]+ (ms|s), p99 [\d.]+ (ms|s)/.test(await label()));
  await page.waitForSelector('#charts figure:has-text("Orders each second") .keys:has-text("accepted"):has-text("crossed")');
  const points = () => page.$$eval("#charts .series.accepted", ([path]) => path.getAttribute("d").split(/[ML]/).length);
  await until("there is a line", async () => (await points()) > 3);
  const before = await points();
  await page.reload();
  await page.waitForSelector("#live[data-state=live]");
  await until("the line is there again", async () => (await points()) >= before);
});

test("a theme is chosen, kept for the next visit, and given back to the system", options, async () => {
  const page = await open(chromium, stack.origin, { scheme: "light" });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.selectOption("#theme", "dark");
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await page.waitForSelector("#live[data-state=live]");
  assert.equal(await ground(), dark);
  await page.selectOption("#theme", "system");
  assert.equal(await ground(), light);
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await ground(), dark);
});

test("many orders are placed with progress, and a cancel ends it", options, async () => {
  const page = await open(chromium, stack.origin);
  let parts = 0;
  await page.route("**/console/orders", async (route) => {
    parts += 1;
    if (parts === 2) await page.click("#bulk-cancel");
    await route.continue();
  });
  await page.fill("#place [name=order]", "bulk");
  await page.selectOption("#card", "visa");
  await page.fill("#place [name=count]", "500");
  await press(page, "#place button[type=submit]");
  await page.waitForSelector('#bulk:has-text("25 of 500 placed")');
  assert.equal(await page.getAttribute("#bulk-progress", "max"), "500");
  await page.waitForSelector('#placed[data-good=no]:has-text("50 orders before it was cancelled: 50 × 202")');
  assert.equal(await page.isVisible("#bulk"), false);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Place", "the focus is where the next order is placed");
});

test("orders beyond the drawn ones are counted in their room", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForFunction(() => {
    const rooms = document.querySelectorAll(".airlock .beyond");
    return [...rooms].some((text) => /^\+\d+$/.test(text.textContent));
  });
  const { drawn, beyond, all } = await page.evaluate(() => {
    const texts = [...document.querySelectorAll(".airlock text")].map((one) => one.textContent);
    const clean = texts.indexOf("Clean orders");
    return { drawn: document.querySelectorAll(".airlock .capsule:not(.ghost)").length, all: Number(texts[clean + 2]), beyond: Number(texts[clean + 3]) };
  });
  assert.equal(drawn + beyond, all);
});

test("the order that is open stays in the picture, however many come after it", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "kept-1");
  await inStage(page, "kept-1", "tokenized");
  await page.waitForSelector(".airlock .capsule.chosen");
  await place(page, "after", "visa", 75);
  await page.waitForSelector('#placed:has-text("75 × 202")');
  await inStage(page, "after-075", "tokenized");
  assert.equal(await page.textContent(".airlock .capsule.chosen title"), "kept-1, card ending in 1111");
  // One that was not drawn any more comes in again.
  await page.goto(`${stack.origin}/#order-001`);
  await page.waitForSelector('.about .who:text-is("order-001")');
  await until("it is drawn", async () => (await page.$$eval(".airlock .capsule.chosen title", (all) => all.map((one) => one.textContent))).join() === "order-001, card ending in 1111");
});

test("on a phone the answer is in view wherever the page is, and what breaks it is beside the picture", options, async () => {
  const page = await open(chromium, stack.origin, { width: 390, height: 844 });
  await place(page, "phone-1");
  await page.waitForSelector('#answer-bar:has-text("202 Accepted")');
  const { top, bottom } = await page.evaluate(() => document.getElementById("answer-bar").getBoundingClientRect().toJSON());
  assert.ok(top >= 0 && bottom <= 844, `${top} ${bottom}`);
  const places = await page.evaluate(() => ["scene-title", "break-title", "place-title"].map((id) => document.getElementById(id).getBoundingClientRect().top));
  assert.deepEqual(places.toSorted((a, b) => a - b), places, "picture, break it, then the rest");
});
