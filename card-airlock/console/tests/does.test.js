// The console does what the product can: other users, payments with amount and key, another card, forgetting, processors,
// doctor, import and re-wrap.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cardsIn, everything, NUMBERS } from "./cards.js";
import { actions, browser, inStage, LIMIT, open, pay, place, press, signIn, until, up } from "./up.js";

const options = { timeout: 4 * LIMIT };
let stack, chromium;

before(async () => {
  [stack, chromium] = await Promise.all([up(), browser()]);
}, options);

after(async () => {
  await chromium?.close();
  await stack?.stop();
});

test("another user sees nothing of an order, its owner and a merchant do", options, async () => {
  const page = await open(chromium, stack.origin);
  await signIn(page, "eva", false);
  await page.fill("#place [name=amount]", "");
  await place(page, "hers-1");
  assert.match(await page.textContent("#placed"), /^202 Accepted/);
  await inStage(page, "hers-1", "tokenized");
  await actions(page, "hers-1");
  for (const [user, merchant, answer] of [["eva", false, /^200 OK hers-1: TOKENIZED/], ["adam", false, /^404 .*ORDER_NOT_FOUND/], ["adam", true, /^200 OK/]]) {
    await signIn(page, user, merchant);
    await press(page, "#ask-this");
    await page.waitForSelector("#acted[data-good]");
    assert.match(await page.textContent("#acted"), answer, `${user} ${merchant}`);
  }
});

test("after a decline a button pays again with a new key, and a decline that is over is marked as of before", options, async () => {
  const page = await open(chromium, stack.origin);
  await place(page, "over-1", "decline");
  await inStage(page, "over-1", "tokenized");
  const keys = [];
  page.on("request", (request) => request.url().endsWith("/console/pay") && keys.push(request.postDataJSON().key));
  await pay(page, "over-1");
  await page.waitForSelector('#paid[data-good=no]:has-text("402"):has-text("over-1")');
  for (const [form, output] of [["#pay button[type=submit]", "#paid"], ["#pay-this", "#acted"]]) {
    await actions(page, "over-1");
    if (output === "#acted") await press(page, form);
    const seen = keys.length;
    await page.click(`${output} .again`);
    await until("another payment is asked for", () => keys.length > seen);
    assert.equal(await page.evaluate((form) => document.activeElement.matches(form), form), true, "the focus is kept");
    await page.waitForSelector(`${output}[data-good=no]:has-text("402") .again`);
  }
  const made = keys.filter(Boolean);
  assert.ok(made.length >= 2 && new Set(made).size === made.length, `each is a new key: ${keys}`);
  await inStage(page, "over-1", "declined");
  await page.selectOption("#other-card", "mastercard");
  await press(page, "#another-card");
  await inStage(page, "over-1", "tokenized");
  await press(page, "#pay-this");
  await inStage(page, "over-1", "paid");
  await page.waitForSelector('#paid[data-old]:not([data-good]):has-text("before the order changed. 402"):has-text("over-1")');
  assert.equal(await page.locator(".again").count(), 0, "nobody is asked to pay what is paid");
});

