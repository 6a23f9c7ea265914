// A card that somebody types leaves the page as ciphertext only. All that the browser sends goes through a relay, which
// keeps it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cardsIn, DISCOVER, everything, MASTERCARD, partsIn } from "./cards.js";
import { relay } from "./relay.js";
import { actions, browser, inStage, LIMIT, open, pay, place, press, signIn, toggle, typeCard, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
const EXPIRY = "12/39";
let stack, chromium, wire;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
  wire = await relay(stack.origin);
}, options);

after(async () => {
  await chromium?.close();
  wire?.stop();
  await stack?.stop();
});

/** Opens the console behind the relay; gives the page, the requests that it makes, and what it writes to the log. */
async function watched() {
  const page = await open(chromium, wire.origin);
  const requests = [];
  const log = [];
  page.context().on("request", (request) => requests.push(request));
  page.on("console", (message) => log.push(message.text()));
  return { page, requests, log };
}

/** Nothing of a card is in what was sent, and nothing is left of it in the page. */
async function keptNothing({ page, requests, log }, number, forms) {
  const sent = wire.sent();
  assert.ok(sent.includes("POST /console/card-keys"), "the relay sees what is sent");
  const asked = await Promise.all(requests.map(async (request) => `${request.url()} ${JSON.stringify(await request.allHeaders())} ${request.postData() ?? ""}`));
  for (const all of [sent, asked.join("\n")]) {
    assert.deepEqual(partsIn(all, number), []);
    assert.ok(!all.includes(EXPIRY), "the expiry date is encrypted, too");
  }
  for (const request of requests) assert.equal(new URL(request.url()).origin, wire.origin, "to nobody else");
  assert.deepEqual(cardsIn(`${await everything(page)}\n${log.join("\n")}`), []);
  for (const form of forms) for (const field of ["number", "expiry"]) assert.equal(await page.inputValue(`${form} [name=${field}]`), "", `${form} ${field}`);
  assert.deepEqual(page.complaints, []);
}

/** The bodies that were posted to a path. */
const posted = (requests, path) => requests.filter((request) => new URL(request.url()).pathname === path).map((request) => JSON.parse(request.postData()));

test("of a typed card only ciphertext leaves the page, and the order is tokenized and paid", options, async () => {
  const watching = await watched();
  const { page, requests } = watching;
  await page.fill("#place [name=order]", "typed-1");
  await page.fill("#place [name=count]", "25");
  await typeCard(page, "#place", DISCOVER, EXPIRY);
  assert.ok(await page.isDisabled("#place [name=count]"), "a card is encrypted for one order");
  await press(page, "#place button[type=submit]");
  await page.waitForSelector('#placed:has-text("202 Accepted typed-1")');
  await inStage(page, "typed-1", "tokenized");
  await pay(page, "typed-1");
  await page.waitForSelector('#paid:has-text("200 OK typed-1"):has-text("****-****-****-9424")');
  await inStage(page, "typed-1", "paid");
  const [{ encryptedCard, ...rest }, ...more] = posted(requests, "/console/orders");
  assert.deepEqual(more, []);
  assert.match(encryptedCard, /^[\w-]+\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}$/);
  assert.deepEqual(Object.keys(rest).sort(), ["address", "amount", "by", "count", "currency", "name", "order"]);
  assert.equal(rest.count, 1);
  await page.click("#tab-rows");
  await page.waitForSelector('dt:text-is("CardJweDigest")');
  await page.waitForSelector('dt:text-is("CardHasExpiry") + dd + dd:has-text("true")');
  await keptNothing(watching, DISCOVER, ["#place", "#another"]);
  await page.selectOption("#card", "visa");
  assert.equal(await page.isDisabled("#place [name=count]"), false);
});

test("another card that is typed after a decline leaves the page as ciphertext only, for the owner of the order", options, async () => {
  const watching = await watched();
  const { page, requests } = watching;
  await signIn(page, "eva", false);
  await page.fill("#place [name=amount]", "");
  await place(page, "hers-1", "decline");
  await inStage(page, "hers-1", "tokenized");
  await pay(page, "hers-1");
  await inStage(page, "hers-1", "declined");
  await signIn(page, "clerk", true);
  await actions(page, "hers-1");
  await typeCard(page, "#another", MASTERCARD, EXPIRY);
  await press(page, "#another-card");
  await page.waitForSelector('#acted:has-text("202 Accepted hers-1")');
  await inStage(page, "hers-1", "tokenized");
  await page.click("#pay summary");
  await page.fill("#pay [name=key]", "second");
  await press(page, "#pay-this");
  await page.waitForSelector('#acted:has-text("200 OK hers-1"):has-text("****-****-****-8210")');
  assert.deepEqual(posted(requests, "/console/card").map((body) => Object.keys(body).sort()), [["by", "encryptedCard", "order"]]);
  await keptNothing(watching, MASTERCARD, ["#place", "#another"]);
});

test("what is typed for an order is gone when another one is opened", options, async () => {
  const { page } = await watched();
  await place(page, "first-1");
  await place(page, "second-1");
  await actions(page, "first-1");
  await typeCard(page, "#another", MASTERCARD, EXPIRY);
  await actions(page, "second-1");
  assert.equal(await page.inputValue("#another [name=number]"), "");
  assert.equal(await page.inputValue("#another [name=expiry]"), "");
});

