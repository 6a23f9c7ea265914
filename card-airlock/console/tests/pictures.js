// The README's pictures: the console with something in every room, in each theme. node pictures.js FOLDER

import { statSync } from "node:fs";
import { join } from "node:path";
import { browser, inStage, open, pay, place, press, toggle, up } from "./up.js";

const MOST_BYTES = 300_000;
const folder = process.argv[2];
const stack = await up();
const chromium = await browser();
try {
  await scene(await open(chromium, stack.origin));
  for (const scheme of ["light", "dark"]) {
    const page = await open(chromium, stack.origin, { scheme, height: 860 });
    await page.click('button[data-order="held-003"]');
    await page.waitForSelector(".about .who");
    await page.mouse.move(0, 0);
    await page.evaluate(() => (document.activeElement.blur(), scrollTo(0, 0)));
    await page.waitForSelector(".airlock .capsule.chosen");
    await page.waitForSelector("#ledger tr:nth-child(4)");
    const path = join(folder, `console-${scheme}.png`);
    await page.screenshot({ path });
    if (statSync(path).size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes`);
    console.log(path);
  }
} finally {
  await chromium.close();
  await stack.stop();
}

/** Orders across, paid, parked and held. */
async function scene(page) {
  await place(page, "order", "visa", 24);
  await inStage(page, "order-024", "tokenized");
  for (const paid of ["order-001", "order-002", "order-003", "order-004"]) {
    await pay(page, paid);
    await inStage(page, paid, "paid");
  }
  for (const parked of [1, 2]) {
    await press(page, "#poison");
    await page.waitForFunction((count) => document.querySelectorAll("#orders .stage.failed").length === count, parked);
  }
  await toggle(page, "kms-worker", true);
  await place(page, "held", "mastercard", 9);
  await inStage(page, "held-009", "quarantine");
  await page.context().close();
}