test("a declined order gets another card and is paid with an amount and a new key; then its card is forgotten", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.fill("#place [name=amount]", "");
  await place(page, "again-1", "decline");
  await inStage(page, "again-1", "tokenized");
  await page.click("#pay summary");
  await page.fill("#pay [name=amount]", "700");
  await page.fill("#pay [name=key]", "first");
  await pay(page, "again-1");
  await page.waitForSelector('#paid:has-text("PAYMENT_DECLINED")');
  await actions(page, "again-1");
  await page.selectOption("#other-card", "mastercard");
  await press(page, "#another-card");
  await page.waitForSelector('#acted:has-text("202 Accepted again-1")');
  await inStage(page, "again-1", "tokenized");
  await page.fill("#pay [name=key]", "second");
  await press(page, "#pay-this");
  await page.waitForSelector('#acted:has-text("200 OK again-1")');
  await inStage(page, "again-1", "paid");
  await page.click("#tab-rows");
  await page.waitForSelector('dt:text-is("PaymentAmount") + dd + dd:has-text("700")');
  await press(page, "#forget-this");
  await page.waitForSelector('#forget-this[data-sure]:has-text("Press again")');
  assert.equal(await page.locator('#orders tr:has([data-order="again-1"]):has-text("card forgotten")').count(), 0, "one press forgets nothing");
  await press(page, "#forget-this");
  await page.waitForSelector('#acted:has-text("200 OK again-1")');
  await page.waitForSelector('.about:has-text("card forgotten")');
  await page.waitForSelector('.rowcard.absent:has-text("CreditCardTokenizerTable")');
  await page.waitForSelector('#act-why:has-text("The order’s card is forgotten")');
  assert.ok((await page.isDisabled("#pay-this")) && (await page.isDisabled("#forget-this")));
  await place(page, "again-2");
  await inStage(page, "again-2", "tokenized");
  await page.waitForSelector("#act-why", { state: "hidden" });
  assert.ok((await page.isEnabled("#pay-this")) && (await page.isEnabled("#forget-this")), "they are offered for another order");
  await actions(page, "again-2");
  await press(page, "#forget-this");
  await page.click('[aria-label="Cancel: Forget the card"]');
  assert.equal(await page.textContent("#forget-this"), "Forget the card");
  assert.equal(await page.evaluate(() => document.activeElement.id), "forget-this");
  await page.goto(`${stack.origin}/#nobody-1`);
  await page.waitForSelector('#about:has-text("There is no trace of nobody-1")');
  assert.equal(await page.isVisible("#act"), false, "nothing is offered for an order that nobody knows");
  assert.deepEqual(page.complaints.filter((one) => !one.includes("404")), []);
});

test("an answer is never that of the order before: a payment that takes long says that it is under way", options, async () => {
  const page = await open(chromium, stack.origin);
  for (const order of ["stale-1", "stale-2"]) {
    await place(page, order);
    await inStage(page, order, "tokenized");
  }
  await pay(page, "stale-1");
  await page.waitForSelector('#paid:has-text("200 OK stale-1")');
  let answer;
  const answered = new Promise((done) => (answer = done));
  await page.route("**/console/pay", async (route) => {
    await answered;
    await route.continue();
  });
  await pay(page, "stale-2");
  await page.waitForSelector('#paid:text-is("Paying stale-2 …")');
  assert.equal(await page.getAttribute("#paid", "data-good"), null);
  answer();
  await page.waitForSelector('#paid:has-text("200 OK stale-2")');
});

test("payments go to the processor that was chosen last, in its own format", options, async () => {
  const page = await open(chromium, stack.origin);
  await page.click("#pay summary");
  for (const [profile, reference] of [["stripe", "pi_"], ["adyen", "adyen"], ["checkout", "pay_"], ["airlock", "airlock"]]) {
    await page.selectOption("#processor", profile);
    await page.waitForSelector(`#paid:has-text("Payments go to ${profile} from now on")`);
    await place(page, `to-${profile}`);
    await inStage(page, `to-${profile}`, "tokenized");
    await pay(page, `to-${profile}`);
    await page.waitForSelector(`#ledger tr:has-text("to-${profile}"):has-text("charged"):has-text("${profile}"):has-text("${reference}")`);
  }
});

test("with reveal the API shows the card to a merchant, and the page still has none", options, async () => {
  const revealing = await up("--parameter", "RevealCard=true");
  try {
    const page = await open(chromium, revealing.origin);
    await page.click("#pay summary");
    await page.waitForSelector("#reveals:not([hidden])");
    await place(page, "shown-1");
    await inStage(page, "shown-1", "tokenized");
    await pay(page, "shown-1");
    await page.waitForSelector('#paid:has-text("200 OK shown-1"):has-text("[hidden: looks like a card number]")');
    await actions(page, "shown-1");
    await page.click("#tab-rows");
    await page.waitForSelector('dt:text-is("Purpose") + dd + dd:has-text("REVEAL")');
    assert.deepEqual(cardsIn(await everything(page)), []);
  } finally {
    await revealing.stop();
  }
  const page = await open(chromium, stack.origin);
  assert.equal(await page.locator("#reveals[hidden]").count(), 1, "where it is off nothing is promised");
});

