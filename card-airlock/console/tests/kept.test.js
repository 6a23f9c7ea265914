// With a folder for its state: the clock that does not move.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, LIMIT, open, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
const above = mkdtempSync(join(tmpdir(), "card-airlock-kept-"));
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up("--data", join(above, "data")), browser()]);
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
  rmSync(above, { recursive: true, force: true });
});

test("the page says why the clock cannot be moved, and offers no move", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.waitForFunction(() => document.querySelector("#clock").textContent.startsWith("With --data the clock cannot be moved"));
  assert.equal(await page.locator("[data-minutes]:not([disabled])").count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