test("what can be no card is told at its field and not encrypted; nothing of it is sent", options, async () => {
  const watching = await watched();
  const { page, requests } = watching;
  await place(page, "checked-0");
  await inStage(page, "checked-0", "tokenized");
  await actions(page, "checked-0");
  for (const [form, button] of [["#place", "#place button[type=submit]"], ["#another", "#another-card"]]) {
    await page.fill("#place [name=order]", "checked-1");
    const asked = requests.length;
    for (const [number, expiry, field, words] of [
      [`${DISCOVER.slice(0, -1)}5`, EXPIRY, "number", "The check digit is wrong"],
      ["6011 0009", EXPIRY, "number", "A card number has 12 to 19 digits. These are 8."],
      ["6011 0009 9013 942x", EXPIRY, "number", "A card number has only digits"],
      [DISCOVER, "13/39", "expiry", "An expiry date is the month and the year, MM/YY"],
    ]) {
      await page.selectOption(`${form} [name=card]`, "visa");
      await typeCard(page, form, number, expiry);
      await press(page, button);
      await page.waitForSelector(`${form} [name=${field}][aria-invalid=true]:focus`);
      await page.waitForSelector(`${form} .wrong:has-text("${words}")`);
    }
    // The list and the panel may look again meanwhile.
    assert.deepEqual(requests.slice(asked).filter((request) => request.method() === "POST"), []);
    await page.locator(`${form} [name=expiry]`).fill("");
    await page.waitForSelector(`${form} [name=expiry][aria-invalid=false]`);
    assert.equal(await page.isVisible(`${form} .wrong`), false);
    await page.selectOption(`${form} [name=card]`, "visa");
  }
  await typeCard(page, "#place", DISCOVER);
  await press(page, "#place button[type=submit]");
  await inStage(page, "checked-1", "tokenized");
  await keptNothing(watching, DISCOVER, ["#place", "#another"]);
});

test("a card that the worker refuses is parked, and the order takes the right one", options, async () => {
  const watching = await watched();
  const { page } = watching;
  await page.fill("#place [name=order]", "expired-1");
  await typeCard(page, "#place", DISCOVER, "01/20");
  await press(page, "#place button[type=submit]");
  await inStage(page, "expired-1", "failed");
  await page.waitForSelector('.about:has-text("CARD_REFUSED")');
  await page.fill("#place [name=order]", "expired-1");
  await typeCard(page, "#place", DISCOVER);
  await press(page, "#place button[type=submit]");
  await inStage(page, "expired-1", "tokenized");
  await keptNothing(watching, DISCOVER, ["#place", "#another"]);
});

test("in the picture a typed card comes sealed, and a test card does not", options, async () => {
  const { page } = await watched();
  await page.evaluate(() => {
    window.shapes = [];
    new MutationObserver((changes) => window.shapes.push(...changes.map((change) => change.oldValue))).observe(document.getElementById("airlock"), { subtree: true, attributeFilter: ["class"], attributeOldValue: true });
  });
  const shapes = () => page.evaluate(() => window.shapes.splice(0));
  await page.fill("#place [name=order]", "drawn-1");
  await typeCard(page, "#place", DISCOVER);
  await press(page, "#place button[type=submit]");
  await inStage(page, "drawn-1", "tokenized");
  await page.waitForSelector(".airlock .capsule.chosen .glyph.token");
  const typed = await shapes();
  assert.ok(typed.includes("glyph sealed") && !typed.includes("glyph clear"), typed.join(", "));
  await place(page, "drawn-2");
  await inStage(page, "drawn-2", "tokenized");
  await page.waitForSelector(".airlock .capsule.chosen .glyph.token");
  assert.ok((await shapes()).includes("glyph clear"));
});

test("without a key nothing is sent and the page says so; then the new key is used, and the stack's time, weeks ahead", options, async () => {
  const watching = await watched();
  const { page, requests } = watching;
  const forward = (minutes) => page.evaluate((minutes) => fetch("/console/clock", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ minutes }) }).then((answer) => answer.json()), minutes);
  for (let days = 0; days < 28; days += 4) await forward(4 * 24 * 60);
  // The last key ends, and there can be no new one.
  await toggle(page, "kms", true);
  await forward(4 * 24 * 60);
  await page.fill("#place [name=order]", "no-key-1");
  await typeCard(page, "#place", DISCOVER, EXPIRY);
  await press(page, "#place button[type=submit]");
  await page.waitForSelector('#placed[data-good=no]:has-text("503"):has-text("CARD_KEYS_UNAVAILABLE"):has-text("The card was not sent")');
  assert.deepEqual(posted(requests, "/console/orders"), []);
  await actions(page, "typed-1");
  await typeCard(page, "#another", MASTERCARD, EXPIRY);
  await press(page, "#another-card");
  await page.waitForSelector('#acted[data-good=no]:has-text("CARD_KEYS_UNAVAILABLE"):has-text("The card was not sent")');
  assert.deepEqual(posted(requests, "/console/card"), []);
  for (const number of [DISCOVER, MASTERCARD]) await keptNothing(watching, number, ["#place", "#another"]);

  await toggle(page, "kms", false);
  await forward(10);
  await page.fill("#place [name=order]", "new-key-1");
  await typeCard(page, "#place", DISCOVER, EXPIRY);
  await press(page, "#place button[type=submit]");
  await page.waitForSelector('#placed:has-text("202 Accepted new-key-1")');
  await inStage(page, "new-key-1", "tokenized");
  await keptNothing(watching, DISCOVER, ["#place", "#another"]);
});
