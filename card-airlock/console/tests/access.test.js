// The console for everybody: axe-core's rules, both themes, a desk and a phone.

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
  await toggle(page, "kms-worker", true);
  await place(page, "held-1");
  await inStage(page, "held-1", "quarantine");
  await page.context().close();
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

for (const scheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    test(`axe finds nothing serious, ${scheme}, ${width} pixels wide`, options, async () => {
      const page = await open(chromium, stack.origin, { width, height: 844, scheme });
      await place(page, `refused-${scheme}-${width}`, "wrong");
      await page.click(".explain summary");
      await page.click('button[data-order="tokenized-1"]');
      await page.waitForSelector(".about .who");
      for (const tab of ["rows", "stream", "letters", "log", "calls"]) {
        await page.click(`#tab-${tab}`);
        await page.waitForSelector(`#tab-${tab}[aria-selected=true]`);
        assert.deepEqual(await serious(page), [], tab);
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
    });
  }
}

test("a person who wants no motion gets none", options, async () => {
  const page = await open(chromium, stack.origin, { still: true });
  await page.evaluate(() => {
    window.moved = 0;
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (...given) {
      window.moved += 1;
      return animate.apply(this, given);
    };
  });
  await place(page, "still-1");
  await page.waitForSelector('#orders [data-order="still-1"]');
  assert.equal(await page.evaluate(() => window.moved), 0);
});

/** What axe calls serious or critical, in a word each. */
async function serious(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}
