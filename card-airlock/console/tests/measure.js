// What an open page costs while many orders are placed and cross: bytes that it fetches, and how long its frames take.
// node measure.js [COUNT]
//
// Fails above 10 MB, or when 5 of 100 frames take longer than 50 ms.

import { browser, open, up } from "./up.js";

/** 100 orders in a second: as many as one person ever sees. So many are placed with one request, one after the other. */
const PART = 20;
const PACE = 200;
const COUNT = Number(process.argv[2] ?? 5000);
const MOST_BYTES = 10_000_000;
const MOST_FRAME = 50;

const stack = await up();
const chromium = await browser();
try {
  const page = await open(chromium, stack.origin, { still: false });
  // An order is open meanwhile.
  await place(0, 1);
  await page.goto(`${stack.origin}/#many-000`);
  await page.waitForSelector('.about .who:text-is("many-000")');
  const bytes = await counted(page);
  await page.evaluate(watchFrames);
  const begun = Date.now();
  for (let first = 1; first <= COUNT; first += PART) {
    const next = new Promise((done) => setTimeout(done, PACE));
    await Promise.all([next, place(first, Math.min(PART, COUNT + 1 - first))]);
  }
  await page.waitForFunction((count) => document.getElementById("page-said").textContent.includes(`, ${count} orders`), COUNT + 1, { timeout: 1_200_000 });
  await page.waitForFunction(() => document.querySelectorAll("#orders .stage.quarantine").length === 0, null, { timeout: 1_200_000 });
  const seconds = (Date.now() - begun) / 1000;
  const frames = (await page.evaluate(() => window.frames_)).sort((a, b) => a - b);
  const at = (percent) => frames[Math.ceil((frames.length * percent) / 100) - 1];
  const fetched = bytes();
  console.log(`${COUNT} orders in ${seconds.toFixed(0)} s: ${(fetched / 1e6).toFixed(2)} MB fetched; ${frames.length} frames, p50 ${at(50).toFixed(1)} ms, p95 ${at(95).toFixed(1)} ms, p99 ${at(99).toFixed(1)} ms`);
  if (fetched > MOST_BYTES || at(95) > MOST_FRAME) process.exitCode = 1;
} finally {
  await chromium.close();
  await stack.stop();
}

/** Places orders as the page does, but without one: a second page would take the time that is measured. */
async function place(first, count) {
  const order = { order: "many", name: "a", address: "b", testCard: "visa", first, count };
  const answer = await fetch(`${stack.origin}/console/orders`, { method: "POST", headers: { "content-type": "application/json", origin: stack.origin }, body: JSON.stringify(order) });
  if (!answer.ok) throw new Error(await answer.text());
}

/** Gives a function that says how many bytes came to the page from now on, the event stream's too. */
async function counted(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  let bytes = 0;
  session.on("Network.dataReceived", ({ dataLength }) => (bytes += dataLength));
  session.on("Network.responseReceived", ({ response }) => (bytes += response.encodedDataLength));
  return () => bytes;
}

/** In the page: the time from each frame to the next. */
function watchFrames() {
  window.frames_ = [];
  let before = performance.now();
  const next = (now) => {
    window.frames_.push(now - before);
    before = now;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}
