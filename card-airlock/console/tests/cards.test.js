// Promise 1 in the browser: no card number is ever in the page, its storage, or what the server streams and answers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cardsIn, DISCOVER, everything, partsIn, TYPED } from "./cards.js";
import { browser, inStage, LIMIT, open, pay, place, press, toggle, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

/** Keeps everything that the server sends to a page, the event stream included. */
async function listen(page) {
  const heard = [];
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  session.on("Network.eventSourceMessageReceived", (message) => heard.push(message.data));
  page.on("response", async (response) => {
    if (response.url().endsWith("/events")) return;
    heard.push(JSON.stringify(response.headers()), await response.text().catch(() => ""));
  });
  // Those of before are not heard: from the beginning again.
  await page.reload();
  await page.waitForSelector("#live[data-state=live]");
  return heard;
}

/** Presses every button for a whole value, one after the other. */
async function revealAll(page) {
  const cut = page.locator('[aria-label^="The whole"]:visible');
  for (let left = await cut.count(); left > 0; left -= 1) {
    await cut.first().click();
    await until("the value is whole", async () => (await cut.count()) < left);
  }
}

test("a typed number leaves its field the moment it is sent", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.route("**/console/orders", () => {}); // The answer never comes: nothing may wait for it.
  await page.selectOption("#card", "");
  await page.fill("#place [name=number]", TYPED);
  await press(page, "#place button[type=submit]");
  assert.equal(await page.inputValue("#place [name=number]"), "");
  assert.deepEqual(cardsIn(await everything(page)), []);
});

test("no card is in the page, its storage or the event stream, whatever happens to the orders", options, async () => {
  const page = await open(chromium, stack.origin, { still: false });
  const heard = await listen(page);
  const asked = [];
  page.on("request", (request) => asked.push(`${request.url()} ${request.postData() ?? ""}`));
  for (const card of ["visa", "mastercard", "amex", "approve", "decline", "insufficient-funds", "timeout-once", "late", "error-once", "refuse-once", "sample", "wrong", "short"]) await place(page, `card-${card}`, card);
  await inStage(page, "card-sample", "tokenized");
  assert.deepEqual(cardsIn(asked.join("\n")), [], "a test card's number is not in a request either");

  await page.selectOption("#card", "");
  await page.fill("#place [name=order]", "typed-1");
  await page.fill("#place [name=number]", TYPED);
  await press(page, "#place button[type=submit]");
  await inStage(page, "typed-1", "tokenized");
  for (const order of ["typed-1", "card-decline"]) {
    await pay(page, order);
    await page.waitForSelector(`#ledger tr:has-text("${order}")`);
  }
  await press(page, "#poison");
  await page.waitForSelector("#orders .stage.failed");
  await toggle(page, "kms-worker", true);
  await place(page, "held-1");
  await inStage(page, "held-1", "quarantine");
  // A number in the wrong field is refused, and stays where its writer put it only.
  await place(page, TYPED.replaceAll(" ", ""));
  await page.waitForSelector('#placed:has-text("ORDER_ID_CARD_SHAPED")');
  await page.fill("#place [name=order]", "x");
  await pay(page, TYPED.replaceAll(" ", ""));
  await page.waitForSelector('#paid[data-good=no]:has-text("this order")');
  await page.fill("#pay [name=order]", "x");
  await page.fill("#find-order", TYPED);
  await until("a number that is searched is removed", async () => (await page.inputValue("#find-order")) === "");

  for (const order of ["typed-1", "held-1"]) {
    await page.click(`button[data-order="${order}"]`);
    for (const tab of ["story", "rows", "stream", "letters", "events", "log", "calls"]) {
      await page.click(`#tab-${tab}`);
      await page.waitForSelector(`#tab[aria-labelledby=tab-${tab}] > *`);
      await revealAll(page);
      assert.deepEqual(cardsIn(await everything(page)), [], `${order}, ${tab}`);
    }
  }
  await until("the stream was heard", () => heard.some((text) => text.includes("typed-1")));
  assert.ok(heard.join("").includes("SealedCard"));
  assert.deepEqual(cardsIn(heard.join("\n")), []);
  assert.deepEqual(page.complaints, []);
});

test("a number typed into the wrong field is not looked up and not kept in the address", options, async () => {
  const page = await open(chromium, stack.origin);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.fill("#find-order", TYPED);
  await page.press("#find-order", "Enter");
  await page.goto(`${stack.origin}/#${encodeURIComponent(TYPED)}`);
  await until("the address is cleared", () => !page.url().includes("#"));
  assert.deepEqual(cardsIn(await everything(page)), []);
  assert.deepEqual(cardsIn(decodeURIComponent(asked.filter((url) => url.includes("/console/")).join("\n"))), []);
});

test("the search finds a card that is there", () => {
  for (const planted of [TYPED, TYPED.replaceAll(" ", ""), TYPED.replaceAll(" ", "-"), Buffer.from("x4929123456781236y").toString("base64"), Buffer.from("4929123456781236").toString("hex")]) {
    assert.deepEqual(cardsIn(`<p title="${planted}">`), ["4929123456781236"], planted);
  }
  // Seven digits in a row are found, and six are not.
  const digits = DISCOVER.replaceAll(" ", "");
  for (const part of ["0009901", "000 990-1", Buffer.from("0009901").toString("hex"), Buffer.from("xy0009901").toString("base64")]) {
    assert.deepEqual(partsIn(`?order=${part}`, DISCOVER), ["0009901"], part);
  }
  assert.deepEqual(partsIn(digits.slice(0, 6), DISCOVER), []);
  assert.equal(partsIn(DISCOVER, DISCOVER).length, 10);
});