test("doctor examines the stack, check by check", options, async () => {
  const page = await open(chromium, stack.origin);
  await press(page, "#doctor");
  await page.waitForSelector('#operated:has-text("doctor:") [data-check=keys][data-word]');
  assert.ok((await page.locator("#operated [data-check]").count()) >= 10);
  await page.waitForSelector('#operated [data-check=tables][data-word=sound]');
  assert.doesNotMatch(await page.textContent("#operated"), /not by this page/);
  const late = await open(chromium, stack.origin);
  await late.waitForSelector("#operated [data-check=keys]");
  assert.match(await late.textContent("#operated"), /^Begun at \d\d:\d\d:\d\d, not by this page\. doctor:/);
});

test("what changes something is asked twice and can be cancelled, and after a check that failed it is not offered", options, async () => {
  const page = await open(chromium, stack.origin);
  const asked = [];
  page.on("request", (request) => request.url().endsWith("/operate") && asked.push(JSON.parse(request.postData())));
  await page.selectOption("#import-action", "import");
  assert.equal(await page.isVisible("#import-begin"), false);
  await page.click("#import-sure");
  await page.waitForSelector("#import-sure[data-sure]");
  await page.click('[aria-label="Cancel: Import"]');
  await page.waitForSelector("#import-sure:not([data-sure])");
  assert.equal(await page.isVisible('[aria-label="Cancel: Import"]'), false);
  await page.click("#import-sure");
  await page.keyboard.press("Escape");
  await page.waitForSelector("#import-sure:not([data-sure])");
  assert.deepEqual(asked, []);
  await page.click("#import-sure");
  await page.click("#import-sure[data-sure]");
  await page.waitForSelector('#operated[data-good=no]:has-text("the stack has no table to import from")');
  assert.deepEqual(asked, [{ what: "import", action: "import" }]);
  assert.ok(await page.isDisabled("#import-sure"));
  await page.waitForSelector('#operate-why:has-text("The last import failed")');
  await press(page, "#rewrap-begin");
  await page.waitForSelector('#operated[data-good=no]:has-text("no previous key")');
  await page.selectOption("#rewrap-action", "rewrap");
  assert.ok(await page.isDisabled("#rewrap-sure"));
  await page.waitForSelector('#operate-why:has-text("The last import and re-wrap failed")');
});

test("data keys of the previous KMS key are counted, moved and verified, in the program's words", options, async () => {
  const previous = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-4333-8444-555555555555";
  const rewrapping = await up("--parameter", `PreviousVaultKeyArn=${previous}`);
  try {
    // As a worker from before wraps them. No pass opens a card.
    for (let number = 0; number < 3; number += 1) {
      const token = `00000000-0000-4000-8000-00000000000${number}`;
      const { CiphertextBlob } = await aws(rewrapping, "TokenizeWorkerRole", "kms", "TrentService.GenerateDataKey", { KeyId: previous, KeySpec: "AES_256", EncryptionContext: { purpose: "vault", token } });
      const item = { Hash_Key: { S: token }, Account_Id: { S: "123456789012" }, CandidateString: { B: Buffer.alloc(140).toString("base64") }, DataKey: { B: CiphertextBlob }, CreatedAt: { S: "2026-11-21T18:59:33.120Z" } };
      await dynamodb(rewrapping, "PutItem", { TableName: "CreditCardTokenizerTable", Item: item });
    }
    const page = await open(chromium, rewrapping.origin);
    await place(page, "present-1");
    await inStage(page, "present-1", "tokenized");
    await press(page, "#rewrap-begin");
    await page.waitForSelector('#operated[data-good=yes]:has-text("rewrap, count: 4 rows, 1 say that they are under the present key")');
    await page.selectOption("#rewrap-action", "rewrap");
    await page.click("#rewrap-sure");
    await page.click("#rewrap-sure[data-sure]");
    await page.waitForSelector('#operated[data-good=yes]:has-text("rewrap, rewrap: 4 rows"):has-text("3 moved to the present key")');
    await page.selectOption("#rewrap-action", "verify");
    await press(page, "#rewrap-begin");
    await page.waitForSelector('#operated[data-good=yes]:has-text("rewrap, verify: 4 rows, 4 were not under the previous key. Nothing needs the previous key any more")');
    const { Items } = await dynamodb(rewrapping, "Scan", { TableName: "CreditCardTokenizerTable" });
    assert.equal(new Set(Items.map(({ KeyMaterial }) => KeyMaterial?.S)).size, 1, "all under the present key");
    await pay(page, "present-1");
    await inStage(page, "present-1", "paid");
    assert.deepEqual(page.complaints, []);
  } finally {
    await rewrapping.stop();
  }
});

