// The console for everybody: axe-core's rules in every state, tab and size, in both themes and in forced colours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { browser, inStage, LIMIT, open, pay, place, press, toggle, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
  // Something in every state.
  const page = await open(chromium, stack.origin);
  await place(page, "tokenized-1");
  await inStage(page, "tokenized-1", "tokenized");
  await place(page, "declined-1", "decline");
  await inStage(page, "declined-1", "tokenized");
  for (const order of ["declined-1", "tokenized-1"]) {
    await pay(page, order);
    await page.waitForSelector(`#ledger tr:has-text("${order}")`);
  }
  await press(page, "#poison");
  await page.waitForSelector("#orders .stage.failed");
  await press(page, "#doctor");
  await page.waitForSelector("#operated [data-check=keys]");
  await toggle(page, "kms-worker", true);
  await place(page, "held-1");
  await inStage(page, "held-1", "quarantine");
  await page.context().close();
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

const LOOKS = [{ scheme: "light" }, { scheme: "dark" }, { scheme: "light", forced: true }, { scheme: "dark", forced: true }];
const TABS = ["story", "rows", "stream", "letters", "events", "log", "calls"];

for (const { scheme, forced } of LOOKS) {
  for (const width of [1920, 1280, 390]) {
    test(`axe finds nothing, ${scheme}${forced ? ", forced colours" : ""}, ${width} pixels wide`, options, async () => {
      const page = await open(chromium, stack.origin, { width, height: 844, scheme, forced });
      await page.waitForSelector("#operated [data-check=keys]");
      await place(page, `refused-${scheme}-${width}-${Boolean(forced)}`, "wrong");
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
      await page.selectOption("#card", "");
      assert.deepEqual(await found(page), [], "without an order, with everything open");
      await page.selectOption("#find [name=stage]", "failed");
      await page.click('button[data-order^="poison"]');
      await page.waitForSelector(".about .who");
      await page.selectOption("#other-card", "");
      assert.deepEqual(await found(page), [], "a parked order");
      for (const tab of TABS) {
        await page.goto(`${stack.origin}/#tokenized-1/${tab}`);
        await page.waitForSelector(`#tab-${tab}[aria-selected=true]`);
        await page.waitForSelector('.about .who:text-is("tokenized-1")');
        await page.evaluate(() => document.querySelectorAll("#tab details").forEach((one) => (one.open = true)));
        // The rest of the page is as it was.
        assert.deepEqual(await found(page, "#inside"), [], tab);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${tab}: the page is ${overflow} pixels too wide`);
      }
    });
  }
}

test("axe finds nothing in an empty console, in one that is paused, and in one without a server", options, async () => {
  const empty = await up();
  const page = await open(chromium, empty.origin);
  assert.deepEqual(await found(page), [], "empty");
  await press(page, "#pause");
  assert.deepEqual(await found(page), [], "paused");
  await press(page, "#pause");
  await page.waitForSelector("#live[data-state=live]");
  await empty.stop();
  await page.waitForSelector("#live[data-state=lost]");
  assert.deepEqual(await found(page), [], "without a server");
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing in the badge of any state, ${scheme}`, options, async () => {
    const page = await open(chromium, stack.origin, { scheme });
    await page.evaluate(() => {
      const states = ["quarantine", "givenup", "failed", "expired", "gone", "tokenized", "paying", "paid", "declined", "unknown"];
      const list = document.createElement("ul");
      list.id = "badges";
      for (const state of states) {
        const badge = Object.assign(document.createElement("span"), { className: `stage ${state}`, textContent: state });
        list.append(Object.assign(document.createElement("li")));
        list.lastChild.append(badge);
      }
      document.querySelector("#place").before(list);
    });
    assert.deepEqual(await found(page, "#badges"), []);
  });
}

test("the labels of the buttons that matter can be read in forced colours", options, async () => {
  const page = await open(chromium, stack.origin, { forced: true });
  const [ground, ink] = await page.evaluate(() => {
    const { backgroundColor, color, forcedColorAdjust } = getComputedStyle(document.querySelector("#place button.primary"));
    return forcedColorAdjust === "none" ? [backgroundColor, color] : [];
  });
  assert.ok(ground && ground !== ink, `${ink} on ${ground}`);
});

test("in forced colours only the selected tab is underlined", options, async () => {
  const page = await open(chromium, stack.origin, { forced: true });
  const lines = await page.$$eval("#tabs button", (all) => all.map((tab) => [tab.getAttribute("aria-selected"), parseFloat(getComputedStyle(tab).borderBottomWidth) > 0]));
  assert.ok(lines.length > 1);
  for (const [selected, isUnderlined] of lines) assert.equal(isUnderlined, selected === "true");
});

test("the skip link leads to the form, and opens no order", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForSelector("#live[data-state=live]");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const { focused, panel } = await page.evaluate(() => ({ focused: document.activeElement.id, panel: document.body.classList.contains("with-panel") }));
  assert.deepEqual([focused, panel, new URL(page.url()).hash], ["place-title", false, ""]);
});

test("on a phone the focus does not get behind the panel, and does once it is closed", options, async () => {
  const page = await open(chromium, stack.origin, { width: 390, height: 844 });
  await page.goto(`${stack.origin}/#tokenized-1`);
  await page.waitForSelector('.about .who:text-is("tokenized-1")');
  await page.focus("#close-order");
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const where = await page.evaluate(() => document.activeElement.closest("#inside, body").id || document.activeElement.tagName);
    assert.ok(["inside", "BODY"].includes(where), where);
  }
  await press(page, "#close-order");
  assert.equal(await page.evaluate(() => document.querySelectorAll("[inert]").length), 0);
});

for (const still of [true, false]) {
  test(`a person who wants no motion gets none, and others do: ${still ? "none" : "some"}`, options, async () => {
    const page = await open(chromium, stack.origin, { still });
    await page.evaluate(() => {
      window.drawn = 0;
      window.moved = false;
      new MutationObserver((changes) => {
        window.drawn += changes.filter(({ attributeName }) => attributeName === "transform").length;
        window.moved ||= changes.some(({ target }) => target.classList.contains("moving"));
      }).observe(document.querySelector(".airlock"), { attributes: true, subtree: true, attributeFilter: ["transform", "class"] });
    });
    await place(page, `still-${still}`);
    await inStage(page, `still-${still}`, "quarantine");
    await page.waitForSelector(".airlock .capsule.chosen .glyph.sealed");
    await page.waitForFunction(() => document.querySelectorAll(".airlock .moving").length === 0);
    const { drawn, moved } = await page.evaluate(() => ({ drawn: window.drawn, moved: window.moved }));
    assert.equal(moved, !still);
    // At the client, at ingest, in quarantine; to the worker's door and back: a step each.
    if (still) assert.ok(drawn <= 15, `drawn ${drawn} times`);
  });
}

/** What axe finds in a part of the page, of any severity, in a word each. */
async function found(page, part = "html") {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate((part) => window.axe.run(part), part);
  return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.html).join(" ")}`);
}
