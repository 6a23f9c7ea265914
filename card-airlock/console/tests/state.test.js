// The console shows the state: what is broken, which part is ill, what was given up, and what happens next.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { browser, inStage, LIMIT, open, place, press, toggle, until, up } from "./up.js";

/** What asks the server to do something. */
const WORKING = "#place button[type=submit], #pay button, #processor, #switches input, #breakers button, #dry-run, #replay, #sweep, #doctor, #import-begin, #rewrap-begin, #replay-this, #ask-this, #pay-this, #forget-this, #another-card";
const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

test("the banner names every fault, and one button ends them all", options, async () => {
  const page = await open(chromium, stack.origin);
  assert.equal((await page.textContent("#banner")).trim(), "");
  await toggle(page, "kms", true);
  await toggle(page, "dynamodb", true);
  await press(page, "#crash");
  await page.waitForSelector('#banner:has-text("KMS fails for all · DynamoDB throttles · 1 armed crash of the worker")');
  await page.focus("#all-off");
  await page.keyboard.press("Enter");
  await until("nothing is broken", async () => (await page.textContent("#banner")).trim() === "");
  assert.equal(await page.locator(".switch input:checked").count(), 0);
  assert.equal(await page.textContent("#crash"), "Crash the worker");
  assert.equal(await page.evaluate(() => document.activeElement.id), "scene-title", "the focus is below the banner, whose button is gone");
});

test("a fault shows at its part and marks the worker, which recovers once it is gone; given up is a state of its own", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "before-1");
  await inStage(page, "before-1", "tokenized");
  await page.waitForSelector('[data-part="KMS"][data-health="well"]');
  await toggle(page, "kms-worker", true);
  await place(page, "held-1");
  await page.waitForSelector('[data-part="KMS"][data-health="ill"]:has-text("calls of the worker fail")');
  await page.waitForSelector('[data-part="worker"][data-health="ill"]');
  await page.waitForSelector('.lock[data-failing]:has-text("worker"):has-text("failing")');
  await page.waitForSelector('#orders tr:has([data-order="held-1"]) .givenup');
  assert.match(await page.textContent('#orders tr:has([data-order="held-1"])'), /given up taken up again by \d\d:\d\d/);
  await page.waitForSelector(".airlock .capsule .glyph.givenup");
  await page.waitForSelector('#numbers:has-text("1 given up")');
  await page.waitForSelector('#numbers div:has-text("Dead letters"):has-text("parked or given up")');
  assert.deepEqual(await page.$$eval(".legend .glyph", (all) => all.map((one) => one.dataset.glyph)), ["clear", "sealed", "givenup", "token", "paid", "failed", "declined", "expired"]);
  assert.equal(await page.locator('#banner:has-text("What happens next")').count(), 0, "while the cause lasts nothing is promised");
  await press(page, "#all-off");
  await page.waitForSelector('#banner:has-text("What happens next: Lambda gave up 1 order. A sweep takes it up by")');
  for (const part of ["worker", "Stream"]) {
    await page.waitForSelector(`[data-part="${part}"][data-health="untried"]:has-text("recovering, next try by ")`);
    assert.match(await page.textContent(`[data-part="${part}"]`), /by \d\d:\d\d$/);
  }
  await page.waitForSelector('.lock[data-untried]:has-text("worker"):has-text("recovering")');
  assert.equal(await page.locator(".lock[data-failing]").count(), 0);
  const texts = await page.$$eval(".airlock text", (all) => all.map((one) => one.textContent));
  const beside = (title, places) => texts[texts.indexOf(title) + places];
  assert.deepEqual([beside("Parked", 2), beside("Dead letters", 2)], ["0", "1"], "a dead letter of a given-up order is no parked order");
  await press(page, "#replay");
  await inStage(page, "held-1", "tokenized");
  await until("the worker is well", async () => (await page.locator(".lock[data-failing], .lock[data-untried]").count()) === 0);
  await page.waitForSelector('[data-part="worker"][data-health="well"]');
  await until("nothing is left to be told", async () => (await page.textContent("#banner")).trim() === "");
  assert.deepEqual(page.complaints, []);
});

test("a replayed poison order says that it was parked again, and why", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "source-1");
  await inStage(page, "source-1", "tokenized");
  await press(page, "#poison");
  const poison = await (await page.waitForSelector("#broken code")).textContent();
  await inStage(page, poison, "failed");
  await press(page, "#replay");
  await page.waitForSelector(`#fixed .parked-again:has-text("${poison} was parked again. ENVELOPE_REFUSED: the sealed card does not open")`);
  assert.equal(await page.getAttribute("#fixed", "data-good"), "no");
});

test("on a phone the answer that stays in view becomes a warning when a replayed order is parked again", options, async () => {
  const page = await open(chromium, stack.origin, { width: 390, height: 844 });
  await place(page, "source-2");
  await inStage(page, "source-2", "tokenized");
  await page.evaluate(() => (document.getElementById("faults").open = true));
  await press(page, "#poison");
  const poison = await (await page.waitForSelector("#broken code")).textContent();
  await inStage(page, poison, "failed");
  await page.click("#close-order");
  await press(page, "#replay");
  await page.waitForSelector(`#answer-bar[data-good=no]:has-text("Re-armed"):has-text("${poison} was parked again. ENVELOPE_REFUSED")`);
});

