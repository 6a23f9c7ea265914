// A chosen order: the panel is in view at every size, has the focus, and has an address; its story, whole values and copies.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { after, before, test } from "node:test";
import { cardsIn } from "./cards.js";
import { browser, copied, inStage, LIMIT, open, pay, place, program, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
  const page = await open(chromium, stack.origin);
  for (const order of ["one-1", "two-1"]) {
    await place(page, order);
    await inStage(page, order, "tokenized");
  }
  await page.context().close();
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

for (const width of [1920, 1280, 900, 390]) {
  test(`an order that is chosen is seen at once, ${width} pixels wide`, options, async () => {
    const page = await open(chromium, stack.origin, { width, height: 844 });
    await page.click('button[data-order="one-1"]');
    await page.waitForSelector('.about .who:has-text("one-1")');
    await page.waitForSelector("#tab .bars");
    const { top, left, right } = await page.evaluate(() => document.querySelector(".about .who").getBoundingClientRect().toJSON());
    assert.ok(top >= 0 && top < 400 && left >= 0 && right <= width, `${top} ${left} ${right}`);
    assert.equal(await page.evaluate(() => document.activeElement.id), "inside-title");
    await page.keyboard.press("Escape");
    await until("the panel is closed", async () => (await page.locator("body.with-panel").count()) === 0);
    assert.equal(await page.evaluate(() => document.activeElement.dataset.order), "one-1", "the focus is where it was");
  });
}

test("an address leads to an order and a tab, and Back to the order before", options, async () => {
  const page = await open(chromium, `${stack.origin}`);
  await page.click('button[data-order="one-1"]');
  await page.click("#tab-calls");
  await page.waitForSelector('#tab:has-text("TransactWriteItems")');
  assert.ok(page.url().endsWith("/#one-1/calls"), page.url());
  await page.click('button[data-order="two-1"]');
  await page.waitForSelector('.about .who:has-text("two-1")');
  assert.ok(page.url().endsWith("/#two-1/calls"), page.url());
  await page.goBack();
  await page.waitForSelector('.about .who:has-text("one-1")');
  await page.reload();
  await page.waitForSelector('.about .who:has-text("one-1")');
  await page.waitForSelector("#tab-calls[aria-selected=true]");
  await page.goto(`${stack.origin}/#two-1/no-such-tab`);
  await page.waitForSelector('.about .who:has-text("two-1")');
  await page.waitForSelector("#tab-story[aria-selected=true]");
  assert.ok(page.url().endsWith("/#two-1"), page.url());
  assert.deepEqual(page.complaints, []);
});

test("the story is a waterfall: each phase with its time, in the sequence in which it happened", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "story-1");
  await inStage(page, "story-1", "tokenized");
  await pay(page, "story-1");
  await inStage(page, "story-1", "paid");
  await page.waitForSelector('#tab .act:has-text("Pay,")');
  const phases = await page.$$eval(".phases .phase", (all) => all.map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent]));
  for (const phase of ["accept", "stream", "KMS", "transaction", "payment"]) {
    const [, time] = phases.find(([name]) => name === phase) ?? [];
    assert.match(time ?? "nothing", /^(<0\.1|[\d.]+) (ms|s)$/, phase);
  }
  const bars = await page.$$eval(".bars li", (all) => all.map((one) => one.querySelector(".what").textContent));
  const order = ["accept DynamoDB PutItem", "stream waits for the worker", "KMS GenerateDataKey", "transaction DynamoDB TransactWriteItems", "payment KMS Decrypt", "payment the processor"].map((bar) => bars.indexOf(bar));
  assert.ok(!order.includes(-1), bars.join("; "));
  assert.deepEqual(order.toSorted((a, b) => a - b), order, bars.join("; "));
  const inside = await page.$$eval(".bars svg", (all) => all.every((svg) => [...svg.querySelectorAll("rect")].every((rect) => Number(rect.getAttribute("x")) + Number(rect.getAttribute("width")) <= 1000.1)));
  assert.ok(inside, "no bar leaves its track");
  assert.deepEqual(page.complaints, []);
});

test("a call that failed is in the story with its error, and the wait for the worker too", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.locator("#switch-kms-worker").setChecked(true);
  await page.waitForSelector('#banner:has-text("KMS fails for the worker")');
  await place(page, "failing-1");
  await page.waitForSelector("#tab .bars .bad");
  await page.click("#all-off");
  await page.waitForSelector('#banner:not(:has-text("Broken on purpose"))', { state: "attached" });
  await page.click("#replay-this");
  await inStage(page, "failing-1", "tokenized");
  await page.waitForSelector('#tab .bars:has-text("TransactWriteItems")');
});

