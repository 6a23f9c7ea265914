// The README's pictures: the picture with an open order while orders cross, in each theme, at twice the size, cropped to
// what matters. node pictures.js FOLDER

import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browser, inStage, open, pay, place, press, toggle, up } from "./up.js";

const MOST_BYTES = 300_000;
const folder = process.argv[2];
const stack = await up();
const chromium = await browser();
try {
  const acting = await open(chromium, stack.origin);
  await scene(acting);
  for (const scheme of ["light", "dark"]) {
    const page = await open(chromium, stack.origin, { scheme, scale: 2, still: false, height: 1000 });
    await page.goto(`${stack.origin}/#order-001`);
    await page.waitForSelector('#tab .act:has-text("Pay,")');
    await page.waitForSelector(".airlock .capsule.chosen");
    // Orders cross while the picture is taken: capsules are on their way.
    await place(acting, `crossing-${scheme}`, "visa", 16);
    await page.waitForFunction(() => document.querySelectorAll(".airlock .moving").length > 2);
    const path = join(folder, `console-${scheme}.webp`);
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 90, clip: { ...(await cropped(page)), scale: 2 } });
    writeFileSync(path, Buffer.from(data, "base64"));
    if (statSync(path).size > MOST_BYTES) throw new Error(`${path} is larger than ${MOST_BYTES} bytes: ${statSync(path).size}`);
    console.log(path);
    await page.context().close();
  }
} finally {
  await chromium.close();
  await stack.stop();
}

/** The picture of the airlock at the top of the window, and the open order beside it. */
function cropped(page) {
  return page.evaluate(() => {
    document.querySelector(".scene").scrollIntoView();
    const foot = document.getElementById("parts").getBoundingClientRect().bottom;
    return { x: scrollX, y: scrollY, width: innerWidth, height: foot + 12 };
  });
}

/** Orders across, paid, parked and given up. */
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
  await page.waitForSelector("#orders .givenup");
  await toggle(page, "kms-worker", false);
}