for (const width of [1280, 390]) {
  test(`without the server the page says that nothing is live, and takes no press, ${width} pixels wide`, options, async () => {
    const first = await up();
    const page = await open(chromium, first.origin, { width, height: 844 });
    await place(page, "lost-1");
    await inStage(page, "lost-1", "tokenized");
    await page.waitForSelector('[data-part="worker"][data-health="well"]');
    await page.goto(`${first.origin}/#lost-1`);
    await page.waitForSelector("#tab .bars");
    await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
    await page.focus("#ask-this");
    await first.stop();
    await page.waitForSelector("body.out-of-reach");
    assert.match(await page.textContent("#scene-title"), /^The airlock, as of \d\d:\d\d:\d\d$/);
    assert.match(await page.textContent("#stale"), /cannot be reached since \d\d:\d\d:\d\d/);
    assert.match(await page.textContent('[data-part="worker"][data-health="stale"]'), /works, as of \d\d:\d\d:\d\d$/);
    assert.equal(await page.locator('#parts [data-health="well"]').count(), 0);
    assert.equal(Number(await page.$eval("#airlock svg", (one) => getComputedStyle(one).opacity)) < 1, true, "the picture is dimmed");
    const enabled = await page.$$eval(WORKING, (all) => all.filter((one) => !one.disabled).map((one) => one.id || one.textContent));
    assert.deepEqual(enabled, [], "nothing can be pressed");
    await page.waitForSelector('#as-of:has-text("The console does not answer")');
    await page.evaluate(() => document.getElementById("inside").scrollTo(0, 100_000));
    assert.equal(await page.$eval("#as-of", (one) => one.getBoundingClientRect().top >= 0 && one.contains(document.elementFromPoint(one.getBoundingClientRect().left + 20, one.getBoundingClientRect().top + 10))), true, "the open panel says it too, wherever it is scrolled to");
    const second = await up("--port", new URL(first.origin).port);
    try {
      await page.waitForSelector("body:not(.out-of-reach)");
      assert.equal(await page.textContent("#scene-title"), "The airlock, live");
      assert.equal(await page.isVisible("#stale"), false);
      assert.equal(await page.locator("#place button[type=submit]").isDisabled(), false);
      assert.equal(await page.locator('[data-health="stale"]').count(), 0);
    } finally {
      await second.stop();
    }
  });
}

test("while the server is out of reach what was known stays, as of then, and nothing is absent; another stack is called new", options, async () => {
  const first = await up();
  const page = await open(chromium, first.origin);
  await place(page, "kept-1");
  await inStage(page, "kept-1", "tokenized");
  await page.waitForSelector("#tab .bars");
  await first.stop();
  await page.waitForSelector("#live[data-state=lost]");
  await page.waitForSelector('#as-of:has-text("The console does not answer"):has-text("This is as of ")');
  assert.ok(await page.isVisible("#tab .bars"));
  assert.match(await page.textContent("#placed"), /^As of .*, before the connection was lost\. 202 Accepted/);
  await page.click("#tab-log");
  await page.waitForSelector('#as-of:has-text("Of this nothing is known now")');
  await page.waitForSelector('#tab:has-text("Not known")');
  await page.click("#tab-story");
  await page.waitForSelector("#tab .bars");
  assert.match(await page.textContent("#about"), /kept-1/);
  assert.doesNotMatch(await page.textContent("body"), /no trace/);
  const second = await up("--port", new URL(first.origin).port);
  try {
    await page.waitForSelector('#banner:has-text("This is a new stack")');
    await page.waitForSelector('#about:has-text("There is no trace of kept-1")');
    assert.equal(await page.isVisible("#act"), false, "nothing is offered for an order that nobody knows");
    assert.match(await page.textContent("#placed"), /^As of /);
    await place(page, "again-1");
    assert.match(await page.textContent("#placed"), /^202 Accepted/);
    await press(page, "#new-stack-seen");
    await until("it was read", async () => (await page.textContent("#banner")).trim() === "");
  } finally {
    await second.stop();
  }
});

test("orders that were placed together have their own calls, and shares of the shared ones", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "forty", "visa", 40);
  await page.waitForSelector('#placed:has-text("40 × 202")');
  await inStage(page, "forty-040", "tokenized");
  await until("all are across", async () => (await page.locator('#orders tr:has-text("forty-") .stage.tokenized').count()) === 40);
  const calls = await page.evaluate(async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `forty-${String(index + 1).padStart(3, "0")}`);
    const all = await Promise.all(ids.map(async (id) => (await fetch(`/console/orders/${id}?tab=calls`)).json()));
    return all.flatMap((one) => one.calls);
  });
  const vault = calls.filter(({ operation, purpose }) => operation === "GenerateDataKey" && purpose === "vault");
  assert.equal(vault.length, 40, "a key of the vault for each order");
  const transactions = calls.filter(({ operation }) => operation === "TransactWriteItems");
  const whole = transactions.reduce((sum, { among }) => sum + 1 / among, 0);
  assert.ok(Math.abs(whole - Math.round(whole)) < 1e-6 && whole >= 1, `the shares are whole transactions: ${whole}`);
  await page.click('button[data-order="forty-001"]');
  await page.click("#tab-calls");
  await page.waitForSelector('#tab .cost:has-text("a share of")');
});

test("without an order chosen and with nothing to show, nothing is fetched", options, async () => {
  const page = await open(chromium, stack.origin);
  const asked = [];
  page.on("request", (request) => request.method() === "GET" && !request.url().endsWith(".svg") && asked.push(new URL(request.url()).pathname + new URL(request.url()).search));
  await page.evaluate(() => fetch("/console/orders", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ order: "quiet-1", name: "a", address: "b", testCard: "visa" }) }));
  await inStage(page, "quiet-1", "tokenized");
  assert.deepEqual(asked, []);
  await page.click('button[data-order="quiet-1"]');
  await page.click("#tab-log");
  await page.waitForSelector('#tab:has-text("tokenized")');
  assert.deepEqual([...new Set(asked)], ["/console/orders/quiet-1?tab=story", "/console/orders/quiet-1?tab=log"]);
});