test("a value is seen whole on demand, as long as its order is open, and copied", options, async () => {
  const page = await open(chromium, stack.origin, { clipboard: true });
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.click('button[data-order="one-1"]');
  await page.click("#tab-rows");
  const cut = await page.textContent('dt:text-is("CandidateString") + dd + dd .value');
  assert.match(cut, /^([0-9a-f]{2}:){11}[0-9a-f]{2}…$/);
  assert.ok(!asked.some((url) => url.endsWith("/whole")), "it is not fetched before");
  await page.click('[aria-label="The whole CandidateString"]');
  await page.waitForSelector('[aria-label="Less of CandidateString"]:focus');
  const whole = await page.textContent('dt:text-is("CandidateString") + dd + dd .value');
  assert.ok(whole.startsWith(cut.slice(0, -1)) && whole.length > 3 * 40 && !whole.includes("…"), whole);
  await page.click('[aria-label="Copy: CandidateString"]');
  assert.equal(await copied(page), whole);
  await page.click('[aria-label="Less of CandidateString"]');
  await page.waitForSelector('[aria-label="The whole CandidateString"]');
  await page.click("#tab-stream");
  await page.click('summary:text-is("New image")');
  await page.click('[aria-label="The whole SealedCard"]');
  await page.waitForSelector('[aria-label="Less of SealedCard"]');
  await page.goto(`${stack.origin}/#two-1/rows`);
  await page.waitForSelector('.about .who:has-text("two-1")');
  assert.equal(await page.locator('[aria-label^="Less of"]').count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("an order is copied as curl, which works, as aws, and as JSON; no copy has a card", options, async () => {
  const page = await open(chromium, stack.origin, { clipboard: true });
  await page.click('button[data-order="one-1"]');
  await page.waitForSelector("#tab .bars");
  const copy = async (button) => {
    await page.click(button);
    return copied(page);
  };
  assert.equal(await copy('#copies button:text-is("Copy id")'), "one-1");
  const curl = await copy('#copies button:text-is("Copy curl")');
  const answer = execFileSync("bash", ["-c", `${curl} -s`], { env: { ...process.env, XDG_STATE_HOME: stack.home, PATH: `${dirname(program)}:${process.env.PATH}` } }).toString();
  assert.match(answer, /200 OK[^]*"Status":\s*"TOKENIZED"/, curl);
  const aws = await copy('#copies button:text-is("Copy aws")');
  assert.match(aws, /^AWS_ACCESS_KEY_ID=operator .* aws dynamodb get-item --endpoint-url http:\/\/127\.0\.0\.1:\d+ --table-name CustomerOrderTable --key '\{"CustomerOrder":\{"S":"one-1"\}\}'$/);
  const json = JSON.parse(await copy('#copies button:text-is("Copy JSON")'));
  assert.ok(json.rows.vault && json.calls.length > 3 && json.log.length && json.stream.length === 2);
  await page.click("#tab-rows");
  const row = JSON.parse(await copy('.rowcard:has-text("CreditCardTokenizerTable") [aria-label^="Copy JSON"]'));
  assert.ok(row.CandidateString.B.length > 40);
  assert.match(await copy('.rowcard:has-text("CreditCardTokenizerTable") [aria-label^="Copy aws"]'), /--table-name CreditCardTokenizerTable --key '\{"Account_Id":\{"S":"\d{12}"\},"Hash_Key":\{"S":"[0-9a-f-]{36}"\}\}'$/);
  await page.click("#act summary");
  const paying = await copy('#pay-copy button');
  assert.match(paying, /paybill/);
  assert.deepEqual(cardsIn([curl, aws, JSON.stringify(json), JSON.stringify(row), paying].join("\n")), []);
});

test("the order's events and log lines are there, and the log is filtered by level and text", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.click('button[data-order="one-1"]');
  await page.click("#tab-events");
  await page.waitForSelector('#tab .trace li:has-text("order.tokenized")');
  assert.equal(await page.locator('#tab .trace li:has-text("two-1")').count(), 0);
  assert.equal(await page.isVisible("#log-filter"), false);
  await page.click("#tab-log");
  await page.waitForSelector('#tab .trace li:has-text("tokenized")');
  const lines = await page.locator("#tab .trace li").count();
  await page.fill("#log-filter [name=text]", "tokenized");
  await until("the others are hidden", async () => (await page.locator("#tab .trace li").count()) < lines);
  assert.ok((await page.locator("#tab .trace li").count()) > 0);
  await page.fill("#log-filter [name=text]", "");
  await page.selectOption("#log-filter [name=level]", "ERROR");
  await page.waitForSelector(`#tab:has-text("None of ${lines} lines passes the filter")`);
  await page.selectOption("#log-filter [name=level]", "INFO");
  await page.fill("#log-filter [name=text]", "no such line");
  await page.waitForSelector("#tab .empty");
  await page.press("#log-filter [name=text]", "Escape");
  await until("Escape empties the filter", async () => (await page.locator("#tab .trace li").count()) >= lines);
  assert.equal(await page.inputValue("#log-filter [name=text]"), "");
  await page.press("#log-filter [name=text]", "Escape");
  assert.equal(await page.evaluate(() => document.activeElement.id), "inside-title", "and leads out of an empty one");
  assert.equal(await page.locator("body.with-panel").count(), 1, "the order stays open");
  await page.keyboard.press("Escape");
  await page.waitForSelector("body:not(.with-panel)");
});