test("an import has progress and a cancel, and brings the orders in; no number of its table reaches the page", options, async () => {
  const owner = "a8732691-5523-5181-80a7-10c011c2c859";
  const parameters = ["ImportTable=Legacy", "ImportKeyAttribute=Id", "ImportNumberAttribute=Card", "ImportOrderAttribute=OrderNo", `ImportOwner=${owner}`];
  const importing = await up(...parameters.flatMap((parameter) => ["--parameter", parameter]));
  try {
    const key = [{ AttributeName: "Id", KeyType: "HASH" }];
    await dynamodb(importing, "CreateTable", { TableName: "Legacy", BillingMode: "PAY_PER_REQUEST", KeySchema: key, AttributeDefinitions: [{ AttributeName: "Id", AttributeType: "S" }] });
    for (let number = 0; number < 250; number += 1) {
      const item = { Id: `row-${number}`, OrderNo: `legacy-${number}`, Card: NUMBERS[0], CustomerName: "Ann", Address: "Las Vegas" };
      await dynamodb(importing, "PutItem", { TableName: "Legacy", Item: Object.fromEntries(Object.entries(item).map(([name, text]) => [name, { S: text }])) });
    }
    const page = await open(chromium, importing.origin);
    await press(page, "#import-begin");
    await page.waitForSelector('#operated:has-text("import, check: 100 rows")');
    assert.ok(await page.isVisible("#operation-progress"));
    await page.click("#operation-cancel");
    await page.waitForSelector('#operated[data-good=no]:has-text("import, check, cancelled: ")');
    const rows = Number(/: (\d+) rows/.exec(await page.textContent("#operated"))[1]);
    assert.ok(rows >= 100 && rows < 250, `${rows}`);
    assert.equal(await page.isVisible("#operation-cancel"), false);
    await page.selectOption("#import-action", "import");
    await page.click("#import-sure");
    await page.click("#import-sure[data-sure]");
    await page.waitForSelector('#operated[data-good=yes]:has-text("import, import: 250 rows, 250 imported")');
    await page.fill("#find-order", "legacy-249");
    await inStage(page, "legacy-249", "tokenized");
    assert.deepEqual(cardsIn(await everything(page)), []);
    assert.deepEqual(page.complaints, []);
  } finally {
    await importing.stop();
  }
});

/** Calls DynamoDB of the stack as an operator. */
const dynamodb = (stack, operation, body) => aws(stack, "operator", "dynamodb", `DynamoDB_20120810.${operation}`, body);

/** Calls a service of the stack as somebody. */
async function aws(stack, who, service, target, body) {
  const authorization = `AWS4-HMAC-SHA256 Credential=${who}/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const headers = { "content-type": `application/x-amz-json-1.${service === "kms" ? 1 : 0}`, "x-amz-target": target, authorization };
  const answer = await fetch(stack.aws, { method: "POST", headers, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${target}: ${text}`);
  return JSON.parse(text || "{}");
}
